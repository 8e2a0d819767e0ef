"""Which issues a query finds for who asks, and in which order. Of whole projects an issue is made when it is shown."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import accumulate

from kushim_pipeline.sandbox.jira.jql import BadJql, Query, fits, issue_id
from kushim_pipeline.sandbox.jira.model import Issue, Project, Site, Token
from kushim_pipeline.sandbox.standin.paging import Made

Found = Sequence[tuple[Project, Issue]]


@dataclass(frozen=True)
class Seen:
    """What a token sees of a site."""

    site: Site
    token: Token

    @property
    def projects(self) -> tuple[Project, ...]:
        """Those that it may browse, by key."""
        mine = () if "BROWSE_PROJECTS" in self.token.lacks else self.token.projects
        shown = [each for each in self.site.projects if mine is None or each.key in mine]
        return tuple(sorted(shown, key=lambda each: each.key))

    def shows(self, issue: Issue) -> bool:
        """Whether the issue's security level is one of the token's."""
        return not issue.level or issue.level in self.token.levels


def find(seen: Seen, query: Query, zone: tzinfo, now: datetime, *, levels: bool) -> Found:
    """The issues of a query. In: `levels`, whether the site has issue security at all. Raises BadJql."""
    browsed = {each.key: each for each in seen.projects}
    by_id = {str(each.id): each.key for each in browsed.values()}
    asked = query.projects
    for name in asked or ():
        if by_id.get(name, name) not in browsed:
            raise BadJql(f"The value '{name}' does not exist for the field 'project'.")
    wanted = [each for each in browsed.values() if asked is None or each.key in {by_id.get(n, n) for n in asked}]
    falls = bool(query.order and query.order[0][1])
    by = query.order[0][0] if query.order else "key"
    whole = not levels and all(term.field == "project" and term.operator in ("=", "in") for term in query.terms)
    if whole and (by in ("key", "project") or len(wanted) == 1 and by == "created"):
        return _all_of(wanted, falls=falls)
    found = [
        (project, issue)
        for project in wanted
        for issue in project.issues
        if seen.shows(issue) and fits(query, project, issue, zone, now)
    ]
    if by in ("updated", "created"):
        found.sort(key=lambda pair: (getattr(pair[1], by), issue_id(*pair)))
    return found[::-1] if falls else found


def _all_of(projects: Sequence[Project], *, falls: bool) -> Found:
    ends = list(accumulate(len(project.issues) for project in projects))
    count = ends[-1] if ends else 0

    def make(n: int) -> tuple[Project, Issue]:
        at = count - 1 - n if falls else n
        which = bisect_right(ends, at)
        return projects[which], projects[which].issues[at - (ends[which - 1] if which else 0)]

    return Made(count, make)
