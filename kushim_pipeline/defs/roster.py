"""Make the partitions follow the tenant files, and cut them into runs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dagster import DagsterInstance

from kushim_pipeline.defs import names
from kushim_pipeline.defs.resource import Roster


@dataclass(frozen=True)
class Changes:
    """The partitions to add and to remove so that they follow the files. Removing one deletes no evidence."""

    add: list[str]
    remove: list[str]


def changes(instance: DagsterInstance, roster: Roster) -> Changes:
    """What differs between the partitions and the active tenants. A tenant whose file has a mistake keeps its own."""
    known = instance.get_dynamic_partitions(names.TENANTS)
    return Changes([t for t in roster.tenants if t not in set(known)], roster.without_partition(known))


def follow(instance: DagsterInstance, roster: Roster) -> Changes:
    """Add and remove partitions so that they follow the files."""
    found = changes(instance, roster)
    if found.add:
        instance.add_dynamic_partitions(names.TENANTS, found.add)
    for tenant in found.remove:
        instance.delete_dynamic_partition(names.TENANTS, tenant)
    return found


def stretches(known: Sequence[str], wanted: Iterable[str], size: int) -> Iterator[tuple[str, str]]:
    """Cut the wanted partitions into ranges of neighbours, each at most `size` long.

    A run takes a first and a last partition and everything between them in the order in which Dagster keeps them
    (`known`, the order in which they were added). Out: (first, last) of every range.
    """
    chosen = set(wanted)
    stretch: list[str] = []
    for name in known:
        if name in chosen:
            stretch.append(name)
        if stretch and (name not in chosen or len(stretch) == size):
            yield stretch[0], stretch[-1]
            stretch = []
    if stretch:
        yield stretch[0], stretch[-1]


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run that reads a range of partitions in one step."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
