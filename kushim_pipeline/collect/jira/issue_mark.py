"""By what the next reading, and the reading of changelogs, know an issue: one short text."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

MOVED, TOUCHED, STILL = "m", "t", "-"
AT_ONCE = timedelta(seconds=60)
"""What an issue is given while it is made is no history of it."""


class Mark(NamedTuple):
    """`id`: the issue's number; `updated`: Jira's text; `status`: the id of its status. `history`: what its own fields
    say of its history: its status has moved, or something was changed (a comment is no change), or neither is known."""

    id: str
    updated: str
    status: str
    history: str


def mark_of(issue: dict[str, Any]) -> str:
    """The mark of an issue as the search gives it; empty where it lacks what a mark is made of."""
    fields = issue.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    status = fields.get("status")
    parts: list[Any] = [issue.get("id"), fields.get("updated"), status.get("id") if isinstance(status, dict) else None]
    for part in parts:
        if not isinstance(part, str) or not part or " " in part:
            return ""
    return " ".join([*parts, _history(fields)])


def read_mark(text: str) -> Mark | None:
    """A mark taken apart; None for what is none."""
    parts = text.split(" ")
    return Mark(*parts) if len(parts) == 4 and all(parts) else None


def newest(marks: Iterable[str]) -> datetime | None:
    """The newest of the last changes that marks tell of; None where they tell of none.

    Times in one form and zone stand in the order of their texts: only the last of each has to be read.
    """
    texts = [parts[1] for mark in marks if len(parts := mark.split(" ")) == 4]
    last: dict[tuple[int, str], str] = {}
    for text in texts:
        form = len(text), text[-6:]
        if text > last.get(form, ""):
            last[form] = text
    read = [when(text) for text in last.values()]
    if None in read:
        read = [when(text) for text in texts]
    return max((moment for moment in read if moment), default=None)


def when(value: Any) -> datetime | None:
    """A time as Jira writes it, or in the milliseconds since 1970 of its bulk answers; None for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / (1000 if value > 10**11 else 1)).astimezone()
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment and moment.tzinfo else None


def _history(fields: dict[str, Any]) -> str:
    if fields.get("resolutiondate"):
        return MOVED
    made, changed, went = fields.get("created"), fields.get("updated"), fields.get("statuscategorychangedate")
    created = when(made)
    if not created:
        return STILL
    moved = None if went == made else when(went)
    if moved and moved - created > AT_ONCE:
        return MOVED
    updated = None if changed == made else when(changed)
    if updated is None or updated - created <= AT_ONCE:
        return STILL
    comment = fields.get("comment")
    comments = comment.get("comments") if isinstance(comment, dict) else None
    said = [when(each.get("updated")) for each in comments or () if isinstance(each, dict)]
    return TOUCHED if updated - max([created, *(moment for moment in said if moment)]) > AT_ONCE else STILL
