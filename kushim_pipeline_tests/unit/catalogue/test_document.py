"""A mistake in a YAML file is named with the file, the line and what to write instead."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, StrictStr

from kushim_pipeline.catalogue import document
from kushim_pipeline.catalogue.document import CatalogueError, Document

FILE = Path("some.yaml")


class Thing(BaseModel):
    """A model of the tests' own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: StrictStr
    parts: tuple[StrictStr, ...] = ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\nname: b", 2, "'name' stands twice"),
        ("name: a\nparts:\n  - {x: 1, x: 2}", 3, "'x' stands twice"),
        ("name: a\nnmae: b", 2, "unknown key 'nmae'; known keys: name, parts"),
        ("parts: [a]", 1, "the key 'name' is missing"),
        ("name: 1.10", 1, "put it in quotes"),
        ("name: a\nparts:\n  - b\n  - 3", 4, "put it in quotes"),
        ("- name", 1, "a mapping"),
        ("", 1, "a mapping"),
        ("1: a", 1, "every key must be a text"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        found = Document(text, FILE)
        found.build(Thing, found.data)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"some.yaml:{line}: ")


@pytest.mark.parametrize("text", ["a: b: c", "a: [1", "\tb: 1", "a: !!python/object:os.system {}", "a: \x00"])
def test_what_is_not_yaml_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError, match="this is not YAML"):
        Document(text, FILE)


def test_a_colon_in_a_text_gets_a_hint() -> None:
    with pytest.raises(CatalogueError, match="some.yaml:2: .* stands in quotes"):
        Document("name: a\ndoc: of two: one", FILE)


def test_lines_count_from_where_the_text_starts() -> None:
    found = Document("name: a\nparts: [x]\n", FILE, first_line=7)
    assert found.line(["name"]) == 7
    assert found.line(["parts", 0]) == 8
    assert found.line(["nowhere", "below"]) == 7


def test_a_python_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_Loader", yaml.SafeLoader)
    found = Document("name: a\nparts: [x]\n", FILE)
    assert found.build(Thing, found.data) == Thing(name="a", parts=("x",))
    with pytest.raises(CatalogueError, match="stands twice"):
        Document("name: a\nname: b", FILE)
