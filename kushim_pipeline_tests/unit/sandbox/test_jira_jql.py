"""The JQL that the stand-in understands, and what it refuses in Jira's words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kushim_pipeline.sandbox.jira.jql import BadJql, fits, parse
from kushim_pipeline.sandbox.jira.model import Issue, Project, Site, Token
from kushim_pipeline.sandbox.jira.search import Seen, find

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
OPS = Project("OPS", "Operations", 10_001, tuple(Issue(n, updated=NOW.replace(hour=n)) for n in range(1, 11)))
AND = Project("AND", "A reserved word", 10_002, (Issue(1, level="Secret", updated=NOW), Issue(2)))
SITE = Site("acme.atlassian.net", projects=(OPS, AND))
EVERYTHING = Token("a@acme.test", "x", "1", levels=("Secret",))
KOLKATA = ZoneInfo("Asia/Kolkata")


def keys(text: str, token: Token = EVERYTHING, zone: ZoneInfo = KOLKATA, *, levels: bool = True) -> list[str]:
    found = find(Seen(SITE, token), parse(text), zone, NOW, levels=levels)
    return [f"{project.key}-{issue.number}" for project, issue in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('project = "OPS" AND key in (OPS-1, "OPS-3", AND-2)', ["OPS-1", "OPS-3"]),
        ("project in (OPS, 'AND') and key = and-2", ["AND-2"]),
        ("project = 10002 ORDER BY key DESC", ["AND-2", "AND-1"]),
        ("key in (OPS-2,OPS-1) order by updated desc, key asc", ["OPS-2", "OPS-1"]),
        ("issuekey != OPS-1 AND project = OPS AND updated < '2026-02-01 08:00'", ["OPS-2"]),
        ("project not in (OPS)", ["AND-1", "AND-2"]),
        ('project = OPS AND updated >= "2026/02/01 13:30" ORDER BY updated', ["OPS-8", "OPS-9", "OPS-10"]),
        ('project = OPS AND updated >= "-3h"', ["OPS-9", "OPS-10"]),
        ("project = OPS AND created <= 2026-01-05", []),
    ],
)
def test_what_a_query_finds(text: str, expected: Sequence[str]) -> None:
    assert keys(text) == expected


def test_whole_projects_are_found_without_making_their_issues() -> None:
    assert keys("project in (OPS, AND) ORDER BY key ASC", levels=False) == keys("project in (OPS, AND)")
    assert keys("project = OPS ORDER BY key DESC", levels=False)[0] == "OPS-10"


def test_what_a_token_may_not_see_is_left_out_or_denied_as_if_it_were_not_there() -> None:
    assert keys("project = AND", Token("b@acme.test", "y", "2")) == ["AND-2"]
    blind = Token("c@acme.test", "z", "3", projects=("AND",))
    assert keys("updated >= -900d", blind) == ["AND-2"]
    with pytest.raises(BadJql, match="The value 'OPS' does not exist for the field 'project'"):
        keys("project = OPS", blind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Unbounded"),
        ("ORDER BY key ASC", "Unbounded"),
        ("assignee = me", "Field 'assignee' does not exist"),
        ("project >= OPS", "not supported"),
        ("updated = 2026-01-01", "not supported"),
        ('project = OPS AND updated >= "yesterday"', "Date value 'yesterday'"),
        ("project = OPS OR project = AND", "Expecting either"),
        ("project in OPS", "Expecting"),
        ("project in (OPS", "ended"),
        ("project in (OPS AND", "Expecting"),
        ("project =", "ended"),
        ("project = OPS ORDER key", "ORDER BY"),
        ("project = OPS ORDER BY rank", "sort"),
        ('project = "OPS', "unexpected"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadJql, match=words):
        keys(text)


def test_quoted_values_may_hold_anything() -> None:
    term = parse(r'key in ("A\"B-1", "C, D")').terms[0]
    assert term.values == ('A"B-1', "C, D")
    assert fits(parse("project = OPS"), OPS, OPS.issues[0], KOLKATA, NOW)
