"""The words of the catalogue as frozen models: frameworks, criteria, controls, checks, fact tables, policy keys.

Nothing here reads a file or a database; `load` makes a `Catalogue`, `lint` judges it.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from kushim_pipeline.catalogue.document import CatalogueError

SEVERITIES = ("critical", "high", "medium", "low")
FRAMEWORKS: Mapping[str, str] = {
    "soc2": "SOC 2 (Trust Services Criteria, 2017)",
    "iso27001": "ISO/IEC 27001:2022, Annex A",
    "nist_csf": "NIST Cybersecurity Framework 2.0",
    "hipaa": "HIPAA Security Rule (45 CFR 164, subpart C)",
    "pci_dss": "PCI DSS 4.0.1",
}
"""Every framework id that a tenant or a check's header may name; only some have a file of criteria yet."""

POLICY_TABLE = "tenant_policy"
"""The one fact table without a file of its own: its columns are the policy keys."""


def _known_framework(name: str) -> str:
    if name not in FRAMEWORKS:
        raise ValueError(f"unknown framework; known ones: {', '.join(FRAMEWORKS)}")
    return name


_FROZEN = ConfigDict(frozen=True, extra="forbid")
Text = Annotated[StrictStr, Field(min_length=1)]
Texts = tuple[Text, ...]
Severity = Literal["critical", "high", "medium", "low"]
Stream = Annotated[StrictStr, Field(pattern=r"^[a-z]+\.[a-z0-9_]+$")]
Table = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]*$")]
CheckId = Annotated[StrictStr, Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*-[0-9]{3}$")]
ControlId = Annotated[StrictStr, Field(pattern=r"^KC-[A-Z]{2,4}-[0-9]{2}$")]
FrameworkId = Annotated[StrictStr, AfterValidator(_known_framework)]
PolicyValue = bool | int | str | tuple[str, ...]


class Check(BaseModel):
    """One automated test: the header of its SQL file and the SELECT below it.

    `sql` is the statement without the header and without a closing semicolon. `version` is the first 16 hex digits of
    the SHA-256 of the file's text, so a changed file is a changed check. `source` is the folder that the file is in.
    `applies_to` is an SQL boolean over the population's columns, or None for every row. `extra` marks a user's own
    check, which may name the `controls` that it joins.
    """

    model_config = _FROZEN

    id: CheckId
    title: Text
    severity: Severity
    source: Text
    resource_type: Annotated[StrictStr, Field(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$")]
    population: Table
    applies_to: Text | None = None
    streams: Annotated[tuple[Stream, ...], Field(min_length=1)]
    freshness_hours: Annotated[StrictInt, Field(ge=1)] = 36
    depends_on: tuple[CheckId, ...] = ()
    policy: Texts = ()
    unknown_when: StrictStr = ""
    criteria: Mapping[FrameworkId, Texts] = {}
    controls: tuple[ControlId, ...] = ()
    remediation: StrictStr = ""
    extra: bool = False
    sql: Text
    version: Text
    path: Path


class FactTable(BaseModel):
    """One typed table: the header of its SQL file and the SELECT below it.

    `population_streams` are the streams whose receipts prove that the table's rows are all the rows there are; by
    default the first of `streams`. `required` names columns whose NULL quarantines the row.
    """

    model_config = _FROZEN

    table: Table
    title: Text
    streams: Annotated[tuple[Stream, ...], Field(min_length=1)]
    population_streams: tuple[Stream, ...] = ()
    required: Texts = ()
    columns: Mapping[Text, Text] = {}
    sql: Text
    version: Text
    path: Path

    @model_validator(mode="before")
    @classmethod
    def _first_stream_is_the_population(cls, data: Any) -> Any:
        streams = data.get("streams")
        if not data.get("population_streams") and isinstance(streams, list | tuple) and streams:
            return {**data, "population_streams": streams[:1]}
        return data

    @property
    def source(self) -> str:
        """The source whose records the table holds: the first part of its population stream."""
        return self.population_streams[0].split(".")[0]


class Criterion(BaseModel):
    """A framework's line. `title` is ours, never the framework's text where that is copyright.

    `evidence` says what a person must bring where no check can decide, and `valid_months` how long that stands.
    """

    model_config = _FROZEN

    id: Text
    group: Text
    title: Text
    evidence: StrictStr = ""
    valid_months: Annotated[StrictInt, Field(ge=1)] | None = None


class Framework(BaseModel):
    """A framework's criteria in its own order; `groups` names the families that criteria belong to."""

    model_config = _FROZEN

    id: FrameworkId
    name: Text
    edition: Text
    groups: Mapping[Text, Text]
    criteria: Mapping[Text, Criterion]


class Control(BaseModel):
    """What the organisation commits to: ours, backed by checks, and supporting criteria of frameworks.

    `area` is the file that it stands in; `owner` is a role, not a person.
    """

    model_config = _FROZEN

    id: ControlId
    area: Text
    title: Text
    description: Text
    owner: Text
    checks: Annotated[tuple[CheckId, ...], Field(min_length=1)]
    criteria: Mapping[FrameworkId, Texts]


class PolicyKey(BaseModel):
    """A threshold or list that checks read. `source` says where the default comes from."""

    model_config = _FROZEN

    key: Table
    type: Literal["integer", "boolean", "text", "list"]
    default: StrictBool | StrictInt | StrictStr | tuple[StrictStr, ...]
    doc: Text
    source: Text


class Catalogue(BaseModel):
    """Everything that the checks are and mean. Mappings are keyed by id, in the order of their files."""

    model_config = _FROZEN

    checks: Mapping[str, Check]
    facts: Mapping[str, FactTable]
    controls: Mapping[str, Control]
    frameworks: Mapping[str, Framework]
    policy: Mapping[str, PolicyKey]

    def in_order(self) -> list[Check]:
        """The checks, each after the ones that it depends on; raises CatalogueError when they depend in a circle."""
        graph = {check.id: [c for c in check.depends_on if c in self.checks] for check in self.checks.values()}
        try:
            return [self.checks[check_id] for check_id in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            circle = list(error.args[1])
            raise CatalogueError(
                self.checks[circle[0]].path, None, f"checks depend on each other in a circle: {' -> '.join(circle)}"
            ) from error

    def controls_of(self, check_id: str) -> list[Control]:
        """The controls that the check belongs to, in the catalogue's order."""
        return [control for control in self.controls.values() if check_id in control.checks]

    def controls_for(self, framework: str, criterion: str) -> list[Control]:
        """The controls that support a criterion of a framework."""
        return [c for c in self.controls.values() if criterion in c.criteria.get(framework, ())]

    def without_criteria(self, frameworks: Iterable[str]) -> list[str]:
        """Those of the (known) framework ids whose criteria are not in the catalogue yet."""
        return [framework for framework in frameworks if framework not in self.frameworks]
