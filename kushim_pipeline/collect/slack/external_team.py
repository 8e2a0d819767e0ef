"""`slack.external_team`: every organisation that is connected by Slack Connect. team.externalTeams.list (Enterprise)

The answer counts them (`total_count`), which is also what proves that there are none.
"""

from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import PageRead, Paging, Walk, name_of
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.slack.listing import after
from kushim_pipeline.collect.slack.workspace import Workspace

OPERATION = "team.externalTeams.list"
NEEDS = "the scopes conversations.connect:manage and team:read, and an Enterprise organisation"
SIZE = 100


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each connected organisation."""
    counted: list[Any] = []

    def follow(_: Client, page: PageRead, walk: Walk) -> Call | None:
        counted.append(page.rest.get("total_count"))
        return after(walk.first, page.rest)

    call = Call(OPERATION, f"/{OPERATION}", {}, NEEDS)
    paging = Paging(follow, ("limit", SIZE), "organizations")
    listing = record_list(c, workspace.client, call, lambda found: name_of(found, "team_id"), paging)
    if counted and type(counted[-1]) is int and not listing.problems:
        c.declare(counted[-1], f"{OPERATION}: total_count")
