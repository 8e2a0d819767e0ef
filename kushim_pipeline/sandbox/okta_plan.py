"""What a tenant's Okta organisation holds beside its people, as the manifest says it. Defaults are sound."""

from pydantic import Field

from kushim_pipeline.sandbox.estate import Model
from kushim_pipeline.sandbox.okta.model import Status

Names = tuple[str, ...]


class OktaApp(Model):
    """An application. `second_factor`: whether its authentication policy demands two factors."""

    sign_on: str = "SAML_2_0"
    second_factor: bool = True


class OktaPasswords(Model):
    """The password policy. `unlock`: after how many minutes an account unlocks by itself, 0 for never."""

    length: int = 14
    digit: bool = True
    history: int = 8
    attempts: int = 5
    unlock: int = 0


class OktaSessions(Model):
    """The global session policy."""

    idle_minutes: int = 15
    second_factor: bool = True


class OktaToken(Model):
    """An API token. `used`: days ago."""

    owner: str = "kushim"
    used: int = 0


class OktaEvent(Model):
    """Something that was done, so many days ago, to a person (by login) or to a policy (by name)."""

    type: str
    about: str
    days: int


class Decision(Model):
    """What somebody decided on a person's access or of a credential, `days` ago."""

    by: str
    days: int
    decision: str = "keep"


class AccessReview(Model):
    """A review of who has the applications, `days` ago: everybody keeps each of `apps` by the word of the first of
    `by`, who has that of the second. `otherwise`, `left_out`: by APP/LOGIN."""

    by: tuple[str, str]
    days: int = 1
    apps: Names = ()
    otherwise: dict[str, Decision] = Field(default_factory=dict)
    left_out: Names = ()


class OktaOrg(Model):
    """An organisation. Everybody of the tenant has an account, deactivated on the last day.

    `strangers`: people without an account; `still_active`: people who left and whose account nobody closed;
    `closed_late`: person -> by how many days; `deleted`: accounts that were deleted for good, person -> days ago.
    `idle`: person -> days since the last sign-in. `factors`: person -> second factors, where they are not a security
    key and push. `admins`: person -> role, for `kushim` and others. `absent_apps`: labels in the
    tenant's register that are no application here. `missing_scopes`: what Kushim's token may not do.
    """

    strangers: Names = ()
    still_active: Names = ()
    statuses: dict[str, Status] = Field(default_factory=dict)
    closed_late: dict[str, int] = Field(default_factory=dict)
    deleted: dict[str, int] = Field(default_factory=dict)
    idle: dict[str, int] = Field(default_factory=dict)
    factors: dict[str, Names] = Field(default_factory=dict)
    admins: dict[str, str] = Field(default_factory=dict)
    apps: dict[str, OktaApp] = Field(default_factory=dict)
    absent_apps: Names = ()
    console_resists_phishing: bool = True
    passwords: OktaPasswords = OktaPasswords()
    sessions: OktaSessions = OktaSessions()
    weak_authenticators: bool = False
    tokens: dict[str, OktaToken] = Field(default_factory=lambda: {"collection": OktaToken()})
    events: dict[str, OktaEvent] = Field(default_factory=dict)
    missing_scopes: Names = ()
    review: AccessReview | None = None
