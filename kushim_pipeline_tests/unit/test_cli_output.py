"""What the commands print: whole, parseable, and harmless to terminals and spreadsheets."""

import csv
import io
import json
import math
import re
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kushim_pipeline.commands.output import as_csv, as_json, as_text, printable, show, text_of
from kushim_pipeline.commands.read import CONTROLS, RECEIPTS, RESULTS
from kushim_pipeline.commands.screen import print_table

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates included
CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT, st.datetimes(), st.binary())


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_json_is_a_list_of_objects_whatever_the_cells(rows: list[tuple[object, object]]) -> None:
    text = as_json(["a", "b"], rows)
    text.encode("utf-8")
    found = json.loads(text, parse_constant=pytest.fail)
    assert [list(item) for item in found] == [["a", "b"]] * len(rows)


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=5))
def test_no_csv_cell_is_a_formula_and_no_text_is_lost(rows: list[tuple[str, str]]) -> None:
    found = list(csv.reader(io.StringIO(as_csv(["a", "b"], rows).encode("utf-8").decode(), newline="")))
    assert found[0] == ["a", "b"]
    for wanted, cells in zip(rows, found[1:], strict=True):
        for text, cell in zip(wanted, cells, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.removeprefix("'") == text_of(text).removeprefix("'")


def test_two_columns_of_one_name_are_both_there() -> None:
    assert json.loads(as_json(["a", "a", "a_2"], [(1, 2, 3)])) == [{"a": 1, "a_2": 2, "a_2_2": 3}]


def test_csv_keeps_negative_numbers_and_guards_headers() -> None:
    assert as_csv(["=x", "b"], [(-1, "-1"), (Decimal("-2.5"), None)]) == "'=x,b\n-1,'-1\n-2.5,\n"


def test_values_are_written_alike_everywhere() -> None:
    berlin = timezone(timedelta(hours=1))
    row = (None, True, datetime(2026, 11, 1, 1, tzinfo=berlin), datetime(2026, 11, 1), b"\x01\xff", {"a": [1]})  # noqa: DTZ001 # the warehouse's
    assert [text_of(value) for value in row] == [
        "",
        "true",
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00Z",
        "01ff",
        '{"a": [1]}',
    ]
    more = (math.nan, Decimal("3"), Decimal("0.5"), date(2026, 1, 2), "\ud800")
    (found,) = json.loads(as_json(list("abcdefghijk"), [(*row, *more)]))
    assert list(found.values()) == [
        None,
        True,
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00Z",
        "01ff",
        {"a": [1]},
        None,
        3,
        0.5,
        "2026-01-02",
        "\ufffd",
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=5))
def test_a_plain_table_has_one_line_a_row_and_no_control_characters(rows: list[tuple[str, str]]) -> None:
    lines = as_text(["a", "b"], rows).split("\n")
    assert len(lines) == len(rows) + 2
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for line in lines for c in line)


def test_an_escape_sequence_is_shown_not_obeyed() -> None:
    assert printable("a\x1b[31mred\u202e") == "a\\x1b[31mred\\u202e"


def test_show_says_on_stderr_that_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show(["a"], [], "table")
    assert capsys.readouterr() == ("", "no rows\n")
    show(["a"], [], "json")
    assert capsys.readouterr() == ("[]\n", "")
    show(["a"], [], "csv")
    assert capsys.readouterr() == ("a\n", "")


NOW = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)
ROW = (
    "acme",
    "AWS-S3-002",
    "aws",
    "aws.s3.bucket",
    "arn:aws:s3:::a-bucket-with-a-rather-long-name-for-a-narrow-terminal",
    "FAIL",
    "the bucket policy lets everybody read [red]and[/red] list",
    "critical",
    NOW,
    "ab" * 32,
)


RECEIPT = (
    "acme", "aws:123456789012", "aws", "aws.s3_account_public_access_block", "ap-southeast-2", "complete", 3, 120, None,
    "GetPublicAccessBlock: AWS denied s3:GetAccountPublicAccessBlock " + "and said so at length " * 40, NOW,
)  # fmt: skip
CONTROL = ("acme", "soc2", "CC6.1", "KC-DP-01", "Data stores are not public", "UNKNOWN", 500, 0, 5, 0, 0)


@pytest.mark.parametrize("width", [80, 100, 120, 160, 250])
@pytest.mark.parametrize(
    ("columns", "row", "always"),
    [
        (RESULTS, ROW, ["acme", "AWS-S3-002", "FAIL"]),
        (RECEIPTS, RECEIPT, ["acme", "complete", "ap-southeast-2"]),
        (CONTROLS, CONTROL, ["acme", "CC6.1", "KC-DP-01", "UNKNOWN", "500"]),
    ],
    ids=["results", "receipts", "controls"],
)
def test_a_terminal_table_fits_and_names_what_it_leaves_out(
    capsys: pytest.CaptureFixture[str], columns: tuple[str, ...], row: tuple[object, ...], always: list[str], width: int
) -> None:
    print_table(columns, [row] * 3, width=width)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    table, _, note = out.partition("Not shown for want of room:")
    head, _, body = table.partition("───")
    for column in columns:
        # A name that is broken into two lines stands below itself.
        shown = all(part in re.findall("[a-z0-9]+", head) for part in column.split("_"))
        assert shown or column in re.findall(r"\w+", note), column
    # What a person must see is there at any width and in one piece.
    for word in always:
        assert word in body
    assert "ab" * 32 not in out


def test_a_name_does_not_style_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(RESULTS, [ROW], width=250)
    assert "[red]and[/red]" in capsys.readouterr().out


def test_the_reader_of_a_pipe_gets_every_value_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stdout.isatty()
    show(RESULTS, [ROW], "table")
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == list(RESULTS)
    assert "ab" * 32 in row
    assert str(ROW[4]) in row
