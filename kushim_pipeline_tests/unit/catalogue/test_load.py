"""The catalogue is read from its files, strictly, quickly and without a database."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.document import CatalogueError
from kushim_pipeline.catalogue.load import EXTRA_CHECKS, load, load_controls, load_frameworks
from kushim_pipeline_tests.unit.catalogue.sample import CHECK, FACTS, write

CONTROL = """
- id: KC-XX-01
  title: Doors
  description: Doors are shut.
  owner: Porter
  checks: [SHOP-DOOR-001]
  criteria: {soc2: [CC6.1]}
"""


@pytest.fixture(autouse=True)
def _no_extra_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTRA_CHECKS, raising=False)


def test_a_check_is_its_header_and_its_select(tmp_path: Path) -> None:
    check = load(write(tmp_path, check=CHECK + ";\n ;\n")).checks["SHOP-DOOR-001"]
    assert check.source == "shop"
    assert check.freshness_hours == 36
    assert check.depends_on == ()
    assert check.criteria == {"soc2": ("CC6.1",)}
    assert check.sql.startswith("SELECT tenant_id")
    assert check.sql.endswith("FROM facts.shop_door")
    assert check.path == tmp_path / "checks" / "shop" / "SHOP-DOOR-001.sql"
    assert not check.extra


def test_the_version_is_the_text(tmp_path: Path) -> None:
    first = load(write(tmp_path)).checks["SHOP-DOOR-001"].version
    assert first == hashlib.sha256(CHECK.encode()).hexdigest()[:16]
    again = load(write(tmp_path)).checks["SHOP-DOOR-001"].version
    changed = load(write(tmp_path, check=CHECK.replace("shut or open", "shut"))).checks["SHOP-DOOR-001"].version
    assert again == first
    assert changed != first


def test_the_population_of_a_fact_table_is_its_first_stream_unless_it_says_otherwise(tmp_path: Path) -> None:
    table = load(write(tmp_path)).facts["shop_door"]
    assert table.population_streams == ("shop.door",)
    assert table.source == "shop"
    named = FACTS.replace("required:", "population_streams: [shop.lock]\nrequired:")
    assert load(write(tmp_path, facts=named)).facts["shop_door"].population_streams == ("shop.lock",)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("severity: high", "severity: grave", 4, "'severity'"),
        ("severity: high\n", "", 2, "the key 'severity' is missing"),
        ("title:", "titel:", 3, "unknown key 'titel'"),
        ("severity: high", "severity: high\nsource: shop", 5, "taken from the file itself"),
        ("severity: high", "severity: high\nextra: true", 5, "taken from the file itself"),
        ("id: SHOP-DOOR-001", "id: shop-1", 2, "'id'"),
        ("streams: [shop.door]", "streams: []", 7, "'streams'"),
        ("streams: [shop.door]", "streams: [door]", 7, "'streams.0'"),
        ("remediation:", "freshness_hours: 0\nremediation:", 10, "'freshness_hours'"),
        ("{soc2: [CC6.1]}", "{soc3: [CC6.1]}", 9, "unknown framework; known ones: soc2, iso27001"),
        ("{soc2: [CC6.1]}", "{pci_dss: [8.4]}", 9, "put it in quotes"),
        ("/*", "--", 1, "must start with a comment"),
        ("id: SHOP-DOOR-001\n", "", None, "'id' is missing"),
        (CHECK[CHECK.index("*/") + 2 :], "\n ; \n", None, "no SELECT"),
    ],
)
def test_a_wrong_header_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in CHECK
    with pytest.raises(CatalogueError) as caught:
        load(write(tmp_path, check=CHECK.replace(old, new)))
    assert words in str(caught.value)
    assert Path(caught.value.path).name == "SHOP-DOOR-001.sql"
    if line is not None:
        assert caught.value.line == line


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path) / "checks" / "shop" / "SHOP-DOOR-001.sql"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match="cannot be read"):
        load(tmp_path)


def test_an_id_belongs_to_one_file(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(CatalogueError, match=r"SHOP-DOOR-001 is already taken by .*SHOP-DOOR-001.sql"):
        load(write(tmp_path, name="SHOP-DOOR-002.sql"))


def test_a_table_belongs_to_one_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "facts" / "other.sql").write_text(FACTS, encoding="utf-8")
    with pytest.raises(CatalogueError, match="shop_door is already made by"):
        load(tmp_path)


def test_a_users_check_comes_from_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "sql")
    mine = tmp_path / "mine" / "shop"
    mine.mkdir(parents=True)
    text = CHECK.replace("SHOP-DOOR-001", "SHOP-MINE-001").replace("severity:", "controls: [KC-AC-02]\nseverity:")
    (mine / "SHOP-MINE-001.sql").write_text(text, encoding="utf-8")
    monkeypatch.setenv(EXTRA_CHECKS, str(tmp_path / "mine"))
    found = load(root)
    assert set(found.checks) == {"SHOP-DOOR-001", "SHOP-MINE-001"}
    assert found.checks["SHOP-MINE-001"].extra
    assert found.controls["KC-AC-02"].checks[-1] == "SHOP-MINE-001"
    assert "KC-AC-02" in [control.id for control in found.controls_of("SHOP-MINE-001")]


def test_a_users_check_cannot_take_the_place_of_another(tmp_path: Path) -> None:
    root = write(tmp_path / "sql")
    write(tmp_path / "mine")
    with pytest.raises(CatalogueError, match="already taken"):
        load(root, tmp_path / "mine" / "checks")


def test_a_users_folder_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXTRA_CHECKS, str(tmp_path / "nowhere"))
    with pytest.raises(CatalogueError, match="KUSHIM_CHECKS names a folder that does not exist"):
        load(write(tmp_path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: KC-XX-01", "a list of controls"),
        (CONTROL + CONTROL, "KC-XX-01 stands twice"),
        (CONTROL.replace("KC-XX-01", "XX-1"), "'id'"),
        (CONTROL.replace("  owner: Porter\n", ""), "'owner' is missing"),
        (CONTROL.replace("[SHOP-DOOR-001]", "[]"), "'checks'"),
        ("- just a text", "a mapping"),
    ],
)
def test_a_wrong_control_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "area.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_controls(tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: soc2", "needs id, name, edition"),
        ("id: soc2\nname: a\nedition: b\ngroups: {A: a}\ncriteria: [{id: A1, group: A}]", "'title' is missing"),
        ("id: hipaa\nname: a\nedition: b\ngroups: {A: a}\ncriteria: []", "must be called hipaa.yaml"),
        (
            "id: soc2\nname: a\nedition: b\ngroups: {A: a}\n"
            "criteria: [{id: A1, group: A, title: t}, {id: A1, group: A, title: t}]",
            "A1 stands twice",
        ),
    ],
)
def test_a_wrong_framework_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "soc2.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_frameworks(tmp_path)
    assert words in str(caught.value)


def test_checks_come_after_what_they_depend_on() -> None:
    order = [check.id for check in load().in_order()]
    assert order.index("GH-ORG-000") < order.index("GH-REPO-006")


def test_frameworks_without_a_file_are_told() -> None:
    assert load().without_criteria(["soc2", "hipaa", "iso27001"]) == ["hipaa", "iso27001"]


def test_loading_is_quick_and_pulls_in_no_engine() -> None:
    code = (
        "import sys, time\n"
        "from kushim_pipeline.catalogue.load import load\n"
        "from kushim_pipeline.catalogue.lint import lint\n"
        "started = time.process_time(); load(); took = time.process_time() - started\n"
        "heavy = {'duckdb', 'dagster', 'pandas', 'boto3', 'sqlalchemy'} & set(sys.modules)\n"
        "print(took); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.3
