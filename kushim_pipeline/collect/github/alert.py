"""What GitHub's scanners found, of all repositories in one list each: `github.dependabot_alert`,
`github.code_scanning_alert`, `github.secret_scanning_alert`.

Id: `org/repo#N`. Alerts of every state are read: how long one was open is judged of the closed ones, too. A leaked
secret itself is never kept: it is asked to be hidden, and an answer that shows one all the same is not taken in.
Source: GitHub REST, "List Dependabot / code scanning / secret scanning alerts for an organization".
"""

import json
import re
from dataclasses import replace
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.listed import read_by_cursor
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import full_name, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_all, record_list
from kushim_pipeline.evidence.receipt import Reason

DEPENDABOT = "GET /orgs/{org}/dependabot/alerts"
CODE_SCANNING = "GET /orgs/{org}/code-scanning/alerts"
LEAKS = "GET /orgs/{org}/secret-scanning/alerts"
NEEDS_DEPENDABOT = "the repository permission Dependabot alerts: read on all repositories (classic: security_events)"
NEEDS_CODE = "the repository permission Code scanning alerts: read on all repositories (classic: security_events)"
NEEDS_LEAKS = "the repository permission Secret scanning alerts: read on all repositories (classic: repo)"
OLDEST_FIRST = {"sort": "created", "direction": "asc"}
_SHOWN = re.compile(rb'"secret"\s*:\s*"[^"*]')


def read_dependabot(c: Collection, reading: Reading) -> None:
    """A record for each alert about a dependency."""
    call = Call(DEPENDABOT, f"/orgs/{reading.account}/dependabot/alerts", OLDEST_FIRST, NEEDS_DEPENDABOT)
    listing = read_by_cursor(reading, c.keep, call, _name)
    record_all(c, listing, proven_by=f"{DEPENDABOT} lists all alerts or is denied")


def read_code_scanning(c: Collection, reading: Reading) -> None:
    """A record for each alert of code scanning."""
    call = Call(CODE_SCANNING, f"/orgs/{reading.account}/code-scanning/alerts", OLDEST_FIRST, NEEDS_CODE)
    record_list(c, reading.client, call, _name, proven_by=f"{CODE_SCANNING} lists all alerts or is denied")


def read_secret_scanning(c: Collection, reading: Reading) -> None:
    """A record for each leaked secret, without the secret."""
    parameters = {**OLDEST_FIRST, "hide_secret": "true"}
    call = Call(LEAKS, f"/orgs/{reading.account}/secret-scanning/alerts", parameters, NEEDS_LEAKS)
    listing = read_list(reading.client, _hiding(c.keep), call, _name)
    hidden = tuple(
        item._replace(body={key: value for key, value in item.body.items() if key != "secret"})
        for item in listing.items
    )
    record_all(c, replace(listing, items=hidden), proven_by=f"{LEAKS} lists all alerts or is denied")


def _hiding(keep: Keep) -> Keep:
    """A Keep that keeps no answer which shows a secret."""

    def keep_hidden(body: bytes, *, operation: str, **asked: Any) -> str:
        if _shows_secret(body):
            raise Unread(Reason.QUARANTINED, operation, "the answer shows a leaked secret and was not kept")
        return keep(body, operation=operation, **asked)

    return keep_hidden


def _without_secret(alert: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in alert.items() if key != "secret"}


def _shows_secret(body: bytes) -> bool:
    if _SHOWN.search(body):
        return True
    try:
        return _holds_secret(json.loads(body))
    except (ValueError, RecursionError):
        return False


def _holds_secret(document: Any) -> bool:
    if isinstance(document, dict):
        shown = document.get("secret")
        return (isinstance(shown, str) and shown.strip("*") != "") or any(map(_holds_secret, document.values()))
    return isinstance(document, list) and any(map(_holds_secret, document))


def _name(alert: dict[str, Any]) -> str | None:
    repository, number = alert.get("repository"), alert.get("number")
    name = full_name(repository) if isinstance(repository, dict) else None
    return f"{name}#{number}" if name and isinstance(number, int) and not isinstance(number, bool) else None
