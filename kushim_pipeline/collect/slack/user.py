"""`slack.user`: every member, guests, bots and deactivated ones among them. users.list

Source: Slack, "users.list" and "User object": `has_2fa` is shown to an administrator's token only, and whoever does not
see it sees no field, which says nothing about anybody; a deactivated member has fewer fields.

Reconciled with team.billableInfo where the token may read it. That covers those whom Slack weighs for billing, "each
user on the team"; whether bots, apps and deactivated members are among them is not documented, so its length is no
count of this list. It proves in one direction: whoever has a billing status and is not listed was lost on the way. It
is read first, so that who joins meanwhile is no loss.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import name_of
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.slack.billable_user import OPERATION as BILLABLE
from kushim_pipeline.collect.slack.billable_user import billable_users
from kushim_pipeline.collect.slack.listing import by_cursor
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "users.list"
NEEDS = "the scopes users:read and users:read.email"


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each member."""
    weighed = billable_users(workspace, c.keep)
    call = Call(OPERATION, f"/{OPERATION}", workspace.of_team(), NEEDS)
    listed = record_list(c, workspace.client, call, lambda user: name_of(user, "id"), by_cursor("members"))
    if workspace.reading.sample:
        return
    # Whoever the list of billing names is a member, even where that list itself is not whole.
    missing = {item.id for item in weighed.items} - listed.ids
    if missing:
        message = (
            f"{BILLABLE} has {len(weighed.items)} members, {len(missing)} of whom are not listed, as {min(missing)}"
        )
        c.problem(Reason.INCOMPLETE, OPERATION, message)
