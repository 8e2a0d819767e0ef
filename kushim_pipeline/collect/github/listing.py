"""A list read to its end, or the reason why it is not known to be whole.

Pages are followed by their Link header (RFC 8288). A list is whole only if nothing speaks against it: no next page on
another host, no page or element that came before, no page missing of those that GitHub announced.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from kushim_pipeline.collect.github.answers import Bad, elements_of
from kushim_pipeline.collect.github.client import Client
from kushim_pipeline.collect.github.patience import whole_number
from kushim_pipeline.collect.github.problem import Answer, Call, Keep, Unread
from kushim_pipeline.evidence.receipt import Reason

PER_PAGE = 100  # the most that GitHub gives
MAX_PAGES = 5_000  # an hour's budget of requests

Identity = Callable[[dict[str, Any]], str | None]


@dataclass(frozen=True)
class Item:
    """One element of a list, its id (empty where elements have none), and the digest of its page."""

    id: str
    body: dict[str, Any]
    evidence: str


@dataclass(frozen=True)
class Listing:
    """What was read. `problems`: why the list is not known to be whole. `quarantined`: (id, message) of elements that
    were seen and could not be taken in. `evidence`: the digest of its last page, empty where none was read."""

    items: tuple[Item, ...]
    quarantined: tuple[tuple[str, str], ...]
    problems: tuple[Unread, ...]
    operation: str
    evidence: str

    @property
    def is_whole(self) -> bool:
        """Every element was seen and taken in."""
        return not self.problems and not self.quarantined


class _State:
    """Where a list's reading stands."""

    def __init__(self, first: Call) -> None:
        self.first = first
        self.pages = 0
        self.evidence = ""
        self.announced: int | None = None
        self.places: set[object] = set()
        self.digests: set[str] = set()
        self.ids: set[str] = set()
        self.items: list[Item] = []
        self.quarantined: list[tuple[str, str]] = []
        self.problems: list[Unread] = []

    def wrong(self, reason: Reason, message: str) -> Unread:
        return Unread(reason, self.first.operation, message)


def read_list(client: Client, keep: Keep, call: Call, identity: Identity | None) -> Listing:
    """Read all pages of a list.

    In: the call without its paging, and what names an element (None: elements have no id of their own).
    Raises nothing for what the vendor does: what was read before a fault is in the listing, and the fault with it.
    """
    state = _State(Call(call.operation, call.target, {**call.parameters, "per_page": str(PER_PAGE)}, call.needs))
    try:
        for answer, elements in _pages(client, keep, state):
            before = len(state.ids) + len(state.problems)
            again = [name for element in elements if (name := _take(element, answer, state, identity))]
            if again:
                message = f"{again[0]} was listed twice: a page came again, or the list moved while it was read"
                state.problems.append(state.wrong(Reason.INCOMPLETE, message))
                if len(state.ids) + len(state.problems) == before + 1:
                    break  # nothing new on this page: there is no end to wait for
    except Unread as trouble:
        state.problems.append(trouble)
    return Listing(tuple(state.items), tuple(state.quarantined), tuple(state.problems), call.operation, state.evidence)


def login(element: dict[str, Any]) -> str | None:
    """A user's id in our records."""
    return _text(element.get("login"))


def full_name(element: dict[str, Any]) -> str | None:
    """A repository's id in our records: `org/repo`."""
    name = _text(element.get("full_name"))
    return name if name and name.count("/") == 1 and not {"", ".", ".."} & set(name.split("/")) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable() else None


def _pages(client: Client, keep: Keep, state: _State) -> Iterator[tuple[Answer, list[Any]]]:
    call: Call | None = state.first
    while call is not None:
        place = client.place(call)
        if place in state.places:
            raise state.wrong(Reason.INCOMPLETE, "a next page leads back to a page already read")
        if state.pages >= MAX_PAGES:
            raise state.wrong(Reason.INCOMPLETE, f"the list does not end after {MAX_PAGES} pages")
        state.places.add(place)
        answer = client.ask(call, keep)
        elements = elements_of(answer, call)
        if elements and answer.evidence in state.digests:
            raise state.wrong(Reason.INCOMPLETE, f"page {state.pages + 1} has the bytes of a page already read")
        state.digests.add(answer.evidence)
        state.evidence = answer.evidence
        state.pages += 1
        yield answer, elements
        number = whole_number(dict(place[1]).get("page", "")) or state.pages
        call = _following(client, answer, len(elements), number, state)


def _following(client: Client, answer: Answer, count: int, number: int, state: _State) -> Call | None:
    """The call for the page after page `number`, which had `count` elements; None where the list ends."""
    links = {link.get("rel"): link["url"] for link in parse_header_links(answer.headers.get("link", ""))}
    if "last" in links:
        state.announced = _page_number(links["last"])
    if "next" in links:
        if client.leads_away(links["next"]):
            raise state.wrong(Reason.INCOMPLETE, "the link to the next page leaves the base URL and is not followed")
        return Call(state.first.operation, links["next"], {}, state.first.needs)
    if state.announced is not None and state.announced > number:
        raise state.wrong(
            Reason.INCOMPLETE, f"GitHub announced {state.announced} pages and the list ended at page {number}"
        )
    if not links and count == PER_PAGE:
        # A full page without any Link is either all there is or a list whose paging was lost on the way (proxies
        # drop headers). Only the page after it tells.
        return replace(state.first, parameters={**state.first.parameters, "page": str(number + 1)})
    return None


def _page_number(url: str) -> int | None:
    try:
        return whole_number(parse_qs(urlsplit(url).query).get("page", [""])[0])
    except ValueError:
        return None


def _take(element: Any, answer: Answer, state: _State, identity: Identity | None) -> str | None:
    """Put an element where it belongs. Returns its name if it was seen before."""
    message = element.message if isinstance(element, Bad) else "an element of the list is not an object with a name"
    document = element.document if isinstance(element, Bad) else element
    name = None
    if isinstance(document, dict):
        name = identity(document) if identity is not None else ""
    if name is None or (isinstance(element, Bad) and not name):
        state.problems.append(state.wrong(Reason.QUARANTINED, message))
    elif name and name in state.ids:
        return name
    elif isinstance(element, Bad):
        state.ids.add(name)
        state.quarantined.append((name, message))
    else:
        state.ids.add(name)
        state.items.append(Item(name, document, answer.evidence))
    return None
