"""What the stand-in answers about issues: search, count, changelogs.

Source: Atlassian, REST API v3, "Issue search" (nextPageToken, isLast, no total) and "Bulk fetch changelogs": at most
1,000 issues a call, histories sorted by their date over all issues, so that an issue's are spread over pages.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from kushim_pipeline.sandbox.jira import shapes
from kushim_pipeline.sandbox.jira.held import Held, asked, numbered
from kushim_pipeline.sandbox.jira.jql import BadJql, issue_id, parse
from kushim_pipeline.sandbox.jira.model import Issue, Project, Token
from kushim_pipeline.sandbox.jira.search import Found, find
from kushim_pipeline.sandbox.standin.paging import Page, Shown, each
from kushim_pipeline.sandbox.standin.vendor import Reply, Request

KEYS_A_PAGE = 5_000
HISTORIES_A_PAGE = 10_000
ISSUES_A_CALL = 1_000


def search(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET and POST /search/jql"""
    wish = asked(request)
    found = _found(held, token, wish)
    fields = wish.get("fields") or ["id"]
    fields = fields.split(",") if isinstance(fields, str) else list(fields)
    small = set(fields) <= {"id", "key"}
    size = max(1, min(int(wish.get("maxResults") or 50), KEYS_A_PAGE if small else held.site.page))
    about = hashlib.sha256(str(wish.get("jql")).encode()).hexdigest()[:12]
    start = _start(wish.get("nextPageToken"), about)

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        body: dict[str, Any] = {"issues": list(shown), "isLast": following is None}
        return body if following is None else body | {"nextPageToken": _token(following, about)}, {}

    def made(pair: tuple[Project, Issue]) -> dict[str, Any]:
        return _fielded(held, pair, fields, small=small)

    return Reply(page=Page(each(found, made), start, size, show))


def count(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """POST /search/approximate-count"""
    return Reply(body={"count": max(0, len(_found(held, token, asked(request))) - held.site.lag)})


def changelogs(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """POST /changelog/bulkfetch"""
    wish = asked(request)
    wanted = [str(name) for name in wish.get("issueIdsOrKeys") or ()]
    if not 0 < len(wanted) <= ISSUES_A_CALL:
        return Reply(400, shapes.error(f"issueIdsOrKeys must have between 1 and {ISSUES_A_CALL} entries."))
    size = int(wish.get("maxResults") or 1000)
    if not 0 < size <= HISTORIES_A_PAGE:
        return Reply(400, shapes.error(f"maxResults must be between 1 and {HISTORIES_A_PAGE}."))
    histories = sorted(
        (change.at, issue_id(*pair), n)
        for pair in _named(held, token, wanted)
        for n, change in enumerate(pair[1].changes[: len(pair[1].changes) - pair[1].lost])
    )
    issues = {issue_id(*pair): pair[1] for pair in _named(held, token, wanted)}
    about = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:12]

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        grouped: dict[int, list[Any]] = {}
        for at, number, n in shown:
            change = issues[number].changes[n]
            created = round(at.timestamp() * 1000)
            author = held.people.get(change.author)
            grouped.setdefault(number, []).append(shapes.history(held.site, number, n, change, author, created))
        logs = [{"issueId": str(number), "changeHistories": found} for number, found in grouped.items()]
        return {
            "issueChangeLogs": logs,
            "nextPageToken": _token(following, about) if following is not None else None,
        }, {}

    return Reply(page=Page(histories, _start(wish.get("nextPageToken"), about), size, show))


def changelog(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /issue/{key}/changelog"""
    for project, issue in _named(held, token, names):
        number = issue_id(project, issue)

        def made(n: int, number: int = number, issue: Issue = issue) -> dict[str, Any]:
            change = issue.changes[n]
            when = shapes.moment(change.at, held.zone)
            return shapes.history(held.site, number, n, change, held.people.get(change.author), when)

        return numbered(request, each(range(len(issue.changes)), made), 100, 100)
    return Reply(404, shapes.error("Issue does not exist or you do not have permission to see it."))


def _found(held: Held, token: Token, wish: Mapping[str, Any]) -> Found:
    text = str(wish.get("jql") or "")
    known: Found | None = held.found.get((token.value, text))
    if known is None:
        known = find(held.seen(token), parse(text), held.zone, held.time, levels=held.has_levels)
        held.found[token.value, text] = known
    return known


def _named(held: Held, token: Token, wanted: Sequence[str]) -> list[tuple[Project, Issue]]:
    """The issues of these keys and ids that the token sees; others are passed over."""
    seen = held.seen(token)
    by_key = {project.key: project for project in seen.projects}
    by_id = {project.id: project for project in seen.projects}
    found = []
    for name in wanted:
        key, _, number = name.rpartition("-")
        if not number.isdigit():
            continue
        project = by_key.get(key) if key else by_id.get(int(number) // 1_000_000)
        issue = _numbered(project, int(number) % 1_000_000) if project else None
        if project and issue and seen.shows(issue):
            found.append((project, issue))
    return found


def _numbered(project: Project, number: int) -> Issue | None:
    """A project's issue by its number, by halves: they are in order."""
    low, high = 0, len(project.issues)
    while low < high:
        middle = (low + high) // 2
        if project.issues[middle].number < number:
            low = middle + 1
        else:
            high = middle
    return project.issues[low] if low < len(project.issues) and project.issues[low].number == number else None


def _fielded(held: Held, pair: tuple[Project, Issue], fields: Sequence[str], *, small: bool) -> dict[str, Any]:
    if small:
        number = str(issue_id(*pair))
        return {"id": number, "key": f"{pair[0].key}-{pair[1].number}"} if "key" in fields else {"id": number}
    body = shapes.issue(held.site, *pair, held.people, held.zone)
    if "*all" not in fields and "*navigable" not in fields:
        body["fields"] = {name: value for name, value in body["fields"].items() if name in fields}
    return body


def _token(start: int, about: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, about]).encode()).decode()


def _start(token: Any, about: str) -> int:
    if not token:
        return 0
    try:
        start, of = json.loads(base64.urlsafe_b64decode(str(token)))
    except ValueError:
        raise BadJql("The provided next page token is invalid or expired.") from None
    if of != about:
        raise BadJql("The provided next page token is invalid or expired.")
    return int(start)
