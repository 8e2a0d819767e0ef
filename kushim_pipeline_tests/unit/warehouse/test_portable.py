"""A table's digest does not depend on the order of its rows, and on everything else."""

from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.warehouse.portable import Digest, Row, as_text

ROWS = st.lists(
    st.tuples(st.none() | st.text('ab\t,"\\', max_size=3), st.none() | st.text("ab", max_size=3)), max_size=5
)


def of(rows: list[Row], names: tuple[str, ...] = ("a", "b")) -> str:
    found = Digest(names)
    assert list(found.through(rows)) == rows
    assert found.rows == len(rows)
    return found.hex


@given(rows=ROWS, other=ROWS)
def test_the_same_rows_in_any_order_and_no_others(rows: list[Row], other: list[Row]) -> None:
    assert of(rows) == of(rows[::-1])
    assert (of(rows) == of(other)) == (sorted(rows, key=repr) == sorted(other, key=repr))


def test_a_row_twice_is_not_a_row_and_null_is_not_empty() -> None:
    assert of([("x", "y")]) != of([("x", "y"), ("x", "y")])
    assert of([("x", None)]) != of([("x", "")])
    assert of([("xy", "")]) != of([("x", "y")])
    assert of([("x", "y")]) != of([("x", "y")], ("b", "a"))


def test_columns_are_read_as_text() -> None:
    assert as_text(["a", "b"], "raw.x", "WHERE t.a = ?", b="0") == (
        'SELECT CAST(t.a AS VARCHAR) AS "a", CAST(0 AS VARCHAR) AS "b" FROM raw.x AS t WHERE t.a = ?'
    )
