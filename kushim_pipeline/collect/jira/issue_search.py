"""Issues by JQL, page by page. POST /search/jql and POST /search/approximate-count

Sources: Atlassian, "Search for issues using JQL enhanced search": nextPageToken leads from page to page, so one list is
read by one thread; at most 5,000 a page, where only keys are asked for, and fewer with all fields; what the token may
not browse, or an issue security level hides, is left out without a word. "Count issues using JQL": an estimate that
recent changes may not be in. "Advanced searching": dates have no seconds and are in the time zone of the account.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Walk, name_of, walk_as
from kushim_pipeline.collect.http.patience import server_time
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.listing import by_token, number
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

T = TypeVar("T")
SEARCH, COUNT = f"POST {API}/search/jql", f"POST {API}/search/approximate-count"
NEEDS = "the project permission Browse projects, and a place in every issue security level"
PAGE, KEYS_PAGE = 100, 5_000
ALL = ("*all",)
ONLY_KEYS = ("key",)
ONLY_MARKS = ("status", "created", "updated", "resolutiondate", "statuscategorychangedate")


def search(jql: str, fields: Iterable[str], size: int = PAGE) -> Walk:
    """The reading of a query's issues, not yet begun."""
    body = {"jql": jql, "fields": list(fields), "maxResults": size}
    return Walk(Call(SEARCH, f"{API}/search/jql", {}, NEEDS, "POST", body))


def pages(visit: Visit, keep: Keep, walk: Walk, wanted: Callable[[Item], T]) -> Iterator[list[T]]:
    """What is wanted of a query's issues, a page at a time; what is wrong gathers in the walk."""
    return walk_as(visit.client, keep, walk, lambda found: name_of(found, "key"), by_token("issues"), wanted)


def count(visit: Visit, keep: Keep, projects: Iterable[str]) -> tuple[int, datetime]:
    """How many issues Jira says there are in projects, and when by its own clock. Raises Unread."""
    call = Call(COUNT, f"{API}/search/approximate-count", {}, NEEDS, "POST", {"jql": in_projects(projects)})
    answer = visit.client.ask(call, keep)
    told = number(object_of(answer, call, visit.client.dialect).get("count"))
    if told is None:
        raise Unread(Reason.INCOMPLETE, COUNT, "the answer has no count")
    return told, datetime.fromtimestamp(server_time(answer, visit.now.timestamp()), UTC)


def in_project(key: str) -> str:
    """The query of all issues of a project. By key, since that is what changes least while it is read."""
    return f"project = {quoted(key)} ORDER BY key ASC"


def in_projects(keys: Iterable[str]) -> str:
    """The restriction to projects."""
    return f"project in ({', '.join(map(quoted, keys))})"


def named(keys: Iterable[str]) -> str:
    """The query of issues by their keys."""
    return f"key in ({', '.join(map(quoted, keys))}) ORDER BY key ASC"


def changed_since(keys: Iterable[str], since: datetime, zone: ZoneInfo) -> str:
    """The query of what was changed in projects since a time, or a little before."""
    return f'{in_projects(keys)} AND updated >= "{_minute(since, zone)}" ORDER BY key ASC'


def quoted(text: str) -> str:
    """A value in JQL: a key may be a reserved word."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        local -= timedelta(hours=1)  # an hour that comes twice: Jira is not told which one is meant
    return local.strftime("%Y/%m/%d %H:%M")
