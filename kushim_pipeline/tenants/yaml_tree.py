"""Read one YAML document into a small tree whose every part knows its line.

Built from PyYAML's events, not from its nodes: no recursion, no tags, no aliases, and no message of PyYAML's, because
those quote the file, and the file may hold a secret in the wrong place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

# What PyYAML's parsers say (with and without libyaml), in words for the person who wrote the file.
_REASONS = (
    ("cannot start any token", "a tab, @, ` or % stands where a value begins", "indent with spaces; put quotes around"
     " a value that begins with such a character"),
    ("mapping values are not allowed", "a second ': ' stands in one line, or the indentation is off",
     "begin a new line for each key; put quotes around a value that holds ': '; a reference is env:NAME, no space"),
    ("end of stream", "a quotation mark is opened and never closed", "close it"),
    ("escape", "a backslash stands in double quotes", "use single quotes"),
    ("',' or", "a bracket is opened and never closed, or a comma is missing", "close it, and put commas in between"),
    ("expected ',", "a bracket is opened and never closed, or a comma is missing", "close it, and put commas between"),
    ("could not find expected ':'", "a key stands without its colon", "write key: value"),
    ("tag", "a tag (a word that begins with !) stands here", "put quotes around a value that begins with !"),
)  # fmt: skip
_OTHERWISE = [
    "this is not YAML: the indentation is off, or a colon or hyphen is missing",
    "align keys under each other",
]


class NotYaml(ValueError):
    """The file is not one YAML document that is read here. `line` counts from 1."""

    def __init__(self, line: int | None, what: str, instead: str) -> None:
        super().__init__(what)
        self.line, self.what, self.instead = line, what, instead


@dataclass(slots=True)
class Node:
    """A part of the document: a text (plain: written without quotes), a list of items, or a mapping of pairs."""

    kind: Literal["text", "list", "mapping"]
    line: int
    text: str = ""
    plain: bool = False
    items: "list[Node]" = field(default_factory=list)
    pairs: "list[tuple[Node, Node]]" = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether this is YAML's null: nothing, or `~`, or `null`."""
        return self.kind == "text" and self.plain and self.text in ("", "~", "null", "Null", "NULL")

    def get(self, key: str) -> "tuple[Node, Node] | None":
        """The pair of a key, or None."""
        return next((pair for pair in self.pairs if pair[0].kind == "text" and pair[0].text == key), None)


def read(data: bytes) -> Node:
    """The root of the one document in `data` (UTF-8, at most 1 MB). Raises NotYaml for anything else."""
    text = _decode(data)
    documents = _documents(text)
    if not documents or (len(documents) == 1 and documents[0].empty):
        raise NotYaml(1, "the file is empty", "write a tenant's configuration, or remove the file")
    if len(documents) > 1:
        raise NotYaml(documents[1].line, "a second YAML document begins here (---)", "write one tenant in each file")
    return documents[0]


def plain_data(node: Node, typed: bool) -> Any:
    """The node as dict, list, str and None; when `typed`, unquoted scalars are bool, int and float where they look so.

    Where a schema says that a value is a text, an unquoted 012345678901 must stay one: then `typed` is False.
    Of two equal keys the last one wins (see `repeated_keys`).
    """
    if node.kind == "list":
        return [plain_data(item, typed) for item in node.items]
    if node.kind == "mapping":
        return {key.text: plain_data(value, typed) for key, value in node.pairs}
    if node.empty:
        return None
    return _typed(node.text) if typed and node.plain else node.text


def repeated_keys(node: Node) -> Iterator[tuple[Node, Node]]:
    """Every key that stands twice in one mapping, with the place where it stood before."""
    seen: dict[str, Node] = {}
    for key, value in node.pairs:
        if key.text in seen:
            yield key, seen[key.text]
        seen.setdefault(key.text, key)
        yield from repeated_keys(value)
    for item in node.items:
        yield from repeated_keys(item)


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise NotYaml(None, "the file is larger than 1 MB", "write one tenant in each file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotYaml(line, "the file is not UTF-8", "save it in the UTF-8 encoding") from None
    if found := _CONTROL.search(text):
        raise NotYaml(text.count("\n", 0, found.start()) + 1, "a control character stands here", "remove it")
    return text


def _documents(text: str) -> list[Node]:
    import yaml

    roots: list[Node] = []
    open_nodes: list[tuple[Node, list[Node]]] = []  # each open list or mapping, and its finished children
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise NotYaml(line, "an alias or anchor (* or &) stands here", "put quotes around the value")
            if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
                raise NotYaml(line, "a tag (a word that begins with !) stands here", "put quotes around the value")
            if isinstance(event, yaml.ScalarEvent):
                done = Node("text", line, event.value, plain=event.implicit[0])
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(open_nodes) >= MAX_DEPTH:
                    raise NotYaml(line, "this is nested too deeply", "see docs/tenants.md for the shape of the file")
                kind: Literal["list", "mapping"] = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                open_nodes.append((Node(kind, line), []))
                continue
            elif isinstance(event, yaml.CollectionEndEvent):
                done = _close(*open_nodes.pop())
            else:
                continue
            if open_nodes:
                open_nodes[-1][1].append(done)
            else:
                roots.append(done)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from None
    except yaml.YAMLError:
        raise NotYaml(None, "this is not YAML", "see docs/tenants.md for the shape of the file") from None
    return roots


def _close(node: Node, children: list[Node]) -> Node:
    if node.kind == "list":
        node.items = children
        return node
    node.pairs = list(zip(children[::2], children[1::2], strict=True))
    for key, _ in node.pairs:
        if key.kind != "text" or key.empty:
            raise NotYaml(key.line, "a key here is not a text", "write key: value")
    return node


def _explained(error: Any, text: str) -> NotYaml:
    last = text.rstrip().count("\n") + 1
    marks = [mark.line + 1 for mark in (error.problem_mark, error.context_mark) if mark is not None]
    line = min(marks[0], last) if marks else None
    problem = str(error.problem)
    what, instead = next((words for known, *words in _REASONS if known in problem), _OTHERWISE)
    if "never closed" in what and len(marks) == 2 and line is not None and marks[1] < line:
        # The mistake is where it begins, not where the parser gives up.
        what, line = f"{what} (noticed on line {line})", marks[1]
    return NotYaml(line, what, instead)


def _typed(text: str) -> bool | int | float | str:
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
