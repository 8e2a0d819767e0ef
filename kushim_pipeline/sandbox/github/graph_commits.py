"""Commits and pull requests as GraphQL shows them."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from kushim_pipeline.sandbox.github import history, shapes
from kushim_pipeline.sandbox.github.graph_lists import Object, Refused, connection, forbidden
from kushim_pipeline.sandbox.github.graph_users import actor, git_actor, user
from kushim_pipeline.sandbox.github.model import CHANGED, Check, Commit, Organization, PullRequest, Repository, Review

_BAD = ("ACTION_REQUIRED", "CANCELLED", "ERROR", "FAILURE", "STARTUP_FAILURE", "TIMED_OUT")


class Work:
    """What was done in one repository. `shown`: the repository itself, as GraphQL shows it."""

    def __init__(self, org: Organization, repo: Repository, shown: Object) -> None:
        self.org = org
        self.repo = repo
        self.shown = shown
        self.url = f"{shapes.WEB}/{org.login}/{repo.name}"
        self._numbered: dict[int, PullRequest] = {}
        self._by_oid: dict[str, Commit] = {}

    def numbered(self, numbers: Iterable[int]) -> list[PullRequest]:
        """The pull requests of these numbers."""
        if not self._numbered:
            self._numbered = {pull.number: pull for pull in self.repo.pull_requests}
        return [self._numbered[number] for number in numbers if number in self._numbered]

    def commits(self) -> Sequence[Commit]:
        """The default branch's commits, newest first."""
        if not self._by_oid:
            self._by_oid = {commit.oid: commit for commit in history.commits(self.org, self.repo)}
        return list(self._by_oid.values())

    def past(self, start: Commit | None, asked: Any) -> Sequence[Commit]:
        """The commits from one on back. In: `since` and `until`."""
        found = self.commits()
        if start is not None and found and found[0].oid != start.oid:
            oids = [commit.oid for commit in found]
            found = found[oids.index(start.oid) :] if start.oid in oids else [start]
        since, until = asked.get("since"), asked.get("until")
        if since is None and until is None:
            return found
        return [c for c in found if (not since or _at(c) >= since) and (not until or _at(c) <= until)]

    def pulls(self, asked: Any) -> Sequence[PullRequest]:
        """The pull requests that are asked for. In: `states`, `baseRefName`, `orderBy`."""
        found = self.repo.pull_requests
        states, base = asked.get("states"), asked.get("baseRefName")
        if states is not None or base is not None:
            found = [
                pull
                for pull in found
                if (states is None or history.state_of(pull) in states)
                and (base is None or history.base_of(self.repo, pull) == base)
            ]
        order = asked.get("orderBy")
        if order and order["field"] != "COMMENTS":
            by = history.updated_at if order["field"] == "UPDATED_AT" else _created
            found = sorted(found, key=lambda pull: (by(pull), pull.number), reverse=order["direction"] == "DESC")
        return found

    def commit(self, found: Commit, checks: tuple[Check, ...] = ()) -> Object:
        """A Commit."""
        committed = found.committed_at
        return {
            **self.git("Commit", found.oid),
            "url": f"{self.url}/commit/{found.oid}",
            "message": found.message,
            "messageHeadline": found.message.partition("\n")[0],
            "authoredDate": found.authored_at or committed,
            "committedDate": committed,
            "committedViaWeb": found.committer == history.WEB_FLOW,
            "author": lambda info: git_actor(
                found.author, found.author_name, found.author_email, found.authored_at or committed
            ),
            "committer": lambda info: git_actor(
                found.committer, "GitHub" if found.committer == history.WEB_FLOW else "", "", committed
            ),
            "signature": lambda info: _signature(found),
            "parents": lambda info, **a: connection(info, found.parents, a, lambda oid: self.commit(self.known(oid))),
            "associatedPullRequests": lambda info, **a: connection(
                info, self.numbered(found.pull_requests), a, self.pull
            ),
            "statusCheckRollup": lambda info: rollup(found.oid, checks or found.checks),
            "history": lambda info, **a: connection(info, self.past(found, a), a, self.commit),
        }

    def known(self, oid: str) -> Commit:
        """The commit of an id; one that says nothing where it is not on the default branch."""
        return (self._by_oid or {c.oid: c for c in self.commits()}).get(oid) or Commit(oid)

    def git(self, kind: str, oid: str) -> Object:
        """What every GitObject has."""
        return {
            "__typename": kind,
            "id": f"{kind[0]}_{oid[:16]}",
            "oid": oid,
            "abbreviatedOid": oid[:7],
            "commitUrl": f"{self.url}/commit/{oid}",
            "repository": self.shown,
        }

    def pull(self, pull: PullRequest) -> Object:
        """A PullRequest."""
        org, repo = self.org, self.repo
        head, merge = history.head_of(org, repo, pull), history.merge_of(org, repo, pull)
        number = shapes.number(f"{self.url}/pull/{pull.number}")

        def reviews(asked: Any, among: Sequence[Review]) -> list[Review]:
            states, author = asked.get("states"), asked.get("author")
            return [
                r for r in among if (states is None or r.state in states) and (author is None or r.author == author)
            ]

        def latest(*without: str) -> list[Review]:
            return list({review.author: review for review in pull.reviews if review.state not in without}.values())

        def tip(oid: str) -> Commit:
            return next((c for c in history.commits_of(org, repo, pull) if c.oid == oid), self.known(oid))

        def review(found: Review) -> Object:
            oid = found.commit or head
            key = shapes.number(f"{number}/{found.author}/{found.submitted_at}/{found.state}")
            return {
                "id": f"PRR_{key:x}",
                "author": actor(found.author),
                "authorCanPushToRepository": found.may_push,
                "body": "",
                "commit": lambda info: self.commit(tip(oid)),
                "createdAt": found.submitted_at or pull.created_at,
                "state": found.state,
                "submittedAt": found.submitted_at,
            }

        def branch_commit(found: Commit) -> Object:
            checks = pull.checks if found.oid == head else ()
            return {"id": f"PURC_{number:x}{found.oid[:12]}", "commit": self.commit(found, checks)}

        return {
            "__typename": "PullRequest",
            "id": f"PR_{number:x}",
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "state": history.state_of(pull),
            "url": f"{self.url}/pull/{pull.number}",
            "isDraft": pull.draft,
            "isCrossRepository": False,
            "merged": pull.merged_at is not None,
            "createdAt": pull.created_at,
            "updatedAt": history.updated_at(pull),
            "closedAt": pull.merged_at or pull.closed_at,
            "mergedAt": pull.merged_at,
            "mergedBy": actor(pull.merged_by) if pull.merged_at else None,
            "mergeCommit": lambda info: self.commit(self.known(merge)) if pull.merged_at else None,
            "author": actor(pull.author),
            "baseRefName": history.base_of(repo, pull),
            "baseRefOid": history.object_id(f"{self.url}/pull/{pull.number}/base"),
            "headRefName": pull.branch,
            "headRefOid": head,
            "reviewDecision": history.decision_of(repo, pull),
            "reviews": lambda info, **a: connection(info, reviews(a, pull.reviews), a, review),
            "latestReviews": lambda info, **a: connection(info, latest("PENDING"), a, review),
            "latestOpinionatedReviews": lambda info, **a: connection(
                info, latest("PENDING", "COMMENTED", "DISMISSED"), a, review
            ),
            "commits": lambda info, **a: connection(info, history.commits_of(org, repo, pull), a, branch_commit),
            "statusCheckRollup": lambda info: rollup(head, pull.checks),
            "repository": self.shown,
        }


def rollup(oid: str, checks: tuple[Check, ...]) -> Object | None:
    """A StatusCheckRollup; None for a commit without checks."""
    if not checks:
        return None
    ended = [check.conclusion if check.is_status or check.status == "COMPLETED" else "PENDING" for check in checks]
    bad = any(each in _BAD for each in ended)
    state = "FAILURE" if bad else "PENDING" if any(e in ("PENDING", "EXPECTED", None) for e in ended) else "SUCCESS"
    return {
        "id": f"SCR_{oid[:16]}",
        "state": state,
        "contexts": lambda info, **a: connection(info, checks, a, partial(_seen_check, info, oid)),
    }


def _seen_check(info: Any, oid: str, check: Check) -> Object | Refused:
    """A check, or the refusal that stands for it: check runs are an App's permission, statuses are of the commit."""
    hidden = "checks" in info.context.token.lacks and not check.is_status
    return forbidden() if hidden else _check(oid, check)


def _check(oid: str, check: Check) -> Object:
    number = shapes.number(f"{oid}/{check.name}")
    if check.is_status:
        state = check.conclusion or "PENDING"
        made = {"__typename": "StatusContext", "id": f"SC_{number:x}", "context": check.name}
        return {**made, "createdAt": CHANGED, "state": state}
    ended = check.status == "COMPLETED"
    return {
        "__typename": "CheckRun",
        "id": f"CR_{number:x}",
        "databaseId": number,
        "name": check.name,
        "conclusion": check.conclusion if ended else None,
        "status": check.status,
        "startedAt": CHANGED,
        "completedAt": CHANGED if ended else None,
    }


def _signature(found: Commit) -> Object | None:
    signature = found.signature
    if signature is None:
        return None
    return {
        "__typename": "GpgSignature",
        "email": "noreply@github.com" if signature.by_github else f"{found.author}@users.noreply.github.com",
        "isValid": signature.is_valid,
        "keyId": "B5690EEEBB952194" if signature.by_github else "4AEE18F83AFDEB23",
        "signer": user(found.committer or found.author) if signature.is_valid else None,
        "state": signature.state,
        "verifiedAt": found.committed_at if signature.is_valid else None,
        "wasSignedByGitHub": signature.by_github,
    }


def _created(pull: PullRequest) -> str:
    return pull.created_at


def _at(commit: Commit) -> str:
    return commit.committed_at
