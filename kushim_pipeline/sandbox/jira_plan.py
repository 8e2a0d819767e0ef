"""What a tenant's Jira site holds beside its people, as the manifest says it. Defaults are sound."""

from typing import Any

from pydantic import Field

from kushim_pipeline.sandbox.estate import Model

Names = tuple[str, ...]


class JiraMove(Model):
    """A step of an issue: to which status, by whom, how many days ago."""

    to: str
    by: str
    days: int


class JiraIssue(Model):
    """An issue. `created`, `due`: days ago (a due day that is still to come is below 0). It is in the status of the
    last move. `severity`: its priority."""

    type: str
    summary: str
    reporter: str
    assignee: str = ""
    created: int
    moves: tuple[JiraMove, ...] = ()
    labels: Names = ()
    severity: str = "Medium"
    due: int | None = None
    fields: dict[str, Any] = Field(default_factory=dict)


class JiraProject(Model):
    """A project, with its issues in the order of their numbers. `admins`: who administers it."""

    name: str
    admins: Names = ()
    issues: tuple[JiraIssue, ...] = ()


class JiraSite(Model):
    """A site. Everybody who works here has an account; who has left has one that is not active.

    `admins`: who administers Jira, besides Kushim's own account. `strangers`: people without an account;
    `still_active`: people who left and whose account nobody closed.
    """

    admins: Names = Field(min_length=1)
    strangers: Names = ()
    still_active: Names = ()
    projects: dict[str, JiraProject] = Field(default_factory=dict)
