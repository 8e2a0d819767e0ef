"""How default branches are protected: `github.branch_protection` (classic) and `github.branch_rule` (from rulesets).

Both are read, because a branch that a ruleset protects answers 404 on the classic call. GraphQL answers for many
repositories at once; where it proves nothing (see protection.py), a repository is asked by REST. Source: GitHub REST,
"Get branch protection" (404 "Branch not protected" is the only proof of none) and "Get rules for a branch".
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.client import GITHUB, said
from kushim_pipeline.collect.github.protection import NOT_PROTECTED, protections
from kushim_pipeline.collect.github.repository import readable
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each
from kushim_pipeline.evidence.receipt import Reason

PROTECTION = "GET /repos/{owner}/{repo}/branches/{branch}/protection"
RULES = "GET /repos/{owner}/{repo}/rules/branches/{branch}"
NEEDS = "the repository permission Administration: read on all repositories (classic: repo, of an administrator)"
NOT_FOUND = "Branch not found"


@dataclass(frozen=True)
class Rules:
    """The rules of a default branch, in GitHub's order, and the digest of their last page."""

    rules: tuple[dict[str, object], ...]
    evidence: str


def read_protection(c: Collection, reading: Reading) -> None:
    """A record for each repository: its default branch's classic protection, or that there is none."""
    proven = protections(reading, c.keep)

    def one(repository: Item) -> None:
        if found := proven.get(repository.id):
            c.record(repository.id, found.classic, evidence=found.evidence)
            return
        call = Call(PROTECTION, f"{_path(repository)}/branches/{_branch(repository)}/protection", needs=NEEDS)
        answer = reading.client.ask(call, c.keep)
        words = said(answer) if answer.status == 404 else ""
        if words == NOT_PROTECTED:
            c.record(repository.id, {"absent": True, "code": NOT_PROTECTED}, evidence=answer.evidence)
        elif words == NOT_FOUND:
            raise Unread(
                Reason.INCOMPLETE,
                PROTECTION,
                "the default branch does not exist: the repository is empty, or the branch was renamed meanwhile",
            )
        else:
            c.record(repository.id, object_of(answer, call, GITHUB), evidence=answer.evidence)

    _each(c, reading, PROTECTION, one)


def read_rules(c: Collection, reading: Reading) -> None:
    """A record for each repository: {"rules": [...]}, the active rules of its default branch."""
    proven = protections(reading, c.keep)

    def one(repository: Item) -> None:
        found = proven.get(repository.id) or rules(reading, repository, c.keep)
        c.record(repository.id, {"rules": list(found.rules)}, evidence=found.evidence)

    _each(c, reading, RULES, one)


def rules(reading: Reading, repository: Item, keep: Keep) -> Rules:
    """The rules of a repository's default branch, read once for all streams. Raises Unread."""

    def read_it(keep: Keep) -> Rules:
        call = Call(RULES, f"{_path(repository)}/rules/branches/{_branch(repository)}", needs=NEEDS)
        listing = read_list(reading.client, keep, call, None)
        if listing.problems:
            raise listing.problems[0]
        return Rules(tuple(item.body for item in listing.items), listing.evidence)

    return reading.once(f"rules {repository.id}", read_it).get(keep)


def is_archived(repository: Item) -> bool:
    """Archived repositories are read-only: their branches need no protection."""
    return repository.body.get("archived") is True


def _each(c: Collection, reading: Reading, operation: str, one: Callable[[Item], None]) -> None:
    """Do `one` for every repository, several at a time. What fails for one repository is noted for it alone."""

    def unless_archived(repository: Item) -> None:
        if is_archived(repository):
            c.record(repository.id, {"absent": True, "code": "archived"}, evidence=repository.evidence)
        else:
            one(repository)

    each(c, reading, operation, list(readable(c, reading)), unless_archived)


def _path(repository: Item) -> str:
    return "/repos/" + "/".join(quote(part, safe="") for part in repository.id.split("/"))


def _branch(repository: Item) -> str:
    name = repository.body.get("default_branch")
    if not isinstance(name, str) or not name:
        raise Unread(Reason.INCOMPLETE, "GET /orgs/{org}/repos", "the repository has no default branch: it is empty")
    return quote(name, safe="")
