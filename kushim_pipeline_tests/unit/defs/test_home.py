"""DAGSTER_HOME: a copy of dagster.yaml that is kept up to date until somebody changes it."""

from pathlib import Path

import pytest
from dagster import DagsterInstance

from kushim_pipeline.defs import home
from kushim_pipeline.defs.home import INSTANCE_FILE, prepare_dagster_home
from kushim_pipeline_tests.unit.defs.places import Place


def test_the_instance_is_what_dagster_yaml_says(tmp_path: Path) -> None:
    folder = prepare_dagster_home(Place(tmp_path).settings)
    assert folder == tmp_path / "home" / "dagster"
    with DagsterInstance.from_config(str(folder)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        pools = instance.get_concurrency_config().pool_config
        assert (pools.default_pool_limit, str(pools.pool_granularity)) == (1, "PoolGranularity.OP")


def test_an_older_copy_is_replaced_and_a_changed_one_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Place(tmp_path).settings
    older = tmp_path / "older.yaml"
    older.write_text("telemetry: {enabled: false}\n")
    with monkeypatch.context() as patch:
        patch.setattr(home, "INSTANCE_FILE", older)
        copy = prepare_dagster_home(settings) / "dagster.yaml"
        assert copy.read_text().endswith(older.read_text())
    prepare_dagster_home(settings)
    assert copy.read_text().endswith(INSTANCE_FILE.read_text())
    changed = copy.read_text() + "# mine\n"
    copy.write_text(changed)
    prepare_dagster_home(settings)
    assert copy.read_text() == changed
    assert [path.name for path in copy.parent.iterdir()] == ["dagster.yaml"]
