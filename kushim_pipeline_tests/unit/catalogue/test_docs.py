"""docs/catalogue.md says what the catalogue holds."""

from pathlib import Path

import pytest

from kushim_pipeline.catalogue import docs
from kushim_pipeline.catalogue.load import EXTRA_CHECKS, load


@pytest.fixture(autouse=True)
def _no_extra_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTRA_CHECKS, raising=False)


def test_the_page_is_up_to_date() -> None:
    page = docs.PAGE.read_text(encoding="utf-8")
    assert docs.render(page, load()) == page, "run: python -m kushim_pipeline.catalogue.docs"


def test_the_page_has_every_section() -> None:
    page = docs.PAGE.read_text(encoding="utf-8")
    for name in ("reach", "criteria", "controls", "checks", "policy"):
        assert page.count(f"<!-- generated: {name} -->") == 1


def test_a_change_of_the_catalogue_changes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "catalogue.md"
    page.write_text("before\n<!-- generated: policy -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    docs.main(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- generated: policy -->\n| key |")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "\nold\n" not in text
    assert "| `github_max_owners` | `4` |" in text


def test_a_cell_cannot_break_the_table() -> None:
    catalogue = load()
    key = catalogue.policy["github_max_owners"].model_copy(update={"doc": "a | b"})
    page = "<!-- generated: policy -->\n<!-- end -->"
    assert "a \\| b" in docs.render(page, catalogue.model_copy(update={"policy": {"github_max_owners": key}}))


def test_the_example_check_of_the_page_can_be_loaded_and_is_sound(tmp_path: Path) -> None:
    from kushim_pipeline.catalogue.lint import lint

    page = docs.PAGE.read_text(encoding="utf-8")
    example = page.split("```sql\n")[1].split("```")[0]
    folder = tmp_path / "github"
    folder.mkdir()
    (folder / "GH-MINE-001.sql").write_text(example, encoding="utf-8")
    catalogue = load(extra_checks=tmp_path)
    assert "GH-MINE-001" in catalogue.checks
    assert [str(problem) for problem in lint(catalogue) if tmp_path in problem.path.parents] == []
