"""`jira.site`: the site, whose token reads it, and what that account may do.

Id: the site's host; body {"serverInfo", "myself", "permissions"}. serverTime is left out of the record, since it is
another one at each reading; it stands in the kept answer. Sources: Atlassian, "Get Jira instance info", "Get current
user" (timeZone), "Get my permissions".
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.reading import report
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

SERVER_INFO, MYSELF, PERMISSIONS = f"GET {API}/serverInfo", f"GET {API}/myself", f"GET {API}/mypermissions"
NEEDS = "an API token of an account that may use Jira"
ASKED = "ADMINISTER,BROWSE_PROJECTS,USER_PICKER"


@dataclass(frozen=True)
class Told:
    """An answer's object and its digest."""

    body: dict[str, Any]
    evidence: str

    def may(self, permission: str) -> bool | None:
        """Of the permissions: whether the token has one; None if that is not said."""
        named = self.body.get("permissions")
        found = named.get(permission) if isinstance(named, dict) else None
        has = found.get("havePermission") if isinstance(found, dict) else None
        return has if isinstance(has, bool) else None


def told(visit: Visit, keep: Keep, operation: str, target: str, **parameters: str) -> Told:
    """An object that several streams may need, asked for once. Raises Unread."""

    def read_it(keep: Keep) -> Told:
        call = Call(operation, f"{API}{target}", parameters, NEEDS)
        answer = visit.client.ask(call, keep)
        return Told(object_of(answer, call, visit.client.dialect), answer.evidence)

    return visit.reading.once(f"{target} {sorted(parameters.items())}", read_it).get(keep)


def myself(visit: Visit, keep: Keep) -> Told:
    """The account whose token it is. Raises Unread."""
    return told(visit, keep, MYSELF, "/myself")


def permissions(visit: Visit, keep: Keep) -> Told:
    """What the account may do on the site. Raises Unread."""
    return told(visit, keep, PERMISSIONS, "/mypermissions", permissions=ASKED)


def may_browse(visit: Visit, keep: Keep, project: str) -> bool:
    """Whether the account has proven that it sees a project's issues. Raises Unread."""
    found = told(visit, keep, PERMISSIONS, "/mypermissions", permissions="BROWSE_PROJECTS", projectKey=project)
    return found.may("BROWSE_PROJECTS") is True


def zone(visit: Visit, keep: Keep) -> ZoneInfo | None:
    """The zone in which the account's JQL is read; None where it is not told, or not known to us. Raises Unread."""
    name = myself(visit, keep).body.get("timeZone")
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None


def read(c: Collection, visit: Visit) -> None:
    """One record."""
    try:
        info = told(visit, c.keep, SERVER_INFO, "/serverInfo")
        who = myself(visit, c.keep)
        may = permissions(visit, c.keep)
    except Unread as trouble:
        report(c, trouble)
        return
    if not isinstance(who.body.get("accountId"), str):
        c.problem(Reason.INCOMPLETE, MYSELF, "the answer names no account")
        return
    body = {
        "serverInfo": {name: value for name, value in info.body.items() if name != "serverTime"},
        "myself": who.body,
        "permissions": may.body.get("permissions"),
    }
    c.record(visit.reading.account, body, evidence=may.evidence)
