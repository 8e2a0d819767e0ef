"""Copy a whole warehouse into a new one, from either engine to either."""

from collections.abc import Callable

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.verdicts.facts import build_facts
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline.warehouse.copying import Copied, CopyRefused, copy_tables
from kushim_pipeline.warehouse.look import open_look
from kushim_pipeline.warehouse.migrations import pending
from kushim_pipeline.warehouse.portable import portable_tables


def copy_warehouse(
    source_url: str, target_url: str, catalogue: Catalogue, say: Callable[[str], None], *, wait_seconds: float = 60.0
) -> list[Copied]:
    """Copy all rows, prove that they are the same, then make facts and marts of them as of the same time.

    Out: the tables with their rows and digests. Raises CopyRefused with nothing kept in the target, and what opening
    either warehouse raises.
    """
    if source_url == target_url:
        raise CopyRefused("source and target are the same warehouse")
    schema = rooms.SQL_ROOT / "schema"
    with open_look(source_url, wait_seconds=wait_seconds) as source:
        if any(migration.version for migration in pending(source, schema)):
            raise CopyRefused("the source does not have the newest schema: run `kushim warehouse migrate` first")
        with open_writer(target_url, wait_seconds=wait_seconds) as target:
            copied = copy_tables(source, target, portable_tables(schema, source), say)
            if target.query("SELECT count(*) FROM ops.clock").rows[0][0]:
                say("making facts and marts")
                build_facts(target, catalogue)
                build_marts(target)
                target.publish()
    return copied
