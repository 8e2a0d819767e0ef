"""The environment's settings: defaults, absolute paths, and values that cannot be meant."""

from pathlib import Path

import pytest

from kushim_pipeline.settings import Settings, SettingsError


def test_defaults_are_beside_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({"KUSHIM_HOME": "", "KUSHIM_TENANTS": ""})
    assert settings.home == tmp_path / ".kushim"
    assert settings.tenants == tmp_path / "tenants"
    assert settings.warehouse_url == f"duckdb:///{tmp_path}/.kushim/warehouse/kushim.duckdb"
    assert settings.evidence == tmp_path / ".kushim" / "evidence"
    assert not settings.allow_private_hosts


def test_the_environment_decides(tmp_path: Path) -> None:
    settings = Settings.read(
        {
            "KUSHIM_HOME": str(tmp_path / "data"),
            "KUSHIM_TENANTS": str(tmp_path / "acme.yaml"),
            "KUSHIM_WAREHOUSE_URL": "duckdb:////elsewhere/w.duckdb",
            "KUSHIM_ALLOW_PRIVATE_HOSTS": "1",
        }
    )
    assert settings == Settings(tmp_path / "data", tmp_path / "acme.yaml", "duckdb:////elsewhere/w.duckdb", True)


@pytest.mark.parametrize(
    "environ",
    [{"KUSHIM_WAREHOUSE_URL": "mysql://u:hunter2@host/db"}, {"KUSHIM_ALLOW_PRIVATE_HOSTS": "yes"}],
    ids=["another engine", "not 1"],
)
def test_what_cannot_be_meant_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read(environ)
    assert next(iter(environ)) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_warehouse_password_does_not_print() -> None:
    settings = Settings.read({"KUSHIM_WAREHOUSE_URL": "postgresql+psycopg2://u:hunter2@host/db"})
    assert "hunter2" not in repr(settings)
