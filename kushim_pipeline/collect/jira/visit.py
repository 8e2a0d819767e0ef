"""What the streams of one site share while they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kushim_pipeline.collect.before import Before
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.reading import Reading

SWEEP = timedelta(days=7)
"""After so long a delta is not enough: everything is read again, and what is gone without a trace is found."""


@dataclass(frozen=True)
class Issues:
    """What is known of the issues after `jira.issue` was read. `marks`: key -> mark (see issue_mark.py); `troubles`:
    why these may not be all."""

    marks: Mapping[str, str]
    troubles: tuple[Unread, ...] = ()


@dataclass
class Visit:
    """One run over a connection. `wanted`: the projects that the tenant file names, none for all; `issues`: set by the
    stream of issues for the one of changelogs."""

    reading: Reading
    wanted: tuple[str, ...] = ()
    issues: Issues | None = None

    @property
    def client(self) -> Client:
        """The client of the site."""
        return self.reading.client

    @property
    def now(self) -> datetime:
        """The time by our clock, the same for all streams of a run."""
        return datetime.fromtimestamp(self.client.pace.now(), UTC)

    def swept_at(self, before: Before | None) -> datetime | None:
        """When everything was read last, if a delta may build on it; None where it is time to read everything again."""
        try:
            swept = datetime.fromisoformat(str(before.cursor.get("swept_at"))) if before else None
            return swept if swept and timedelta(0) <= self.now - swept < SWEEP else None
        except (ValueError, TypeError):
            return None
