"""Which actions a repository's workflows use, from the files in `.github/workflows`.

Only `jobs.<id>.uses` and `jobs.<id>.steps[*].uses` run somebody's code. A file that cannot be read to its end is named
as unread and never as one that uses nothing. Source: GitHub, "Workflow syntax for GitHub Actions".
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIXES = (".yml", ".yaml")
_STR = "tag:yaml.org,2002:str"
MOST_STEPS = 20_000
"""Of a file. Aliases can make a small file a very long one."""
DEEPEST = 100


class Unparsable(ValueError):
    """A file is no workflow that can be read; the message says why and repeats nothing of it."""


def workflow_files(node: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The workflow files of a repository, each with what it `uses` or with why it is `unread`.

    In: GraphQL's node with `workflows` (the folder's Tree) and `defaultBranchRef`. Out: None where nothing proves what
    the folder holds. A missing folder is none only where the branch's commit is shown: who may not read the contents is
    shown neither.
    """
    folder, branch = node.get("workflows"), node.get("defaultBranchRef")
    if folder is None:
        target = branch.get("target") if isinstance(branch, dict) else None
        return [] if isinstance(target, dict) and isinstance(target.get("oid"), str) else None
    entries = folder.get("entries") if isinstance(folder, dict) else None
    if not isinstance(entries, list):
        return None
    return [_described(entry) for entry in entries if not _is_other(entry)]


def without_texts(folder: Any) -> Any:
    """The folder without the files' contents, which are kept as evidence and are no business of a record."""
    entries = folder.get("entries") if isinstance(folder, dict) else None
    if not isinstance(entries, list):
        return folder
    return {**folder, "entries": [_without_text(entry) for entry in entries]}


@lru_cache(maxsize=32)
def uses(text: str) -> tuple[str, ...]:
    """What a workflow file uses, in its order, each once. Raises Unparsable."""
    try:
        _check_depth(text)
        loader = _LOADER(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise Unparsable("it is no YAML that can be read") from error
    # What has no jobs runs nothing.
    jobs = None if root is None else _members(root, "the file").get("jobs")
    if jobs is None:
        return ()
    found: list[str] = []
    for number, (name, value) in enumerate(_used(jobs)):
        if number >= MOST_STEPS:
            raise Unparsable(f"it has more than {MOST_STEPS} steps")
        if value is not None and (
            not isinstance(value, yaml.ScalarNode) or value.tag != _STR or not value.value.strip()
        ):
            raise Unparsable(f"{name} uses something that is not a text")
        if value is not None:
            found.append(value.value.strip())
    return tuple(dict.fromkeys(found))


def _used(jobs: yaml.Node) -> Iterator[tuple[str, yaml.Node | None]]:
    """What each job and each step says of `uses`; None where it says nothing."""
    for job in _members(jobs, "jobs").values():
        said = _members(job, "a job")
        yield "a job", said.get("uses")
        steps = said.get("steps")
        if steps is None:
            continue
        if not isinstance(steps, yaml.SequenceNode):
            raise Unparsable("steps are not a list")
        for step in steps.value:
            yield "a step", _members(step, "a step").get("uses")


def _members(node: yaml.Node, name: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise Unparsable(f"{name}: a mapping is expected")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise Unparsable(f"{name}: a key is not a plain word")
        if key.value in found:
            raise Unparsable(f"{name}: a key stands twice")
        found[key.value] = value
    return found


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise Unparsable(f"it is nested more than {DEEPEST} times")


def _is_other(entry: Any) -> bool:
    """Whether an entry is certainly no workflow: a folder, or a file of another kind."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return False
    return entry.get("type") in ("tree", "commit") or not entry["name"].casefold().endswith(_SUFFIXES)


def _described(entry: Any) -> dict[str, Any]:
    shown = entry if isinstance(entry, dict) else {}
    blob = shown.get("object")
    text = blob.get("text") if isinstance(blob, dict) else None
    name = shown.get("name")
    if not isinstance(blob, dict) or not isinstance(text, str):
        return {"name": name, "unread": "GitHub does not show its text"}
    if blob.get("isTruncated") is not False:
        return {"name": name, "unread": "GitHub shows only its beginning"}
    try:
        return {"name": name, "uses": list(uses(text))}
    except Unparsable as error:
        return {"name": name, "unread": str(error)}


def _without_text(entry: Any) -> Any:
    blob = entry.get("object") if isinstance(entry, dict) else None
    if not isinstance(blob, dict):
        return entry
    return {**entry, "object": {key: value for key, value in blob.items() if key != "text"}}
