"""How a tenant's units stand by its ledger: the last receipt of each, and whether another reading has begun."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kushim_pipeline.collect.before import Head, UnitKey, moved
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.life import LIFE, SHREDDED


class Refused(Exception):
    """A receipt is not replayed. The text says why, and what to do instead."""


@dataclass(frozen=True)
class Last:
    """The last receipt of a unit by the ledger. `before`: what it said of the unit until then (of a replay: until the
    receipt that it replays). `planned_again`: the later entry that plans to collect the unit, 0 where none does."""

    digest: str
    before: Head
    planned_again: int = 0


class Standing:
    """The last receipts of a tenant's units, by its ledger. `sequence`: the last entry that was read."""

    def __init__(self, ledger: Ledger, tenant_id: str) -> None:
        """In: the ledger, and whose. Raises LedgerBroken for a ledger that cannot be read."""
        self.units: dict[UnitKey, Last] = {}
        self.sequence = 0
        self._heads: dict[UnitKey, Head | None] = {}
        self.tenant_id = tenant_id
        self._ledger, self._end = ledger, 0
        self.follow()

    def follow(self) -> None:
        """Read what was written since."""
        for entry in self._ledger.entries(self.tenant_id, self._end):
            self.sequence, self._end = entry.sequence, entry.end
            if entry.kind == LIFE and entry.payload.get("state") == SHREDDED:
                self.units, self._heads = {}, {}
            elif entry.kind == "plan":
                for stream, scope in entry.payload["units"]:
                    unit = (str(entry.payload["connection_id"]), str(stream), str(scope))
                    if unit in self.units:
                        self.units[unit] = replace(self.units[unit], planned_again=entry.sequence)
            elif entry.kind == "receipt":
                self._receipt(entry.payload)

    def _receipt(self, payload: Mapping[str, Any]) -> None:
        unit = (str(payload["connection_id"]), str(payload["stream"]), str(payload["scope"]))
        before = self._heads.get(unit) or Head()
        if payload.get("replay_of") and unit in self.units:
            before = self.units[unit].before
        self.units[unit] = Last(str(payload["receipt"]), before)
        self._heads[unit] = moved(self._heads.get(unit), payload)

    def checked(self, key: UnitKey, digest: str) -> Last:
        """The unit's last receipt, if it is this one and no other reading is under way. Raises Refused."""
        self.follow()
        last = self.units.get(key)
        if last is None:
            raise Refused("the ledger holds no receipt of this unit")
        if last.digest != digest:
            raise Refused(f"a newer reading of it stands, {last.digest}: replay that one")
        if last.planned_again:
            raise Refused(
                f"a collection of it has begun since (ledger entry {last.planned_again}) and left no receipt yet: wait "
                "for its end, or run `kushim run`"
            )
        return last
