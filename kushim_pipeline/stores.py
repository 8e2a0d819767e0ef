"""Where evidence is kept: the byte store and the ledgers of KUSHIM_HOME, as every command and every step opens them."""

from kushim_pipeline.collect.run import Stores
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.settings import Settings


def open_stores(settings: Settings) -> Stores:
    """The stores of a data folder."""
    return Stores(FileStore(settings.evidence), Ledger(settings.evidence))
