"""The graph, generated from the catalogue: what assets there are, what they stand on and what they are called.

Pure: no warehouse, no network, no tenant file. A catalogue of 35 fact tables and 25 controls takes some milliseconds.
"""

import hashlib
import re
from collections.abc import Iterable

from dagster import AssetDep, AssetKey, AssetSpec, DynamicPartitionsDefinition

from kushim_pipeline.catalogue.model import FRAMEWORKS, POLICY_TABLE, Catalogue, Check, Control, FactTable, Framework
from kushim_pipeline.collect.run import SOURCES, code_version
from kushim_pipeline.defs import names
from kushim_pipeline.verdicts.marts import MARTS, mart_sql

TENANTS = DynamicPartitionsDefinition(name=names.TENANTS)
OWN = "kushim"
"""The source of what Kushim says of itself: tenants, policies and exceptions from the tenant files."""

_FACTS = re.compile(r"\bfacts\.(\w+)")
_MARTS = re.compile(r"\bmart_v1\.(\w+)")
_TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)
_LABELS = {"aws": "AWS", "github": "GitHub", "okta": "Okta", "jira": "Jira", "slack": "Slack"}


def evidence_specs() -> list[AssetSpec]:
    """An asset a source, partitioned by tenant. The only partitioned ones: bookkeeping costs 14 to 33 ms each."""
    return [
        AssetSpec(
            names.evidence(source),
            description=f"What {_LABELS.get(source, source)} answered, byte for byte, with a receipt for every stream. "
            "One partition a tenant; a tenant's failure stops no other.",
            group_name="evidence",
            kinds={source, "python"},
            owners=[names.DATA],
            tags={"kushim/source": source},
            code_version=code_version(source),
            partitions_def=TENANTS,
        )
        for source in SOURCES
    ]


def raw_specs() -> list[AssetSpec]:
    """An asset a source: its landed records, all tenants in one table."""
    specs = [
        AssetSpec(
            names.raw(source),
            deps=[names.evidence(source)],
            description=f"The records of {_LABELS.get(source, source)} for all tenants, as versions: a day on which "
            "nothing changed adds no row. Tables: raw.record, raw.receipt, raw.unit.",
            group_name="raw",
            kinds={"sql"},
            owners=[names.DATA],
            tags={"kushim/source": source},
        )
        for source in SOURCES
    ]
    own = AssetSpec(
        names.raw(OWN),
        description="What the tenant files say, as versions: tenants, policies, exceptions, and which units are "
        "expected to be collected.",
        group_name="raw",
        kinds={"sql", "yaml"},
        owners=[names.DATA],
        tags={"kushim/source": OWN},
    )
    return [*specs, own]


def fact_specs(catalogue: Catalogue) -> list[AssetSpec]:
    """An asset a fact table, and the table of policies."""
    policy = AssetSpec(
        names.fact(POLICY_TABLE),
        deps=[names.raw(OWN)],
        description="One row a tenant: every threshold and list that checks read, defaults filled in.",
        group_name=f"facts_{OWN}",
        kinds={"sql", "table"},
        owners=[names.DATA],
        code_version=_digest(f"{key.key} {key.type}" for key in catalogue.policy.values()),
    )
    return [*(_fact_spec(fact) for fact in catalogue.facts.values()), policy]


def _fact_spec(fact: FactTable) -> AssetSpec:
    sources = dict.fromkeys(stream.split(".")[0] for stream in fact.streams)
    streams = "\n".join(f"- `{stream}`" for stream in fact.streams)
    columns = "\n".join(f"- `{name}`: {text}" for name, text in fact.columns.items())
    return AssetSpec(
        names.fact(fact.table),
        deps=[names.raw(source) for source in sources],
        description=f"{fact.title}\n\n**Streams**\n{streams}" + (f"\n\n**Columns**\n{columns}" if columns else ""),
        group_name=f"facts_{fact.source}",
        kinds={"sql", "table"},
        owners=[names.DATA],
        tags={"kushim/source": fact.source},
        code_version=fact.version,
    )


def control_specs(catalogue: Catalogue) -> list[AssetSpec]:
    """An asset a control. It stands on every fact table that one of its checks reads."""
    return [
        AssetSpec(
            names.control(control.id),
            deps=[names.fact(table) for table in tables_of(catalogue, control)],
            description=_control_text(catalogue, control),
            group_name=f"controls_{control.area}",
            kinds={"sql"},
            owners=[names.COMPLIANCE],
            tags={"kushim/owner": re.sub(r"[^A-Za-z0-9_.-]+", "-", control.owner)[:63].strip("-._").lower()},
            code_version=_digest(catalogue.checks[check].version for check in _checks_of(catalogue, control)),
        )
        for control in catalogue.controls.values()
    ]


def tables_of(catalogue: Catalogue, control: Control) -> list[str]:
    """The fact tables that a control's checks read, with those of the checks that they depend on, by name."""
    known = {*catalogue.facts, POLICY_TABLE}
    found: set[str] = set()
    pending = list(_checks_of(catalogue, control))
    seen = set(pending)
    while pending:
        check = catalogue.checks[pending.pop()]
        found |= {check.population, *_FACTS.findall(check.sql)} & known
        if check.policy:
            found.add(POLICY_TABLE)
        more = {other for other in check.depends_on if other in catalogue.checks} - seen
        seen |= more
        pending.extend(more)
    return sorted(found)


def _checks_of(catalogue: Catalogue, control: Control) -> list[str]:
    return [check for check in control.checks if check in catalogue.checks]


def _control_text(catalogue: Catalogue, control: Control) -> str:
    checks = "\n".join(_check_line(catalogue.checks[check]) for check in _checks_of(catalogue, control))
    criteria = "\n".join(
        f"- {FRAMEWORKS[framework]}: {', '.join(ids)}" for framework, ids in control.criteria.items() if ids
    )
    return (
        f"**{control.title}.** {control.description}\n\n**Checks**\n{checks}\n\n"
        f"**Criteria**\n{criteria}\n\n**Owner** {control.owner}"
    )


def _check_line(check: Check) -> str:
    own = ", your own" if check.extra else ""
    streams = ", ".join(f"`{stream}`" for stream in check.streams)
    return f"- {check.id} ({check.severity}{own}): {check.title}. Reads {streams}"


def framework_specs(catalogue: Catalogue) -> list[AssetSpec]:
    """An asset a framework. It stands on the controls that support one of its criteria."""
    return [
        AssetSpec(
            names.framework(framework.id),
            deps=[names.control(c.id) for c in catalogue.controls.values() if c.criteria.get(framework.id)],
            description=_framework_text(catalogue, framework),
            group_name="frameworks",
            kinds={"sql"},
            owners=[names.COMPLIANCE],
            code_version=_digest([*framework.criteria, *map(str, catalogue.controls.values())]),
        )
        for framework in catalogue.frameworks.values()
    ]


def _framework_text(catalogue: Catalogue, framework: Framework) -> str:
    automated = sum(1 for criterion in framework.criteria if catalogue.controls_for(framework.id, criterion))
    return (
        f"{framework.name} ({framework.edition}): {len(framework.criteria)} criteria, {automated} of them supported by "
        "automated controls. A criterion without one is UNKNOWN until a person brings evidence."
    )


def mart_specs(catalogue: Catalogue) -> list[AssetSpec]:
    """An asset a mart. Marts that stand on no other mart stand on the frameworks, or on what was read."""
    return [_mart_spec(catalogue, mart) for mart in MARTS]


def _mart_spec(catalogue: Catalogue, mart: str) -> AssetSpec:
    text = mart_sql(mart)
    deps: list[AssetKey | AssetDep]
    deps = [names.mart(other) for other in sorted(set(_MARTS.findall(text)) & set(MARTS) - {mart})]
    if not deps and "verdict." in text:
        deps = [names.framework(framework) for framework in catalogue.frameworks]
    elif not deps:
        deps = [names.raw(source) for source in SOURCES]
    title = _TITLE.search(text)
    return AssetSpec(
        names.mart(mart),
        deps=deps,
        description=f"{title[1] if title else mart}. Part of the public contract: read it with `kushim query` or in "
        "the published copy of the warehouse.",
        group_name="marts",
        kinds={"sql", "view"},
        owners=[names.DATA],
        code_version=_digest([text]),
    )


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
