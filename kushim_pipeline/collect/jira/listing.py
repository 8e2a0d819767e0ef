"""Lists as Jira pages them: by numbers with a total, by tokens, or as bare arrays.

Sources: Atlassian, REST API v3, "Pagination" (startAt, maxResults, total, isLast), "Search for issues using JQL
enhanced search" (nextPageToken, isLast, no total), "Get all users" (an array, whose end is an empty page).
"""

from dataclasses import replace
from typing import Any

from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import PageRead, Paging, Walk
from kushim_pipeline.evidence.receipt import Reason


class Numbered:
    """A list by numbers. For one list: `total` is what its last page declared."""

    def __init__(self, size: int, *, key: str = "values") -> None:
        """In: how many elements to ask for, and where in the object they stand."""
        self.total: int | None = None
        self.paging = Paging(self._follow, ("maxResults", size), key)

    def _follow(self, client: Client, page: PageRead, walk: Walk) -> Call | None:
        asked = int(page.call.parameters.get("startAt", "0"))
        begun, total, last = number(page.rest.get("startAt")), number(page.rest.get("total")), page.rest.get("isLast")
        if begun is not None and begun != asked:
            raise walk.wrong(Reason.INCOMPLETE, f"the page from {asked} was asked for, and the one from {begun} came")
        end = asked + page.count
        self.total = total if total is not None else self.total
        if page.count and last is not True and (last is False or self.total is None or end < self.total):
            return replace(page.call, parameters={**page.call.parameters, "startAt": str(end)})
        if self.total is not None and end < self.total:
            raise walk.wrong(Reason.INCOMPLETE, f"Jira declares {self.total} and the list ended after {end}")
        return None


def by_token(key: str) -> Paging:
    """How a list under `key` is paged by nextPageToken, in the body of a POST."""

    def follow(_: Client, page: PageRead, walk: Walk) -> Call | None:
        token, last = page.rest.get("nextPageToken"), page.rest.get("isLast")
        warnings = page.rest.get("warnings")
        if warnings:
            walk.problems.append(walk.wrong(Reason.INCOMPLETE, f"Jira warns: {str(warnings)[:200]}"))
        if last is True or (token is None and last is None):
            return None
        if not isinstance(token, str) or not token:
            raise walk.wrong(Reason.INCOMPLETE, "the list goes on, and the answer does not say where")
        return replace(page.call, body={**page.call.body, "nextPageToken": token})

    return Paging(follow, None, key)


def _until_empty(_: Client, page: PageRead, walk: Walk) -> Call | None:
    if not page.count:
        return None
    begun = int(page.call.parameters.get("startAt", "0"))
    return replace(page.call, parameters={**page.call.parameters, "startAt": str(begun + page.count)})


def bare(size: int) -> Paging:
    """How a bare array is paged by numbers: it ends with an empty one, since a page may be shorter than was asked."""
    return Paging(_until_empty, ("maxResults", size))


def number(value: Any) -> int | None:
    """A count that Jira sends; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
