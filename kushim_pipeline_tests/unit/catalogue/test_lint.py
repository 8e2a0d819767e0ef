"""The lint refuses every way in which the catalogue could promise what it does not hold."""

from pathlib import Path

import pytest

from kushim_pipeline.catalogue.lint import is_criterion, lint
from kushim_pipeline.catalogue.load import EXTRA_CHECKS, load
from kushim_pipeline.catalogue.model import Catalogue, Control
from kushim_pipeline_tests.unit.catalogue.sample import CHECK, FACTS, write

DOORS = Control(
    id="KC-XX-01",
    area="doors",
    title="Doors",
    description="Doors are shut.",
    owner="Porter",
    checks=("SHOP-DOOR-001",),
    criteria={"soc2": ("CC6.1",)},
)


@pytest.fixture(autouse=True)
def _no_extra_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTRA_CHECKS, raising=False)


def small(root: Path, control: Control | None = DOORS) -> Catalogue:
    """The catalogue below `root` with one control, or none, and the project's frameworks and policy."""
    controls = {control.id: control} if control else {}
    return load(root).model_copy(update={"controls": controls})


def said(catalogue: Catalogue, root: Path) -> str:
    """What the lint says of the files below `root` and of the control."""
    return "\n".join(
        str(problem) for problem in lint(catalogue) if root in problem.path.parents or problem.path.name == "doors.yaml"
    )


def test_the_projects_own_catalogue_is_sound() -> None:
    assert [str(problem) for problem in lint(load())] == []


def test_a_sound_catalogue_has_no_problem(tmp_path: Path) -> None:
    assert said(small(write(tmp_path)), tmp_path) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("resource_type: shop.door", "resource_type: aws.door", "must start with 'shop.'"),
        ("population: shop_door", "population: shop_window", "'shop_window' is not a fact table"),
        ("streams: [shop.door]", "streams: [shop.lock]", "its stream shop.door must stand in streams"),
        ("streams: [shop.door]", "streams: [shop.door, shop.key]", "no fact table reads the stream shop.key"),
        ("severity: high", "severity: high\ndepends_on: [SHOP-DOOR-009]", "depends_on names SHOP-DOOR-009"),
        ("severity: high", "severity: high\ndepends_on: [SHOP-DOOR-001]", "in a circle"),
        ("severity: high", "severity: high\npolicy: [door_age]", "policy names 'door_age'"),
        ("severity: high", "severity: high\npolicy: [github_max_owners]", "named but never read"),
        ("WHEN is_open", "WHEN github_max_owners > 1", "name it under policy"),
        ("severity: high", "severity: high\napplies_to: github_max_owners > 1", "name it under policy"),
        ("severity: high", "severity: high\napplies_to: opened_at < now()", "applies_to: now()"),
        ("severity: high", "severity: high\ncontrols: [KC-NO-01]", "controls names KC-NO-01"),
        ("{soc2: [CC6.1]}", "{soc2: [CC6.1, CC6.9]}", "'CC6.9' is not a criterion of soc2"),
        ("{soc2: [CC6.1]}", "{soc2: [CC6.1, CC6.2]}", "CC6.2 of soc2 is claimed by none of the check's controls"),
        ("{soc2: [CC6.1]}", "{iso27001: [A.5.1]}", "must name a criterion of soc2"),
        ("{soc2: [CC6.1]}", "{soc2: [CC6.1], iso27001: [A.5.38]}", "'A.5.38' is not a criterion of iso27001"),
        ("unknown_when: The list of doors was not read.\n", "", "needs unknown_when"),
        ("remediation: Shut the door.\n", "", "needs remediation"),
        ("'FAIL'", "'PASS'", "never says 'FAIL'"),
        ("'PASS'", "'UNKNOWN'", "never says 'PASS'"),
        ("facts.shop_door", "raw.record", "raw.record may not be read here"),
        ("facts.shop_door", "raw.record", "does not read its population facts.shop_door"),
        ("facts.shop_door", "facts.shop_door, facts.github_member", "facts.github_member does not exist"),
        ("facts.shop_door", "facts.shop_door, verdict.check_result", "verdict.check_result may not be read"),
        ("FROM facts.shop_door", "FROM facts.shop_door QUALIFY TRUE", "SHOP-DOOR-001.sql:13: QUALIFY"),
        ("FROM facts.shop_door", "FROM facts.shop_door; DELETE FROM facts.shop_door", "one statement only"),
        ("SELECT tenant_id", "DELETE FROM facts.shop_door; SELECT tenant_id", "must be a SELECT"),
    ],
)
def test_a_check_that_promises_too_much_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in CHECK
    assert words in said(small(write(tmp_path, check=CHECK.replace(old, new))), tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("table: shop_door", "table: shop_gate", "must be called shop_gate.sql"),
        ("[shop.door, shop.lock]", "[shop.door]", "reads the stream shop.lock"),
        ("[shop.door, shop.lock]", "[shop.door, shop.lock, shop.key]", "shop.key is named but never read"),
        ("required:", "population_streams: [shop.bell]\nrequired:", "shop.bell must stand in streams"),
        ("raw.record_asof AS l", "facts.other AS l", "facts.other may not be read here"),
        ("AS is_open", "AS unreadable", "the column 'unreadable' is the engine's"),
        ("r.body->>'open'", "current_date", "current_date breaks replay"),
    ],
)
def test_a_fact_table_that_promises_too_much_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    # The rule on streams knows the sources by name.
    facts = FACTS.replace("shop.", "jira.").replace(old.replace("shop.", "jira."), new.replace("shop.", "jira."))
    check = CHECK.replace("[shop.door]", "[jira.door]")
    assert facts != FACTS.replace("shop.", "jira.")
    found = said(small(write(tmp_path, facts=facts, check=check)), tmp_path)
    assert words.replace("shop.", "jira.") in found


def test_the_policy_has_no_file_of_its_own(tmp_path: Path) -> None:
    catalogue = small(write(tmp_path, facts=FACTS.replace("table: shop_door", "table: tenant_policy")))
    assert "tenant_policy is made from the policy keys" in said(catalogue, tmp_path)


def test_facts_may_read_the_policy_and_checks_then_name_its_keys(tmp_path: Path) -> None:
    facts = FACTS.replace("WHERE", "LEFT JOIN facts.tenant_policy AS p ON p.github_max_owners > 1 WHERE")
    check = CHECK.replace("severity: high", "severity: high\npolicy: [github_max_owners]")
    assert said(small(write(tmp_path, facts=facts, check=check)), tmp_path) == ""


def test_a_file_is_called_by_its_id(tmp_path: Path) -> None:
    assert "must be called SHOP-DOOR-001.sql" in said(small(write(tmp_path, name="DOORS.sql")), tmp_path)


def test_a_circle_of_two_checks_is_refused(tmp_path: Path) -> None:
    first = CHECK.replace("severity: high", "severity: high\ndepends_on: [SHOP-DOOR-002]")
    second = CHECK.replace("SHOP-DOOR-001", "SHOP-DOOR-002").replace(
        "severity: high", "severity: high\ndepends_on: [SHOP-DOOR-001]"
    )
    write(tmp_path, check=second, name="SHOP-DOOR-002.sql")
    assert "SHOP-DOOR-001 -> SHOP-DOOR-002 -> SHOP-DOOR-001" in said(small(write(tmp_path, check=first)), tmp_path)


def test_a_check_belongs_to_a_control(tmp_path: Path) -> None:
    assert "belongs to no control" in said(small(write(tmp_path), None), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"checks": ("SHOP-DOOR-001", "SHOP-DOOR-009")}, "names the check SHOP-DOOR-009, which does not exist"),
        ({"criteria": {"soc2": ("CC6.1", "CC6.2")}}, "no check of it names soc2 CC6.2"),
        ({"criteria": {"soc2": ("CC6.1", "CC0.1")}}, "'CC0.1' is not a criterion of soc2"),
    ],
)
def test_a_control_that_promises_too_much_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    assert words in said(small(write(tmp_path), DOORS.model_copy(update=change)), tmp_path)


def test_a_criterion_without_a_control_says_what_a_person_brings(tmp_path: Path) -> None:
    catalogue = small(write(tmp_path))
    soc2 = catalogue.frameworks["soc2"]
    bare = soc2.criteria["CC1.1"].model_copy(update={"evidence": "", "group": "CC0"})
    changed = soc2.model_copy(update={"criteria": {**soc2.criteria, "CC1.1": bare}})
    found = [str(p) for p in lint(catalogue.model_copy(update={"frameworks": {"soc2": changed}}))]
    assert any("CC1.1 has no control: say what evidence a person brings" in text for text in found)
    assert any("the group CC0 is not among the groups" in text for text in found)


def test_a_users_own_check_may_be_ten_lines(tmp_path: Path) -> None:
    root = write(tmp_path / "sql")
    text = CHECK.replace("SHOP-DOOR-001", "SHOP-MINE-001")
    for line in ("unknown_when: The list of doors was not read.\n", "criteria: {soc2: [CC6.1]}\n"):
        text = text.replace(line, "")
    mine = tmp_path / "mine" / "shop" / "SHOP-MINE-001.sql"
    mine.parent.mkdir(parents=True)
    mine.write_text(text.replace("remediation: Shut the door.\n", ""), encoding="utf-8")
    catalogue = load(root, tmp_path / "mine").model_copy(update={"controls": {DOORS.id: DOORS}})
    assert said(catalogue, tmp_path) == ""
    mine.write_text(text.replace("'FAIL'", "'PASS'"), encoding="utf-8")
    catalogue = load(root, tmp_path / "mine").model_copy(update={"controls": {DOORS.id: DOORS}})
    assert "never says 'FAIL'" in said(catalogue, tmp_path)


@pytest.mark.parametrize(
    ("framework", "good", "bad"),
    [
        (
            "soc2",
            ["CC1.1", "CC9.2", "A1.3", "PI1.5", "C1.2", "P6.7", "P8.1"],
            ["CC6.9", "CC6", "A1.4", "P6.8", "cc6.1"],
        ),
        ("iso27001", ["A.5.1", "A.5.37", "A.6.8", "A.7.14", "A.8.34"], ["A.5.0", "A.5.38", "A.6.9", "A.9.1", "5.1"]),
        ("nist_csf", ["PR.AA-05", "GV.SC-07", "ID.IM-03"], ["PR.AC-1", "PR.AA-5", "XX.AA-01"]),
        (
            "hipaa",
            ["164.308(a)(1)(ii)(D)", "164.312(d)", "164.312(e)(2)(ii)", "164.316(b)(1)"],
            ["164.309(a)", "164.308(a)(1)(ii)(d)", "308(a)"],
        ),
        ("pci_dss", ["8.4.1", "10.2.1.2", "12.5.2", "7.2.5.1"], ["13.1", "0.1", "8", "8.4.", "8.04"]),
        ("cobit", [], ["1.1"]),
    ],
)
def test_ids_have_the_form_that_is_published(framework: str, good: list[str], bad: list[str]) -> None:
    catalogue = load()
    assert [criterion for criterion in good if not is_criterion(catalogue, framework, criterion)] == []
    assert [criterion for criterion in bad if is_criterion(catalogue, framework, criterion)] == []
