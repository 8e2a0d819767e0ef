"""Lists as Slack pages them: by `next_cursor`, or, two old ones, by page numbers.

Source: Slack, "Pagination": the list ends where `response_metadata.next_cursor` is empty or missing; a page may hold
fewer than were asked for, or none, and have a next one. The old way has `paging` with count, total, page and pages.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import MAX_PAGES, PageRead, Paging, Walk
from kushim_pipeline.evidence.receipt import Reason

SIZE = 500
"""Slack allows 1,000 and recommends 200; a method of tier 2 may be called ten times a minute at half of its budget."""


@dataclass(frozen=True)
class Part:
    """A page whose list is not one of objects with ids. `rest`: what stands beside the list."""

    call: Call
    answer: Answer
    rest: Mapping[str, Any]
    listed: Any


def by_cursor(key: str, size: int = SIZE) -> Paging:
    """How a list under `key` is paged by cursors."""

    def follow(_: Client, page: PageRead, walk: Walk) -> Call | None:
        return after(walk.first, page.rest)

    return Paging(follow, ("limit", size), key)


def after(first: Call, rest: Mapping[str, Any]) -> Call | None:
    """The call for the page after one that had `rest` beside its list; None where the list ends. Raises Unread."""
    metadata = rest.get("response_metadata")
    cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
    if not cursor:
        return None
    if not isinstance(cursor, str):
        raise Unread(Reason.INCOMPLETE, first.operation, "the cursor of the next page is not a text")
    return replace(first, parameters={**first.parameters, "cursor": cursor})


def parts(
    client: Client, keep: Keep, first: Call, take: Callable[[Answer, Call], tuple[Mapping[str, Any], Any]]
) -> Iterator[Part]:
    """Read the pages of a list by cursors. In: how an answer is taken apart into the list and what stands beside it.
    Raises Unread for whatever keeps it from its end."""
    places: set[object] = set()
    digests: set[str] = set()
    call: Call | None = first
    while call is not None:
        if client.place(call) in places or len(places) >= MAX_PAGES:
            raise Unread(Reason.INCOMPLETE, first.operation, "the pages lead in a circle, or do not end")
        places.add(client.place(call))
        answer = client.ask(call, keep)
        rest, listed = take(answer, call)
        if listed and answer.evidence in digests:
            raise Unread(Reason.INCOMPLETE, first.operation, f"page {len(places)} has the bytes of a page already read")
        digests.add(answer.evidence)
        yield Part(call, answer, rest, listed)
        if client.pace.sample:
            return
        call = after(first, rest)
