"""One thing that goes wrong at a vendor, as a row of the table, and the ways of making it go wrong."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.faults.company import Company
from kushim_pipeline_tests.integration.faults.needs import NEEDED_BY

Source = Literal["github", "okta", "jira", "slack", "file"]
Make = Callable[[Company], Sequence[Fault]]


@dataclass(frozen=True)
class Row:
    """`reason`: why the checks that need `streams` are UNKNOWN; None where nothing is lost in the end.

    `asked`: how often what is struck is asked for. `alone`: the one resource that is not known, while all others are
    judged; `may_apply`: nobody knows which checks would judge it, so that it is UNKNOWN in all that could. `also`:
    checks that are not known at all though it is one resource, since they need all of the stream; `unproven`: checks
    that find the list itself wanting without it, and so are `incomplete` for all others.
    `before`: it was read in good health before. `follows`: what else is not asked for, or asked for besides.
    """

    name: str
    source: Source
    faults: Make
    streams: tuple[str, ...]
    reason: Reason | None
    asked: int
    alone: str = ""
    may_apply: bool = True
    also: str = ""
    unproven: str = ""
    before: bool = False
    pace: Callable[[Pace], Pace] = lambda pace: pace
    follows: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.source}-{self.name}"

    @property
    def checks(self) -> set[str]:
        """The checks that the table knows to need its streams."""
        return {check for stream in self.streams for check in NEEDED_BY[stream].split()}


def status(path: str, number: int, message: str = "No", *, nth_call: int | None = None, **headers: str) -> Make:
    """A status, with these headers (`_` for `-`)."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _: [Fault(path, "status", nth_call, status=number, message=message, headers=told)]


def limited_until(path: str, seconds: int) -> Make:
    """429 until a date that lies so many seconds ahead."""

    def make(made: Company) -> Sequence[Fault]:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return status(path, 429, Retry_After=until)(made)

    return make


def kind(path: str, name: Any) -> Make:
    """A fault of the stand-in's own."""
    return lambda _: [Fault(path, name)]


def without_links(path: str) -> Make:
    """The page without the header that leads to the next one."""
    return lambda _: [Fault(path, "headers", headers={"Link": ""})]


def body(path: str, data: bytes, nth_call: int | None = None) -> Make:
    """Another body."""
    return lambda _: [Fault(path, "body", nth_call, body=data)]


def hasty(pace: Pace) -> Pace:
    """Does not wait long for an answer."""
    return Pace(share=1.0, clockwork=pace.clockwork, patience=Patience(tries=1), limits=Limits(timeout=1.0, whole=2.0))


@dataclass(frozen=True)
class Page:
    """A page of a list as the vendor wrote it in good health: the page of a stream that holds a text. `key`: under
    which its list stands, if it is an object; `nth_call`: the call that is answered with it, if it is changed."""

    path: str
    stream: str
    holds: str
    key: str = ""
    nth_call: int | None = None

    def with_list(self, change: Callable[[list[Any]], list[Any]], **beside: Any) -> Make:
        """The page with another list, and other things beside it."""
        return self.with_bytes(lambda listed: [json.dumps(item).encode() for item in change(listed)], **beside)

    def with_one(self, change: Callable[[Any], bytes]) -> Make:
        """The page with one record written otherwise: the first one that holds the text."""

        def changed(listed: list[Any]) -> list[bytes]:
            written = [json.dumps(item).encode() for item in listed]
            at = next(n for n, item in enumerate(written) if self.holds.encode() in item)
            return [*written[:at], change(listed[at]), *written[at + 1 :]]

        return self.with_bytes(changed)

    def with_bytes(self, change: Callable[[list[Any]], list[bytes]], **beside: Any) -> Make:
        """The page with a list written so."""

        def make(made: Company) -> Sequence[Fault]:
            whole = json.loads(made.page(self.stream, self.holds))
            listed = b"[" + b",".join(change(whole.pop(self.key) if self.key else whole)) + b"]"
            if self.key:
                rest = json.dumps({**whole, **beside})[1:-1].encode()
                listed = b"{" + rest + b", " + json.dumps(self.key).encode() + b": " + listed + b"}"
            return [Fault(self.path, "body", self.nth_call, body=listed)]

        return make


def people(name: str, change: Callable[[bytes], bytes | None], *, vouched: bool = True, days: int = 0) -> Make:
    """HR's list otherwise (None: gone), in the folder of the row of that name, and so many days old. `vouched`: the
    digest beside it is of what it holds."""

    def make(made: Company) -> Sequence[Fault]:
        folder = made.drop(f"file-{name}")
        made.put_people(folder)
        path = next(folder.glob("people-*.csv"))
        data = change(path.read_bytes())
        if data is None:
            path.unlink()
            return []
        path.write_bytes(data)
        moment = datetime.now(UTC).timestamp() - days * 86_400
        os.utime(path, (moment, moment))
        if vouched:
            path.with_name(f"{path.name}.sha256").write_text(hashlib.sha256(data).hexdigest())
        return []

    return make


def both(*makes: Make) -> Make:
    """Several at once."""
    return lambda made: [fault for make in makes for fault in make(made)]


def twice(record: Any) -> bytes:
    """The record with one name twice, so that two parsers may read two things."""
    return json.dumps(record).encode()[:-1] + b', "is_it": true, "is_it": false}'


def huge(record: Any) -> bytes:
    """The record with a number of nine bytes that is a hundred kilobytes in another engine."""
    return json.dumps(record).encode()[:-1] + b', "size_of_it": 1e131071}'


def deep(record: Any) -> bytes:
    """The record with a million brackets."""
    return json.dumps(record).encode()[:-1] + b', "depth_of_it": ' + b"[" * 500_000 + b"]" * 500_000 + b"}"
