"""Rows: what is read as it stands, what is quarantined alone, and what leaves the whole file in doubt."""

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kushim_pipeline.collect.file.table import Row, rows
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.tenants.declared_file import DeclaredFile
from kushim_pipeline_tests.integration.collect.file.drop import OWN, PEOPLE, Drop

TWO = "person_id,email,end_date\np1,ann@acme.test,\np2,bob@acme.test,2026-05-31\n"
BODY = {"name": None, "kind": None, "status": None, "department": None, "manager_id": None, "start_date": None}
EXPECTED = {
    "p1": {"person_id": "p1", "email": "ann@acme.test", "end_date": None, **BODY},
    "p2": {"person_id": "p2", "email": "bob@acme.test", "end_date": "2026-05-31", **BODY},
}


@pytest.mark.parametrize(
    "content",
    [
        TWO.encode(),
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.replace(",", ";").encode(),
        TWO.replace(",", "\t").encode(),
        ("sep=;\r\n" + TWO.replace(",", ";")).encode(),
        TWO.replace("\n", "\r\n").encode(),
        TWO.replace("\n", "\r").encode(),
        TWO.rstrip().encode(),
        TWO.encode("utf-16"),
        TWO.replace("person_id,", " Person_ID ,").encode(),
        (TWO + "\n,,\n\n").encode(),
        b"end_date,email,person_id\n,ann@acme.test,p1\n2026-05-31,bob@acme.test,p2",
    ],
    ids=["plain", "BOM", "semicolons", "tabs", "sep=", "CRLF", "CR", "no last line end", "UTF-16", "header in capitals",
         "blank lines", "another order"],
)  # fmt: skip
def test_one_population_in_many_writings(content: bytes, drop: Drop) -> None:
    drop.put("people-1.csv", content)
    found = drop.one(PEOPLE)
    assert found.records == EXPECTED
    assert found.receipt.outcome is Outcome.COMPLETE, found.said
    assert [page.size for page in found.receipt.pages] == [len(content)]


def test_the_bytes_are_kept_even_if_nothing_can_be_read_of_them(drop: Drop) -> None:
    drop.put("people-1.csv", b"\xff\x00 not a table")
    found = drop.one(PEOPLE)
    assert (found.receipt.records, len(found.receipt.pages)) == (0, 1)
    assert found.unread == {None: Reason.INCOMPLETE}


def test_json_lines(drop: Drop) -> None:
    drop.put(
        "assets.jsonl",
        '\ufeff{"asset_id": "a1", "owner": "=cmd()", "count": 3, "live": true, "at": "2026-01-02T03:04:05+01:00"}\n'
        '{"asset_id": "a2", "owner": null, "count": "4", "live": "no", "at": null}\n\n'
        '{"asset_id": "a3", "owner": 7, "count": 1, "live": true, "at": null}\n'
        '{"asset_id": "a4", "owner": null, "count": 1, "live": true}\n'
        '{"asset_id": "a5", "asset_id": "a6"}\n'
        '{"asset_id": "a7", "owner": null, "count": true, "live": true, "at": null}\n'
        '{"asset_id": "a8", "owner": null, "count": 1, "live": true, "at": "yesterday", "x": 1}\n'
        '["a9"]\n',
    )
    columns = {
        "asset_id": "text",
        "owner": {"type": "text", "required": False},
        "count": "integer",
        "live": "boolean",
        "at": {"type": "timestamp", "required": False},
    }
    found = drop.one({"stream": "asset", "path": "assets.jsonl", "key": "asset_id", "columns": columns})
    assert found.records == {
        "a1": {"asset_id": "a1", "owner": "=cmd()", "count": 3, "live": True, "at": "2026-01-02T02:04:05Z"},
        "a2": {"asset_id": "a2", "owner": None, "count": 4, "live": False, "at": None},
    }
    assert found.unread == dict.fromkeys(["a3", "a4", "line 6", "a7", "a8", "line 9"], Reason.QUARANTINED)
    assert (found.receipt.outcome, found.receipt.lists_all) == (Outcome.PARTIAL, True)


def test_a_bad_row_is_quarantined_alone_by_its_line(drop: Drop) -> None:
    drop.put(
        "people-1.csv",
        'person_id,email,end_date,name\np1,ann@acme.test,,"Ann, of\nAcme"\np2,bob@acme.test,31.05.2026,Bob\n'
        "p3,,,Cid\n,dan@acme.test,,Dan\np5,eve@acme.test,,Eve,5\np6,fay@acme.test,,=HYPERLINK(1)\n"
        "p7,gus@acme.test,2026-02-30,Gus\n",
    )
    found = drop.one(PEOPLE)
    assert found.records["p1"]["name"] == "Ann, of\nAcme"
    assert found.records["p6"]["name"] == "=HYPERLINK(1)"
    assert set(found.records) == {"p1", "p6"}
    assert found.unread == dict.fromkeys(["p2", "p3", "line 6", "line 7", "p7"], Reason.QUARANTINED)
    assert "line 4: end_date is no date (YYYY-MM-DD)" in found.said
    assert "line 7: 5 cells where the header has 4" in found.said
    assert "31.05" not in found.said


def test_a_key_that_stands_twice_is_nobodys(drop: Drop) -> None:
    """One of two rows says that the person left: neither may win, and the file's own count still agrees."""
    drop.put("people-1.csv", TWO + "p1,ann@acme.test,2026-01-01\n#count,3\n")
    found = drop.one({**PEOPLE, "proof": "count"})
    assert set(found.records) == {"p2"}
    assert found.unread == {"p1": Reason.QUARANTINED, "line 4": Reason.QUARANTINED}
    assert (found.receipt.declared_total, found.receipt.lists_all) == (3, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("person_id,email,leave_date\np1,a@acme.test,2026-01-01\n", "'leave_date', which is not declared"),
        ("person_id,email\np1,a@acme.test\n", "lacks 'end_date'"),
        ("person_id,email,end_date,email\np1,a,,b\n", "'email' twice"),
        ("p1,ann@acme.test,\np2,bob@acme.test,\n", "is there a header?"),
        (TWO.replace("bob", '"bob'), "line 3: unexpected end of data"),
        (TWO + 'p3,"c\nd"e,\n', "line 4"),
        (TWO + 'p3,"c\np4,d@acme.test,\np5",e@acme.test\n,x\n', "a row of several lines"),
        (TWO + "#count,2\np3,c@acme.test,\n", "rows follow"),
        (TWO + "#count,many\n", "no number"),
        (TWO + "#count,3\n", "declares 3, 2 were read"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_declared_says_nothing_of_the_population(content: str, said: str, drop: Drop) -> None:
    drop.put("people-1.csv", content)
    found = drop.one(PEOPLE)
    assert not found.receipt.lists_all
    assert found.unread == {None: Reason.INCOMPLETE}
    assert said in found.said
    assert "ann@" not in found.said


def test_encodings_are_declared_not_guessed(drop: Drop) -> None:
    drop.put("assets.csv", "asset_id;owner\na1;Jürgen\n".encode("windows-1252"))
    assert "declare the file's encoding" in drop.one(OWN).said
    assert drop.one({**OWN, "encoding": "windows-1252"}).records == {"a1": {"asset_id": "a1", "owner": "Jürgen"}}


def test_a_file_writes_its_columns_in_its_own_way(drop: Drop) -> None:
    drop.put("people-1.csv", "Nr.|E-Mail|Austritt|Gehalt\n7|ann@acme.test|31.05.2026|1\n")
    columns = {
        "person_id": {"header": "Nr."},
        "email": {"header": "E-Mail"},
        "end_date": {"header": "Austritt", "format": "DD.MM.YYYY"},
    }
    (body,) = drop.one({**PEOPLE, "columns": columns, "ignore": ["Gehalt"]}).records.values()
    assert (body["person_id"], body["end_date"]) == ("7", "2026-05-31")
    assert "Gehalt" not in body


def test_a_key_of_several_columns(drop: Drop) -> None:
    drop.put("t.csv", "person_id,course,completed_on\np1,fire,2026-01-01\np1,privacy,\n")
    assert set(drop.one({"stream": "training", "path": "t.csv"}).records) == {"p1/fire", "p1/privacy"}


def test_every_record_has_the_time_of_its_file(drop: Drop) -> None:
    drop.put("people-1.csv", TWO)
    found = drop.one(PEOPLE)
    assert found.times == {"2026-05-31T12:00:00+00:00"}
    assert found.receipt.pages[0].parameters == {"file": "people-1.csv", "modified_at": min(found.times)}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
CELLS = st.lists(st.tuples(TEXT, TEXT), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cells=CELLS,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_writes_is_what_is_read(
    cells: list[tuple[str, str]], delimiter: str, end: str, encoding: str, quoting: Any
) -> None:
    if any("\r" in cell for pair in cells for cell in pair):
        quoting = csv.QUOTE_ALL  # Python's writer leaves a lone CR unquoted, and readers take it for a line's end
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["asset_id", "first", "second"])
    writer.writerows((f"a{number}", *pair) for number, pair in enumerate(cells))
    column = {"type": "text", "required": False}
    columns = {"asset_id": "text", "first": column, "second": column}
    file = DeclaredFile.model_validate({"stream": "asset", "path": "a.csv", "key": "asset_id", "columns": columns})
    found = list(rows(out.getvalue().encode(encoding), file))
    assert all(isinstance(row, Row) and row.values for row in found)
    expected = [[f"a{number}", *(cell if cell.strip() else None for cell in pair)] for number, pair in enumerate(cells)]
    assert [list(row.values.values()) for row in found if isinstance(row, Row) and row.values] == expected


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(["csv", "jsonl"]))
def test_no_bytes_make_it_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str) -> None:
    drop = Drop(tmp_path_factory.mktemp("home"))
    drop.put("assets.csv", b"asset_id,owner\n" + data if kind == "csv" else data)
    found = drop.one({**OWN, "format": kind})
    assert all(error.operation in ("read file", "reconcile", "record") for error in found.receipt.errors)
