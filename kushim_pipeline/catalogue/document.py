"""Read a YAML document strictly and say on which line a mistake is."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

# The C parser is about eight times faster; a Python without libyaml still works.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Model = TypeVar("Model", bound=BaseModel)


class CatalogueError(Exception):
    """Something in the catalogue cannot be read. The message names the file, the line and what to write instead."""

    def __init__(self, path: Path | str, line: int | None, message: str) -> None:
        self.path, self.line, self.message = path, line, message
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


class Document:
    """The data of one YAML text, and the lines on which its parts stand.

    `first_line` is the line of the file on which the text starts. Raises CatalogueError when the text is not YAML or
    when a mapping holds a key twice (YAML readers keep the last one silently).
    """

    def __init__(self, text: str, path: Path, first_line: int = 1) -> None:
        self.path, self._first = path, first_line
        loader = _Loader(text)
        try:
            self._root: yaml.Node | None = loader.get_single_node()
            if self._root is not None:
                self._refuse_double_keys(self._root)
            self.data: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + first_line if mark else None
            hint = "; a text that holds ': ' stands in quotes" if "mapping values" in str(error.problem) else ""
            raise CatalogueError(path, line, f"this is not YAML: {error.problem or error.context}{hint}") from error
        except (yaml.YAMLError, ValueError) as error:
            raise CatalogueError(path, first_line, f"this is not YAML: {error}") from error
        finally:
            loader.dispose()

    def error(self, location: Sequence[int | str], message: str) -> CatalogueError:
        """An error about the part at `location` (keys and indexes from the root)."""
        return CatalogueError(self.path, self.line(location), message)

    def line(self, location: Sequence[int | str]) -> int:
        """The file's line on which the part at `location` starts, or the nearest part above it that exists."""
        node, line = self._root, self._line_of(self._root)
        for step in location:
            found = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        found, line = value, self._line_of(key)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = node.value[step]
                line = self._line_of(found)
            if found is None:
                break
            node = found
        return line

    def build(self, model: type[Model], data: object, location: Sequence[int | str] = ()) -> Model:
        """Make a `model` from `data`, which stands at `location`; mistakes become a CatalogueError with the line."""
        if not isinstance(data, dict):
            raise self.error(location, "a mapping of keys and values is expected here")
        try:
            return model(**data)
        except ValidationError as error:
            # An unknown key first: it explains the missing one that it is a misspelling of.
            first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
            place = [*location, *(step for step in first["loc"])]
            raise self.error(place, explain(first, model)) from error
        except TypeError as error:
            raise self.error(location, "every key must be a text") from error

    def _line_of(self, node: yaml.Node | None) -> int:
        return self._first if node is None else node.start_mark.line + self._first

    def _refuse_double_keys(self, root: yaml.Node) -> None:
        for node in _mappings(root):
            seen: set[str] = set()
            for key, _ in node.value:
                name = str(key.value)
                if name in seen:
                    raise CatalogueError(self.path, self._line_of(key), f"the key '{name}' stands twice")
                seen.add(name)


def explain(error: Any, model: type[BaseModel]) -> str:
    """One pydantic error (an item of `ValidationError.errors()`) in words for the person who wrote the file."""
    name = ".".join(str(step) for step in error["loc"]) or "this"
    if error["type"] == "extra_forbidden":
        return f"unknown key '{name}'; known keys: {', '.join(model.model_fields)}"
    if error["type"] == "missing":
        return f"the key '{name}' is missing"
    if error["type"] == "string_type":
        return f"'{name}' must be a text; put it in quotes (got {error['input']!r})"
    return f"'{name}': {error['msg'].removeprefix('Value error, ')} (got {error['input']!r})"


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            yield node
            pending.extend(part for pair in node.value for part in pair)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
