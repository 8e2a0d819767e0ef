"""Connections as GitHub's GraphQL has them, and the refusals that it puts into `errors`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.sandbox.github.asking import FORBIDDEN, Estate
from kushim_pipeline.sandbox.github.model import Token
from kushim_pipeline.sandbox.github.paging import begin_of, cursor
from kushim_pipeline.sandbox.standin.paging import Shown, window
from kushim_pipeline.sandbox.standin.vendor import Request

Object = dict[str, Any]


class Refused(Exception):
    """What GitHub writes into `errors` with a type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Viewer:
    """Who asks, and the request. `limit`: points an hour; `cost`, `nodes`: of this query by GitHub's rule."""

    estate: Estate
    token: Token
    request: Request
    limit: int
    cost: int = 1
    nodes: int = 0


def forbidden() -> Refused:
    return Refused("FORBIDDEN", FORBIDDEN)


def connection(
    info: Any,
    items: Sequence[Any],
    arguments: Mapping[str, Any],
    show: Callable[[Any], Object | Refused],
    edge: Callable[[Any], Object] | None = None,
) -> Object:
    """A connection over items. In: `first` with `after`, or `last` with `before`; what makes a node of an item (or a
    refusal that stands for it), and what its edge says beside it. Nodes are made when asked for. Raises Refused for a
    cursor that is none."""
    begin, end, is_backward = _bounds(items, arguments)
    fault = info.context.request.fault if not _is_inside(info.path) else None
    if is_backward or begin == end:
        shown = Shown(items[begin:end], len(items))
        following = end if end < len(items) and begin < end else None
    else:
        shown, following = window(items, begin, end - begin, fault)
    made: list[Object | Refused] = []

    def nodes(_: Any) -> list[Object | Refused]:
        if not made:
            made.extend(show(item) for item in shown)
        return made

    def edges(_: Any) -> list[Object]:
        beside = edge or (lambda item: {})
        return [
            {"cursor": cursor(begin + index + 1), "node": node, **beside(item)}
            for index, (node, item) in enumerate(zip(nodes(_), shown, strict=True))
        ]

    return {
        "totalCount": shown.total,
        "nodes": nodes,
        "edges": edges,
        "pageInfo": {
            "startCursor": cursor(begin + 1) if shown else None,
            "endCursor": cursor(following if following is not None else begin + len(shown)) if shown else None,
            "hasNextPage": following is not None,
            "hasPreviousPage": begin > 0,
        },
    }


def _bounds(items: Sequence[Any], arguments: Mapping[str, Any]) -> tuple[int, int, bool]:
    """Where the page begins and ends, and whether it was asked for from the end."""
    after, before = _place(arguments.get("after")), _place(arguments.get("before"))
    last = arguments.get("last")
    if last is not None:
        end = min(len(items), before - 1) if before else len(items)
        return max(after, end - last, 0), end, True
    return after, after + (arguments.get("first") or 0), False


def _place(text: str | None) -> int:
    """How many items lie up to a cursor."""
    if not text:
        return 0
    found = begin_of(text)
    if found <= 0:
        raise Refused("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.")
    return found


def _is_inside(path: Any) -> bool:
    """Whether the field stands inside an item of another list."""
    while path is not None:
        if isinstance(path.key, int):
            return True
        path = path.prev
    return False
