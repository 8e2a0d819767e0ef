"""Pages and Link headers as GitHub's: `per_page` up to 100, `page` from 1, next/last before first/prev; or cursors."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from kushim_pipeline.sandbox.standin.paging import Page, Shown
from kushim_pipeline.sandbox.standin.vendor import Request

LARGEST = 100
Body = Callable[[Shown], Any]


def numbered(request: Request, items: Sequence[Any], by_id: str = "", body: Body = list) -> Page:
    """The page that `page` and `per_page` ask for. `by_id`: the path that GitHub's own links use for the list; `body`
    what the items of the page are wrapped in."""
    size, number = page_size(request.query), _whole(request.query.get("page"), 1)

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        base = f"{request.url}{by_id or request.path}"
        if following == (number - 1) * size:  # a fault's
            return body(shown), {"Link": f'<{request.url}{request.path}?{urlencode(request.query)}>; rel="next"'}
        last = max(1, -(-shown.total // size))
        return body(shown), {"Link": links(base, request.query, number, last)}

    return Page(items, (number - 1) * size, size, show)


def cursored(request: Request, items: Sequence[Any], by_id: str = "", body: Body = list) -> Page:
    """The page that `after` or `before` and `per_page` ask for."""
    size = page_size(request.query)
    start = begin_of(request.query.get("after"))
    if start == 0 and (before := begin_of(request.query.get("before"))):
        start = max(0, before - size)

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        base = f"{request.url}{by_id or request.path}"
        rest = {name: text for name, text in request.query.items() if name not in ("after", "before")}
        found = []
        if following is not None:
            found.append(f'<{base}?{urlencode({**rest, "after": cursor(following)})}>; rel="next"')
        if start:
            found.append(f'<{base}?{urlencode({**rest, "before": cursor(start)})}>; rel="prev"')
        return body(shown), {"Link": ", ".join(found)}

    return Page(items, start, size, show)


def links(base: str, query: Mapping[str, str], number: int, last: int) -> str:
    """The Link header of a page; empty where there is only one."""

    def link(page: int, rel: str) -> str:
        return f'<{base}?{urlencode({**query, "page": str(page)})}>; rel="{rel}"'

    found = []
    if number > 1:
        found.append(link(min(number - 1, last), "prev"))
    if number < last:
        found += [link(number + 1, "next"), link(last, "last")]
    if number > 1:
        found.append(link(1, "first"))
    return ", ".join(found)


def cursor(start: int) -> str:
    """What GitHub would call opaque: where the next page begins."""
    return base64.urlsafe_b64encode(f"cursor:v2:{start}".encode()).decode()


def begin_of(text: str | None) -> int:
    """Where the page after a cursor begins; 0 for no cursor and for one that is none."""
    try:
        kind, version, start = base64.urlsafe_b64decode(text or "").decode().split(":")
        return int(start) if (kind, version) == ("cursor", "v2") else 0
    except ValueError:
        return 0


def page_size(query: Mapping[str, str]) -> int:
    return min(_whole(query.get("per_page"), 30), LARGEST)


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else otherwise
