"""Pages and Link headers as GitHub's: `per_page` up to 100, `page` from 1, next/last before first/prev."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode


def page_of(items: Sequence[Any], query: Mapping[str, str]) -> tuple[list[Any], int, int]:
    """The items of the page that a query asks for, the page's number, and the number of the last page."""
    size = min(_whole(query.get("per_page"), 30), 100)
    number = _whole(query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    return list(items[(number - 1) * size : number * size]), number, last


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


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else otherwise
