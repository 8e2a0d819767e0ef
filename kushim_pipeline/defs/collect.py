"""The step `read_sources`: read the tenants of a run from every selected source, several at once.

Partitions are recorded one by one as they are done, not all at the end: what one tenant's failure leaves behind is
exactly that tenant's partition missing.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

# Imported before any thread starts: requests silences a warning of urllib3 about SOCKS, and an import in a thread would
# lose that filter to whoever saves and restores the filters at the same moment.
import requests  # noqa: F401 # for what its import does
from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    BackfillPolicy,
    DagsterEventType,
    Failure,
    TableMetadataValue,
    multi_asset,
)

from kushim_pipeline.collect.run import Stores, collect_source
from kushim_pipeline.defs import names
from kushim_pipeline.defs.metadata import table
from kushim_pipeline.defs.progress import Progress
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.specs import evidence_specs
from kushim_pipeline.defs.trouble import RETRY_COLLECTION, in_words, is_disk_full, one_line, told
from kushim_pipeline.evidence.receipt import Outcome, Receipt
from kushim_pipeline.stores import shared_vault
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.secret import Resolver
from kushim_pipeline.vault.resolver import resolver

AT_ONCE = 4
"""How many (tenant, source) pairs are read at once; each source has threads of its own inside."""

_COLUMNS = {
    "account": "string",
    "stream": "string",
    "scope": "string",
    "outcome": "string",
    "records": "int",
    "declared_total": "string",
}


@dataclass(frozen=True)
class Work:
    """One tenant's connections to one source."""

    tenant: TenantConfig
    source: str


def collect_assets() -> AssetsDefinition:
    """evidence/*: one step for all sources, so that a slow one keeps nobody waiting."""

    @multi_asset(
        name="read_sources",
        specs=evidence_specs(),
        can_subset=True,
        backfill_policy=BackfillPolicy.single_run(),
        retry_policy=RETRY_COLLECTION,
        required_resource_keys={names.RESOURCE},
    )
    def collect(context: AssetExecutionContext) -> Iterator[None]:
        kushim: Kushim = context.resources.kushim
        sources = sorted(key.path[-1] for key in context.selected_asset_keys)
        with told("collecting"):
            work = _work(context, kushim, sources)
            failed = _read(context, kushim, work)
        if failed:
            no_room = any(map(is_disk_full, failed.values()))
            raise Failure(
                "these could not be collected, the others were: " + "; ".join(failed),
                metadata={"failed": len(failed), "collected": len(work) - len(failed)},
                allow_retries=not no_room,
            )
        yield from ()

    return collect


def _work(context: AssetExecutionContext, kushim: Kushim, sources: Sequence[str]) -> list[Work]:
    """What this run has to read. A tenant whose file has a mistake is left out, and said; alone, it is a failure."""
    roster = kushim.roster()
    wanted = context.partition_keys
    refused = [tenant for tenant in wanted if tenant not in roster.tenants]
    for tenant in refused:
        for problem in roster.problems_of(tenant):
            context.log.warning(f"{tenant} is not collected: {one_line(problem)}")
    if refused and len(refused) == len(wanted):
        problems = [problem for tenant in refused for problem in roster.problems_of(tenant)]
        raise Failure(f"nothing was collected: {'; '.join(map(one_line, problems))}", allow_retries=False)
    done = _done(context) if context.retry_number else set()
    return [
        Work(roster.tenants[tenant], source)
        for tenant in wanted
        if tenant in roster.tenants
        for source in sources
        if (tenant, source) not in done
        and any(connection.source == source for connection in roster.tenants[tenant].connections)
    ]


def _done(context: AssetExecutionContext) -> set[tuple[str, str]]:
    """What an earlier attempt of this run has recorded already."""
    entries = context.instance.all_logs(context.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    return {
        (str(event.partition), event.asset_key.path[-1])
        for event in events
        if event.asset_key is not None and event.partition is not None
    }


def _read(context: AssetExecutionContext, kushim: Kushim, work: Sequence[Work]) -> dict[str, BaseException]:
    """Read everything; record each as it is done. Out: what could not be read, in words, and why."""
    failed: dict[str, BaseException] = {}
    vault = shared_vault(kushim.settings)  # refuses weak keys before anything is read
    secrets = resolver(os.environ, lambda: vault)
    stores = kushim.stores
    full = context.run.tags.get(names.FULL) == "true"
    pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="collect")
    try:
        pending: dict[Future[list[Receipt]], Work] = {
            pool.submit(_collect, kushim, stores, secrets, item, full): item for item in work
        }
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                item = pending.pop(future)
                error = future.exception()
                if error is not None:
                    line = f"{item.tenant.tenant} {item.source} ({in_words(error)})"
                    context.log.error(f"could not collect {line}")
                    failed[line] = error
                else:
                    context.log_event(_materialization(item, future.result()))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _collect(kushim: Kushim, stores: Stores, secrets: Resolver, item: Work, full: bool) -> list[Receipt]:
    progress = Progress.begin(item.tenant, item.source, kushim.say)
    receipts = collect_source(item.tenant, item.source, stores, secrets, progress.one_more, full=full)
    progress.end(receipts)
    unread = (Outcome.DENIED, Outcome.FAILED)
    kushim.read[item.tenant.tenant, item.source] = any(receipt.outcome not in unread for receipt in receipts)
    return receipts


def _materialization(item: Work, receipts: Sequence[Receipt]) -> AssetMaterialization:
    return AssetMaterialization(
        names.evidence(item.source),
        partition=item.tenant.tenant,
        metadata={**counts(receipts), "receipts": receipt_table(receipts)},
    )


def counts(receipts: Sequence[Receipt]) -> Mapping[str, int]:
    """Numbers of a tenant's receipts: of every outcome, and in sum."""
    outcomes = Counter(receipt.outcome for receipt in receipts)
    return {
        "units": len(receipts),
        **{outcome.value: outcomes[outcome] for outcome in Outcome},
        "pages": sum(len(receipt.pages) for receipt in receipts),
        "records": sum(receipt.records for receipt in receipts),
        "unreadable": sum(1 for receipt in receipts for error in receipt.errors if error.resource_id is not None),
    }


def receipt_table(receipts: Sequence[Receipt]) -> TableMetadataValue:
    """The receipts as a table, what is not complete first; without the vendor's words, which the mart has."""
    ordered = sorted(receipts, key=lambda r: (r.outcome is Outcome.COMPLETE, r.account_id, r.stream, r.scope))
    return table(
        _COLUMNS,
        [
            (
                r.account_id,
                r.stream,
                r.scope,
                r.outcome.value,
                r.records,
                "" if r.declared_total is None else str(r.declared_total),
            )
            for r in ordered
        ],
    )
