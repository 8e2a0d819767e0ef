"""The warehouse's pool, made before a run needs it."""

from dagster import DagsterInstance
from sqlalchemy.exc import DBAPIError

from kushim_pipeline.defs import names


def make_pool(instance: DagsterInstance) -> None:
    """Have the pool of the warehouse, with the slots that dagster.yaml gives to any pool.

    Otherwise the first step that waits for a slot makes it, and of two workers that do so at once on Postgres one
    fails: Dagster 1.13 goes on in a transaction that its own insert has broken. Raises DBAPIError when there is no
    database.
    """
    storage = instance.event_log_storage
    has_slots = storage.supports_global_concurrency_limits and instance.global_op_concurrency_default_limit is not None
    if not has_slots or _is_there(instance):
        return
    try:
        storage.initialize_concurrency_limit_to_default(names.WAREHOUSE)
    except DBAPIError:
        if not _is_there(instance):
            raise


def _is_there(instance: DagsterInstance) -> bool:
    return any(pool.name == names.WAREHOUSE for pool in instance.event_log_storage.get_pool_limits())
