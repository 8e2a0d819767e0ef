"""A list read to its end, or the reason why it is not known to be whole.

A list is whole only if nothing speaks against it: no next page on another host, no page or element that came before, no
page missing of those that the vendor announced. How a vendor writes pages is a Paging.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

from kushim_pipeline.collect.http.answers import Bad, seen_of
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.patience import whole_number
from kushim_pipeline.evidence.receipt import Reason

MAX_PAGES = 5_000
"""Of one list: half a million elements at a hundred a page."""

Identity = Callable[[dict[str, Any]], str | None]
T = TypeVar("T")


class Item(NamedTuple):
    """One element of a list, its id (empty where elements have none), the digest of its page, and whether the page's
    bytes surely show all that it holds."""

    id: str
    body: dict[str, Any]
    evidence: str
    shown: bool = False


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


@dataclass
class Walk:
    """Where a list's reading stands. `announced`: how many pages the vendor has said there are; `ids`: of every element
    seen; `taken`: what is wanted of the page that was read last."""

    first: Call
    pages: int = 0
    evidence: str = ""
    announced: int | None = None
    places: set[object] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    taken: list[Any] = field(default_factory=list)
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Unread] = field(default_factory=list)

    @property
    def operation(self) -> str:
        """The vendor's name of the call, as in a Listing."""
        return self.first.operation

    def wrong(self, reason: Reason, message: str) -> Unread:
        """What is wrong with this list."""
        return Unread(reason, self.operation, message)


@dataclass(frozen=True)
class PageRead:
    """A page: the call that asked for it, its answer, what its object held beside the list, how many elements."""

    call: Call
    answer: Answer
    rest: Mapping[str, Any]
    count: int
    number: int


Follow = Callable[[Client, PageRead, Walk], Call | None]
"""The call for the page after this one, None where the list ends. Raises Unread where that cannot be known."""


@dataclass(frozen=True)
class Paging:
    """How a vendor pages. `size`: the parameter and the number of elements to ask for; `key`: where in an object the
    list stands, None where the body is the list itself; `follow`: what comes after a page."""

    follow: Follow
    size: tuple[str, int] | None = None
    key: str | None = None


def read_list(
    client: Client, keep: Keep, call: Call, identity: Identity | None, paging: Paging | None = None
) -> Listing:
    """Read all pages of a list.

    In: the call without its paging, what names an element (None: elements have no id of their own), and how the vendor
    pages (default: by Link header, a hundred a page). Raises nothing for what the vendor does: what was read before a
    fault is in the listing, and the fault with it.
    """
    walk = Walk(call)
    items: list[Item] = []
    for page in walk_list(client, keep, walk, identity, paging):
        items += page
    return Listing(tuple(items), tuple(walk.quarantined), tuple(walk.problems), call.operation, walk.evidence)


def walk_list(
    client: Client, keep: Keep, walk: Walk, identity: Identity | None, paging: Paging | None = None
) -> Iterator[list[Item]]:
    """Read a list page by page, for lists that are too long to hold. Yields the new elements of each page; what was
    quarantined and what is wrong gathers in `walk`. Raises nothing for what the vendor does."""
    return walk_as(client, keep, walk, identity, paging, lambda item: item)


def walk_as(
    client: Client,
    keep: Keep,
    walk: Walk,
    identity: Identity | None,
    paging: Paging | None,
    shape: Callable[[Item], T],
) -> Iterator[list[T]]:
    """Read a list as `walk_list` does, for lists whose elements are too large to hold even a page of them. In: what is
    wanted of an element; it may be asked of one twice."""
    try:
        for page in _pages(client, keep, walk, paging or LINKED, identity, shape):
            before = len(walk.ids) + len(walk.problems)
            taken: list[T] = []
            walk.taken = taken
            again = _take(page, walk, taken)
            if again:
                message = f"{again[0]} was listed twice: a page came again, or the list moved while it was read"
                walk.problems.append(walk.wrong(Reason.INCOMPLETE, message))
            yield taken
            if again and len(walk.ids) + len(walk.problems) == before + 1:
                return  # nothing new on this page: there is no end to wait for
            if client.pace.sample:
                return
    except Unread as trouble:
        walk.problems.append(trouble)


def login(element: dict[str, Any]) -> str | None:
    """A user's id in our records."""
    return name_of(element, "login")


def name_of(element: dict[str, Any], key: str) -> str | None:
    """What an element is called under a key, where that is a text fit for an id."""
    value = element.get(key)
    return value if isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable() else None


def full_name(element: dict[str, Any]) -> str | None:
    """A repository's id in our records: `org/repo`."""
    name = name_of(element, "full_name")
    return name if name and name.count("/") == 1 and not {"", ".", ".."} & set(name.split("/")) else None


class _Seen(NamedTuple, Generic[T]):
    """What was made of an element: its name (empty where elements have none), and why there is nothing else of it."""

    name: str | None
    taken: T | None
    wrong: str = ""


def _pages(
    client: Client,
    keep: Keep,
    walk: Walk,
    paging: Paging,
    identity: Identity | None,
    shape: Callable[[Item], T],
) -> Iterator[list[_Seen[T]]]:
    if paging.size:
        asked = {**walk.first.parameters, paging.size[0]: str(paging.size[1])}
        walk.first = replace(walk.first, parameters=asked)
    call: Call | None = walk.first
    while call is not None:
        place = (client.place(call), repr(call.body))
        if place in walk.places:
            raise walk.wrong(Reason.INCOMPLETE, "a next page leads back to a page already read")
        if walk.pages >= MAX_PAGES:
            raise walk.wrong(Reason.INCOMPLETE, f"the list does not end after {MAX_PAGES} pages")
        walk.places.add(place)
        answer = client.ask(call, keep)
        see = partial(_see, answer.evidence, identity, shape)
        rest, elements = seen_of(answer, call, client.dialect, paging.key, see)
        if elements and answer.evidence in walk.digests:
            raise walk.wrong(Reason.INCOMPLETE, f"page {walk.pages + 1} has the bytes of a page already read")
        walk.digests.add(answer.evidence)
        walk.evidence = answer.evidence
        walk.pages += 1
        yield elements
        call = paging.follow(client, PageRead(call, answer, rest, len(elements), walk.pages), walk)


def link_header(client: Client, page: PageRead, walk: Walk) -> Call | None:
    """Pages that are followed by their Link header (RFC 8288), as GitHub's and Okta's are."""
    from requests.utils import parse_header_links

    links = {link.get("rel"): link["url"] for link in parse_header_links(page.answer.headers.get("link", ""))}
    number = whole_number(dict(client.place(page.call)[1]).get("page", "")) or page.number
    if "last" in links:
        walk.announced = _page_number(links["last"])
    if "next" in links:
        if client.leads_away(links["next"]):
            raise walk.wrong(Reason.INCOMPLETE, "the link to the next page leaves the base URL and is not followed")
        return Call(walk.first.operation, links["next"], {}, walk.first.needs)
    if walk.announced is not None and walk.announced > number:
        raise walk.wrong(
            Reason.INCOMPLETE,
            f"{client.dialect.vendor} announced {walk.announced} pages and the list ended at page {number}",
        )
    if not links and str(page.count) == walk.first.parameters.get("per_page"):
        # A full page without any Link is either all there is or a list whose paging was lost on the way (proxies
        # drop headers). Only the page after it tells.
        return replace(walk.first, parameters={**walk.first.parameters, "page": str(number + 1)})
    return None


PER_PAGE = 100  # the most that GitHub gives
LINKED = Paging(link_header, ("per_page", PER_PAGE))
"""As GitHub pages its lists."""


def _page_number(url: str) -> int | None:
    try:
        return whole_number(parse_qs(urlsplit(url).query).get("page", [""])[0])
    except ValueError:
        return None


def _see(evidence: str, identity: Identity | None, shape: Callable[[Item], T], element: Any, shown: bool) -> _Seen[T]:
    """Name an element, and take what is wanted of it."""
    is_bad = type(element) is Bad
    document = element.document if is_bad else element
    name = (identity(document) if identity else "") if type(document) is dict else None
    if is_bad:
        return _Seen(name or None, None, element.message)
    if name is None:
        return _Seen(None, None, "an element of the list is not an object with a name")
    return _Seen(name, shape(Item(name, document, evidence, shown)))


def _take(page: Iterable[_Seen[T]], walk: Walk, taken: list[T]) -> list[str]:
    """Put a page's elements where they belong. Returns the names of those that were seen before."""
    again: list[str] = []
    for name, found, wrong in page:
        if name is None:
            walk.problems.append(walk.wrong(Reason.QUARANTINED, wrong))
        elif name and name in walk.ids:
            again.append(name)
        else:
            walk.ids.add(name)
            if found is None:
                walk.quarantined.append((name, wrong))
            else:
                taken.append(found)
    return again
