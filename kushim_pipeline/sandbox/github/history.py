"""What happened in a repository: its default branch's commits, and what a pull request leaves unsaid."""

import hashlib
from collections.abc import Sequence

from kushim_pipeline.sandbox.github.model import Commit, Organization, PullRequest, Repository, Signature

WEB_FLOW = "web-flow"  # the account that commits and signs what is merged on the web


def object_id(name: str) -> str:
    """A git object's id that stays the same for a name."""
    return hashlib.sha1(name.encode()).hexdigest()  # noqa: S324 # as git's ids look, no secret hangs on it


def base_of(repo: Repository, pull: PullRequest) -> str:
    """The branch that it is to be merged into."""
    return pull.base or repo.default_branch


def head_of(org: Organization, repo: Repository, pull: PullRequest) -> str:
    """The last commit of its branch."""
    return pull.head or object_id(f"{org.login}/{repo.name}#{pull.number}/head")


def merge_of(org: Organization, repo: Repository, pull: PullRequest) -> str:
    """The commit that merged it."""
    return pull.merge_commit or object_id(f"{org.login}/{repo.name}#{pull.number}/merge")


def state_of(pull: PullRequest) -> str:
    """As GraphQL's PullRequestState names it."""
    return "MERGED" if pull.merged_at else "CLOSED" if pull.closed_at else "OPEN"


def updated_at(pull: PullRequest) -> str:
    """When something last happened to it."""
    return pull.updated_at or pull.merged_at or pull.closed_at or pull.created_at


def decision_of(repo: Repository, pull: PullRequest) -> str | None:
    """As GraphQL's PullRequestReviewDecision names it; None where no review is asked for."""
    if pull.decision != "":
        return pull.decision
    needed = (repo.protection.reviews if repo.protection else None) or 0
    latest = {review.author: review.state for review in pull.reviews if review.state not in ("COMMENTED", "PENDING")}
    if "CHANGES_REQUESTED" in latest.values():
        return "CHANGES_REQUESTED"
    if not needed:
        return None
    return "APPROVED" if list(latest.values()).count("APPROVED") >= needed else "REVIEW_REQUIRED"


def commits_of(org: Organization, repo: Repository, pull: PullRequest) -> Sequence[Commit]:
    """The commits of its branch, oldest first: without any said, one, by its author."""
    head = head_of(org, repo, pull)
    return pull.commits or (
        Commit(head, pull.title, pull.author, pull.author, pull.created_at, pull_requests=(pull.number,)),
    )


def commits(org: Organization, repo: Repository) -> Sequence[Commit]:
    """The default branch's commits, newest first."""
    if repo.empty or repo.commits:
        return () if repo.empty else repo.commits
    merged = [pull for pull in repo.pull_requests if pull.merged_at and base_of(repo, pull) == repo.default_branch]
    merged.sort(key=lambda pull: (pull.merged_at or "", pull.number), reverse=True)
    first = object_id(f"{org.login}/{repo.name}/first")
    ids = [merge_of(org, repo, pull) for pull in merged] + [first]
    author = next((person.login for person in org.members if person.owner), "")
    return [
        *(_merge(pull, oid, parent) for pull, oid, parent in zip(merged, ids, ids[1:], strict=False)),
        Commit(first, "First commit", author, WEB_FLOW, repo.created_at, signature=Signature(by_github=True)),
    ]


def head(org: Organization, repo: Repository) -> str:
    """The default branch's last commit."""
    return next((commit.oid for commit in commits(org, repo)), "")


def _merge(pull: PullRequest, oid: str, parent: str) -> Commit:
    return Commit(
        oid,
        f"{pull.title} (#{pull.number})",
        pull.author,
        WEB_FLOW,
        pull.merged_at or "",
        signature=Signature(by_github=True),
        parents=(parent,),
        pull_requests=(pull.number,),
    )
