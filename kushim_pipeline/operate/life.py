"""A tenant's life over all rooms: what follows from a change of state, and where it is written down.

The tenant file is the truth. Whether a command changed it or a person's editor, the change goes to the tenant's ledger
(kind `life`) and to the audit trail; what follows from it is done before it is written down, so that a crash in between
is made good by whoever notices next.
"""

import fcntl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kushim_pipeline.evidence.ledger import Ledger, LedgerBroken
from kushim_pipeline.evidence.life import LIFE, SHREDDED, last_life
from kushim_pipeline.evidence.trail import Trail, actor
from kushim_pipeline.settings import Settings
from kushim_pipeline.tenants.config import TENANT_ID, TenantConfig
from kushim_pipeline.tenants.edit import change_file, find_file, new_file
from kushim_pipeline.tenants.load import Loaded, load_tenants

REMOVED = "removed"
"""The state of a tenant whose file is gone: its verdicts end, its evidence stays."""
COMMAND, FILE = "command", "file"
"""What a change came by."""
_ACTIONS = {"active": "tenant.active", "paused": "tenant.pause", "offboarded": "tenant.offboard"}


class LifeRefused(ValueError):
    """A change that is not to be made; the text says why and what to do."""


class UnknownTenant(LookupError):
    """No tenant file names it."""


@dataclass(frozen=True)
class Standing:
    """The state in which a tenant is, and the last day on which its evidence must be readable (None: for ever)."""

    state: str
    retain_until: date | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> "Standing":
        """The standing that an entry of trail or ledger tells."""
        until = payload.get("retain_until")
        return cls(str(payload.get("state")), date.fromisoformat(until) if until else None)

    @classmethod
    def in_file(cls, tenant: TenantConfig) -> "Standing":
        """The standing that a tenant file tells."""
        return cls(tenant.state, tenant.retain_until)

    def told(self) -> dict[str, str | None]:
        """As it is written down."""
        return {"state": self.state, "retain_until": self.retain_until.isoformat() if self.retain_until else None}


def recorded(settings: Settings) -> dict[str, Standing]:
    """Every tenant's standing as the audit trail has it. Raises LedgerBroken.

    A process reads the trail once, and from then on what was added to it: sensors ask every half minute.
    """
    trail = Trail(settings.home)
    path = trail.path
    size = path.stat().st_size if path.exists() else 0
    with _reading:
        known, end = _read.get(path, ({}, 0))
        if end > size:
            known, end = {}, 0
        known = dict(known)
        for entry in trail.entries(after=end):
            end = entry.end
            if entry.payload.get("tenant_id") and "state" in entry.payload:
                known[str(entry.payload["tenant_id"])] = Standing.of(entry.payload)
        _read[path] = (known, end)
    return known


_read: dict[Path, tuple[dict[str, Standing], int]] = {}
_reading = threading.Lock()


def notice(settings: Settings, loaded: Loaded) -> list[str]:
    """Write down what tenant files say anew, and do what follows from it. Out: what a person should know, in lines.

    A tenant whose file has a mistake is left as it is; while a file does not say whose it is, nobody counts as removed.
    What keeps a change from being followed is told and tried again the next time; it stops no collection.
    """
    try:
        return _noticed(settings, loaded)
    except LedgerBroken as error:
        return [f"changes of the tenant files are not written down, because the audit trail is broken: {error}"]


def _noticed(settings: Settings, loaded: Loaded) -> list[str]:
    wanted = {tenant.tenant: Standing.in_file(tenant) for tenant in loaded.tenants}
    if all(problem.tenant is not None for problem in loaded.problems):
        for tenant_id, standing in recorded(settings).items():
            if tenant_id not in wanted and tenant_id not in loaded.refused and standing.state in ("active", "paused"):
                wanted[tenant_id] = Standing(REMOVED)
    if _same(wanted, recorded(settings)):
        return []
    lines = []
    with _one_at_a_time(settings):
        known = recorded(settings)
        for tenant_id, standing in sorted(wanted.items()):
            if known.get(tenant_id) != standing and not _is_over(settings, tenant_id, known, standing):
                lines += _followed(settings, tenant_id, standing)
            elif known.get(tenant_id, standing).state == SHREDDED and standing.state != "offboarded":
                lines.append(f"tenant {tenant_id} was shredded, so its file cannot be followed: give it another id")
    return lines


def _followed(settings: Settings, tenant_id: str, standing: Standing) -> list[str]:
    try:
        _settle(settings, tenant_id, standing, FILE)
    except Exception as error:  # noqa: BLE001 # a vault or database that is away; the other tenants' changes are followed
        return [f"tenant {tenant_id} is {standing.state} by its file, which could not be followed yet: {error}"]
    return []


def change(settings: Settings, tenant_id: str, state: str, retain_until: date | None = None) -> bool:
    """Bring a tenant into another state, by its file. False when it is in it already.

    Raises UnknownTenant; LifeRefused or EditRefused, with nothing changed, where it cannot be.
    """
    path = find_file(settings.tenants, tenant_id)
    if path is None:
        raise UnknownTenant(f"no tenant file names {tenant_id}")
    (tenant,) = load_tenants(path, check_secrets=False).tenants
    if is_shredded(settings, tenant_id):
        raise LifeRefused(f"tenant {tenant_id} was shredded; nothing can bring its evidence back")
    if state == "paused" and tenant.state == "offboarded":
        raise LifeRefused(f"tenant {tenant_id} is offboarded; resume it first, if it is to be a tenant again")
    values = {"state": state, **({"retain_until": retain_until.isoformat()} if retain_until else {})}
    standing = Standing(state, retain_until or tenant.retain_until)
    if standing == Standing.in_file(tenant):
        return False
    change_file(path, values)
    with _one_at_a_time(settings):
        _settle(settings, tenant_id, standing, COMMAND)
    return True


def begin(settings: Settings, tenant_id: str, name: str, frameworks: Sequence[str]) -> Path:
    """Write the file of a new tenant, without a connection yet. Out: the file. Raises EditRefused, LifeRefused."""
    if not TENANT_ID.fullmatch(tenant_id):
        raise LifeRefused("a tenant id has 1 to 40 small letters, digits and hyphens, e.g. acme or acme-eu")
    loaded = load_tenants(settings.tenants, check_secrets=False)
    if tenant_id in loaded.refused or any(tenant.tenant == tenant_id for tenant in loaded.tenants):
        raise LifeRefused(f"there is a tenant {tenant_id} already")
    if is_shredded(settings, tenant_id):
        raise LifeRefused(f"tenant {tenant_id} was shredded, and an id is never used twice: take another one")
    path = new_file(settings.tenants, tenant_id, name, tuple(frameworks))
    with _one_at_a_time(settings):
        _settle(settings, tenant_id, Standing("active"), COMMAND)
    return path


def standing_of(settings: Settings, loaded: Loaded, tenant_id: str) -> Standing | None:
    """Where a tenant stands: shredded if the trail says so, else as its file says, else as was last written down."""
    known = recorded(settings).get(tenant_id)
    if known is not None and known.state == SHREDDED:
        return known
    return next((Standing.in_file(t) for t in loaded.tenants if t.tenant == tenant_id), known)


def is_shredded(settings: Settings, tenant_id: str) -> bool:
    """Whether a tenant's keys were destroyed on purpose, and it did not begin anew since."""
    last = last_life(Ledger(settings.evidence), tenant_id)
    return last is not None and last.get("state") == SHREDDED


def write_down(settings: Settings, tenant_id: str, standing: Standing, by: str, **more: Any) -> None:
    """One entry in the tenant's ledger, unless its last one says the same, and one in the audit trail."""
    ledger = Ledger(settings.evidence)
    last = last_life(ledger, tenant_id)
    before = str(last.get("state")) if last else None
    if last is None or Standing.of(last) != standing:
        ledger.append(tenant_id, LIFE, {**standing.told(), "before": before, "by": by, "actor": actor()})
    action = _ACTIONS.get(standing.state, f"tenant.{standing.state}")
    Trail(settings.home).add(action, {**standing.told(), "before": before, "by": by, **more}, tenant_id=tenant_id)


def take_away(settings: Settings, tenant_id: str) -> dict[str, int]:
    """Destroy an offboarded tenant's secrets and revoke the access that was granted to it. Out: how many of each."""
    from kushim_pipeline.stores import shared_vault

    vault = shared_vault(settings)
    names = [secret.name for secret in vault.names(tenant_id)]
    for name in names:
        vault.delete(tenant_id, name)
    return {"secrets": len(names), "grants": revoke_grants(settings, tenant_id)}


def revoke_grants(settings: Settings, tenant_id: str) -> int:
    """Revoke every grant to read the tenant; there are none without Postgres."""
    if not settings.warehouse_url.startswith("postgresql"):
        return 0
    from kushim_pipeline.access.grants import revoke_all

    return len(revoke_all(settings, tenant_id).grants)


def today() -> date:
    """The day in UTC, by which a retention ends."""
    return datetime.now(UTC).date()


def _settle(settings: Settings, tenant_id: str, standing: Standing, by: str) -> None:
    more = take_away(settings, tenant_id) if standing.state == "offboarded" else {}
    write_down(settings, tenant_id, standing, by, **more)


def _is_over(settings: Settings, tenant_id: str, known: Mapping[str, Standing], standing: Standing) -> bool:
    """Whether a shredded tenant stays so: it lives again only when somebody has allowed it new keys."""
    if known.get(tenant_id, standing).state != SHREDDED:
        return False
    if standing.state == "offboarded":
        return True
    from kushim_pipeline.stores import shared_vault
    from kushim_pipeline.vault import KeyShredded

    try:
        shared_vault(settings).keys.newest(tenant_id, "evidence")
    except KeyShredded:
        return True
    return False


def _same(wanted: Mapping[str, Standing], known: Mapping[str, Standing]) -> bool:
    return all(known.get(tenant_id) == standing for tenant_id, standing in wanted.items())


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    """A sensor and a command may notice the same change: one of them writes it down."""
    folder = settings.home / "trail"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".life.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
