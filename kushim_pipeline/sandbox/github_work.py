"""The work in the tenants' GitHub repositories as the stand-in takes it: pull requests, commits, alerts, overrides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kushim_pipeline.sandbox.github import model
from kushim_pipeline.sandbox.github.history import WEB_FLOW, object_id
from kushim_pipeline.sandbox.github.model_security import AuditEvent, CodeAnalysis, DependabotAlert
from kushim_pipeline.sandbox.github.model_work import Check, Commit, PullRequest, Review, Signature
from kushim_pipeline.sandbox.github_plan import Merged, Vulnerability
from kushim_pipeline.sandbox.manifest import Organization, Repository
from kushim_pipeline.sandbox.people import days_ago


def names(login: str, org: Organization) -> dict[str, str]:
    """What the manifest calls commits, alerts and overrides of an organisation -> the id that GitHub gives them."""
    found = {f"{login}/audit_log": login}
    for name, repository in org.repositories.items():
        merges = range(1, len(repository.merged) + 1)
        found |= {f"{login}/pull_request/{name}#{n}": f"{login}/{name}#{n}" for n in merges}
        found |= {f"{login}/commit/{name}#{n}": f"{login}/{name}@{_merge(login, name, n)}" for n in merges}
        pushes = range(1, len(repository.pushed) + 1)
        found |= {f"{login}/commit/{name}!{n}": f"{login}/{name}@{_push(login, name, n)}" for n in pushes}
        alerts = range(1, len(repository.vulnerabilities) + 1)
        found |= {f"{login}/dependency_alert/{name}#{n}": f"{login}/{name}#{n}" for n in alerts}
    overrides = range(1, len(org.overrides) + 1)
    return found | {f"{login}/override/{n}": f"{login}-override-{n}" for n in overrides}


def with_work(shown: model.Organization, org: Organization) -> model.Organization:
    """A stand-in's organisation with the work that is planned for it."""
    return replace(
        shown,
        repositories=tuple(
            replace(each, **_of_repository(shown.login, org, each.name, org.repositories[each.name]))
            for each in shown.repositories
        ),
        audit_log=_audit_log(shown.login, org),
    )


def _of_repository(login: str, org: Organization, name: str, planned: Repository) -> Mapping[str, Any]:
    """What a stand-in's Repository holds of it, by its field."""
    merged = tuple(_pull_request(login, org, name, n, each) for n, each in enumerate(planned.merged, 1))
    scanned = () if planned.scanned is None else (CodeAnalysis(1, created_at=_at(planned.scanned)),)
    return {
        "pull_requests": merged,
        "commits": _commits(login, name, planned, merged) if planned.pushed else (),
        "vulnerability_alerts": planned.dependency_alerts,
        "dependabot_alerts": tuple(_alert(n, each) for n, each in enumerate(planned.vulnerabilities, 1)),
        "code_security": planned.code_security,
        "analyses": scanned,
    }


def _audit_log(login: str, org: Organization) -> tuple[AuditEvent, ...]:
    """The overrides, oldest first. GitHub does not say of which branch."""
    events = (
        AuditEvent(
            f"{login}-override-{n}",
            int(days_ago(each.days, 15).timestamp() * 1000),
            "protected_branch.policy_override",
            each.by,
            {"repo": f"{login}/{each.repository}"},
        )
        for n, each in enumerate(org.overrides, 1)
    )
    return tuple(sorted(events, key=lambda event: event.at))


def _pull_request(login: str, org: Organization, name: str, n: int, planned: Merged) -> PullRequest:
    at = _at(planned.days)
    reviewer = next(owner for owner in org.owners if owner != planned.by)
    return PullRequest(
        n,
        planned.by,
        planned.title,
        created_at=at,
        merged_at=at,
        merged_by=planned.by,
        branch=f"change-{n}",
        merge_commit=_merge(login, name, n),
        reviews=(Review(reviewer, submitted_at=at),) if planned.reviewed else (),
        checks=(Check("build"),) if planned.tested else (),
    )


def _commits(login: str, name: str, planned: Repository, merged: Sequence[PullRequest]) -> tuple[Commit, ...]:
    """Merges and pushes on one line, newest first."""
    found = [
        Commit(
            pull.merge_commit,
            f"{pull.title} (#{pull.number})",
            pull.author,
            WEB_FLOW,
            pull.merged_at or "",
            signature=Signature(by_github=True),
            pull_requests=(pull.number,),
        )
        for pull in merged
    ]
    found += [
        Commit(_push(login, name, n), "Quick fix", each.by, each.by, _at(each.days))
        for n, each in enumerate(planned.pushed, 1)
    ]
    return tuple(sorted(found, key=lambda commit: (commit.committed_at, commit.oid), reverse=True))


def _alert(n: int, planned: Vulnerability) -> DependabotAlert:
    closed = planned.fixed is not None, planned.dismissed is not None
    return DependabotAlert(
        n,
        planned.package,
        severity=planned.severity,
        state="fixed" if closed[0] else "dismissed" if closed[1] else "open",
        created_at=_at(planned.days),
        fixed_at=None if planned.fixed is None else _at(planned.fixed),
        dismissed_at=None if planned.dismissed is None else _at(planned.dismissed),
        dismissed_reason=planned.reason,
    )


def _merge(login: str, name: str, n: int) -> str:
    return object_id(f"{login}/{name}#{n}/merge")


def _push(login: str, name: str, n: int) -> str:
    return object_id(f"{login}/{name}/push/{n}")


def _at(days: int) -> str:
    return f"{days_ago(days, 15):%Y-%m-%dT%H:%M:%SZ}"
