"""The streams of one connection over HTTP: what each is, and how they are read side by side."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.garbage import seldom_collected
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.tenants.config import Connection

R = TypeVar("R")


@dataclass(frozen=True)
class StreamSpec(Generic[R]):
    """A kind of thing that is read, from what the connection's streams share (R). `permissions`: what the token needs.
    `fans_out`: it asks once a resource, with the threads that all streams share."""

    name: str
    read: Callable[[Collection, R], None]
    permissions: tuple[str, ...]
    doc: str
    fans_out: bool = False
    scope: str = GLOBAL


def units_of(streams: Iterable[StreamSpec[R]], tenant_id: str, connection: Connection) -> list[Unit]:
    """What a connection is expected to give: one unit a stream. No network."""
    return [
        Unit(tenant_id, connection.connection_id, connection.source, connection.account, spec.name, spec.scope)
        for spec in streams
    ]


def read_units(
    streams: Sequence[StreamSpec[R]],
    units: Iterable[Unit],
    shared: R,
    pool: Executor,
    open_collection: Callable[[Unit], Collection],
    progress: Callable[[Unit], None],
) -> None:
    """Read the units in the order of their streams, several at a time; progress(unit) as soon as one is over."""
    by_name = {spec.name: spec for spec in streams}
    order = {spec.name: number for number, spec in enumerate(streams)}
    wanted = sorted(units, key=lambda unit: order[unit.stream])

    def read(unit: Unit) -> None:
        with open_collection(unit) as collection:
            by_name[unit.stream].read(collection, shared)
        progress(unit)

    # A stream that fans out waits for the pool's threads, so it must not hold one itself.
    with seldom_collected():
        single = [pool.submit(read, unit) for unit in wanted if not by_name[unit.stream].fans_out]
        for unit in wanted:
            if by_name[unit.stream].fans_out:
                read(unit)
        for future in single:
            future.result()
