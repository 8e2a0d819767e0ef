"""`slack.access_log`: from where and with what members use Slack. team.accessLogs (paid plans)

Source: Slack, "team.accessLogs": one entry sums up what a user did from an address with a program, from `date_first` to
`date_last`; the newest first; with `limit` by cursors, without it in at most 100 pages, and `before` (included) goes
further back. Ours is an id of those three and date_first, since an entry has none. The population is 90 days of them.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import name_of
from kushim_pipeline.collect.slack.log import Entry, Log, digest, read_log, seconds
from kushim_pipeline.collect.slack.workspace import Workspace

OPERATION = "team.accessLogs"
NEEDS = "a user token of an administrator with the scope admin, and a paid plan"
SIZE = 999  # the most that a cursor allows; `count` is for who knows no cursors
DAYS = 90


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each user, address and program."""
    call = Call(OPERATION, f"/{OPERATION}", workspace.of_team(limit=str(SIZE), count=str(SIZE)), NEEDS)
    read_log(c, workspace.client, call, LOG, workspace.now)


def _date(entry: Entry) -> int | None:
    return seconds(entry.get("date_last"))


def _identity(entry: Entry) -> str | None:
    user, first = name_of(entry, "user_id"), seconds(entry.get("date_first"))
    if user is None or first is None:
        return None
    return f"{user}/{first}/{digest(entry.get('ip'), entry.get('user_agent'))}"


LOG = Log("logins", _identity, _date, window=DAYS, before="before")
