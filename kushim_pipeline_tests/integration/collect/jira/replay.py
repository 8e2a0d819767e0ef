"""Recorded bodies of a real site, served again as pages."""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kushim_pipeline.sandbox.jira.held import asked, numbered
from kushim_pipeline.sandbox.standin.paging import Page, Shown
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings" / "jira_records.jsonl.gz"
API = "/rest/api/3"


def recorded() -> dict[str, list[dict[str, Any]]]:
    """The recorded lines by kind; empty where the folder is absent."""
    found: dict[str, list[dict[str, Any]]] = {}
    if RECORDINGS.is_file():
        with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                found.setdefault(entry["kind"], []).append(entry)
    return found


class Replay:
    """A vendor that knows recorded bodies and no more: small pages, so that each kind of paging is walked."""

    def __init__(self, lines: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.issues: dict[str, dict[str, Any]] = {line["body"]["key"]: line["body"] for line in lines["issues"]}
        # K5 was recorded by its issues alone.
        self.projects = [*(line["body"] for line in lines["projects"]), {"id": "0", "key": "K5", "name": "K5"}]
        self.users = [line["body"] for line in lines["users"]]
        self.histories: dict[str, list[dict[str, Any]]] = {
            body["id"]: sorted(body["changelog"]["histories"], key=lambda history: history["created"])
            for body in self.issues.values()
        }
        for line in lines["issue_changelogs"]:
            found = re.search(r"/issue/(\d+)/", line["url"])
            assert found
            self.histories.setdefault(found[1], []).append(line["body"])
        for number in self.histories.keys() - {body["id"] for body in self.issues.values()}:
            # Its changelog was recorded without the issue.
            self.histories[number].sort(key=lambda history: history["created"])
            self.issues[f"CC-{number}"] = _around(number, self.histories[number])

    def caller(self, request: Request) -> str:
        return "somebody"

    def budget(self, request: Request) -> Budget | None:
        return None

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        return {}

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        return Reply(429)

    def fault(self, status: int, message: str) -> Reply:
        return Reply(status)

    def respond(self, request: Request) -> Reply:
        wish = asked(request)
        if request.path == f"{API}/search/jql":
            found = re.fullmatch(r'project = "(\w+)" ORDER BY key ASC', wish["jql"])
            assert found
            bodies = [body for key, body in self.issues.items() if key.startswith(f"{found[1]}-")]
            return _by_token(bodies, wish, 7, "issues")
        if request.path == f"{API}/search/approximate-count":
            return Reply(body={"count": len(self.issues)})
        if request.path == f"{API}/changelog/bulkfetch":
            pairs = [(number, history) for number in wish["issueIdsOrKeys"] for history in self.histories[number]]
            pairs.sort(key=lambda pair: pair[1]["created"])
            return _by_token([{"issueId": n, "changeHistories": [h]} for n, h in pairs], wish, 50, "issueChangeLogs")
        if request.path == f"{API}/project/search":
            return numbered(request, self.projects, 5, 5)
        if request.path == f"{API}/users/search":
            start = int(wish.get("startAt", 0))
            return Reply(page=Page(self.users, start, 8, lambda shown, _: (list(shown), {})))
        if request.path == f"{API}/myself":
            return Reply(body=self.users[0])
        if request.path == f"{API}/mypermissions":
            named = {name: {"havePermission": True} for name in wish["permissions"].split(",")}
            return Reply(body={"permissions": named})
        return Reply(404)


def _by_token(items: Sequence[Any], wish: Mapping[str, Any], size: int, key: str) -> Reply:
    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        return {key: list(shown), "nextPageToken": None if following is None else str(following)}, {}

    return Reply(page=Page(items, int(wish.get("nextPageToken") or 0), size, show))


def _around(number: str, histories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The least that an issue is, of one whose histories alone are known."""
    steps = [item["to"] for history in histories for item in history["items"] if item["field"] == "status"]
    fields = {
        "created": histories[0]["created"],
        "updated": histories[-1]["created"],
        "status": {"id": steps[-1]},
    }
    return {"id": number, "key": f"CC-{number}", "fields": fields}
