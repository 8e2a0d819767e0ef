"""What `dagster` and `dg` load: `defs`."""

from kushim_pipeline.defs.graph import build

defs = build()
