"""`slack.app`: every app that is approved for the organisation. admin.apps.approved.list (Enterprise)

Id: the app's. Only a token of an installation on the whole organisation may call it (audit_token). Kushim is itself an
app: an empty list proves nothing.
"""

from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import name_of
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.slack.listing import by_cursor
from kushim_pipeline.collect.slack.workspace import Workspace

OPERATION = "admin.apps.approved.list"
NEEDS = "an Enterprise organisation, and a user token of its administrator with the scope admin.apps:read (audit_token)"


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each approved app."""
    call = Call(OPERATION, f"/{OPERATION}", {}, NEEDS)
    record_list(c, workspace.organization, call, _app_id, by_cursor("approved_apps"))


def _app_id(element: dict[str, Any]) -> str | None:
    app = element.get("app")
    return name_of(app, "id") if isinstance(app, dict) else None
