"""The graph as a JSON file, so that a change of it is seen in a diff.

Write it anew with: .venv/bin/python -m kushim_pipeline_tests.unit.defs.snapshot
"""

import json
from pathlib import Path
from typing import Any

from dagster import AssetKey, Definitions

from kushim_pipeline.defs.graph import build

FILE = Path(__file__).with_name("graph.json")


def graph(definitions: Definitions) -> dict[str, Any]:
    """Assets, checks, jobs, schedules and sensors, by name."""
    assets = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    steps: dict[AssetKey, Any] = {}
    for definition in definitions.assets or ():
        for key in definition.keys:  # type: ignore[union-attr]
            steps[key] = definition
    return {
        "assets": {
            key.to_user_string(): {
                "deps": sorted(parent.to_user_string() for parent in assets.get(key).parent_keys),
                "group": assets.get(key).group_name,
                "kinds": sorted(assets.get(key).kinds),
                "owners": list(assets.get(key).owners),
                "partitions": assets.get(key).partitions_def.name if assets.get(key).is_partitioned else None,
                "step": steps[key].op.name,
                "pool": steps[key].op.pool,
                "checks": sorted(
                    f"{c.name}{' (blocks)' if assets.get(c).blocking else ''}" for c in assets.get(key).check_keys
                ),
            }
            for key in sorted(assets.get_all_asset_keys())
        },
        "jobs": {
            name: sorted({key.path[0] for key in repository.get_job(name).asset_layer.selected_asset_keys})
            for name in sorted(repository.job_names)
            if not name.startswith("__")
        },
        "schedules": {s.name: s.cron_schedule for s in repository.schedule_defs},
        "sensors": {s.name: s.default_status.value for s in sorted(repository.sensor_defs, key=lambda s: s.name)},
    }


def text(definitions: Definitions) -> str:
    """The file's text: a line an asset, so that a diff names what changed."""
    found = graph(definitions)
    lines = ["{", '"assets": {']
    lines += [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in found.pop("assets").items()]
    lines[-1] = lines[-1].rstrip(",")
    lines += ["},"]
    lines += [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in found.items()]
    lines[-1] = lines[-1].rstrip(",")
    return "\n".join([*lines, "}"]) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(build()), "utf-8")
