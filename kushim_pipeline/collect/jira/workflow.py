"""`jira.workflow`: the workflows of company-managed projects, with their transitions. GET /workflow/search

Id: the workflow's name. Atlassian has deprecated this call for GET /workflows/search, whose bodies are others; that one
is asked where the first is no more. Only who administers Jira may ask. Sources: "Get workflows paginated", "Search
workflows".
"""

from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import Listing, name_of, read_list
from kushim_pipeline.collect.http.recording import record_all
from kushim_pipeline.collect.jira.dialect import API, CLASSIC_WORKFLOWS, Removed
from kushim_pipeline.collect.jira.listing import Numbered
from kushim_pipeline.collect.jira.visit import Visit

OPERATION = f"GET {API}/workflows/search"
NEEDS = "the global permission Administer Jira"
SIZE = 50


def read(c: Collection, visit: Visit) -> None:
    """A record for each workflow. Every site has the one that Jira comes with, so no list is proven empty."""

    def listed(call: Call) -> tuple[Listing, int | None]:
        numbered = Numbered(SIZE)
        return read_list(visit.client, c.keep, call, _name, numbered.paging), numbered.total

    expand = {"expand": "transitions,transitions.rules,statuses"}
    listing, total = listed(Call(CLASSIC_WORKFLOWS, f"{API}/workflow/search", expand, NEEDS))
    if any(isinstance(trouble, Removed) for trouble in listing.problems):
        listing, total = listed(Call(OPERATION, f"{API}/workflows/search", {"expand": "values.transitions"}, NEEDS))
    record_all(c, listing)
    if total and not listing.problems and not visit.reading.sample:
        c.declare(total, f"{listing.operation}: total")


def _name(element: dict[str, Any]) -> str | None:
    named = element.get("id")
    return name_of(named if isinstance(named, dict) else element, "name")
