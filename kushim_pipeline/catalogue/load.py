"""Load the catalogue from its files: frameworks, controls and policy beside this module, facts and checks under sql/.

Needs no database; about 0.1 CPU-seconds for a hundred files.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kushim_pipeline.catalogue.document import CatalogueError, Document
from kushim_pipeline.catalogue.headers import read_check, read_facts
from kushim_pipeline.catalogue.model import Catalogue, Check, Control, Criterion, FactTable, Framework
from kushim_pipeline.catalogue.policy import load_policy

HERE = Path(__file__).resolve().parent
SQL_ROOT = HERE.parent.parent / "sql"
EXTRA_CHECKS = "KUSHIM_CHECKS"
"""The environment variable that names a folder of a user's own checks, laid out as <source>/<ID>.sql."""


def load(sql_root: Path | None = None, extra_checks: Path | None = None) -> Catalogue:
    """The whole catalogue.

    `sql_root` is a folder with `facts/` and `checks/<source>/` (default: the project's own); `extra_checks` is a folder
    of further checks (default: what KUSHIM_CHECKS names, if anything). Raises CatalogueError with file and line for
    anything that cannot be read, and for an id that two files claim. It does not judge the content: `lint` does.
    """
    root = SQL_ROOT if sql_root is None else sql_root
    if extra_checks is None and os.environ.get(EXTRA_CHECKS):
        extra_checks = Path(os.environ[EXTRA_CHECKS])
    if extra_checks is not None and not extra_checks.is_dir():
        raise CatalogueError(extra_checks, None, f"{EXTRA_CHECKS} names a folder that does not exist")
    checks = load_checks(root / "checks", extra_checks)
    return Catalogue(
        checks=checks,
        facts=load_facts(root / "facts"),
        controls=_join(load_controls(HERE / "controls"), checks.values()),
        frameworks=load_frameworks(HERE / "frameworks"),
        policy=load_policy(HERE / "policy.yaml"),
    )


def load_checks(folder: Path, extra: Path | None = None) -> dict[str, Check]:
    """The checks of `<folder>/<source>/*.sql` and of a user's folder `extra` laid out alike, by id."""
    files = [(path, False) for path in sorted(folder.glob("*/*.sql"))]
    if extra is not None:
        files += [(path, True) for path in sorted(extra.glob("*/*.sql"))]
    found: dict[str, Check] = {}
    for path, is_extra in files:
        check = read_check(path, path.parent.name, is_extra)
        if check.id in found:
            raise CatalogueError(path, 1, f"the id {check.id} is already taken by {found[check.id].path}")
        found[check.id] = check
    return found


def load_facts(folder: Path) -> dict[str, FactTable]:
    """The fact tables of `<folder>/*.sql`, by table name."""
    found: dict[str, FactTable] = {}
    for path in sorted(folder.glob("*.sql")):
        table = read_facts(path)
        if table.table in found:
            raise CatalogueError(path, 1, f"the table {table.table} is already made by {found[table.table].path}")
        found[table.table] = table
    return found


def load_controls(folder: Path) -> dict[str, Control]:
    """The controls of `<folder>/<area>.yaml`, by id."""
    found: dict[str, Control] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = _document(path)
        if not isinstance(document.data, list):
            raise CatalogueError(path, 1, "a list of controls is expected")
        for index, item in enumerate(document.data):
            data: Any = {**item, "area": path.stem} if isinstance(item, dict) else item
            control = document.build(Control, data, [index])
            if control.id in found:
                raise document.error([index, "id"], f"the id {control.id} stands twice")
            found[control.id] = control
    return found


def load_frameworks(folder: Path) -> dict[str, Framework]:
    """The frameworks of `<folder>/<id>.yaml`, by id."""
    found: dict[str, Framework] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = _document(path)
        data = document.data
        if not isinstance(data, dict) or not isinstance(data.get("criteria"), list):
            raise CatalogueError(path, 1, "a framework needs id, name, edition, groups and a list of criteria")
        criteria: dict[str, Criterion] = {}
        for index, item in enumerate(data["criteria"]):
            criterion = document.build(Criterion, item, ["criteria", index])
            if criterion.id in criteria:
                raise document.error(["criteria", index, "id"], f"the criterion {criterion.id} stands twice")
            criteria[criterion.id] = criterion
        framework = document.build(Framework, {**data, "criteria": criteria})
        if framework.id != path.stem:
            raise document.error(["id"], f"the file must be called {framework.id}.yaml")
        found[framework.id] = framework
    return found


def _join(controls: dict[str, Control], checks: Iterable[Check]) -> Mapping[str, Control]:
    """Add the checks whose header names a control to that control: a user's own check joins this way."""
    joined = dict(controls)
    for check in checks:
        for control_id in check.controls:
            control = joined.get(control_id)
            if control is not None and check.id not in control.checks:
                joined[control_id] = control.model_copy(update={"checks": (*control.checks, check.id)})
    return joined


def _document(path: Path) -> Document:
    try:
        return Document(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(path, None, f"the file cannot be read: {error}") from error
