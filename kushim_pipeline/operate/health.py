"""Check a warehouse, with what else is known of it: the ledgers that it was landed from, and the catalogue."""

from collections.abc import Iterator

from kushim_pipeline.catalogue.model import POLICY_TABLE, Catalogue
from kushim_pipeline.evidence.ledger import Ledger, LedgerBroken
from kushim_pipeline.verdicts.marts import MARTS
from kushim_pipeline.warehouse import Look
from kushim_pipeline.warehouse.checking import Finding, NotLookedAt, check
from kushim_pipeline.warehouse.look import open_look
from kushim_pipeline.warehouse.portable import tables


def check_warehouse(url: str, ledger: Ledger, catalogue: Catalogue, *, wait_seconds: float = 60.0) -> Iterator[Finding]:
    """Every rule's finding, in order. In: the warehouse, and the ledgers of the data folder.

    Raises what open_look raises; a fault in the warehouse is a finding.
    """

    def derived(look: Look) -> tuple[list[str], str]:
        return _derived(look, catalogue)

    def ledgers(look: Look) -> tuple[list[str], str]:
        return _ledgers(look, ledger)

    with open_look(url, wait_seconds=wait_seconds) as look:
        yield from check(look, (("derived", derived), ("ledger", ledgers)))


def _derived(look: Look, catalogue: Catalogue) -> tuple[list[str], str]:
    """Fact tables and marts of the catalogue that are not there."""
    wanted = [*(f"facts.{name}" for name in (*catalogue.facts, POLICY_TABLE)), *(f"mart_v1.{name}" for name in MARTS)]
    views = look.query("SELECT 'mart_v1.' || v.table_name FROM information_schema.views AS v "
                       "WHERE v.table_schema = 'mart_v1'").rows  # fmt: skip
    there = {*tables(look, ("facts",)), *(str(row[0]) for row in views)}
    missing = [f"{name} is not there: run `kushim warehouse migrate`" for name in wanted if name not in there]
    return missing, f"{len(wanted)} fact tables and marts"


def _ledgers(look: Look, ledger: Ledger) -> tuple[list[str], str]:
    """Positions beyond the end of a ledger, or inside of an entry. What has not landed yet is no fault."""
    positions = {row[0]: (int(row[1]), int(row[2])) for row in look.query(
        "SELECT tenant_id, sequence, end_offset FROM raw.ledger_position"
    ).rows}  # fmt: skip
    if not ledger.tenants():
        raise NotLookedAt("no ledgers are in this data folder (KUSHIM_HOME) to compare with")
    faults, waiting, behind = [], 0, 0
    for tenant in sorted({*positions, *ledger.tenants()}):
        sequence, end = positions.get(tenant, (0, 0))
        path = ledger.path(tenant)
        size = path.stat().st_size if path.is_file() else 0
        if end > size:
            faults.append(f"{tenant}: landed up to byte {end} of its ledger, which has {size}: entries are gone")
            continue
        later = 0
        try:
            for later, entry in enumerate(ledger.entries(tenant, end), 1):
                if later == 1 and entry.sequence != sequence + 1:
                    faults.append(f"{tenant}: entry {sequence} was the last to land, and {entry.sequence} follows it")
        except LedgerBroken as error:
            faults.append(str(error))
        waiting += later
        behind += later > 0
    late = f"{waiting} entries of {behind} tenants have not landed yet" if waiting else "everything has landed"
    return faults, f"{len(positions)} positions; {late}"
