"""What holds for every test."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

from kushim_pipeline_tests.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

# Evidence is synced to the disk page by page and Dagster's SQLite at every commit, and the tests write tens of
# thousands of pages that never survive them: where there is room in memory, their folders lie there. The workers and
# the processes that tests start inherit it; whoever sets TMPDIR decides differently.
MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3  # a whole run needs less than one
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # asked anew

# A busy machine is no failure: what takes long is measured by `make bench`, never by a deadline in a test.
settings.register_profile("kushim", deadline=None, print_blob=True)
settings.load_profile("kushim")
