"""As much JQL as a reader of a whole site sends: terms joined by AND, and an order.

Source: Atlassian, "JQL fields" and "JQL operators". Dates are told to the minute, in the time zone of who asks.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from operator import ge, gt, le, lt

from kushim_pipeline.sandbox.jira.model import Issue, Project

_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|>=|<=|!=|[=<>(),]|[^\s=<>!(),"']+)""")
_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_UNITS = {"w": 10080, "d": 1440, "h": 60, "m": 1}
_COMPARES: dict[str, Callable[[datetime, datetime], bool]] = {">=": ge, ">": gt, "<=": le, "<": lt}
_FIELDS = {"project": "project", "key": "key", "issuekey": "key", "id": "key", "issue": "key"}
_DATES = ("updated", "created")


class BadJql(ValueError):
    """A query that Jira refuses, in its words."""


@dataclass(frozen=True)
class Term:
    """A restriction: `field`, `operator` (=, !=, in, not in, or a comparison) and its values."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A query taken apart. `order`: field and whether it falls."""

    terms: tuple[Term, ...]
    order: tuple[tuple[str, bool], ...] = ()

    @property
    def projects(self) -> tuple[str, ...] | None:
        """The keys that a project term asks for; None if there is none."""
        asked = [term.values for term in self.terms if term.field == "project" and term.operator in ("=", "in")]
        return tuple(key.upper() for key in asked[0]) if asked else None


def parse(text: str) -> Query:
    """Take a query apart. Raises BadJql."""
    tokens = _tokens(text)
    terms: list[Term] = []
    while tokens and tokens[0].casefold() != "order":
        if terms and tokens.pop(0).casefold() != "and":
            raise BadJql("Error in the JQL Query: Expecting either 'AND' or 'ORDER BY'.")
        terms.append(_term(tokens))
    if not terms:
        raise BadJql("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    return Query(tuple(terms), tuple(_order(tokens)))


def fits(query: Query, project: Project, issue: Issue, zone: tzinfo, now: datetime) -> bool:
    """Whether an issue is meant by all terms. In: the zone of who asks, for dates, and the time, for `-5d`."""
    return all(_fits(term, project, issue, zone, now) for term in query.terms)


def _fits(term: Term, project: Project, issue: Issue, zone: tzinfo, now: datetime) -> bool:
    if term.field in _DATES:
        moment: datetime = getattr(issue, term.field)
        return _COMPARES[term.operator](moment, _moment(term.values[0], zone, now))
    own = project.key if term.field == "project" else f"{project.key}-{issue.number}"
    known = {own, str(project.id) if term.field == "project" else str(issue_id(project, issue))}
    return bool(known & {value.upper() for value in term.values}) == (term.operator in ("=", "in"))


def issue_id(project: Project, issue: Issue) -> int:
    """An issue's id."""
    return project.id * 1_000_000 + issue.number


def _moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    relative = re.fullmatch(r"([+-]?\d+)([wdhm])", text)
    if relative:
        return now + timedelta(minutes=int(relative[1]) * _UNITS[relative[2]])
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise BadJql(
        f"Date value '{text}' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _term(tokens: list[str]) -> Term:
    name = _take(tokens).casefold()
    field = name if name in _DATES else _FIELDS.get(name)
    if field is None:
        raise BadJql(f"Field '{name}' does not exist or you do not have permission to view it.")
    operator = _take(tokens).casefold()
    if operator == "not":
        operator = f"not {_take(tokens).casefold()}"
    allowed = _COMPARES if field in _DATES else ("=", "!=", "in", "not in")
    if operator not in allowed:
        raise BadJql(f"The operator '{operator}' is not supported by the '{name}' field.")
    return Term(field, operator, tuple(_values(tokens)) if operator.endswith("in") else (_bare(_take(tokens)),))


def _values(tokens: list[str]) -> Iterable[str]:
    if _take(tokens) != "(":
        raise BadJql("Error in the JQL Query: Expecting '('.")
    while True:
        yield _bare(_take(tokens))
        separator = _take(tokens)
        if separator == ")":
            return
        if separator != ",":
            raise BadJql("Error in the JQL Query: Expecting ')' or ','.")


def _order(tokens: list[str]) -> Iterable[tuple[str, bool]]:
    if not tokens:
        return
    if [token.casefold() for token in tokens[:2]] != ["order", "by"]:
        raise BadJql("Error in the JQL Query: Expecting 'ORDER BY'.")
    words = " ".join(tokens[2:]).split(" , ")
    for word in words:
        name, _, direction = word.strip().partition(" ")
        field = name.casefold() if name.casefold() in _DATES else _FIELDS.get(name.casefold())
        if field is None or direction.casefold() not in ("", "asc", "desc"):
            raise BadJql(f"Not able to sort using field '{name}'.")
        yield field, direction.casefold() == "desc"


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise BadJql(f"Error in the JQL Query: unexpected '{text[at:].strip()[:10]}'.")
        found.append(token[1])
        at = token.end()
    return found


def _take(tokens: list[str]) -> str:
    if not tokens:
        raise BadJql("Error in the JQL Query: the query ended where more was expected.")
    return tokens.pop(0)


def _bare(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token[:1] in "\"'" else token
