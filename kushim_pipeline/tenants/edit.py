"""Change one line of a tenant file and leave every other byte as it is: comments, order, quotes, line ends.

The file is a person's; it is edited where it stands, and written in one step.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kushim_pipeline import durable
from kushim_pipeline.tenants.load import load_tenants
from kushim_pipeline.tenants.yaml_tree import NotYaml, plain_data, read

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line, and so a comment, in YAML 1.1 (5.4)."""
_BOM = "\ufeff"


class EditRefused(ValueError):
    """The file is not one that can be edited safely; the text says why and what to do."""


def find_file(folder: Path, tenant_id: str) -> Path | None:
    """The sound tenant file of a tenant, under KUSHIM_TENANTS; None where no file names it.

    Raises EditRefused when the file that names it has a mistake.
    """
    loaded = load_tenants(folder, check_secrets=False)
    if tenant_id in loaded.refused:
        found = next(problem for problem in loaded.problems if problem.tenant == tenant_id)
        raise EditRefused(f"nothing was changed, because the file has a mistake: {found}")
    if not folder.is_dir():
        return folder if any(tenant.tenant == tenant_id for tenant in loaded.tenants) else None
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name[0] != ".")
    for path in paths:
        if any(tenant.tenant == tenant_id for tenant in load_tenants(path, check_secrets=False).tenants):
            return path
    return None


def change_file(path: Path, values: Mapping[str, str]) -> None:
    """Set top-level keys of a tenant file, atomically.

    Raises EditRefused, with nothing changed, when the file has a mistake, before or after, or cannot be written.
    """
    # A link stays a link: what it leads to is the file.
    place = path.resolve()
    try:
        before = place.read_bytes()
        after = before
        for key, value in values.items():
            after = set_key(after, key, value)
        if after != before:
            durable.replace(place, after, mode=place.stat().st_mode & 0o7777)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise EditRefused(f"{path} cannot be changed: {reason}; write {_lines(values)} into it by hand") from None


def set_key(data: bytes, key: str, value: str) -> bytes:
    """The bytes of a tenant file with a top-level key set to a plain text.

    In: the file, a key, and a value that needs no quotes in YAML. An existing value is replaced alone; a new line goes
    below `tenant`. Raises EditRefused where the result would say anything else than before, but for this key.
    """
    try:
        root = read(data)
    except NotYaml as error:
        line = f"line {error.line}: " if error.line else ""
        raise EditRefused(f"{line}{error.what}; {error.instead}") from None
    if root.kind != "mapping" or root.get("tenant") is None:
        raise EditRefused("this is no tenant file; it has no key tenant")
    text = data.decode()
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    changed = (bom + _edited(text, key, value)).encode()
    wanted = {**plain_data(root, typed=False), key: value}
    try:
        found = plain_data(read(changed), typed=False)
    except NotYaml:
        found = None
    if found != wanted:
        raise EditRefused(f"the file is written in a way that cannot be edited; write {key}: {value} into it by hand")
    return changed


@dataclass(frozen=True)
class _Spot:
    """Where a top-level key and its value stand, in characters; in a flow mapping ({a: b}) or on lines of its own."""

    key: int
    column: int
    value: int
    end: int
    flow: bool


def _edited(text: str, key: str, value: str) -> str:
    spots = _spots(text)
    if key in spots:
        spot = spots[key]
        return text[: spot.value] + value + text[spot.end :]
    spot = spots["tenant"]
    if spot.flow:
        return f"{text[: spot.key]}{key}: {value}, {text[spot.key :]}"
    line_end = _LINE_END.search(text, spot.end)
    newline = _newline(text)
    if line_end is None:
        return f"{text}{newline}{' ' * spot.column}{key}: {value}"
    at = line_end.end()
    return f"{text[:at]}{' ' * spot.column}{key}: {value}{newline}{text[at:]}"


def _newline(text: str) -> str:
    first = _LINE_END.search(text)
    return first[0] if first and first[0] in ("\r\n", "\r") else "\n"


def _spots(text: str) -> dict[str, _Spot]:
    """The top-level keys of the one mapping in `text`, which was read before. The last of two equal ones wins."""
    import yaml

    spots: dict[str, _Spot] = {}
    depth, flow, column = 0, False, 0
    key: yaml.ScalarEvent | None = None
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            if depth == 0:
                flow, column = bool(event.flow_style), _mark(event.start_mark).column
            elif depth == 1:
                key = None
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and depth == 1:
            if key is None:
                key = event
                continue
            start, end = _mark(event.start_mark).index, _mark(event.end_mark).index
            spots[key.value] = _Spot(_mark(key.start_mark).index, column, start, end, flow)
            key = None
    return spots


def _mark(mark: Any) -> Any:
    """Where an event stands; parsed from a text, every event has a place."""
    return mark


def _lines(values: Mapping[str, str]) -> str:
    return " and ".join(f"{key}: {value}" for key, value in values.items())


def new_file(folder: Path, tenant_id: str, name: str, frameworks: tuple[str, ...]) -> Path:
    """Write the file of a new tenant, without a connection yet. Raises EditRefused where there is a file already.

    In: a folder of tenant files (made if it is not there), what the file says. The file is one that loads.
    """
    if folder.is_file() or (not folder.exists() and folder.suffix in (".yaml", ".yml")):
        raise EditRefused(f"KUSHIM_TENANTS names one file, {folder}; let it name a folder to have several tenants")
    path = folder / f"{tenant_id}.yaml"
    quoted = "'" + name.replace("'", "''") + "'"
    text = _SKELETON.format(tenant=tenant_id, name=quoted, frameworks=", ".join(frameworks))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise EditRefused(f"there is a file {path} already; it was not changed") from None
    except OSError as error:
        raise EditRefused(f"{path} cannot be written: {(error.strerror or '').lower()}") from None
    problems = load_tenants(path, check_secrets=False).problems
    if problems:
        path.unlink()
        raise EditRefused(f"{problems[0].what}; {problems[0].instead}")
    return path


def is_over(retain_until: date | None, today: date) -> bool:
    """Whether the time for which evidence must be kept has passed: after the day, not on it; None never passes."""
    return retain_until is not None and retain_until < today


_SKELETON = """\
tenant: {tenant}
state: active
name: {name}
frameworks: [{frameworks}]
connections: []
# Write the accounts to read instead of [] (see docs/tenants.md), for instance:
# connections:
#   - source: aws
#     account_id: "123456789012"
#     regions: [us-east-1]
#     role_arn: arn:aws:iam::123456789012:role/kushim-read
#   - source: github
#     org: {tenant}
#     token: secret:github-token       # kept by: kushim secrets set github-token --tenant {tenant}
"""
