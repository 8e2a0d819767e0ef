"""The warehouse's one small interface. Two engines keep it; nothing outside this room knows which one runs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


class WarehouseBusy(RuntimeError):
    """Another process writes to the warehouse and did not finish in time. Nothing was written; try again."""


class WarehouseAway(RuntimeError):
    """The database does not answer, or has no room: nothing of the open transaction was kept. Try again later."""


class SchemaOutdated(RuntimeError):
    """The schema is not what this version needs, and this login may not change it."""


class NothingPublished(LookupError):
    """No copy for readers exists yet."""


class StatementFailed(ValueError):
    """The engine refused one statement for what it says (a name, a type, a value). The warehouse itself is sound."""


class QueryRefused(ValueError):
    """A reader's SQL was refused by the engine: the message is the engine's, without a traceback."""


@dataclass(frozen=True)
class Rows:
    """The answer to a query: column names, and rows in their order."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Look(Protocol):
    """What reads a warehouse's own tables, those of all tenants. A writer's hold is one, too."""

    engine: str

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows. Parameters stand as `?` in the text."""

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one query, some at a time: a table may be larger than memory. Nothing else runs meanwhile."""


class Warehouse(Protocol):
    """A writer's hold on the warehouse. There is one at a time; close it soon."""

    engine: str

    def script(self, sql: str) -> None:
        """Run one or several statements without parameters."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows. Parameters stand as `?` in the text."""

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one INSERT, UPDATE or DELETE and return how many rows it touched."""

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Add many rows at once, the engine's fastest way. Returns how many."""

    def derive(self, table: str, select: str) -> int:
        """Make a derived table anew from a SELECT, in one step. Returns how many rows it has."""

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one query, some at a time: a table may be larger than memory. Nothing else runs meanwhile."""

    def define_table(self, table: str, select: str) -> bool:
        """Have a derived table with the columns of a SELECT. Out: whether it was made anew (and, it may be, filled)."""

    def define_view(self, name: str, sql: str) -> bool:
        """Have a view as its `CREATE OR REPLACE VIEW` says. In: `schema.name`, the statement. Out: has it changed?"""

    def refresh_statistics(self, table: str) -> None:
        """Tell the engine's planner that a table has changed a lot. In: `schema.name`, or a temporary table's name."""

    def whole_tables(self) -> AbstractContextManager[None]:
        """Have the statements inside planned for all rows of all tenants, rather than for a few."""

    def transaction(self, *, keep: bool = True) -> AbstractContextManager[None]:
        """All or nothing: commits at the end (rolls back with keep=False), and rolls back on an exception.

        Inside another transaction the outer one decides; an engine with savepoints takes the inner part back by itself.
        """

    def publish(self) -> None:
        """Make what is committed visible to readers, in one step: they see the old state or the new one."""

    def close(self) -> None:
        """Let the next writer in."""


class Reader(Protocol):
    """An analyst's hold: read-only, and open as long as they like while runs go on writing."""

    marts: str
    """The schema whose marts this reader may ask: `mart_v1`, or the masked ones of a viewer."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one SELECT. Raises QueryRefused."""

    def close(self) -> None:
        """Let go."""
