"""GraphQL: many repositories in one question, and what an error means.

An answer of 200 may hold errors beside data: what they name is not read, everything else stands. A question that is too
much for GitHub (a 502, a timeout, a limit of nodes) is asked again in halves. Source: GitHub GraphQL, "Forming calls",
"Rate limits and query limits"; the errors' types as its answers have them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from kushim_pipeline.collect.github.client import GITHUB, GRAPHQL
from kushim_pipeline.collect.http.answers import object_of, refuse
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.parts import Members, members
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.evidence.json_door import BadJson
from kushim_pipeline.evidence.receipt import Reason

DENIALS = ("FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND", "UNAUTHORIZED", "UNAUTHENTICATED")
HEAVY = ("MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "TIMEOUT", "EXCESSIVE_PAGINATION")
HEAVY_WORDS = ("something went wrong while executing your query", "timeout", "timed out", "resource limits")
FAULT = re.compile(r"answered 50[0234]\b")
PAGE = "pageInfo { hasNextPage endCursor }"

Step = str | int


@dataclass
class GithubReading(Reading):
    """A reading of GitHub. `graphql`: the address that GraphQL is asked at."""

    graphql: str = ""


class TooMuch(Unread):
    """What was asked at once was too much: less of it may be answered."""


@dataclass(frozen=True)
class Problem:
    """An error of an answer, and the place in the data that it is about (empty: all of it)."""

    path: tuple[Step, ...]
    kind: str
    message: str

    def unread(self, operation: str, needs: str) -> Unread:
        """The error in the words of a receipt."""
        said = f"GitHub answered {self.kind or 'an error'} ({self.message[:200]})"
        if self.is_denial:
            hidden = ", which is also what it answers for what a token may not see" if self.kind == "NOT_FOUND" else ""
            demand = f"; it needs {needs}" if needs else ""
            return Unread(Reason.DENIED, operation, f"{said}{hidden}: the token may not read this{demand}")
        return Unread(Reason.NOT_COLLECTED, operation, said)

    @property
    def is_denial(self) -> bool:
        """Whether the token may not see the place, or nobody may."""
        return self.kind in DENIALS

    @property
    def is_heavy(self) -> bool:
        """Whether less would have been answered."""
        return self.kind in HEAVY or any(words in self.message.casefold() for words in HEAVY_WORDS)


@dataclass(frozen=True)
class Reply:
    """The data of an answer, its errors, and the digest of its bytes."""

    data: dict[str, Any]
    errors: tuple[Problem, ...]
    evidence: str


@dataclass(frozen=True)
class Question:
    """What is asked: the operation's name, the permission that it takes, and the fragments that its parts use."""

    name: str
    needs: str
    fragments: str = ""

    @property
    def operation(self) -> str:
        """Its name in receipts."""
        return f"{GRAPHQL} {self.name}"


@dataclass(frozen=True)
class Part:
    """What is asked of one repository: fields, and the variables in them with their types."""

    repository: str
    fields: str
    variables: Mapping[str, tuple[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """What was answered of one repository; the errors' places are below it. `shown`: as in an Item."""

    body: dict[str, Any]
    errors: tuple[Problem, ...]
    evidence: str
    shown: bool = False

    def at(self, *path: Step) -> tuple[Problem, ...]:
        """The errors about a place, whatever is above it or in it."""
        return tuple(each for each in self.errors if all(a == b for a, b in zip(each.path, path, strict=False)))


def ask(reading: GithubReading, keep: Keep, question: Question, text: str, variables: Mapping[str, Any]) -> Reply:
    """Ask once. Raises TooMuch where less may be answered, Unread where nothing was."""
    call = _call(reading, question, text, variables)
    with _too_much():
        return _reply(reading.client.ask(call, keep), call, question)


def ask_parts(reading: GithubReading, keep: Keep, question: Question, parts: Sequence[Part]) -> Iterator[Node | Unread]:
    """Ask of several repositories at once. Out: an answer for each part, in their order; TooMuch for a part that is too
    much by itself. It has been asked when this returns; each part is decoded when its turn comes."""
    call = _call(reading, question, *_written(question, parts))
    try:
        with _too_much():
            answer = reading.client.ask(call, keep)
            refuse(answer, call, GITHUB)
            found = members(answer.body, "data", [f"r{number}" for number in range(len(parts))])
            if found:
                return (_member(found, answer.evidence, number, part, question) for number, part in enumerate(parts))
            reply = _reply(answer, call, question)
    except TooMuch as trouble:
        if len(parts) == 1:
            return iter([trouble])
        half = len(parts) // 2
        return chain(*(ask_parts(reading, keep, question, some) for some in (parts[:half], parts[half:])))
    except Unread as trouble:
        return iter([trouble] * len(parts))
    return iter([_node(reply, number, part, question) for number, part in enumerate(parts)])


@contextmanager
def _too_much() -> Iterator[None]:
    """What GitHub fails at may be too much; and of an answer that one value spoils, which no engine reads alike, less
    will be spoilt."""
    try:
        yield
    except Unread as trouble:
        if trouble.reason is Reason.QUARANTINED or FAULT.search(trouble.message):
            raise TooMuch(trouble.reason, trouble.operation, trouble.message) from None
        raise


def _call(reading: GithubReading, question: Question, text: str, variables: Mapping[str, Any]) -> Call:
    body = {"query": text, "variables": dict(variables)}
    return Call(question.operation, reading.graphql, needs=question.needs, method="POST", body=body)


def _reply(answer: Answer, call: Call, question: Question) -> Reply:
    document = object_of(answer, call, GITHUB)
    errors = tuple(_problems(document.get("errors")))
    for error in errors:
        if error.is_heavy:
            found = error.unread(call.operation, question.needs)
            raise TooMuch(Reason.NOT_COLLECTED, call.operation, found.message)
    data = document.get("data")
    if not isinstance(data, dict):
        if errors:
            raise errors[0].unread(call.operation, question.needs)
        raise Unread(Reason.INCOMPLETE, call.operation, "the answer has neither data nor errors")
    return Reply(data, errors, answer.evidence)


def _member(found: Members, evidence: str, number: int, part: Part, question: Question) -> Node | Unread:
    try:
        body, shown = found.value(number)
    except BadJson as error:
        return TooMuch(Reason.QUARANTINED, question.operation, str(error))
    return _of_repository(Node(body, (), evidence, shown), part, question)


def in_batches(
    reading: GithubReading, keep: Keep, question: Question, parts: Sequence[Part], size: int
) -> Iterator[Node | Unread]:
    """Ask of any number of repositories, several at a time. Only for who holds none of the pool's threads."""
    batches = [parts[start : start + size] for start in range(0, len(parts), size)]
    for answers in reading.pool.map(lambda batch: ask_parts(reading, keep, question, batch), batches):
        yield from answers


def repository_part(repository: Item, fields: str, **variables: tuple[str, Any]) -> Part:
    """What is asked of a listed repository."""
    return Part(repository.id, fields, variables)


def _written(question: Question, parts: Sequence[Part]) -> tuple[str, dict[str, Any]]:
    """The query's text, each part under an alias with variables of its own, and the variables."""
    declared: list[str] = []
    values: dict[str, Any] = {}
    selections: list[str] = []
    for number, part in enumerate(parts):
        owner, _, name = part.repository.partition("/")
        for key, (kind, value) in {"owner": ("String!", owner), "name": ("String!", name), **part.variables}.items():
            declared.append(f"${key}_{number}: {kind}")
            values[f"{key}_{number}"] = value
        fields = re.sub(r"\$(\w+)", rf"$\1_{number}", part.fields)
        selections.append(
            f"r{number}: repository(owner: $owner_{number}, name: $name_{number}) {{ nameWithOwner {fields} }}"
        )
    text = f"query {question.name}({', '.join(declared)}) {{\n" + "\n".join(selections) + "\n}"
    return f"{text}\n{question.fragments}".strip(), values


def _node(reply: Reply, number: int, part: Part, question: Question) -> Node | Unread:
    alias = f"r{number}"
    errors = tuple(
        Problem(each.path[1:], each.kind, each.message) for each in reply.errors if each.path[:1] in ((), (alias,))
    )
    body = reply.data.get(alias)
    if not isinstance(body, dict):
        if errors:
            return errors[0].unread(question.operation, question.needs)
        return Unread(Reason.INCOMPLETE, question.operation, "GitHub left this repository out of its answer")
    return _of_repository(Node(body, errors, reply.evidence), part, question)


def _of_repository(node: Node, part: Part, question: Question) -> Node | Unread:
    if str(node.body.get("nameWithOwner")).casefold() != part.repository.casefold():
        return Unread(Reason.INCOMPLETE, question.operation, "GitHub answered for another repository: it was renamed")
    return node


def _problems(errors: Any) -> Iterator[Problem]:
    for error in errors if isinstance(errors, list) else [] if errors is None else [errors]:
        found = error if isinstance(error, dict) else {}
        path = found.get("path")
        extensions = found.get("extensions")
        kind = found.get("type") or (extensions.get("code") if isinstance(extensions, dict) else None)
        message = found.get("message")
        yield Problem(
            tuple(step for step in path if isinstance(step, str | int)) if isinstance(path, list) else (),
            kind if isinstance(kind, str) else "",
            message if isinstance(message, str) else "no words",
        )
