"""The steps from landing on: each one set-based over all tenants, each a short hold on the warehouse."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, TableMetadataValue, multi_asset

from kushim_pipeline.catalogue.model import POLICY_TABLE, Catalogue, Control
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.defs import figures, names
from kushim_pipeline.defs.metadata import table
from kushim_pipeline.defs.resource import Kushim, Roster
from kushim_pipeline.defs.specs import OWN, control_specs, fact_specs, framework_specs, mart_specs, raw_specs
from kushim_pipeline.defs.trouble import RETRY_WAREHOUSE, one_line, told
from kushim_pipeline.land.ledger import Landed, land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import Evaluation, judge
from kushim_pipeline.verdicts.marts import MARTS, build_marts
from kushim_pipeline.warehouse import Warehouse

# Counts first: the page cuts a wide table off at its right.
_CHECK_COLUMNS = {
    "check": "string",
    **{status.lower(): "int" for status in figures.STATUSES},
    "severity": "string",
    "title": "string",
}


def judge_assets(catalogue: Catalogue) -> list[AssetsDefinition]:
    """raw/*, facts/*, controls/*, frameworks/* and mart_v1/*: four steps, whatever the number of assets."""
    return [_land(), _facts(catalogue), _controls(catalogue), _publish(catalogue)]


def _land() -> AssetsDefinition:
    @multi_asset(
        name="land",
        specs=raw_specs(),
        can_subset=True,
        retry_policy=RETRY_WAREHOUSE,
        pool=names.WAREHOUSE,
        required_resource_keys={names.RESOURCE},
    )
    def landing(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        kushim: Kushim = context.resources.kushim
        roster = kushim.roster()
        with told("landing"), kushim.writer() as warehouse:
            gone = _register(warehouse, kushim, roster)
            stores = kushim.stores
            landed = land(warehouse, stores.evidence, stores.ledger)
            numbers = figures.of_sources(warehouse)
        for problem in roster.loaded.problems:
            context.log.warning(f"a tenant file is refused: {one_line(str(problem))}")
        kushim.say(f"landed {landed.receipts} receipts, {landed.unchanged} of them without a change")
        sources = [key.path[-1] for key in context.selected_asset_keys]
        yield from _of_selected(
            context, {source: {**numbers[source], **_landed(source, landed, roster, gone)} for source in sources}
        )

    return landing


def _register(warehouse: Warehouse, kushim: Kushim, roster: Roster) -> list[str]:
    """Make the warehouse expect what the tenant files say. Out: the tenants that no file names any more."""
    known = [row[0] for row in warehouse.query("SELECT DISTINCT tenant_id FROM raw.unit WHERE valid_to IS NULL").rows]
    gone = roster.gone(known)
    tenants = list(roster.expected.values())
    units = [unit for tenant in tenants for unit in expected_units(tenant)]
    register(warehouse, tenants, units, lambda given: resolve(kushim.catalogue.policy, given), gone=gone)
    return gone


def _landed(source: str, landed: Landed, roster: Roster, gone: Sequence[str]) -> Mapping[str, int]:
    if source == OWN:
        return {"refused_tenants": len(roster.loaded.refused), "removed_tenants": len(gone)}
    return {"landed_receipts": landed.by_source.get(source, 0)}


def _facts(catalogue: Catalogue) -> AssetsDefinition:
    specs = fact_specs(catalogue)

    @multi_asset(
        name="build_facts",
        specs=specs,
        can_subset=True,
        retry_policy=RETRY_WAREHOUSE,
        pool=names.WAREHOUSE,
        required_resource_keys={names.RESOURCE},
    )
    def facts(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        kushim: Kushim = context.resources.kushim
        tables = sorted(key.path[-1] for key in context.selected_asset_keys)
        with told("building facts"), kushim.writer() as warehouse:
            # Facts of two times beside each other would be judged as of one: only all of them move the clock, and a
            # building that is cut off leaves the facts and the clock that were before.
            with warehouse.transaction():
                if len(tables) == len(specs) or not warehouse.query("SELECT as_of FROM ops.clock").rows:
                    set_clock(warehouse, datetime.now(UTC))
                build_facts(warehouse, kushim.catalogue, tables)
            numbers = figures.of_facts(warehouse, [name for name in tables if name != POLICY_TABLE])
            if POLICY_TABLE in tables:
                numbers[POLICY_TABLE] = figures.of_policies(warehouse)
        rows = sum(counts["rows"] for counts in numbers.values())
        quarantined = sum(counts.get("quarantined", 0) for counts in numbers.values())
        kushim.say(
            f"built {len(tables)} fact tables, {rows} rows" + (f", {quarantined} unreadable" if quarantined else "")
        )
        yield from _of_selected(context, numbers)

    return facts


def _controls(catalogue: Catalogue) -> AssetsDefinition:
    specs = control_specs(catalogue)

    @multi_asset(
        name="evaluate",
        specs=specs,
        can_subset=True,
        retry_policy=RETRY_WAREHOUSE,
        pool=names.WAREHOUSE,
        required_resource_keys={names.RESOURCE},
    )
    def controls(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        kushim: Kushim = context.resources.kushim
        chosen = sorted(key.path[-1] for key in context.selected_asset_keys)
        # All controls: all checks, those of nobody's control too.
        checks = None if len(chosen) == len(specs) else _checks_of(kushim.catalogue, chosen)
        with told("judging"), kushim.writer() as warehouse:
            evaluation = judge(warehouse, kushim.catalogue, checks)
            by_check = figures.of_checks(warehouse)
            tenants = figures.of_controls(warehouse)
        for check, message in evaluation.failed:
            text = f"{check} was not judged, all its verdicts are UNKNOWN: {one_line(message)}"
            context.log.error(text)
            kushim.not_judged.append(text)
        kushim.say(f"judged {evaluation.checks} checks: {_spoken(by_check)}")
        for control in (kushim.catalogue.controls[name] for name in chosen):
            yield MaterializeResult(
                asset_key=names.control(control.id),
                metadata={
                    "tenants": tenants.get(control.id, 0),
                    **_counts(control, by_check),
                    "checks": _check_table(kushim.catalogue, control, by_check, evaluation),
                },
            )

    return controls


def _publish(catalogue: Catalogue) -> AssetsDefinition:
    @multi_asset(
        name="publish",
        specs=[*framework_specs(catalogue), *mart_specs(catalogue)],
        can_subset=True,
        retry_policy=RETRY_WAREHOUSE,
        pool=names.WAREHOUSE,
        required_resource_keys={names.RESOURCE},
    )
    def publish(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        kushim: Kushim = context.resources.kushim
        with told("publishing"), kushim.writer() as warehouse:
            rows = build_marts(warehouse)
            frameworks = figures.of_frameworks(warehouse)
            warehouse.publish()
        kushim.say(f"published {len(MARTS)} marts")
        # A framework that no tenant has named yet has no rows: its numbers are zero, not missing.
        nothing = dict.fromkeys(figures.FRAMEWORK_COLUMNS, 0)
        numbers = {
            **{framework: {**nothing, **frameworks.get(framework, {})} for framework in catalogue.frameworks},
            **{mart: {"rows": count} for mart, count in rows.items()},
        }
        yield from _of_selected(context, numbers)

    return publish


def _of_selected(
    context: AssetExecutionContext, numbers: Mapping[str, Mapping[str, int]]
) -> Iterator[MaterializeResult[None]]:
    """A result for every selected asset; within a step, what others stand on comes first."""
    selected = context.selected_asset_keys
    for spec in context.assets_def.specs_by_key.values():
        if spec.key in selected:
            yield MaterializeResult(asset_key=spec.key, metadata=dict(numbers[spec.key.path[-1]]))


def _checks_of(catalogue: Catalogue, controls: Sequence[str]) -> list[str]:
    return [check for control in controls for check in catalogue.controls[control].checks if check in catalogue.checks]


def _counts(control: Control, by_check: Mapping[str, figures.Counts]) -> dict[str, int]:
    return {
        status.lower(): sum(by_check[check][status] for check in control.checks if check in by_check)
        for status in figures.STATUSES
    }


def _check_table(
    catalogue: Catalogue, control: Control, by_check: Mapping[str, figures.Counts], evaluation: Evaluation
) -> TableMetadataValue:
    nothing = dict.fromkeys(figures.STATUSES, 0)
    known = [catalogue.checks[check] for check in control.checks if check in catalogue.checks]
    refused = {check for check, _ in evaluation.failed}
    return table(
        _CHECK_COLUMNS,
        [
            (
                check.id,
                *(by_check.get(check.id, nothing)[status] for status in figures.STATUSES),
                check.severity,
                f"{check.title} (its SQL was refused)" if check.id in refused else check.title,
            )
            for check in known
        ],
    )


def _spoken(by_check: Mapping[str, figures.Counts]) -> str:
    totals = {status: sum(counts[status] for counts in by_check.values()) for status in figures.STATUSES}
    return ", ".join(f"{number} {status}" for status, number in totals.items() if number) or "no verdicts"
