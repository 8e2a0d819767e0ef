"""Read the units of one account: prove whose it is, find its regions, then all else at once in bounded pools."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace

from pydantic import SecretStr

from kushim_pipeline.collect.aws.account import NOT_ENABLED, prove_identity, read_regions
from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks
from kushim_pipeline.collect.aws.errors import ReadFailed, StorageFailed, scrub
from kushim_pipeline.collect.aws.regions import regions_of
from kushim_pipeline.collect.aws.session import Clients, partition_of
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.tenants.connection import AwsConnection

LISTINGS = 8
"""Threads that read units (their listings, page by page)."""
DETAILS = 16
"""Threads that make one call a resource. They wait for no other thread, so the two pools cannot block each other."""

Reader = Callable[[Account, str, Sinks], None]
Collections = Mapping[Unit, Collection]


def collect_units(
    connection: AwsConnection,
    secrets: Mapping[str, SecretStr],
    collections: Collections,
    readers: Mapping[str, Reader | None],
    progress: Callable[[Unit], None],
    pace: Pace | None = None,
) -> None:
    """In: the connection and its secrets, an open collection for each unit, the reader of each stream, and how to go
    about it.

    Readers that are the same function read all their streams of one scope in one go. Calls `progress` once for each
    unit, from the calling thread. Raises OSError when evidence cannot be written.
    """
    pace = pace or Pace()
    clients = Clients(connection, secrets, LISTINGS + DETAILS, pace.tape)
    listings = ThreadPoolExecutor(LISTINGS, thread_name_prefix="aws-listing")
    details = ThreadPoolExecutor(DETAILS, thread_name_prefix="aws-detail")
    regions = regions_of(connection)
    account = Account(connection.account_id, partition_of(regions[0]), regions, clients, details, pace)
    try:
        waiting = _prepared(account, connection, collections, progress)
        if waiting is None:
            return
        account, left = waiting
        running: dict[Future[None], list[Unit]] = {}
        for (reader, scope), units in _together(left, readers).items():
            region = clients.home if scope == GLOBAL else scope
            sinks = {unit.stream: collections[unit] for unit in units}
            running[listings.submit(_read, reader, account, region, sinks)] = units
        for done in as_completed(running):
            done.result()
            for unit in running[done]:
                progress(unit)
    except StorageFailed as failed:
        raise failed.__cause__ or failed from None
    finally:
        listings.shutdown(wait=True, cancel_futures=True)
        details.shutdown(wait=True, cancel_futures=True)
        clients.close()


def _prepared(
    account: Account, connection: AwsConnection, collections: Collections, progress: Callable[[Unit], None]
) -> tuple[Account, list[Unit]] | None:
    """Identity and regions. Out: the account with the regions that can be read and the units still to read; None when
    nothing may be read at all."""
    by_stream = {unit.stream: unit for unit in collections if unit.scope == GLOBAL}
    tape = account.pace.tape
    try:
        # Whose account it is was proven when the answers that are read again came.
        if tape is None or "aws.account" in by_stream:
            prove_identity(account, [collections[by_stream["aws.account"]]] if "aws.account" in by_stream else [])
    except ReadFailed as failed:
        for unit, collection in collections.items():
            collection.problem(failed.reason, "GetCallerIdentity", failed.message)
            progress(unit)
        return None
    left = [unit for unit in collections if unit.stream != "aws.region"]
    told = [collections[by_stream["aws.region"]]] if "aws.region" in by_stream else []
    try:
        regions: dict[str, tuple[str, Answer]] = {}
        if tape is None or tape.of("DescribeRegions"):
            regions = read_regions(account, told, account.regions, every=not connection.regions)
    except ReadFailed as failed:
        # Nothing is known about the regions: each unit finds out by itself.
        for collection in told:
            collection.problem(failed.reason, "DescribeRegions", failed.message)
        regions = {}
    for unit in collections:
        if unit.stream == "aws.region":
            progress(unit)
    closed = {region for region, (status, _) in regions.items() if status in (NOT_ENABLED, "")}
    for unit in [unit for unit in left if unit.scope in closed]:
        _close(unit, collections[unit], *regions[unit.scope])
        left.remove(unit)
        progress(unit)
    for unit in left:
        # Who reads all regions in one collection leaves these out: why is part of its receipt.
        if closed and unit.scope == GLOBAL:
            regions[min(closed)][1].keep_in(collections[unit])
    usable = tuple(region for region in account.regions if region not in closed)
    return replace(account, regions=usable), left


def _close(unit: Unit, collection: Collection, status: str, answer: Answer) -> None:
    """End a unit of a region that cannot be read: proven empty if the account has not enabled it."""
    answer.keep_in(collection)
    if status == NOT_ENABLED:
        collection.empty_is_proven(f"DescribeRegions says that {unit.scope} is {status}: nothing can exist there")
    else:
        collection.problem(
            Reason.NOT_COLLECTED,
            "DescribeRegions",
            f"AWS names no region {unit.scope}; correct regions in the tenant file",
        )


def _together(units: Iterable[Unit], readers: Mapping[str, Reader | None]) -> dict[tuple[Reader, str], list[Unit]]:
    groups: dict[tuple[Reader, str], list[Unit]] = {}
    for unit in units:
        reader = readers[unit.stream]
        if reader is not None:
            groups.setdefault((reader, unit.scope), []).append(unit)
    return groups


def _read(reader: Reader, account: Account, region: str, sinks: Sinks) -> None:
    """Run a reader; whatever else goes wrong in it ends in its own units' receipts. Raises StorageFailed."""
    try:
        reader(account, region, sinks)
    except StorageFailed:
        raise
    except ReadFailed as failed:
        for sink in sinks.values():
            sink.problem(failed.reason, "read", failed.message)
    except Exception as error:  # noqa: BLE001 # one reader's fault is that reader's failed receipts, never more
        for sink in sinks.values():
            sink.problem(Reason.NOT_COLLECTED, "read", scrub(f"{type(error).__name__}: {error}"))
