"""What a tenant's Slack workspace holds beside its people, as the manifest says it. Defaults are sound."""

from pydantic import Field

from kushim_pipeline.sandbox.estate import Model
from kushim_pipeline.sandbox.slack.model import Plan, Scope

Names = tuple[str, ...]


class SlackChannel(Model):
    """A public channel with everybody in it but `without`. `posted`: days ago, None for never. `connected`: the ids of
    organisations that share it."""

    without: Names = ()
    posted: int | None = 3
    connected: Names = ()


class SlackWorkspace(Model):
    """A workspace. Everybody who works here is a member; who has left is deactivated.

    `strangers`: people who are no members; `still_active`: people who left and whom nobody deactivated;
    `without_2fa`, `admins`: members; the owner is the first of the admins. `guests`: name -> e-mail address.
    `organisations`: id -> name, connected by shared channels. `apps`: id -> name, installed. `approved_apps`: ids on
    Slack's own list. `announcements`: the channel that the tenant file names. `seen_as`: the login of a member who is
    no administrator and whose token Kushim has, instead of an administrator's.
    """

    plan: Plan = "enterprise"
    admins: Names = Field(min_length=1)
    strangers: Names = ()
    still_active: Names = ()
    without_2fa: Names = ()
    guests: dict[str, str] = Field(default_factory=dict)
    channels: dict[str, SlackChannel] = Field(default_factory=dict)
    organisations: dict[str, str] = Field(default_factory=dict)
    apps: dict[str, str] = Field(default_factory=dict)
    approved_apps: Names = ()
    announcements: str = "announcements"
    seen_as: str = ""
    missing_scopes: tuple[Scope, ...] = ()
