"""Files: which one is the population, whether it is whole and renewed, and that nothing outside the folder is read."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.file import folder as folder_module
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline_tests.integration.collect.file.drop import OWN, PEOPLE, Drop

HEADER = "person_id,email,end_date\n"
ONE = HEADER + "p1,ann@acme.test,\n"
TWO = ONE + "p2,bob@acme.test,\n"
NOW_AT = timedelta(0)


def test_the_last_by_name_is_the_population_not_the_last_changed(drop: Drop) -> None:
    drop.put("people-2026-05.csv", TWO, age=timedelta(minutes=1))
    drop.put("people-2026-06.csv", ONE, age=timedelta(days=2))
    for name in (".people-9.csv", "~$people-9.csv", "people-9.csv.part", "people-9.csv~", "people-9.csv.count"):
        drop.put(name, TWO)
    assert set(drop.one({**PEOPLE, "path": "people-*"} | {"format": "csv"}).records) == {"p1"}
    assert set(drop.one({**PEOPLE, "path": "people-????-05.csv"}).records) == {"p1", "p2"}


def test_a_newest_file_that_is_bad_does_not_bring_back_an_older_one(drop: Drop) -> None:
    drop.put("people-1.csv", TWO)
    drop.put("people-2.csv", "")
    found = drop.one(PEOPLE)
    assert (found.records, found.unread) == ({}, {None: Reason.INCOMPLETE})


def test_files_fail_alone(drop: Drop) -> None:
    drop.put("sub/people-1.csv", ONE)
    found = drop.read({**PEOPLE, "path": "sub/people-*.csv"}, OWN)
    assert found["file.person"].receipt.outcome is Outcome.COMPLETE
    assert found["file.asset"].receipt.outcome is Outcome.FAILED
    assert (found["file.asset"].unread, found["file.asset"].said) == (
        {None: Reason.NOT_COLLECTED},
        "no file matches assets.csv",
    )


def test_a_file_that_nobody_renews_is_stale(drop: Drop) -> None:
    drop.put("people-1.csv", ONE, age=timedelta(days=31, hours=1))
    found = drop.one(PEOPLE)
    assert found.unread == {None: Reason.STALE}
    assert "31 days ago" in found.said
    assert set(found.records) == {"p1"}
    assert drop.one({**PEOPLE, "max_age_days": 32}).receipt.outcome is Outcome.COMPLETE
    drop.put("people-1.csv", ONE, age=timedelta(days=2))
    assert drop.one({**PEOPLE, "max_age_days": 1}).unread == {None: Reason.STALE}


def test_a_time_in_the_future_makes_nothing_fresh(drop: Drop) -> None:
    drop.put("people-1.csv", ONE, age=timedelta(days=-400))
    assert drop.one(PEOPLE).unread == {None: Reason.INCOMPLETE}


@pytest.mark.parametrize(
    ("sidecars", "proof", "whole"),
    [
        ({}, "none", False),
        ({".count": b"0\n"}, "none", True),
        ({".count": b"0"}, "count", True),
        ({".count": b"1"}, "count", False),
        ({".count": b"none"}, "none", False),
        ({".sha256": hashlib.sha256(HEADER.encode()).hexdigest().encode()}, "sha256", False),
    ],
    ids=["nothing", "sidecar", "asked for", "another count", "no count", "a digest counts nothing"],
)
def test_an_empty_population_must_be_declared(sidecars: dict[str, bytes], proof: str, whole: bool, drop: Drop) -> None:
    drop.put("people-1.csv", HEADER)
    for suffix, content in sidecars.items():
        drop.put(f"people-1.csv{suffix}", content)
    found = drop.one({**PEOPLE, "proof": proof})
    assert (found.receipt.outcome is Outcome.COMPLETE) is whole
    assert found.receipt.records == 0


@pytest.mark.parametrize(
    ("content", "proof", "whole"),
    [
        (hashlib.sha256(TWO.encode()).hexdigest() + "  people-1.csv\n", "sha256", True),
        (hashlib.sha256(TWO.encode()).hexdigest().upper(), "none", True),
        (hashlib.sha256(ONE.encode()).hexdigest(), "none", False),
        ("not a digest", "none", False),
        (None, "sha256", False),
        (None, "count", False),
    ],
)
def test_a_digest_beside_the_file_says_whether_it_is_whole(
    content: str | None, proof: str, whole: bool, drop: Drop
) -> None:
    drop.put("people-1.csv", TWO, age=NOW_AT)
    if content is not None:
        drop.put("people-1.csv.sha256", content)
    found = drop.one({**PEOPLE, "proof": proof})
    assert (found.receipt.outcome is Outcome.COMPLETE) is whole, found.said
    assert whole or found.unread == {None: Reason.INCOMPLETE}
    # Who vouches with a digest need not be waited for.
    assert (drop.waits == []) is (content is not None)


def test_two_counts_must_agree(drop: Drop) -> None:
    drop.put("people-1.csv", TWO + "#count,2\n")
    drop.put("people-1.csv.count", "3")
    assert "different numbers" in drop.one(PEOPLE).said
    drop.put("people-1.csv.count", "2")
    assert drop.one({**PEOPLE, "proof": "count"}).receipt.outcome is Outcome.COMPLETE


def test_a_file_that_is_being_written_is_waited_for(drop: Drop) -> None:
    drop.put("people-1.csv", ONE, age=timedelta(seconds=0.5))

    def finish(seconds: float) -> None:
        drop.waits.append(seconds)
        if len(drop.waits) == 1:
            drop.put("people-1.csv", TWO, age=timedelta(seconds=1))

    found = drop.one(PEOPLE, wait=finish)
    assert set(found.records) == {"p1", "p2"}
    assert drop.waits == [1.5, 1.0]


def test_a_file_that_never_comes_to_rest_is_not_read(drop: Drop) -> None:
    path = drop.put("people-1.csv", ONE, age=NOW_AT)

    def grow(seconds: float) -> None:
        drop.waits.append(seconds)
        path.write_bytes(path.read_bytes() + b"p,x,\n")
        os.utime(path, (path.stat().st_atime, drop_now))

    drop_now = path.stat().st_mtime
    found = drop.one(PEOPLE, wait=grow)
    assert (found.unread, found.said) == ({None: Reason.INCOMPLETE}, "people-1.csv is still being written")
    assert len(drop.waits) < 10


def _link(drop: Drop, target: Path) -> None:
    (drop.home / "drop" / "people-1.csv").symlink_to(target)


@pytest.mark.parametrize("outside", ["file", "folder", "drop folder", "sidecar"])
def test_no_link_leads_out_of_the_folder(outside: str, drop: Drop, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "people-1.csv").write_text(ONE)
    declared: dict[str, Any] = dict(PEOPLE)
    if outside == "file":
        _link(drop, other / "people-1.csv")
    elif outside == "folder":
        (drop.home / "drop" / "sub").symlink_to(other)
        declared["path"] = "sub/people-*.csv"
    elif outside == "drop folder":
        (drop.home / "drop").rmdir()
        (drop.home / "drop").symlink_to(other)
    else:
        drop.put("people-1.csv", ONE)
        (drop.home / "drop" / "people-1.csv.count").symlink_to(other / "people-1.csv")
    found = drop.one(declared)
    assert (found.unread, found.records, found.receipt.pages) == ({None: Reason.DENIED}, {}, ())


def test_a_link_inside_the_folder_is_followed(drop: Drop) -> None:
    _link(drop, drop.put("kept/export.csv", ONE))
    assert set(drop.one(PEOPLE).records) == {"p1"}


def test_what_is_no_file_is_not_waited_for(drop: Drop) -> None:
    os.mkfifo(drop.home / "drop" / "people-1.csv")
    assert drop.one(PEOPLE).unread == {None: Reason.INCOMPLETE}
    (drop.home / "drop" / "people-2.csv").mkdir()
    assert drop.one(PEOPLE).unread == {None: Reason.INCOMPLETE}
    _link_loop = drop.home / "drop" / "people-3.csv"
    _link_loop.symlink_to(_link_loop)
    assert drop.one(PEOPLE).unread == {None: Reason.NOT_COLLECTED}


def test_a_folder_that_is_not_there_is_said(drop: Drop) -> None:
    found = drop.one(PEOPLE, folder="elsewhere")
    assert (found.unread, found.said) == ({None: Reason.NOT_COLLECTED}, "there is no elsewhere")


def test_an_absolute_folder_must_be_allowed(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put("people-1.csv", ONE)
    absolute = str(drop.home / "drop")
    assert drop.one(PEOPLE, folder=absolute).unread == {None: Reason.DENIED}
    monkeypatch.setenv("KUSHIM_DROP", str(drop.home / "other"))
    assert drop.one(PEOPLE, folder=absolute).unread == {None: Reason.DENIED}
    monkeypatch.setenv("KUSHIM_DROP", f"/nowhere{os.pathsep}{drop.home}")
    assert set(drop.one(PEOPLE, folder=absolute).records) == {"p1"}


def test_a_file_has_a_largest_size(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put("people-1.csv", ONE)
    monkeypatch.setattr(folder_module, "MAX_BYTES", len(ONE) - 1)
    found = drop.one(PEOPLE)
    assert (found.unread, found.receipt.pages) == ({None: Reason.INCOMPLETE}, ())
    monkeypatch.setattr(folder_module, "MAX_BYTES", len(ONE))
    assert set(drop.one(PEOPLE).records) == {"p1"}
