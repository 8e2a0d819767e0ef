"""Whatever a vendor does wrong: the checks that depend on it are UNKNOWN, none passes, and all others stay as they are.

One row of the table is one test. All rows are read first, and judged at once.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

import pytest

from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Asked
from kushim_pipeline_tests.integration.faults.company import (
    CATALOGUE,
    HEALTHY,
    SOURCES,
    Company,
    Reading,
    Verdict,
    Verdicts,
    company,
)
from kushim_pipeline_tests.integration.faults.matrix import MATRIX
from kushim_pipeline_tests.integration.faults.needs import BY_HEADER, LOOKED_UP_BY, NEEDED_BY, STANDS_ON
from kushim_pipeline_tests.integration.faults.rows import Row


class Judged:
    """Every row's reading and verdicts."""

    def __init__(self, made: Company, faults: dict[str, list[Fault]], verdicts: dict[str, Verdicts]) -> None:
        self.readings, self.faults, self.verdicts = made.readings, faults, verdicts


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """The rows that tests were chosen for."""
    parameters = [
        item.callspec.params
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    chosen = {row.id for each in parameters if isinstance(row := each.get("row"), Row)}
    faults: dict[str, list[Fault]] = {}
    with company(tmp_path_factory.mktemp("faults")) as made, ThreadPoolExecutor(len(SOURCES)) as pool:
        for source in SOURCES:
            made.read(HEALTHY, source)

        def read(source: str) -> None:
            for row in MATRIX:
                if row.source == source and row.id in chosen:
                    if row.before:
                        made.read(row.id, source)
                    faults[row.id] = list(row.faults(made))
                    made.read(row.id, source, *faults[row.id], pace=row.pace)

        list(pool.map(read, SOURCES))
        yield Judged(made, faults, made.judged())


LISTED = {check for checks in NEEDED_BY.values() for check in checks.split()} | set(STANDS_ON)
"""The checks that the table knows."""


def needed_by(row: Row) -> set[str]:
    """The checks that need what the row takes away: by the table, and for a check that is not in it, by its header."""
    news = {name for name, check in CATALOGUE.checks.items() if set(check.streams) & set(row.streams)} - LISTED
    return row.checks | news


def by_check(verdicts: Verdicts) -> dict[str, dict[str, Verdict]]:
    """Check -> resource -> verdict, without what is about Kushim's own work."""
    found: dict[str, dict[str, Verdict]] = {}
    for (check, resource), verdict in verdicts.items():
        if not check.startswith("KSM-"):
            found.setdefault(check, {})[resource] = verdict
    return found


def test_the_table_knows_every_check() -> None:
    """A new check has to be put into it."""
    assert {name for name, check in CATALOGUE.checks.items() if check.source in SOURCES} - LISTED == BY_HEADER


def test_the_table_knows_what_the_headers_name() -> None:
    for stream, checks in NEEDED_BY.items():
        headers = {name for name, check in CATALOGUE.checks.items() if stream in check.streams}
        assert headers & LISTED == {*checks.split()}, stream
    found = {(name, other) for name, check in CATALOGUE.checks.items() for other in check.depends_on}
    assert {pair for pair in found if pair[0] in LISTED} == set(STANDS_ON.items())


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.id)
def test_only_what_depends_on_it_is_unknown(judged: Judged, row: Row) -> None:
    found, healthy = by_check(judged.verdicts[row.id]), by_check(judged.verdicts[HEALTHY])
    needs = needed_by(row) if row.reason else set()
    looked_up = {check for stream in row.streams for check in LOOKED_UP_BY.get(stream, "").split()}
    themselves = looked_up if row.reason else set()
    assert found.keys() == healthy.keys()
    for check in found:
        said, before = dict(found[check]), healthy[check]
        if check in needs - LISTED:
            # What it says anew is that it does not know.
            assert {verdict[0] for resource, verdict in said.items() if verdict != before.get(resource)} <= {"UNKNOWN"}
            assert row.alone or {status for status, _ in said.values()} == {"UNKNOWN"}, check
            continue
        if check in themselves - needs and not row.alone:
            assert {status for status, _ in before.values()} <= {"PASS", "FAIL"}, f"{check} shows nothing"
            assert said == dict.fromkeys(before, ("UNKNOWN", row.reason)), check
            continue
        if check in needs:
            assert {status for status, _ in before.values()} <= {"PASS", "FAIL"}, f"{check} shows nothing"
        if check in needs and row.alone and check not in row.also.split():
            verdict = said.pop(row.alone, None)
            assert verdict == ("UNKNOWN", row.reason) or (
                verdict is None and not row.may_apply and row.alone not in before
            ), check
            before = {resource: verdict for resource, verdict in before.items() if resource != row.alone}
        elif check in needs:
            assert {*said.values()} == {("UNKNOWN", row.reason)}, check
            continue
        if check in row.unproven.split():
            assert {*said.values()} == {("UNKNOWN", "incomplete")}, check
        elif STANDS_ON.get(check) in needs:
            assert {*said.values()} <= {("UNKNOWN", "depends_on_unknown")}, check
        else:
            assert said == before, check


@pytest.mark.parametrize("row", [row for row in MATRIX if row.source != "file"], ids=lambda row: row.id)
def test_the_vendor_is_asked_as_often_as_is_worth_it(judged: Judged, row: Row) -> None:
    def calls(reading: Reading, patterns: set[str]) -> Counter[str]:
        """What else was asked, without its query: times are in some."""
        return Counter(asked.path for asked in reading.asked if not any(fnmatchcase(whole(asked), p) for p in patterns))

    found, healthy = judged.readings[row.id], judged.readings[f"{HEALTHY}-{row.source}"]
    struck = {fault.path_pattern for fault in judged.faults[row.id]}
    asked = [each for each in found.asked if any(fnmatchcase(whole(each), pattern) for pattern in struck)]
    assert len(asked) == row.asked, [(whole(each), each.status) for each in asked]
    if row.before:
        return  # what did not change is not read again
    assert calls(found, struck | {*row.follows}) == calls(healthy, struck | {*row.follows})
    assert sum(found.waits) <= 600


def whole(asked: Asked) -> str:
    """What was asked for, as faults see it."""
    return f"{asked.path}?{asked.query}" if asked.query else asked.path
