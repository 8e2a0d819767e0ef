"""`slack.integration_log`: who added, changed or removed an app or an integration. team.integrationLogs (paid plans)

Source: Slack, "team.integrationLogs": the newest first, with page numbers. An entry has no id of its own; ours is its
date, its app or service, and a digest of what it says. All that Slack still has belongs to the population.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.slack.log import Entry, Log, digest, read_log, seconds
from kushim_pipeline.collect.slack.workspace import Workspace

OPERATION = "team.integrationLogs"
NEEDS = "a user token of an administrator with the scope admin, and a paid plan"
SIZE = 1000


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each change."""
    call = Call(OPERATION, f"/{OPERATION}", workspace.of_team(count=str(SIZE)), NEEDS)
    read_log(c, workspace.client, call, LOG, workspace.now)


def _date(entry: Entry) -> int | None:
    return seconds(entry.get("date"))


def _identity(entry: Entry) -> str | None:
    date = _date(entry)
    what = entry.get("app_id") or entry.get("service_id") or "rss"
    if date is None or not isinstance(what, str | int) or not str(what).isalnum():
        return None
    # The name of a person changes without anything having happened.
    said = {key: value for key, value in entry.items() if key != "user_name"}
    return f"{date}/{what}/{digest(said)}"


LOG = Log("logs", _identity, _date)
