"""Times of all wire formats become one."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.aws.times import instant, rfc3339

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("2026-11-23T03:02:04Z", "2026-11-23T03:02:04Z"),
        ("2026-11-23T03:02:04.000Z", "2026-11-23T03:02:04Z"),
        ("2026-11-23T03:02:04.120Z", "2026-11-23T03:02:04.12Z"),
        ("2026-11-23T03:02:04.123456789Z", "2026-11-23T03:02:04.123456Z"),
        ("2026-11-23T03:02:04", "2026-11-23T03:02:04Z"),
        ("2026-11-23T05:02:04+02:00", "2026-11-23T03:02:04Z"),
        ("2026-11-23T05:02:04+0200", "2026-11-23T03:02:04Z"),
        (1795402924, "2026-11-23T03:02:04Z"),
        (1795402924.5, "2026-11-23T03:02:04.5Z"),
        ("1795402924", "2026-11-23T03:02:04Z"),
        ("Mon, 23 Nov 2026 03:02:04 GMT", "2026-11-23T03:02:04Z"),
    ],
)
def test_wire_formats(wire: str | float, expected: str) -> None:
    assert rfc3339(wire) == expected


@pytest.mark.parametrize("wire", ["", "now", "soon", "N/A", 1e300, float("nan"), "2026-13-45T99:99:99+99:99"])
def test_what_is_no_time_stays_what_it_is(wire: str | float) -> None:
    assert rfc3339(wire) == str(wire)
    assert instant(rfc3339(wire)) is None


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_the_same_moment_is_the_same_text(moment: datetime, minutes: int) -> None:
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    text = rfc3339(there.isoformat())
    assert text == rfc3339(moment.isoformat())
    assert instant(text) == moment
    assert rfc3339(text) == text


@given(MOMENTS)
def test_http_dates_too(moment: datetime) -> None:
    assert instant(rfc3339(format_datetime(moment, usegmt=True))) == moment.replace(microsecond=0)


def test_a_time_without_a_zone_is_no_instant() -> None:
    assert instant("2026-11-23T03:02:04") is None
    assert instant(None) is None
