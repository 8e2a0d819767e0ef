"""What somebody asks to be granted, and the rules that no grant breaks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase

from kushim_pipeline.access.login import AccessRefused
from kushim_pipeline.access.roles import ANY_TENANT, WITHOUT_VERDICTS, Role
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.tenants.config import TENANT_ID

DAYS = {Role.AUDITOR: 90}
"""How long access lasts where nobody says, in days; every other role: a year."""
_OTHERS_DAYS = 365


@dataclass(frozen=True)
class Wanted:
    """A grant as asked for, and checked. `tenant_id` may be `*`; `controls` None means every control."""

    login: str
    role: Role
    tenant_id: str
    framework: str | None
    window_from: date | None
    window_to: date | None
    controls: tuple[str, ...] | None
    expires_at: datetime


def wanted(
    login: str,
    role: Role,
    tenant_id: str,
    catalogue: Catalogue,
    *,
    framework: str | None = None,
    window: str | None = None,
    expires: date | None = None,
    controls: tuple[str, ...] = (),
    now: datetime | None = None,
) -> Wanted:
    """A grant that keeps the rules. In: `window` as FROM..TO (both days included), `expires` the last day, in UTC.

    Raises AccessRefused with what to write instead.
    """
    now = now or datetime.now(UTC)
    _refuse_tenant(role, tenant_id)
    last = expires or (now + timedelta(days=DAYS.get(role, _OTHERS_DAYS))).date()
    expires_at = datetime.combine(last + timedelta(days=1), time(), UTC)
    if expires_at <= now:
        raise AccessRefused(f"access until {last} is over already: name a later day")
    if role is not Role.AUDITOR and (framework or window):
        raise AccessRefused(f"framework and window limit an auditor; the role {role.value} takes neither")
    days: tuple[date, date] | tuple[None, None] = (None, None)
    if role is Role.AUDITOR:
        if not framework or not window:
            raise AccessRefused(
                "an auditor needs --framework and --window FROM..TO: what is audited, and for which days"
            )
        if framework not in catalogue.frameworks:
            raise AccessRefused(
                f"the framework {framework} is not in the catalogue yet; it holds {', '.join(catalogue.frameworks)}"
            )
        days = _days(window)
    if controls and role in WITHOUT_VERDICTS:
        raise AccessRefused(f"the role {role.value} sees no verdicts, so controls cannot limit it")
    for pattern in controls:
        if not any(fnmatchcase(control, pattern) for control in catalogue.controls) or set(pattern) & set("?[]"):
            raise AccessRefused(
                f"no control is called {pattern}: write an id such as KC-AC-01, or KC-AC-* for all of its kind"
            )
    return Wanted(login, role, tenant_id, framework, days[0], days[1], controls or None, expires_at)


def _refuse_tenant(role: Role, tenant_id: str) -> None:
    if tenant_id == "*":
        if role not in ANY_TENANT:
            allowed = " and ".join(sorted(one.value for one in ANY_TENANT))
            raise AccessRefused(
                f"only {allowed} are granted for any tenant (*); name one tenant for the role {role.value}"
            )
    elif not TENANT_ID.fullmatch(tenant_id):
        raise AccessRefused("that is no tenant's id: small letters, digits and hyphens, at most 40, or * for any")


def _days(window: str) -> tuple[date, date]:
    begin, dots, end = window.partition("..")
    try:
        days = date.fromisoformat(begin), date.fromisoformat(end)
    except ValueError:
        dots = ""
    if not dots or days[0] > days[1]:
        raise AccessRefused("write the window as FROM..TO, two days such as 2026-01-01..2026-12-31")
    return days
