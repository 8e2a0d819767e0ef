"""What a collection comes to in the end: its population, its outcome, the digest of its contents, the drop guard."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set

from kushim_pipeline.collect.before import Before, Head
from kushim_pipeline.evidence.receipt import Outcome, ReadError, Reason

SHRINKS_BY = 0.2
"""The share of a population that may be gone at the next reading before a second one has to confirm it …"""
SHRINKS_FROM = 5
"""… where it is at least this many resources."""


def unread(errors: Iterable[ReadError]) -> set[str]:
    """The resources that were seen and could not be read."""
    return {error.resource_id for error in errors if error.resource_id}


def population(read: Set[str], unreadable: Set[str], base: Before | None, gone: Set[str]) -> set[str]:
    """Every resource that is there: read now, seen but unreadable now, or standing as it was in what was built on."""
    stands = (base.marks.keys() | base.unread) - gone if base is not None else set()
    return {*read, *unreadable, *stands}


def outcome(errors: Sequence[ReadError], *, has_records: bool) -> Outcome:
    """How a collection ended."""
    if not errors:
        return Outcome.COMPLETE
    listing = {error.reason for error in errors if error.resource_id is None}
    if not has_records and Reason.DENIED in listing:
        return Outcome.DENIED
    if not has_records and Reason.NOT_COLLECTED in listing:
        return Outcome.FAILED
    return Outcome.PARTIAL


def contents(hashes: Mapping[str, str], unreadable: Iterable[str], base: Before | None, gone: Set[str]) -> str:
    """The digest of what was read, free of when and in which page: equal on a day when nothing changed."""
    # Unread resources count in it: one that is gone at the next reading is then a change, and not overlooked.
    seen = {**dict.fromkeys(unreadable, "unread"), **hashes}
    lines = "".join(f"{name} {seen[name]}\n" for name in sorted(seen))
    if base is not None:
        left = "".join(f"{name} gone\n" for name in sorted(gone & (base.marks.keys() | base.unread)))
        if not lines and not left:
            return base.contents
        lines = f"{base.contents}\n{lines}{left}"
    return hashlib.sha256(lines.encode()).hexdigest()


def has_shrunk(head: Head, now: int) -> bool:
    """Whether a population is implausibly smaller than at the last reading, and no second reading has confirmed it."""
    was = head.population or 0
    lost = was - now
    if lost < SHRINKS_FROM or lost < was * SHRINKS_BY:
        return False
    seen = head.shrunk_to
    return seen is None or abs(seen - now) > max(seen, now) * SHRINKS_BY / 2
