"""Which apps and tokens were given access: `github.installation` and `github.pat_grant`.

Source: GitHub REST, "List app installations for an organization" (counts them), "List fine-grained personal access
tokens with access to organization resources" (for GitHub Apps only).
"""

from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import PER_PAGE, PageRead, Paging, Walk, link_header
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list

INSTALLATIONS = "GET /orgs/{org}/installations"
GRANTS = "GET /orgs/{org}/personal-access-tokens"
NEEDS = "the organisation permission Administration: read (classic: admin:org) of an owner"
NEEDS_APP = "the organisation permission Personal access tokens: read, which only GitHub Apps can have"


def read_installations(c: Collection, reading: Reading) -> None:
    """A record for each installed app."""
    counts: list[int] = []

    def follow(client: Client, page: PageRead, walk: Walk) -> Call | None:
        total = page.rest.get("total_count")
        if isinstance(total, int) and not isinstance(total, bool):
            counts.append(total)
        return link_header(client, page, walk)

    call = Call(INSTALLATIONS, f"/orgs/{reading.account}/installations", {}, NEEDS)
    paging = Paging(follow, ("per_page", PER_PAGE), "installations")
    record_list(c, reading.client, call, _id, paging)
    if counts:
        c.declare(counts[-1], f"{INSTALLATIONS}: total_count")


def read_grants(c: Collection, reading: Reading) -> None:
    """A record for each fine-grained token that was granted."""
    call = Call(GRANTS, f"/orgs/{reading.account}/personal-access-tokens", {}, NEEDS_APP)
    record_list(c, reading.client, call, _id, proven_by=f"{GRANTS} lists all grants or is denied")


def _id(element: dict[str, Any]) -> str | None:
    number = element.get("id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else None
