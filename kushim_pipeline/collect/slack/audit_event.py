"""`slack.audit_event`: what was done in the organisation. GET /audit/v1/logs (Enterprise)

Source: Slack, "Audit Logs API": `oldest` is included, `limit` at most 9,999; needs a token of an installation on the
organisation with auditlogs:read, which the connection may name as audit_token. The population is 30 days of events.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import name_of
from kushim_pipeline.collect.slack.dialect import AUDIT
from kushim_pipeline.collect.slack.log import Entry, Log, read_log, seconds, since
from kushim_pipeline.collect.slack.workspace import Workspace

NEEDS = "a user token of an organisation's owner with the scope auditlogs:read (audit_token), and an Enterprise plan"
SIZE = 1000
DAYS = 30


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each event."""
    oldest = since(c, LOG, workspace.now)
    call = Call(AUDIT, "/logs", {"oldest": str(oldest), "limit": str(SIZE)}, NEEDS)
    read_log(c, workspace.audit, call, LOG, workspace.now)


def _date(entry: Entry) -> int | None:
    return seconds(entry.get("date_create"))


def _identity(entry: Entry) -> str | None:
    return name_of(entry, "id")


LOG = Log("entries", _identity, _date, window=DAYS, newest_first=False)
