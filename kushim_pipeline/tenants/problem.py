"""What is wrong in a tenant file, said with file, line and what to write instead, and without any value of a secret."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from kushim_pipeline.tenants.config import CONNECTIONS, Framework, PolicyException, State, TenantConfig
from kushim_pipeline.tenants.declared_file import Column, DeclaredFile, Kind
from kushim_pipeline.tenants.secret import Mistake, looks_like_credential
from kushim_pipeline.tenants.yaml_tree import Node

_EXAMPLES = {
    "tenant": "tenant: acme",
    "name": "name: Acme Inc.",
    "connections": "connections: [] and list the tenant's accounts in it (see docs/tenants.md)",
    "source": f"source: and one of {', '.join(CONNECTIONS)}",
    "account_id": 'account_id: "123456789012"',
    "regions": "regions: [us-east-1]",
    "frameworks": f"frameworks: [soc2] (known: {', '.join(get_args(Framework))})",
    "org": "org: acme",
    "token": "token: env:NAME_OF_THE_VARIABLE",
    "access_key_id": "access_key_id: env:NAME_OF_THE_VARIABLE",
    "secret_access_key": "secret_access_key: env:NAME_OF_THE_VARIABLE",
    "org_url": "org_url: https://acme.okta.com",
    "base_url": "base_url: https://acme.atlassian.net",
    "email": "email: somebody@acme.example",
    "projects": "projects: [SEC]",
    "folder": "folder: drop/acme",
    "files": 'files: [{stream: person, path: "people-*.csv"}] (see docs/sources/file.md)',
    "stream": "stream: person (small letters, digits and _)",
    "path": 'path: "people-*.csv"',
    "columns": "columns: {asset_id: text, owner: text}",
    "type": f"type: and one of {', '.join(get_args(Kind))}",
    "max_age_days": "max_age_days: 31",
    "policy": "policy: {access_key_max_age_days: 90}",
    "exceptions": "exceptions: [] and list the approved exceptions in it (see docs/tenants.md)",
    "until": "until: 2027-03-31",
    "check": "check: AWS-S3-002",
    "id": "id: EX-1",
    "state": f"state: and one of {', '.join(get_args(State))}",
    "retain_until": "retain_until: 2033-12-31",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a tenant file: where, whose (None where the id itself is wrong), what, and what to write."""

    file: Path
    line: int | None
    tenant: str | None
    what: str
    instead: str

    def __str__(self) -> str:
        file = self.file.relative_to(Path.cwd()) if self.file.is_relative_to(Path.cwd()) else self.file
        place = f"{file}:{self.line}" if self.line else str(file)
        whose = f" (tenant {self.tenant})" if self.tenant else ""
        return f"{place}:{whose} {self.what}; {self.instead}"


def shown(text: str) -> str | None:
    """`text` if it may stand in a message: a short name, not what might be a credential. Else None."""
    plain = re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", text)
    return text if plain and not looks_like_credential(text) else None


def from_pydantic(error: Mapping[str, Any], root: Node, file: Path, tenant: str | None) -> Problem:
    """The Problem that one item of `ValidationError.errors()` stands for; `root` says on which line."""
    # ("connections", 0, "aws", "regions"): pydantic puts the union's tag in between, the file has no such key.
    location = [s for i, s in enumerate(error["loc"]) if not (i == 2 and error["loc"][0] == "connections")]
    node, line = find(root, location)
    # A key that is missing or unknown is named in the text already.
    place = _place(location[:-1] if error["type"] in ("missing", "extra_forbidden") else location, root)
    what, instead = _explain(error, location, node)
    return Problem(file, line, tenant, f"{place}: {what}" if place else what, instead)


def find(root: Node, location: Iterable[int | str]) -> tuple[Node | None, int]:
    """The part at a location and its line; the line of the nearest part above, and None, where there is none."""
    node, line = root, root.line
    for step in location:
        pair = node.get(step) if isinstance(step, str) else None
        if pair is not None:
            node, line = pair[1], pair[0].line
        elif isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            line = node.line
        else:
            return None, line
    return node, line


def _place(location: list[int | str], root: Node) -> str:
    """Where in the file, in words: `token of connection 2 (github)`."""
    if len(location) < 2 or not isinstance(location[1], int):
        return str(location[0]) if location and shown(str(location[0])) else ""
    if location[0] not in ("connections", "exceptions"):
        return str(location[0])
    place = f"{str(location[0])[:-1]} {location[1] + 1}"
    found, _ = find(root, [*location[:2], "source"])
    if found is not None and found.text in CONNECTIONS:
        place += f" ({found.text})"
    inner = [str(step) for step in location[2:3] if shown(str(step))]
    return f"{inner[0]} of {place}" if inner else place


def _explain(error: Mapping[str, Any], location: list[int | str], node: Node | None) -> tuple[str, str]:
    key = next((str(step) for step in reversed(location) if isinstance(step, str)), "")
    example = f"write {_EXAMPLES[key]}" if key in _EXAMPLES else "see docs/tenants.md"
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Mistake):
        return cause.what, cause.instead
    match error["type"]:
        case "missing":
            return f"the key {key} is missing", example
        case "extra_forbidden":
            return _unknown_key(key, error["loc"])
        case "union_tag_not_found":
            return "the key source is missing", f"write {_EXAMPLES['source']}"
        case "union_tag_invalid":
            near = difflib.get_close_matches(str(error["ctx"].get("tag", "")), CONNECTIONS, n=1)
            return "this source is not known", f"write {_did_you_mean(near, CONNECTIONS)}"
        case "string_type" | "string_too_short":
            empty = node is None or node.kind == "text"
            return ("there is no value" if empty else "a single value belongs here"), example
        case "tuple_type" | "list_type":
            return "a list belongs here", example
        case "dict_type" | "model_type" | "model_attributes_type":
            return "keys and values belong here", example
        case "too_short":
            return "the list is empty", example
        case "literal_error" if location[0] == "connections":
            return "this word is not known here", f"write {error['ctx']['expected']}"
        case "literal_error" if key == "state":
            near = difflib.get_close_matches(node.text if node else "", get_args(State), n=1)
            return "this state is not known", f"write {_did_you_mean(near, get_args(State))}"
        case "literal_error":
            near = difflib.get_close_matches(node.text if node else "", get_args(Framework), n=1)
            return "this framework is not known", f"write {_did_you_mean(near, get_args(Framework))}"
        case "string_too_long":
            return "this is too long", f"write at most {error['ctx']['max_length']} characters"
        case kind if kind.startswith("date"):
            return "this is not a date", "write year, month and day, e.g. 2027-03-31"
        case _:
            return "this value does not fit", example


def _unknown_key(key: str, location: tuple[int | str, ...]) -> tuple[str, str]:
    known: Iterable[str] = TenantConfig.model_fields
    if location[0] == "exceptions" and len(location) > 1:
        known = PolicyException.model_fields
    elif location[0] == "connections" and len(location) > 2:
        known = CONNECTIONS[str(location[2])].model_fields
        if location[3:4] == ("files",) and len(location) > 5:
            known = (Column if location[5] == "columns" and len(location) > 7 else DeclaredFile).model_fields
    near = difflib.get_close_matches(key, known, n=1)
    name = shown(key)
    return f"unknown key {name}" if name else "unknown key", f"write {_did_you_mean(near, known)}"


def _did_you_mean(near: list[str], known: Iterable[str]) -> str:
    return f"{near[0]}, if that is what is meant" if near else f"one of {', '.join(known)}"
