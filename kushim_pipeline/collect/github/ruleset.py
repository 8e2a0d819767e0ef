"""`github.ruleset`: every ruleset that applies to a default branch, with who may bypass it.

A branch's rules name the rulesets they come from; each of those is read once. A repository's own comes with its rules
where GraphQL proves them; one of the organisation is asked by REST, which says who may bypass it or leaves that out.
Id: `org/repo#ID` for a repository's own ruleset, `org#ID` for an organisation's. A ruleset that could not be read is
reported for each repository that it applies to, since those are what checks judge. Source: GitHub REST, "Get a
repository ruleset", "Get an organization repository ruleset"; `bypass_actors` is shown only to who may edit the
ruleset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.branch import RULES, is_archived, rules
from kushim_pipeline.collect.github.client import GITHUB
from kushim_pipeline.collect.github.protection import Protected, protections
from kushim_pipeline.collect.github.repository import readable
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.reading import Reading, noted, unexpected
from kushim_pipeline.evidence.receipt import Reason

OF_ORGANIZATION = "GET /orgs/{org}/rulesets/{ruleset_id}"
OF_REPOSITORY = "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}"
NEEDS = "the organisation and repository permissions Administration: read (classic: admin:org and repo)"


@dataclass(frozen=True, order=True)
class Source:
    """Where a ruleset lives: `kind` is GitHub's ruleset_source_type, `owner` a repository's full name or a login."""

    owner: str
    number: int
    kind: str

    @property
    def record_id(self) -> str:
        """The ruleset's id in our records."""
        return f"{self.owner}#{self.number}"


def read(c: Collection, reading: Reading) -> None:
    """A record for each ruleset."""
    listed = readable(c, reading)
    live = [repository for repository in listed if not is_archived(repository)]
    live = live[:1] if reading.sample else live
    proven = protections(reading, c.keep)
    applies_to: dict[Source, list[Item]] = {}
    unknown = False
    found = reading.pool.map(lambda each: _sources(c, reading, each, proven.get(each.id)), live)
    for repository, sources in zip(live, found, strict=True):
        unknown = unknown or sources is None
        for source in sources or ():
            applies_to.setdefault(source, []).append(repository)
    if listed and not applies_to and not unknown:
        c.empty_is_proven("the rules of every default branch were read, and none comes from a ruleset")
    ordered = sorted(applies_to.items(), key=lambda pair: pair[0])
    list(reading.pool.map(lambda pair: _record(c, reading, pair[0], pair[1], proven), ordered))


def _sources(c: Collection, reading: Reading, repository: Item, proven: Protected | None) -> set[Source] | None:
    """The rulesets behind a repository's rules; None, and a word in the receipt, where they are unknown."""
    with noted(c, RULES, repository.id):
        found = proven or rules(reading, repository, c.keep)
        return {_source(rule) for rule in found.rules}
    return None


def _source(rule: dict[str, Any]) -> Source:
    owner, number, kind = (rule.get(f"ruleset_{key}") for key in ("source", "id", "source_type"))
    if not (isinstance(owner, str) and owner and isinstance(number, int) and isinstance(kind, str)):
        raise Unread(Reason.QUARANTINED, RULES, "a rule does not say which ruleset it comes from")
    return Source(owner, number, kind)


def _record(
    c: Collection, reading: Reading, source: Source, repositories: list[Item], proven: Mapping[str, Protected]
) -> None:
    for repository in repositories:
        found = proven.get(repository.id)
        if found and source.kind == "Repository" and source.number in found.own:
            c.record(source.record_id, found.own[source.number], evidence=found.evidence)
            return
    try:
        body, evidence = _ruleset(reading, source, repositories[0], c.keep)
    except Unread as trouble:
        failure = trouble
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 # a fault of ours in one ruleset leaves the others standing
        failure = unexpected(OF_REPOSITORY, error)
    else:
        c.record(source.record_id, body, evidence=evidence)
        return
    for repository in repositories:
        c.unreadable(repository.id, failure.reason, failure.operation, f"{source.record_id}: {failure.message}")


def _ruleset(reading: Reading, source: Source, repository: Item, keep: Keep) -> tuple[dict[str, Any], str]:
    """An organisation's own ruleset is asked of the organisation, which shows most; who may not ask there, and every
    other ruleset, asks through a repository that it applies to."""
    if source.kind == "Organization" and source.owner.casefold() == reading.account.casefold():
        call = Call(OF_ORGANIZATION, f"/orgs/{reading.account}/rulesets/{source.number}", needs=NEEDS)
        answer = reading.client.ask(call, keep)
        if answer.status not in (403, 404):
            return _body(answer, call, source)
    path = "/".join(quote(part, safe="") for part in repository.id.split("/"))
    call = Call(OF_REPOSITORY, f"/repos/{path}/rulesets/{source.number}", needs=NEEDS)
    return _body(reading.client.ask(call, keep), call, source)


def _body(answer: Answer, call: Call, source: Source) -> tuple[dict[str, Any], str]:
    body = object_of(answer, call, GITHUB)
    if body.get("id") != source.number:
        raise Unread(Reason.INCOMPLETE, call.operation, "GitHub answered with another ruleset than was asked for")
    return body, answer.evidence
