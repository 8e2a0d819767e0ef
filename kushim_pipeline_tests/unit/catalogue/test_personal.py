"""Every resource type was thought about: does it name people? And the warehouse's SQL says the same as the list."""

import re
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.document import CatalogueError
from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.personal import COPY, Personal, lint_personal, load_personal, render
from kushim_pipeline_tests.fixtures import catalogue
from kushim_pipeline_tests.unit.catalogue.sample import write

CATALOGUE = catalogue()


def said(personal: Personal) -> str:
    return "\n".join(problem.message for problem in lint_personal(CATALOGUE, personal))


def test_the_projects_own_list_is_whole() -> None:
    assert said(load_personal()) == ""


def test_the_warehouse_masks_what_the_list_says() -> None:
    sql = COPY.read_text("utf-8")
    assert render(sql, load_personal()) == sql
    assert set(re.findall(r"-- generated: (\w+)", sql)) == {"resource_types", "reasons"}


def test_users_are_people() -> None:
    personal = load_personal()
    assert {name for name, is_personal in personal.resource_types.items() if is_personal} >= {
        "aws.iam.user", "aws.iam.access_key", "github.user",
    }  # fmt: skip


def test_a_new_resource_type_has_to_be_listed() -> None:
    kept = load_personal()
    fewer = {name: value for name, value in kept.resource_types.items() if name != "aws.s3.bucket"}
    assert "whether aws.s3.bucket names people" in said(kept.model_copy(update={"resource_types": fewer}))
    more = {**kept.resource_types, "okta.spaceship": True}
    assert "no check judges okta.spaceship" in said(kept.model_copy(update={"resource_types": more}))


def test_a_reason_is_of_a_check_on_people() -> None:
    kept = load_personal()
    assert "which does not exist" in said(kept.model_copy(update={"reasons": ("AWS-IAM-999",)}))
    assert "whose resources are no people" in said(kept.model_copy(update={"reasons": ("AWS-S3-002",)}))


def test_a_check_of_ones_own_needs_no_entry(tmp_path: Path) -> None:
    """It is masked until somebody says that it names nobody."""
    extra = load(extra_checks=write(tmp_path) / "checks")
    assert lint_personal(extra, load_personal()) == []


@pytest.mark.parametrize("text", ["[]", "resource_types: {a.b: maybe}\nreasons: []", "resource_types: {}", "a: ["])
def test_a_list_that_cannot_be_read_says_where(tmp_path: Path, text: str) -> None:
    path = tmp_path / "personal.yaml"
    path.write_text(text)
    with pytest.raises(CatalogueError, match="personal.yaml"):
        load_personal(path)
