"""Judge the catalogue as a whole: every name it uses exists, every check counts, and no SQL does what it may not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline.catalogue import sql_rules
from kushim_pipeline.catalogue.document import CatalogueError
from kushim_pipeline.catalogue.load import HERE
from kushim_pipeline.catalogue.model import POLICY_TABLE, Catalogue, Check, FactTable

# ISO/IEC 27001:2022 Annex A numbers its controls 5.1-5.37, 6.1-6.8, 7.1-7.14 and 8.1-8.34.
_ANNEX_A = {"5": 37, "6": 8, "7": 14, "8": 34}
_IDS = {
    "nist_csf": re.compile(r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-[0-9]{2}"),
    "hipaa": re.compile(r"164\.(308|310|312|314|316)(\([a-z]\)(\([1-9]\)(\([ivx]+\)(\([A-Z]\))?)?)?)?"),
    "pci_dss": re.compile(r"([1-9]|1[0-2])(\.[1-9][0-9]?){1,4}"),
}
_STREAM = re.compile(r"(aws|github|okta|jira|slack|file|kushim)\.[a-z0-9_]+")
_SCHEMAS_OF_CHECKS = {"facts", "ops", "catalogue"}
_SCHEMAS_OF_FACTS = {"raw", "ops"}


@dataclass(frozen=True)
class Problem:
    """One broken rule: the file, the line in it where that is known, and what to do."""

    path: Path
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


def lint(catalogue: Catalogue) -> list[Problem]:
    """Every broken rule, checks first; an empty list means that the catalogue is sound."""
    problems: list[Problem] = []
    for check in catalogue.checks.values():
        problems += [Problem(check.path, message, line) for line, message in _check(catalogue, check)]
    for table in catalogue.facts.values():
        problems += [Problem(table.path, message, line) for line, message in _facts(catalogue, table)]
    problems += [*_controls(catalogue), *_frameworks(catalogue)]
    try:
        catalogue.in_order()
    except CatalogueError as error:
        problems.append(Problem(Path(error.path), error.message))
    return problems


def is_criterion(catalogue: Catalogue, framework: str, criterion: str) -> bool:
    """Whether the id names a criterion: from the framework's file, or by its published form where there is no file."""
    if framework in catalogue.frameworks:
        return criterion in catalogue.frameworks[framework].criteria
    if framework == "iso27001":
        match = re.fullmatch(r"A\.([5-8])\.([1-9][0-9]?)", criterion)
        return match is not None and int(match[2]) <= _ANNEX_A[match[1]]
    pattern = _IDS.get(framework)
    return pattern is not None and pattern.fullmatch(criterion) is not None


def _check(catalogue: Catalogue, check: Check) -> Iterator[tuple[int | None, str]]:
    if check.path.name != f"{check.id}.sql":
        yield 1, f"the file must be called {check.id}.sql"
    if check.resource_type.split(".")[0] != check.source:
        yield 1, f"the resource_type must start with '{check.source}.', the folder that the check is in"
    yield from _names(catalogue, check)
    yield from _reads(catalogue, check)
    yield from _statement(check, _SCHEMAS_OF_CHECKS)
    _, literals = sql_rules.strip(check.sql)
    for status in ("PASS", "FAIL"):
        if status not in literals:
            yield None, f"the statement never says '{status}': a check that cannot answer both ways proves nothing"
    if check.extra:
        return
    for key in ("unknown_when", "remediation"):
        if not getattr(check, key):
            yield 1, f"the header needs {key}"
    controls = catalogue.controls_of(check.id)
    if not controls:
        yield 1, "the check belongs to no control: name it in kushim_pipeline/catalogue/controls/"
    for framework in catalogue.frameworks:
        if framework == "soc2" and not check.criteria.get(framework):
            yield 1, "the header must name a criterion of soc2"
        for criterion in check.criteria.get(framework, ()):
            if controls and not any(criterion in control.criteria.get(framework, ()) for control in controls):
                names = ", ".join(control.id for control in controls)
                yield 1, f"criterion {criterion} of {framework} is claimed by none of the check's controls ({names})"


def _names(catalogue: Catalogue, check: Check) -> Iterator[tuple[int | None, str]]:
    for framework, criteria in check.criteria.items():
        for criterion in criteria:
            if not is_criterion(catalogue, framework, criterion):
                yield 1, f"'{criterion}' is not a criterion of {framework}"
    for other in check.depends_on:
        if other not in catalogue.checks:
            yield 1, f"depends_on names {other}, which does not exist"
    for control in check.controls:
        if control not in catalogue.controls:
            yield 1, f"controls names {control}, which does not exist"
    for key in check.policy:
        if key not in catalogue.policy:
            yield 1, f"policy names '{key}', which is not in kushim_pipeline/catalogue/policy.yaml"
    known = {stream for table in catalogue.facts.values() for stream in table.streams}
    for stream in check.streams:
        if stream not in known:
            yield 1, f"no fact table reads the stream {stream}"


def _reads(catalogue: Catalogue, check: Check) -> Iterator[tuple[int | None, str]]:
    """What the statement reads must be declared, or its UNKNOWNs could not be supplied."""
    if check.population not in catalogue.facts:
        yield 1, f"the population '{check.population}' is not a fact table of sql/facts"
    read = {table for schema, table in sql_rules.tables(check.sql) if schema == "facts"}
    for table in sorted(read | {check.population}):
        if table in catalogue.facts:
            missing = set(catalogue.facts[table].population_streams) - set(check.streams)
            for stream in sorted(missing):
                yield 1, f"the statement reads facts.{table}: its stream {stream} must stand in streams"
        elif table not in {POLICY_TABLE, check.population}:
            yield None, f"facts.{table} does not exist"
    if check.population not in read:
        yield None, f"the statement does not read its population facts.{check.population}"
    facts = [catalogue.facts[table] for table in read if table in catalogue.facts]
    in_check = sql_rules.words(check.sql) | sql_rules.words(check.applies_to or "")
    in_facts = {word for table in facts for word in sql_rules.words(table.sql)}
    for key in catalogue.policy:
        if key in in_check and key not in check.policy:
            yield 1, f"the statement reads the policy key {key}: name it under policy"
    for key in check.policy:
        if key in catalogue.policy and key not in in_check | in_facts:
            yield 1, f"the policy key {key} is named but never read"


def _facts(catalogue: Catalogue, table: FactTable) -> Iterator[tuple[int | None, str]]:
    if table.path.name != f"{table.table}.sql":
        yield 1, f"the file must be called {table.table}.sql"
    if table.table == POLICY_TABLE:
        yield 1, f"{POLICY_TABLE} is made from the policy keys and has no file"
    for stream in table.population_streams:
        if stream not in table.streams:
            yield 1, f"the population stream {stream} must stand in streams"
    if "unreadable" in table.columns or re.search(r"\bas\s+unreadable\b", table.sql, re.IGNORECASE):
        yield None, "the column 'unreadable' is the engine's: it marks the quarantined rows; use another name"
    _, literals = sql_rules.strip(table.sql)
    for literal in literals:
        if _STREAM.fullmatch(literal) and literal not in table.streams:
            yield None, f"the statement reads the stream {literal}: name it under streams"
    for stream in table.streams:
        if stream not in literals and table.source != "kushim":
            yield 1, f"the stream {stream} is named but never read"
    yield from _statement(table, _SCHEMAS_OF_FACTS)


def _statement(item: Check | FactTable, schemas: set[str]) -> Iterator[tuple[int | None, str]]:
    offset = _first_line(item)
    for line, message in sql_rules.broken_rules(item.sql):
        yield offset + line - 1, message
    for schema, name in sorted(sql_rules.tables(item.sql)):
        if schema not in schemas and (schema, name) != ("facts", POLICY_TABLE):
            yield None, f"{schema}.{name} may not be read here, only {' and '.join(sorted(schemas))}"
    if isinstance(item, Check) and item.applies_to:
        for _, message in sql_rules.broken_rules(f"SELECT {item.applies_to}"):
            yield 1, f"applies_to: {message}"


def _controls(catalogue: Catalogue) -> Iterator[Problem]:
    for control in catalogue.controls.values():
        path = HERE / "controls" / f"{control.area}.yaml"
        checks = [catalogue.checks[check] for check in control.checks if check in catalogue.checks]
        for check_id in control.checks:
            if check_id not in catalogue.checks:
                yield Problem(path, f"{control.id} names the check {check_id}, which does not exist")
        for framework, criteria in control.criteria.items():
            for criterion in criteria:
                if not is_criterion(catalogue, framework, criterion):
                    yield Problem(path, f"{control.id}: '{criterion}' is not a criterion of {framework}")
                elif not any(criterion in check.criteria.get(framework, ()) for check in checks):
                    yield Problem(path, f"{control.id}: no check of it names {framework} {criterion} in its header")


def _frameworks(catalogue: Catalogue) -> Iterator[Problem]:
    for framework in catalogue.frameworks.values():
        path = HERE / "frameworks" / f"{framework.id}.yaml"
        for line in framework.criteria.values():
            if line.group not in framework.groups:
                yield Problem(path, f"{line.id}: the group {line.group} is not among the groups")
            if not catalogue.controls_for(framework.id, line.id) and not (line.evidence and line.valid_months):
                yield Problem(path, f"{line.id} has no control: say what evidence a person brings, and valid_months")


def _first_line(item: Check | FactTable) -> int:
    text = item.path.read_text(encoding="utf-8") if item.path.is_file() else item.sql
    return text[: text.find(item.sql)].count("\n") + 1 if item.sql in text else 1
