"""What speaks to Postgres: connecting, parameters, COPY, and what its errors mean. Nothing here knows a table."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from kushim_pipeline.warehouse.engine import Rows, StatementFailed, WarehouseAway

COPY_CHUNK = 1 << 20
FETCH_ROWS = 5_000
_CURSORS = itertools.count()
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def connect(url: str, *, application: str, read_only: bool = False) -> Any:
    """A connection in autocommit mode, in UTC, whose JSON and numbers come as DuckDB gives them.

    In: `postgresql+psycopg2://…`. Raises WarehouseAway, whose text holds nothing of the URL.
    """
    import psycopg2
    import psycopg2.extensions
    import psycopg2.extras

    _refuse_unescaped(url)
    try:
        connection = psycopg2.connect(
            dsn(url), application_name=application, keepalives_idle=30, keepalives_interval=10, keepalives_count=3
        )
    except psycopg2.OperationalError as error:
        raise WarehouseAway(f"cannot connect to the Postgres warehouse: {_reason(error)}") from None
    except psycopg2.ProgrammingError:  # its text repeats the URL
        raise WarehouseAway("the URL of the Postgres warehouse cannot be read: is everything in it escaped?") from None
    connection.set_session(autocommit=True, readonly=read_only or None)
    psycopg2.extras.register_default_json(connection, loads=str)
    number = psycopg2.extensions.new_type((1700,), "NUMBER", _number)
    psycopg2.extensions.register_type(number, connection)
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
    return connection


def dsn(url: str) -> str:
    """A SQLAlchemy URL as one that libpq reads."""
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)


def _refuse_unescaped(url: str) -> None:
    """Raise WarehouseAway where a password would be read as a host or a port, and so stand in libpq's message."""
    authority, _, rest = url.partition("://")[2].partition("?")[0].partition("/")
    if authority.count("@") > 1 or "@" in rest:
        raise WarehouseAway(
            "the URL of the Postgres warehouse cannot be read: in a user or password write @ as %40, / as %2F, ? as %3F"
        )


def execute(connection: Any, sql: str, parameters: Sequence[Any] = ()) -> tuple[Rows, int]:
    """Run SQL with `?` for parameters. Out: the rows, and how many rows it touched.

    Raises StatementFailed for what is wrong with the statement, WarehouseAway when the server is gone.
    """
    with told_apart(), connection.cursor() as cursor:
        if parameters:
            cursor.execute(marked(sql), list(parameters))
        else:
            cursor.execute(sql)
        if cursor.description is None:
            return Rows([], []), int(cursor.rowcount)
        return Rows([column[0] for column in cursor.description], cursor.fetchall()), int(cursor.rowcount)


def fetch(
    connection: Any, sql: str, parameters: Sequence[Any] = (), size: int = FETCH_ROWS
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of one query, some at a time, by a cursor of the server: only those are in memory. In a transaction."""
    name = f"kushim_{next(_CURSORS)}"
    execute(connection, f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", parameters)
    while rows := execute(connection, f"FETCH {size} FROM {name}")[0].rows:
        yield rows
    execute(connection, f"CLOSE {name}")


def is_member(connection: Any, role: str) -> bool | None:
    """Whether the login is a member of a role (superusers are of all); None where there is no such role yet."""
    rows = execute(
        connection, "SELECT pg_has_role(session_user, r.oid, 'MEMBER') FROM pg_roles AS r WHERE r.rolname = ?", (role,)
    )[0].rows
    return bool(rows[0][0]) if rows else None


def marked(sql: str) -> str:
    """Our `?` as psycopg2's `%s`, outside of quotes; a percent sign stays one."""
    parts = sql.split("'")
    return "'".join(
        part.replace("%", "%%") if position % 2 else part.replace("%", "%%").replace("?", "%s")
        for position, part in enumerate(parts)
    )


def copy(connection: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Stream rows into a table by COPY, which is several times faster than INSERT. Out: how many."""
    stream = _CopyText(rows)
    with told_apart(), connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", stream, COPY_CHUNK)
    return stream.count


class _CopyText:
    """Rows as the text format of COPY, made while they are read."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._lines = map(_line, rows)
        self.count = 0

    def read(self, size: int) -> str:
        lines: list[str] = []
        length = 0
        for line in self._lines:
            lines.append(line)
            length += len(line)
            self.count += 1
            if length >= size:
                break
        return "".join(lines)


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_field, row)) + "\n"


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).translate(_ESCAPES)


def _number(text: str | None, _cursor: Any) -> int | float | None:
    if text is None:
        return None
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Tell a statement that is wrong in itself from a server that is gone, stops or has no room."""
    import psycopg2

    try:
        yield
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise WarehouseAway(f"the Postgres warehouse does not answer: {_reason(error)}") from error
    except psycopg2.Error as error:
        raise StatementFailed(str(error).strip()) from error


def _reason(error: Exception) -> str:
    """The server's or libpq's words on one line; libpq names host, port and user, never a password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
