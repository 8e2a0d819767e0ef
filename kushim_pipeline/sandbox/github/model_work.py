"""What people did in a stand-in's repositories, as plain data."""

from dataclasses import dataclass
from typing import Literal

BORN = "2024-01-17T20:14:26Z"
CHANGED = "2026-01-05T09:30:00Z"


@dataclass(frozen=True)
class Check:
    """A check on a commit: a check run, or a commit status (`is_status`, whose state is `conclusion`)."""

    name: str
    conclusion: str | None = "SUCCESS"
    status: str = "COMPLETED"
    is_status: bool = False


@dataclass(frozen=True)
class Signature:
    """A commit's signature. `state`: as GraphQL's GitSignatureState names it."""

    is_valid: bool = True
    state: str = "VALID"
    by_github: bool = False


@dataclass(frozen=True)
class Commit:
    """A commit. `author` and `committer` are logins; "" is somebody whom GitHub has no account for. `pull_requests`:
    the numbers of those that it came with."""

    oid: str
    message: str = "Change"
    author: str = ""
    committer: str = ""
    committed_at: str = CHANGED
    authored_at: str = ""  # as committed
    author_name: str = ""
    author_email: str = ""
    signature: Signature | None = None
    parents: tuple[str, ...] = ()
    pull_requests: tuple[int, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Review:
    """A review of a pull request. `commit`: the head that it saw; "" is the pull request's present head. `may_push`:
    whether its author has write access."""

    author: str
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"] = "APPROVED"
    submitted_at: str | None = CHANGED
    commit: str = ""
    may_push: bool = True


@dataclass(frozen=True)
class PullRequest:
    """A pull request. `author`, `merged_by`: logins, of an app with [bot] at the end; "" is somebody who left GitHub.

    `base` "": the default branch. `head`, `merge_commit` "": made of its number. `merged_at` and `closed_at` None:
    open. `checks`: of its head. `decision`: "" is what its reviews and the branch's protection come to.
    """

    number: int
    author: str
    title: str = "Change something"
    body: str = ""
    created_at: str = CHANGED
    merged_at: str | None = CHANGED
    closed_at: str | None = None
    updated_at: str = ""  # as last happened
    merged_by: str = ""
    base: str = ""
    branch: str = "change"
    head: str = ""
    merge_commit: str = ""
    reviews: tuple[Review, ...] = ()
    checks: tuple[Check, ...] = ()
    commits: tuple[Commit, ...] = ()
    decision: str | None = ""
    draft: bool = False


@dataclass(frozen=True)
class DeployKey:
    """A deploy key."""

    id: int
    title: str = "deploy"
    key: str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
    read_only: bool = True
    verified: bool = True
    created_at: str = BORN
