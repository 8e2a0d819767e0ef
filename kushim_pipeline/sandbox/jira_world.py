"""A tenant's Jira site as the stand-in takes it, and a name for everything in it that is judged."""

from datetime import timedelta
from typing import Any

from kushim_pipeline.sandbox.jira.model import (
    AuditRecord,
    Change,
    Group,
    Issue,
    Person,
    Project,
    Site,
    Token,
    Workflow,
)
from kushim_pipeline.sandbox.jira.shapes import STATUSES
from kushim_pipeline.sandbox.jira_plan import JiraIssue, JiraSite
from kushim_pipeline.sandbox.okta_world import email
from kushim_pipeline.sandbox.people import People, day, days_ago, number

SERVICE = "kushim"
"""Kushim's own account, which administers Jira to see everything."""
_PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4", "Lowest": "5"}


def describe(tenant_id: str, people: People, plan: JiraSite, token: str) -> Site:
    """The site. `token`: the API token that Kushim's account has."""
    own = account_id(tenant_id, SERVICE)
    administrators = f"jira-admins-{tenant_id}"
    members = tuple(
        Person(
            account_id=account_id(tenant_id, login),
            name=person.name,
            email=email(tenant_id, login, person),
            active=not person.has_left or login in plan.still_active,
            groups=("jira-users", *((administrators,) if login in plan.admins else ())),
        )
        for login, person in people.items()
        if login not in plan.strangers
    )
    service = Person(own, "Kushim", email(tenant_id, SERVICE), groups=("jira-users", administrators))
    return Site(
        host=f"{tenant_id}.atlassian.net",
        people=(*members, service),
        groups=(Group("jira-users", "user"), Group(administrators, "admin")),
        projects=tuple(
            Project(
                key=key,
                name=project.name,
                id=n,
                issues=tuple(_issue(tenant_id, m, each) for m, each in enumerate(project.issues, 1)),
                lead=account_id(tenant_id, plan.admins[0]),
                roles={"Administrators": tuple(account_id(tenant_id, login) for login in project.admins)},
            )
            for n, (key, project) in enumerate(plan.projects.items(), 10_000)
        ),
        workflows=(
            Workflow(
                "Change",
                (
                    ("Start", ("To Do",), "In Progress"),
                    ("Approve", ("In Progress",), "Approved"),
                    ("Finish", (), "Done"),
                ),
            ),
        ),
        audit=(AuditRecord(1, days_ago(30), "User created", author=own, object=("kushim", "USER")),),
        tokens=(Token(email(tenant_id, SERVICE), token, own),),
    )


def names(tenant_id: str, host: str, people: People, plan: JiraSite) -> dict[str, str]:
    """What the manifest calls things of the site -> Jira's ids."""
    found = {"jira/site": host}
    found |= {f"jira/jira_administrator/{login}": account_id(tenant_id, login) for login in (*plan.admins, SERVICE)}
    for key, project in plan.projects.items():
        found[f"jira/jira_project/{key}"] = key
        for n, issue in enumerate(project.issues, 1):
            kind = issue.type.lower().replace(" ", "_")
            if kind == "change" and "emergency" in issue.labels:
                kind = "emergency_change"
            found[f"jira/{kind}_issue/{key}-{n}"] = f"{key}-{n}"
            if issue.moves and issue.moves[-1].to == "Done":
                found[f"jira/done_{kind}_issue/{key}-{n}"] = f"{key}-{n}"
    return found


def account_id(tenant_id: str, login: str) -> str:
    """Atlassian's id of somebody's account."""
    return f"712020:{number(tenant_id, login)}-{login}"


def _issue(tenant_id: str, n: int, planned: JiraIssue) -> Issue:
    created = days_ago(planned.created, 9)
    changes: list[Change] = []
    status = "To Do"
    for hour, move in enumerate(planned.moves, 10):
        old, new = (STATUSES[status][0], status), (STATUSES[move.to][0], move.to)
        changes.append(Change(days_ago(move.days, hour), account_id(tenant_id, move.by), "status", old, new))
        status = move.to
    updated = max([created, *(change.at for change in changes)]) + timedelta(minutes=5)
    resolved = changes[-1].at if changes and status == "Done" else None
    fields: dict[str, Any] = {
        "priority": {"id": _PRIORITIES[planned.severity], "name": planned.severity},
        "duedate": str(day(planned.due)) if planned.due is not None else None,
    }
    return Issue(
        number=n,
        summary=planned.summary,
        type=planned.type,
        status=status,
        reporter=account_id(tenant_id, planned.reporter),
        assignee=account_id(tenant_id, planned.assignee) if planned.assignee else "",
        created=created,
        updated=updated,
        resolved=resolved,
        labels=planned.labels,
        changes=tuple(changes),
        fields=fields | planned.fields,
    )
