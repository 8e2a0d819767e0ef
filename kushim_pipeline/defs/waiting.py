"""Waiting for the warehouse's slot without burning a processor."""

from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

_LONGEST = 0.5
"""Also how long a freed slot may lie idle."""


def wait_asleep() -> None:
    """Let Dagster's executor sleep while a step waits for its pool's slot.

    Dagster 1.13 takes the least of zero and the time until it looks again, so that it asks without a pause: 8 s in line
    took 2.2 CPU-seconds on a busy machine, and 0.5 with this. A later Dagster without such a method stays as it is.
    """
    if not hasattr(InstanceConcurrencyContext, "interval_to_next_pending_claim_check"):
        return

    def interval(self: InstanceConcurrencyContext) -> float:
        return _LONGEST if self.has_pending_claims() else 0.0

    InstanceConcurrencyContext.interval_to_next_pending_claim_check = interval  # type: ignore[method-assign] # put in its place
