"""A Jira site of 100,000 issues in ten projects, and the same one a day later."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from kushim_pipeline.sandbox.jira import shapes
from kushim_pipeline.sandbox.jira.model import AuditRecord, Change, Group, Issue, Person, Project, Site, Token, Workflow
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.tenants.connection import Connection, JiraConnection

ISSUES, PROJECTS, PEOPLE = 100_000, 10, 5_000
CALLS = 1_300
EMAIL = "admin@acme.test"
SECRETS = {"token": "ATATT3x-theTokenThatMustNotBeKept"}
BASE_PATH = ""
AGAIN_IS_LIMITED = True
_NOW = datetime.now(UTC).replace(microsecond=0)
_FLOW = ("To Do", "In Progress", "In Review", "Done")
_WORDS = "Rotate the credentials of the payment service, tell everybody who is on call, and note here what was done. "


def vendor() -> Jira:
    """The stand-in, as it is first."""
    return Jira(_site(_issue))


def pass_a_day(jira: Jira) -> None:
    """One in a hundred issues changes."""
    now = datetime.now(UTC)
    jira.become(_site(lambda n: replace(_issue(n), updated=now, summary="Late") if n % 100 == 50 else _issue(n)))


def connection(url: str) -> Connection:
    """How it is connected to."""
    return JiraConnection.model_validate({"source": "jira", "base_url": url, "email": EMAIL, "token": "env:TOKEN"})


def settings() -> Mapping[str, str]:
    """The headers that a bare loop needs, too."""
    return {"Authorization": "Basic " + base64.b64encode(f"{EMAIL}:{SECRETS['token']}".encode()).decode()}


def _person(n: int) -> Person:
    groups = ("jira-users", *(("jira-admins",) if n < 8 else ()))
    return Person(f"5b10{n:05d}", f"Person {n}", f"person-{n}@acme.test", active=n % 40 != 7, groups=groups)


def _issue(n: int) -> Issue:
    made = _NOW - timedelta(minutes=70 * (ISSUES // PROJECTS - n) + 5_000)
    author = f"5b10{n % PEOPLE:05d}"
    steps = 1 + n % 3
    changes = tuple(
        Change(
            made + timedelta(hours=k + 1),
            author,
            "status",
            (shapes.STATUSES[_FLOW[k]][0], _FLOW[k]),
            (shapes.STATUSES[_FLOW[k + 1]][0], _FLOW[k + 1]),
        )
        for k in range(steps)
    )
    end = changes[-1].at
    fields: dict[str, Any] = {"description": {"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": _WORDS * (1 + n % 9)}]}]}}  # fmt: skip
    return Issue(
        n + 1,
        f"Task {n}",
        "Change" if n % 3 else "Incident",
        _FLOW[steps],
        author,
        f"5b10{n % 40:05d}",
        made,
        end,
        end if steps == 3 else None,
        changes=changes,
        fields=fields,
    )


def _event(n: int) -> AuditRecord:
    return AuditRecord(n + 1, _NOW - timedelta(minutes=3_000 - n), f"Event {n}", author="5b1000000")


def _site(issue: Callable[[int], Issue]) -> Site:
    roles = {"Administrators": ("5b1000000", "group:jira-admins"), "Users": ("group:jira-users",)}
    return Site(
        "acme.atlassian.net",
        people=Made(PEOPLE, _person),
        groups=(Group("jira-users", "user"), Group("jira-admins", "admin")),
        projects=tuple(
            Project(f"P{k}", f"Project {k}", 10_001 + k, Made(ISSUES // PROJECTS, partial(issue)), roles=roles)
            for k in range(PROJECTS)
        ),
        workflows=(Workflow("jira", (("Start", ("To Do",), "In Progress"), ("Finish", (), "Done"))),),
        audit=Made(2_000, _event),
        tokens=(Token(EMAIL, SECRETS["token"], "5b1000000"),),
        limit=10**6,
    )
