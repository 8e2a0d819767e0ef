"""Lines for somebody who watches a collection: when it begins, now and then, and when it ends."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.evidence.receipt import Outcome, Receipt
from kushim_pipeline.tenants.config import TenantConfig

EVERY_SECONDS = 2.0


@dataclass
class Progress:
    """One tenant and source. `one_more` is called from several threads."""

    who: str
    total: int
    say: Callable[[str], None]
    count: int = 0
    last: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def begin(cls, tenant: TenantConfig, source: str, say: Callable[[str], None]) -> "Progress":
        """Say that it begins."""
        progress = cls(f"{tenant.tenant} {source}", len(expected_units(tenant, source)), say)
        say(f"{progress.who}: reading {progress.total} streams")
        return progress

    def one_more(self, _: Receipt) -> None:
        """Count a receipt; say how far it is when the last line is some seconds old."""
        with self.lock:
            self.count += 1
            now = time.monotonic()
            if now - self.last < EVERY_SECONDS or self.count == self.total:
                return
            self.last = now
            count = self.count
        self.say(f"{self.who}: {count} of {self.total} streams")

    def end(self, receipts: Sequence[Receipt]) -> None:
        """Say how it ended: the number of records, and what was not read whole."""
        outcomes = Counter(receipt.outcome for receipt in receipts)
        records = sum(receipt.records for receipt in receipts)
        rest = [f"{outcomes[o]} {o.value}" for o in Outcome if o is not Outcome.COMPLETE and outcomes[o]]
        whole = f"{outcomes[Outcome.COMPLETE]} of {self.total} streams complete"
        self.say(f"{self.who}: {', '.join([whole, *rest])}, {records} records")
