"""What the streams of plain lists have in common."""

from dataclasses import replace

from kushim_pipeline.collect.github.organization import organization
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import Identity, Listing, PageRead, Paging, Walk, link_header, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.evidence.receipt import Reason

PER_PAGE = 100


def by_cursor(keep: Keep) -> Paging:
    """Lists that know no page numbers: only Link leads on.

    A full page without any Link is all there is, or its Link was lost on the way. Asked for a half of it, GitHub has to
    lead on.
    """

    def follow(client: Client, page: PageRead, walk: Walk) -> Call | None:
        full = str(page.count) == walk.first.parameters.get("per_page")
        if page.answer.headers.get("link") or not full:
            return link_header(client, page, walk)
        half = replace(page.call, parameters={**page.call.parameters, "per_page": str(PER_PAGE // 2)})
        if 'rel="next"' not in client.ask(half, keep).headers.get("link", ""):
            raise walk.wrong(Reason.INCOMPLETE, "a full page came without the links that say whether more follows")
        return None

    return Paging(follow, ("per_page", PER_PAGE))


def read_by_cursor(reading: Reading, keep: Keep, call: Call, identity: Identity) -> Listing:
    """All pages of such a list."""
    return read_list(reading.client, keep, call, identity, by_cursor(keep))


def plan(reading: Reading, keep: Keep) -> str:
    """The name of the organisation's plan in small letters; empty where the token may not see it."""
    try:
        found = organization(reading, keep).body.get("plan")
    except Unread:
        return ""
    name = found.get("name") if isinstance(found, dict) else None
    return name.casefold() if isinstance(name, str) else ""


def of_plan(reading: Reading, keep: Keep, trouble: Unread, feature: str) -> Unread:
    """A denial of what only Enterprise has, said so where the organisation is known to have another plan."""
    name = plan(reading, keep)
    known = trouble.message.startswith(NOT_ON_PLAN)
    if trouble.reason is not Reason.DENIED or known or not name or name.startswith(("enterprise", "business")):
        return trouble
    message = f"{NOT_ON_PLAN}{feature} takes GitHub Enterprise Cloud, the plan is {name}: {trouble.message}"
    return Unread(Reason.DENIED, trouble.operation, message)
