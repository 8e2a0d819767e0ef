"""`slack.channel`: every public channel, and the private ones that the token sees. conversations.list

A private channel is seen by the token of somebody who is in it, and by no other: Slack tells nobody how many there are.
What is recorded here is therefore all public channels and a part of the private ones. Shared channels (is_ext_shared,
is_org_shared, connected_team_ids) and archived ones are among them; messages between people are never asked for.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Listing, name_of, read_list
from kushim_pipeline.collect.http.recording import record_all
from kushim_pipeline.collect.slack.listing import by_cursor
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "conversations.list"
NEEDS = "the scopes channels:read and groups:read"


def channels(workspace: Workspace, keep: Keep) -> Listing:
    """The list, read once for all streams."""

    def read_them(types: str, keep: Keep) -> Listing:
        call = Call(OPERATION, f"/{OPERATION}", workspace.of_team(types=types, exclude_archived="false"), NEEDS)
        return read_list(workspace.client, keep, call, lambda found: name_of(found, "id"), by_cursor("channels"))

    def read_it(keep: Keep) -> Listing:
        both = read_them("public_channel,private_channel", keep)
        if both.items or not any("missing_scope" in trouble.message for trouble in both.problems):
            return both
        # Without groups:read Slack refuses both kinds together: the public ones are still to be had.
        public = read_them("public_channel", keep)
        if not public.items:
            return both
        refused = Unread(Reason.DENIED, OPERATION, f"no private channel was read: {both.problems[0].message}")
        return Listing(public.items, public.quarantined, (*public.problems, refused), public.operation, public.evidence)

    return workspace.reading.once("channels", read_it).get(keep)


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each channel."""
    record_all(c, channels(workspace, c.keep))
