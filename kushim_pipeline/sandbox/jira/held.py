"""What a stand-in holds while it runs, and how its answers are paged."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kushim_pipeline.sandbox.jira.model import Person, Project, Site, Token
from kushim_pipeline.sandbox.jira.search import Found, Seen
from kushim_pipeline.sandbox.standin.paging import Page, Shown
from kushim_pipeline.sandbox.standin.vendor import Reply, Request


class Held:
    """A site made ready to be asked. `found`: what queries found, by token and text."""

    def __init__(self, site: Site, now: Callable[[], float]) -> None:
        self.site = site
        self.zone = ZoneInfo(site.zone)
        self.people: Mapping[str, Person] = {each.account_id: each for each in site.people}
        self.tokens: Mapping[tuple[str, str], Token] = {(token.email, token.value): token for token in site.tokens}
        self.has_levels = any(token.levels for token in site.tokens)
        self.found: dict[tuple[str, str], Found] = {}
        self._now = now

    @property
    def time(self) -> datetime:
        """The site's own clock."""
        return datetime.fromtimestamp(self._now(), UTC)

    def seen(self, token: Token) -> Seen:
        """What a token sees."""
        return Seen(self.site, token)

    def lead(self, project: Project) -> Person | None:
        """A project's lead."""
        return self.people.get(project.lead)


def asked(request: Request) -> dict[str, Any]:
    """The JSON object of a POST, or the query of a GET."""
    try:
        found = json.loads(request.body) if request.body else dict(request.query)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def numbered(request: Request, items: Sequence[Any], size: int, most: int) -> Reply:
    """A page of `values` with startAt, maxResults, total and isLast. In: the size unless asked for, and the most."""
    start = int(request.query.get("startAt", 0))
    limit = min(int(request.query.get("maxResults", size)), most)

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        place = f"{request.url}{request.path}?maxResults={limit}&startAt="
        body = {
            "self": f"{place}{start}",
            "maxResults": limit,
            "startAt": start,
            "total": shown.total,
            "isLast": following is None,
            "values": list(shown),
        }
        return body | ({"nextPage": f"{place}{following}"} if following is not None else {}), {}

    return Reply(page=Page(items, start, limit, show))
