"""An organisation where work goes on: pull requests, commits, alerts, teams, single sign-on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.sandbox.github.model import (
    AuditEvent,
    Check,
    Commit,
    DeployKey,
    Description,
    Organization,
    Protection,
    PullRequest,
    Repository,
    Review,
    Signature,
    User,
)
from kushim_pipeline_tests.integration.collect.github.company import ACME, LOGIN, TOKENS

NOW = datetime.now(UTC)


def ago(**amount: float) -> str:
    """A time so long before the tests began, as GitHub writes it."""
    return (NOW - timedelta(**amount)).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(number: int, days: float, **more: Any) -> PullRequest:
    """A pull request that was merged so many days ago."""
    at = ago(days=days)
    given = {"merged_by": "person-001", "reviews": (Review("person-001", submitted_at=at),), **more}
    return PullRequest(number, "person-002", created_at=at, merged_at=at, checks=(Check("build"),), **given)


def commit(oid: str, days: float, **more: Any) -> Commit:
    """A commit that was made so many days ago."""
    return Commit(
        oid, author="person-002", committer="person-002", committed_at=ago(days=days), signature=Signature(), **more
    )


def repository(name: str, pulls: int = 2, commits: int = 3, **more: Any) -> Repository:
    """A repository with work on its default branch, the newest first."""
    return Repository(
        name,
        protection=Protection(),
        pull_requests=tuple(merged(pulls - n, n + 1) for n in range(pulls)),
        commits=tuple(commit(f"{name}{n:04}".replace("-", "").ljust(40, "0"), n + 1) for n in range(commits)),
        pushed_at=ago(days=1),
        **more,
    )


BUSY = Organization(
    LOGIN,
    members=tuple(User(f"person-{n:03}", owner=n < 2) for n in range(6)),
    repositories=(
        repository(
            "many",
            pulls=130,
            commits=120,
            deploy_keys=tuple(DeployKey(n) for n in range(1, 61)),
            files={
                ".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"
            },
        ),
        repository("few", rulesets=ACME.repositories[8].rulesets),
        repository("old", pulls=0, commits=0, archived=True),
        Repository("bare", pull_requests=(merged(1, 500), merged(2, 3)), commits=(commit("c" * 40, 500),)),
        *(repository(f"plain-{n}") for n in range(6)),
    ),
    rulesets=ACME.rulesets[:1],
)
BUSINESS = Description((BUSY,), TOKENS)


def changed(name: str, pushed: str = ago(hours=1), org: Organization = BUSY, **fields: Any) -> Description:
    """The same organisation, one repository of it changed and pushed to."""
    repositories = tuple(
        replace(each, pushed_at=pushed, **fields) if each.name == name else each for each in org.repositories
    )
    return Description((replace(org, repositories=repositories),), TOKENS)


def named(name: str, org: Organization = BUSY) -> Repository:
    """A repository of the organisation."""
    return next(each for each in org.repositories if each.name == name)


def event(number: int, days: float, action: str = "repo.create") -> AuditEvent:
    """An entry of the audit log."""
    at = int((NOW - timedelta(days=days)).timestamp() * 1000)
    return AuditEvent(f"document{number}", at, action, "person-001")
