"""The thresholds and lists that checks read: their types and defaults, and a tenant's values on top of them."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from kushim_pipeline.catalogue.document import CatalogueError, Document
from kushim_pipeline.catalogue.model import PolicyKey, PolicyValue

_KINDS = {
    "integer": "a whole number, 0 or more",
    "boolean": "true or false",
    "text": "a text",
    "list": "a list of texts",
}


class PolicyError(ValueError):
    """A tenant's policy names an unknown key or gives a value of another type. `key` is the key in question."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def load_policy(path: Path) -> dict[str, PolicyKey]:
    """The policy keys of the file at `path`, by key. Raises CatalogueError."""
    document = Document(path.read_text(encoding="utf-8"), path)
    if not isinstance(document.data, dict):
        raise CatalogueError(path, 1, "a mapping from policy keys to their type, default, doc and source is expected")
    found: dict[str, PolicyKey] = {}
    for name, data in document.data.items():
        key = document.build(PolicyKey, {**data, "key": name} if isinstance(data, dict) else data, [name])
        if not _fits(key, data["default"]):
            raise document.error([name, "default"], f"the default of '{name}' must be {_KINDS[key.type]}")
        found[key.key] = key
    return found


def resolve(keys: Mapping[str, PolicyKey], overrides: Mapping[str, object]) -> dict[str, PolicyValue]:
    """A value for every key: the tenant's where `overrides` has one, else the default. Lists come out as tuples.

    Raises PolicyError for a key that does not exist (with the nearest names) or a value of the wrong type.
    """
    for name, value in overrides.items():
        if name not in keys:
            near = difflib.get_close_matches(str(name), keys, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the keys are {', '.join(sorted(keys))}"
            raise PolicyError(str(name), f"unknown policy key '{name}'; {hint}")
        if not _fits(keys[name], value):
            raise PolicyError(name, f"the policy key '{name}' must be {_KINDS[keys[name].type]}, not {value!r}")
    return {name: _settled(overrides.get(name, key.default)) for name, key in keys.items()}


def _settled(value: object) -> PolicyValue:
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    if isinstance(value, bool | int | str):
        return value
    raise TypeError(f"not a policy value: {value!r}")


def _fits(key: PolicyKey, value: object) -> bool:
    match key.type:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "boolean":
            return isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "list":
            return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
