"""Thresholds have a type, a default and a source, and a tenant's values are checked against them."""

from pathlib import Path

import pytest

from kushim_pipeline.catalogue.document import CatalogueError
from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import PolicyKey
from kushim_pipeline.catalogue.policy import PolicyError, load_policy, resolve

KEYS = {
    key.key: key
    for key in (
        PolicyKey(key="max_age_days", type="integer", default=90, doc="Age.", source="ours"),
        PolicyKey(key="is_strict", type="boolean", default=True, doc="Strictness.", source="ours"),
        PolicyKey(key="tag_key", type="text", default="env", doc="Tag.", source="ours"),
        PolicyKey(key="approved", type="list", default=("a",), doc="List.", source="ours"),
    )
}


def test_what_a_tenant_leaves_out_has_its_default() -> None:
    assert resolve(KEYS, {}) == {"max_age_days": 90, "is_strict": True, "tag_key": "env", "approved": ("a",)}


def test_what_a_tenant_says_counts() -> None:
    given = {"max_age_days": 0, "is_strict": False, "tag_key": "", "approved": []}
    assert resolve(KEYS, given) == {"max_age_days": 0, "is_strict": False, "tag_key": "", "approved": ()}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("max_age_days", True, "a whole number"),
        ("max_age_days", "90", "a whole number"),
        ("max_age_days", -1, "0 or more"),
        ("max_age_days", 1.5, "a whole number"),
        ("max_age_days", None, "a whole number"),
        ("is_strict", 1, "true or false"),
        ("is_strict", "yes", "true or false"),
        ("tag_key", 3, "a text"),
        ("approved", "a", "a list of texts"),
        ("approved", ["a", 1], "a list of texts"),
        ("approved", {"a": 1}, "a list of texts"),
    ],
)
def test_a_value_of_another_type_is_refused(key: str, value: object, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolve(KEYS, {key: value})
    assert caught.value.key == key
    assert key in str(caught.value)
    assert words in str(caught.value)


def test_an_unknown_key_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(PolicyError, match="did you mean max_age_days"):
        resolve(KEYS, {"max_age_day": 3})
    with pytest.raises(PolicyError, match="the keys are approved, is_strict, max_age_days, tag_key"):
        resolve(KEYS, {"zzz": 3})


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: {type: integer, default: '90', doc: d, source: s}", 1, "must be a whole number"),
        ("a: {type: integer, default: -1, doc: d, source: s}", 1, "0 or more"),
        ("a: {type: boolean, default: 1, doc: d, source: s}", 1, "true or false"),
        ("a:\n  type: number\n  default: 1\n  doc: d\n  source: s", 2, "'type'"),
        ("a:\n  type: list\n  default: [1]\n  doc: d\n  source: s", 3, "'default"),
        ("a: {type: integer, default: 1, doc: d}", 1, "'source' is missing"),
        ("a: 3", 1, "a mapping"),
        ("- a", 1, "a mapping from policy keys"),
    ],
)
def test_a_wrong_key_in_the_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_policy(path)
    assert caught.value.line == line
    assert words in str(caught.value)


def test_the_defaults_of_the_project_are_values_that_a_tenant_could_give() -> None:
    keys = load().policy
    defaults = {key.key: key.default for key in keys.values()}
    assert resolve(keys, defaults) == defaults
