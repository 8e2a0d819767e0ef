"""The manifest: what the sandbox's tenants hold, what is planted in them, and which verdicts follow from it.

`manifest.yaml` is the one place where this is said. The builder makes what it describes, the gate and the GitHub
stand-in answer as it says, and the end-to-end test compares every verdict with it.
"""

import fnmatch
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from kushim_pipeline.sandbox.estate import Account, Model
from kushim_pipeline.sandbox.github_plan import Merged, Override, Pushed, Vulnerability
from kushim_pipeline.sandbox.jira_plan import JiraSite
from kushim_pipeline.sandbox.okta_plan import Decision, OktaOrg
from kushim_pipeline.sandbox.people import Person
from kushim_pipeline.sandbox.slack_plan import SlackWorkspace
from kushim_pipeline.sandbox.standin.faults import Kind

Names = tuple[str, ...]
Reason = Literal["not_collected", "denied", "incomplete", "stale", "quarantined", "depends_on_unknown"]


class Protection(Model):
    """Classic branch protection. Sound by default."""

    reviews: int | None = 1
    dismiss_stale: bool = True
    enforce_admins: bool = True
    checks: Names = ("build",)
    force_pushes: bool = False
    deletions: bool = False


class Leak(Model):
    """A leaked secret that GitHub found, `days` ago. `closed`: as many days ago; open without."""

    days: int
    closed: int | None = None
    resolution: str = "revoked"


class Repository(Model):
    """A repository. `ruleset`: its default branch is guarded by a ruleset, which `bypass` may let somebody pass.
    `merged`: pull requests, in the order of their numbers. `leaks`: too. `uses`: what its workflow uses; nothing
    makes it a file that nobody can read. `keys`: deploy keys that may write, by title."""

    visibility: Literal["public", "private", "internal"] = "private"
    archived: bool = False
    protection: Protection | None = Protection()
    ruleset: Literal["none", "sound", "bypass"] = "none"
    merged: tuple[Merged, ...] = ()
    pushed: tuple[Pushed, ...] = ()
    dependency_alerts: bool = True
    vulnerabilities: tuple[Vulnerability, ...] = ()
    code_security: bool = True
    scanned: int | None = 1
    """How many days ago code scanning looked at it last."""
    secret_scanning: bool = True
    push_protection: bool = True
    leaks: tuple[Leak, ...] = ()
    uses: Names = ("actions/checkout@v4",)
    keys: Names = ()


class Organization(Model):
    """A GitHub organisation of a tenant.

    Its members are the owners, the people of its `departments` who have not left, and `members`, whoever they are.
    `crowd`: that many members more, with numbers for names. `single_sign_on`: the people among the members have an
    identity that is linked, by their e-mail address; then the organisation pays for GitHub Enterprise Cloud.
    `apps`: those that may write; `tokens`: fine-grained ones that may write, by name, with whose they are.
    """

    owners: Names = Field(min_length=1)
    departments: Names = ()
    members: Names = ()
    crowd: int = 0
    outside_collaborators: Names = ()
    without_2fa: Names = ()
    two_factor_required: bool = True
    single_sign_on: bool = False
    base_permission: Literal["none", "read", "write", "admin"] = "read"
    repositories: dict[str, Repository] = Field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    allowed_actions: Literal["all", "local_only", "selected"] = "selected"
    workflows_may: Literal["read", "write"] = "read"
    apps: Names = ()
    tokens: dict[str, str] = Field(default_factory=dict)
    seen_as: Literal["owner", "member", "app"] = "owner"
    """Whose token Kushim has. A member's sees no repository here, and not what only owners are shown; an app's sees
    which tokens were granted access, too."""


class Exempted(Model):
    """An approved exception of the tenant file; `resource` is a name."""

    id: str
    check: str
    resource: str
    reason: str
    requested_by: str
    approved_by: str
    until: str


class Failure(Model):
    """A planted failure: the checks that must FAIL, the names that they fail on, and why."""

    checks: Names = Field(min_length=1)
    resources: Names = Field(min_length=1)
    why: str


class AwsPlace(Model):
    """Which calls the gate answers wrongly.

    `call` is service:Operation; `account` an alias; `region` and `about` (a text in the request) narrow it.
    """

    account: str
    call: str
    region: str = ""
    about: str = ""
    way: Literal["denied", "cut_off", "unavailable", "twice_in_one_object", "report_of_yesterday", "two_more_declared"]


class Place(Model):
    """What a stand-in does wrong, for which calls (see standin/faults.py)."""

    path: str
    kind: Kind
    status: int = 500
    message: str = ""


class Hole(Model):
    """A planted hole: where nothing can be seen, why, and what is UNKNOWN for it.

    No place is named: the hole is in the estate itself (a tag that is missing, a member's token).
    `unknown`: reason -> check -> names. `unseen`: check -> names (with `*`) that are hidden with their list.
    """

    why: str
    aws: AwsPlace | None = None
    github: Place | None = None
    okta: Place | None = None
    jira: Place | None = None
    slack: Place | None = None
    unknown: dict[Reason, dict[str, Names]]
    unseen: dict[str, Names] = Field(default_factory=dict)


class Tenant(Model):
    """One tenant: its file, its people, its estate, and what is planted.

    In a text of `policy`, `{30 days ago}` stands for that day. `has_people_file`: HR brings a list of the people.
    `credential_reviews`: what was decided of keys, apps and tokens, by their names; a list of it is brought, too.
    """

    name: str
    about: str
    policy: dict[str, Any] = Field(default_factory=dict)
    people: dict[str, Person] = Field(default_factory=dict)
    has_people_file: bool = False
    credential_reviews: dict[str, Decision] = Field(default_factory=dict)
    aws: dict[str, Account] = Field(default_factory=dict)
    github: dict[str, Organization] = Field(default_factory=dict)
    okta: OktaOrg | None = None
    jira: JiraSite | None = None
    slack: SlackWorkspace | None = None
    failures: tuple[Failure, ...] = ()
    holes: tuple[Hole, ...] = ()
    exceptions: tuple[Exempted, ...] = ()
    outside: dict[str, Names] = Field(default_factory=dict)
    """Check -> names (with `*`) of its kinds that it does not judge: not production, archived, …"""
    not_applicable: dict[str, Names] = Field(default_factory=dict)
    """Check -> names of accounts and organisations that have nothing of the kind."""

    @property
    def sealed(self) -> frozenset[str]:
        """The accounts that nobody can enter: what is in them makes no difference, so nothing is built."""
        return frozenset(
            hole.aws.account
            for hole in self.holes
            if hole.aws and hole.aws.call == "sts:AssumeRole" and hole.aws.way == "denied"
        )

    @property
    def external_id(self) -> str:
        """What its roles want to hear."""
        return f"kushim-{self.name.split()[0].lower()}"


class Streams(Model):
    """Streams by what the self-checks ask of them: a count of the source's own."""

    counted: Names


class Manifest(Model):
    """All of it. `judges`: check -> the kinds of names in its population."""

    stand_in: Names
    streams: Streams
    judges: dict[str, Names]
    tenants: dict[str, Tenant]

    @model_validator(mode="after")
    def _only_known_checks(self) -> Self:
        for tenant_id, tenant in self.tenants.items():
            named = {check for failure in tenant.failures for check in failure.checks}
            named |= {check for hole in tenant.holes for checks in hole.unknown.values() for check in checks}
            named |= {check for hole in tenant.holes for check in hole.unseen}
            named |= {exempted.check for exempted in tenant.exceptions} | {*tenant.outside, *tenant.not_applicable}
            if unknown := {check for check in named if not fnmatch.filter(self.judges, check)}:
                raise ValueError(f"{tenant_id} names checks that `judges` does not: {', '.join(sorted(unknown))}")
            for hole in tenant.holes:
                if hole.aws and hole.aws.account not in tenant.aws:
                    raise ValueError(f"{tenant_id} has a hole in an account that it does not have: {hole.aws.account}")
        return self


def load(path: Path | None = None) -> Manifest:
    """The manifest that comes with the package, or the one in a file. Raises pydantic's ValidationError."""
    return _packaged() if path is None else _parse(path.read_bytes())


@cache
def _packaged() -> Manifest:
    return _parse(resources.files("kushim_pipeline.sandbox").joinpath("manifest.yaml").read_bytes())


def _parse(data: bytes) -> Manifest:
    import yaml

    return Manifest.model_validate(yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 # both safe
