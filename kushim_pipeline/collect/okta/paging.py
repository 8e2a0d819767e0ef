"""How Okta pages its lists: by Link header with an opaque cursor, and once by a link in the body.

Source: Okta, "Core Okta API, Pagination": a list ends where no `next` is given; cursors are opaque.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import PageRead, Paging, Walk, name_of
from kushim_pipeline.evidence.receipt import Reason

EMPTY_PAGES = 3
"""So many empty pages in a row that all lead on are no list any more."""


def by_id(element: dict[str, Any]) -> str | None:
    """An element's id in our records."""
    return name_of(element, "id")


def linked(host: str, size: int | None = None, *, empty_ends: bool = False) -> Paging:
    """Pages that are followed by their Link header.

    In: the organisation's host; how many elements to ask for (None: the endpoint gives all at once); whether an empty
    page is the end even if it leads on, as in the system log.
    """
    return Paging(_following(host, empty_ends), ("limit", size) if size else None)


def enveloped(host: str, size: int, key: str) -> Paging:
    """Pages that are objects: the list under `key`, the next page in `_links.next.href`."""
    return Paging(_following(host, empty_ends=False), ("limit", size), key)


def _following(host: str, empty_ends: bool) -> Callable[[Client, PageRead, Walk], Call | None]:
    empty_in_a_row = 0

    def follow(client: Client, page: PageRead, walk: Walk) -> Call | None:
        nonlocal empty_in_a_row
        links = _links(page)
        if "next" not in links:
            if not links and str(page.count) == walk.first.parameters.get("limit"):
                # Okta names every page of a list (rel="self"). Whatever took that away took a next page with it.
                raise walk.wrong(Reason.INCOMPLETE, "a full page came without the links that say whether more follows")
            return None
        if page.count == 0 and empty_ends:
            return None
        empty_in_a_row = 0 if page.count else empty_in_a_row + 1
        if empty_in_a_row >= EMPTY_PAGES:
            raise walk.wrong(Reason.INCOMPLETE, f"{EMPTY_PAGES} empty pages in a row lead on, and on")
        return _next(client, links["next"], walk, host)

    return follow


def _links(page: PageRead) -> dict[str, str]:
    from requests.utils import parse_header_links

    found = {
        link["rel"]: link["url"] for link in parse_header_links(page.answer.headers.get("link", "")) if "rel" in link
    }
    inside = page.rest.get("_links")
    if isinstance(inside, dict):
        # `self` stands for any: there are links, so nothing took them away.
        found.setdefault("self", "")
        following = inside.get("next")
        if isinstance(following, dict) and isinstance(following.get("href"), str):
            found["next"] = following["href"]
    return found


def _next(client: Client, url: str, walk: Walk, host: str) -> Call:
    """The call for a next page. Okta writes some links with the host of its admin console (acme-admin.okta.com), which
    is the same organisation: the page is then asked of our own base URL, so that the token goes nowhere else."""
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        parts, name = urlsplit(""), None
    first, dot, rest = host.partition(".")
    if name and name == f"{first}-admin{dot}{rest}" and parts.scheme == "https" and parts.username is None:
        return Call(walk.first.operation, parts.path, dict(parse_qsl(parts.query)), walk.first.needs)
    if client.leads_away(url):
        raise walk.wrong(
            Reason.INCOMPLETE,
            "the link to the next page leaves the base URL and is not followed; write into the tenant file the org_url "
            "that Okta itself uses",
        )
    return Call(walk.first.operation, url, {}, walk.first.needs)
