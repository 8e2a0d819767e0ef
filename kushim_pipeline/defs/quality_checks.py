"""The asset checks: three steps, one a layer, each a profile query and a suite of Great Expectations. They block.

They report on the pipeline, never on compliance: a FAIL verdict is sound data.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    Failure,
    multi_asset_check,
)

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.run import SOURCES
from kushim_pipeline.defs import names
from kushim_pipeline.defs.looked_up import look_up
from kushim_pipeline.defs.metadata import table
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.specs import OWN
from kushim_pipeline.defs.trouble import RETRY_WAREHOUSE, told
from kushim_pipeline.quality.expectations import broken_rules
from kushim_pipeline.quality.profile import profile_facts, profile_receipts, profile_verdicts
from kushim_pipeline.quality.rules import RULES, Broken, Layer, Profile
from kushim_pipeline.warehouse import Warehouse

_COLUMNS = {"where": "string", "rule": "string", "rows": "int", "what": "string"}
ProfileOf = Callable[[Warehouse, Kushim, Sequence[str]], Profile]
"""In: the subjects to look at."""


def quality_checks(catalogue: Catalogue) -> list[AssetChecksDefinition]:
    """A check an asset of raw, facts and controls: {asset: the subjects of the profile that it answers for}."""
    return [
        _layer(
            "receipts",
            names.RECEIPTS_CHECK,
            {names.raw(source): [source] for source in [*SOURCES, OWN]},
            lambda warehouse, _kushim, _subjects: profile_receipts(warehouse),
        ),
        _layer(
            "facts",
            names.FACTS_CHECK,
            {names.fact(fact): [fact] for fact in catalogue.facts},
            lambda warehouse, kushim, subjects: profile_facts(warehouse, kushim.catalogue, subjects),
        ),
        _layer(
            "verdicts",
            names.VERDICTS_CHECK,
            {names.control(control.id): control.checks for control in catalogue.controls.values()},
            lambda warehouse, _kushim, _subjects: profile_verdicts(warehouse),
        ),
    ]


def _layer(
    layer: Layer, name: str, subjects: Mapping[AssetKey, Sequence[str]], profile_of: ProfileOf
) -> AssetChecksDefinition:
    rules = "\n".join(f"- {rule.means}" for rule in RULES[layer])
    specs = [
        AssetCheckSpec(
            name,
            asset=asset,
            blocking=True,
            description=f"{len(RULES[layer])} expectations (Great Expectations). There may be no\n{rules}",
        )
        for asset in subjects
    ]

    @multi_asset_check(
        name=f"check_{layer}",
        specs=specs,
        can_subset=True,
        retry_policy=RETRY_WAREHOUSE,
        pool=names.WAREHOUSE,
        required_resource_keys={names.RESOURCE},
    )
    def check(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        kushim: Kushim = context.resources.kushim
        chosen = [spec.key.asset_key for spec in specs if spec.key in context.selected_asset_check_keys]
        wanted = [subject for asset in chosen for subject in subjects[asset]]
        with told(f"checking {layer}"):
            with kushim.writer() as warehouse:
                profile = profile_of(warehouse, kushim, wanted)
            broken = broken_rules(profile)
        kushim.say(f"checked {len(profile.subjects)} {_SUBJECTS[layer]}: {_spoken(broken)}")
        kushim.notices += map(str, broken)
        answered = {subject for listed in subjects.values() for subject in listed}
        if nobodys := [found for found in broken if found.subject not in answered and found.rule.blocks]:
            raise Failure("; ".join(map(str, nobodys)), allow_retries=False)
        by_subject = defaultdict(list)
        for found in broken:
            by_subject[found.subject].append(found)
        look_up(context, chosen)
        for asset in chosen:
            yield _result(
                name, asset, [f for subject in subjects[asset] for f in by_subject[subject]], profile, subjects
            )

    return check


_SUBJECTS = {"receipts": "sources", "facts": "fact tables", "verdicts": "checks' verdicts"}


def _result(
    name: str,
    asset: AssetKey,
    broken: Sequence[Broken],
    profile: Profile,
    subjects: Mapping[AssetKey, Sequence[str]],
) -> AssetCheckResult:
    blocking = any(found.rule.blocks for found in broken)
    metadata = {
        "looked_at": sum(profile.subjects.get(subject, {}).get("looked_at", 0) for subject in subjects[asset]),
        "rules": len(RULES[profile.layer]),
        "broken_rules": len(broken),
    }
    rows = [(found.subject, found.rule.name, found.count, found.rule.means) for found in broken]
    return AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not broken,
        severity=AssetCheckSeverity.ERROR if blocking or not broken else AssetCheckSeverity.WARN,
        description="; ".join(map(str, broken)) or None,
        metadata={**metadata, "broken": table(_COLUMNS, rows)} if broken else metadata,
    )


def _spoken(broken: Sequence[Broken]) -> str:
    return f"{len(broken)} rules do not hold" if broken else "all rules hold"
