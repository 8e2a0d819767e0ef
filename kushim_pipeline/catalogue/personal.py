"""Which resources name people, for everything that masks them: the list, its lint, and its copy in the warehouse's SQL.

Run `python -m kushim_pipeline.catalogue.personal` after a change to personal.yaml: it writes the copy anew.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from kushim_pipeline.catalogue.document import CatalogueError, Document
from kushim_pipeline.catalogue.lint import Problem
from kushim_pipeline.catalogue.load import HERE, SQL_ROOT, load
from kushim_pipeline.catalogue.model import Catalogue, CheckId

PATH = HERE / "personal.yaml"
COPY = SQL_ROOT / "schema" / "postgres" / "after" / "access.sql"
_SECTION = re.compile(r"( *-- generated: (?P<name>\w+)\n).*?( *-- end\n)", re.DOTALL)
_ResourceType = Annotated[StrictStr, Field(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$")]


class Personal(BaseModel):
    """What is known of people in resources. A resource type that is not among `resource_types` counts as personal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource_types: Mapping[_ResourceType, StrictBool]
    """Resource type -> whether its resource_id names a person."""
    reasons: tuple[CheckId, ...]
    """Checks on people whose reason names nobody."""


def load_personal(path: Path = PATH) -> Personal:
    """The list. Raises CatalogueError with file and line."""
    try:
        document = Document(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(path, None, f"the file cannot be read: {error}") from error
    return document.build(Personal, document.data, [])


def lint_personal(catalogue: Catalogue, personal: Personal, path: Path = PATH) -> list[Problem]:
    """What is missing in the list or superfluous; an empty list means that every resource type was thought about."""
    return [Problem(path, message) for message in _broken(catalogue, personal)]


def _broken(catalogue: Catalogue, personal: Personal) -> Iterator[str]:
    checks = {check.id: check for check in catalogue.checks.values() if not check.extra}
    used = {check.resource_type for check in checks.values()}
    for name in sorted(used - personal.resource_types.keys()):
        yield f"say under resource_types whether {name} names people"
    for name in sorted(personal.resource_types.keys() - used):
        yield f"no check judges {name}: take it out of resource_types"
    for check_id in personal.reasons:
        if check_id not in checks:
            yield f"reasons names {check_id}, which does not exist"
        elif not personal.resource_types.get(checks[check_id].resource_type, True):
            yield f"reasons names {check_id}, whose resources are no people: its reasons are shown anyway"


def render(sql: str, personal: Personal) -> str:
    """The SQL with its sections between `-- generated: name` and `-- end` written from the list."""
    rows = {
        "resource_types": [
            f"('{name}', {str(is_personal).upper()})" for name, is_personal in personal.resource_types.items()
        ],
        "reasons": [f"('{check}')" for check in personal.reasons],
    }
    return _SECTION.sub(
        lambda match: f"{match[1]}{_lines(rows[match['name']])}\n{match[3]}",
        sql,
    )


def _lines(rows: list[str]) -> str:
    return ",\n".join(f"    {row}" for row in rows)


def main() -> None:
    """Write the copy anew, or say what is wrong with the list."""
    personal = load_personal()
    problems = lint_personal(load(), personal)
    if problems:
        raise SystemExit("\n".join(map(str, problems)))
    COPY.write_text(render(COPY.read_text(encoding="utf-8"), personal), encoding="utf-8")


if __name__ == "__main__":
    main()
