"""Waiting for one's turn to write, on either engine."""

import random
import time
from collections.abc import Callable

from kushim_pipeline.warehouse.engine import WarehouseBusy


def take_turn(take: Callable[[], bool], wait_seconds: float, warehouse: str) -> None:
    """Try to take the writer's lock until it is ours. Raises WarehouseBusy when the time is over.

    In: an attempt, which says whether it succeeded; for how long; and what the warehouse is called in the error.
    """
    deadline = time.monotonic() + wait_seconds
    while not take():
        if time.monotonic() >= deadline:
            raise WarehouseBusy(
                f"another process has been writing to {warehouse} for {wait_seconds:.0f} s; "
                "nothing was written, try again when it is done"
            )
        # Jitter, so that several waiting writers do not knock in step.
        time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 # not a secret
