"""A page of a GraphQL connection, and the pages after it.

Source: GitHub GraphQL, "Using pagination in the GraphQL API".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from kushim_pipeline.collect.github.graphql import GithubReading, Part, Question, Step, ask_parts
from kushim_pipeline.collect.http.call import Keep, Unread
from kushim_pipeline.collect.http.listing import MAX_PAGES
from kushim_pipeline.evidence.receipt import Reason


def rest_of(
    reading: GithubReading,
    keep: Keep,
    question: Question,
    part: Callable[[str], Part],
    path: Sequence[Step],
    connection: dict[str, Any],
) -> dict[str, Any]:
    """A nested connection with the nodes that did not fit its first page; the same object where all of them did.

    In: what asks for the page after a cursor, and where in the repository it stands. Raises Unread where it cannot be
    read to its end.
    """
    if is_all(connection):
        return connection
    nodes = list(nodes_of(connection, question.operation))
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        cursor = next_cursor(connection, seen, question.operation)
        if cursor is None:
            return {**connection, "nodes": nodes}
        (found,) = ask_parts(reading, keep, question, [part(cursor)])
        if isinstance(found, Unread):
            raise found
        if found.errors:
            raise found.errors[0].unread(question.operation, question.needs)
        connection = dig(found.body, path, question.operation)
        nodes += nodes_of(connection, question.operation)
    raise Unread(Reason.INCOMPLETE, question.operation, f"the list does not end after {MAX_PAGES} pages")


def is_all(connection: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a nested connection surely has all of its nodes on the page that it came with."""
    if not isinstance(connection, dict) or not isinstance(connection.get("nodes"), list):
        return False
    info = connection.get("pageInfo")
    return isinstance(info, dict) and info.get("hasNextPage") is False


def next_cursor(connection: Mapping[str, Any], seen: set[str], operation: str) -> str | None:
    """The cursor of the page after this one, None at the end. Raises Unread for a page that leads back."""
    info = connection.get("pageInfo")
    if not isinstance(info, dict) or not isinstance(info.get("hasNextPage"), bool):
        raise Unread(Reason.INCOMPLETE, operation, "a page does not say whether more follows")
    if not info["hasNextPage"]:
        return None
    cursor = info.get("endCursor")
    if not isinstance(cursor, str) or not cursor:
        raise Unread(Reason.INCOMPLETE, operation, "more follows, and the page does not say where")
    if cursor in seen:
        raise Unread(Reason.INCOMPLETE, operation, "a next page leads back to a page already read")
    seen.add(cursor)
    return cursor


def nodes_of(connection: Mapping[str, Any], operation: str) -> list[Any]:
    """The nodes of a page. Raises Unread for what is no page."""
    nodes = connection.get("nodes")
    if not isinstance(nodes, list):
        raise Unread(Reason.INCOMPLETE, operation, "the answer has no list of nodes")
    return nodes


def with_denied(value: Any, place: Sequence[Step]) -> Any:
    """A copy of a value of an answer in which `{"denied": true}` stands at a place that the token may not see, or above
    it, where GitHub gives nothing at all: its null alone would read as if nothing were there."""
    if place and isinstance(value, dict):
        return {**value, place[0]: with_denied(value.get(place[0]), place[1:])}
    if place and isinstance(value, list) and isinstance(place[0], int) and place[0] < len(value):
        return [*value[: place[0]], with_denied(value[place[0]], place[1:]), *value[place[0] + 1 :]]
    return {"denied": True}


def dig(body: Any, path: Iterable[Step], operation: str) -> dict[str, Any]:
    """The object at a place. Raises Unread where there is none."""
    found = body
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            found = None
            break
    if not isinstance(found, dict):
        shown = ".".join(str(step) for step in path)
        raise Unread(Reason.INCOMPLETE, operation, f"the answer has no {shown}")
    return found
