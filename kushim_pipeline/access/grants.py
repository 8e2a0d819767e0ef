"""Give and take access to a Postgres warehouse, and say who has it and who used it.

A grant is a row in the warehouse and a login on its server, written in one transaction; the audit trail's entry is
written before that transaction is committed, so that nothing is given that the trail does not know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.access.link import become_owner, owner, warehouse
from kushim_pipeline.access.login import (
    AccessRefused,
    end_sessions,
    open_login,
    refuse_name,
    refuse_password,
    shut_login,
)
from kushim_pipeline.access.roles import Role
from kushim_pipeline.access.wanted import Wanted
from kushim_pipeline.evidence.trail import Trail, actor
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import Rows, is_postgres

__all__ = ["AccessRefused", "Grant", "Revoked", "Wanted", "entries", "grant", "grants", "revoke", "revoke_all"]

_COLUMNS = (
    "grant_id", "tenant_id", "login", "role", "framework", "window_from", "window_to", "controls", "granted_by",
    "granted_at", "expires_at", "revoked_at", "revoked_by",
)  # fmt: skip
# Every text of SQL in this file is its own; what a person typed is a parameter.
_LIVE = "revoked_at IS NULL AND expires_at > clock_timestamp()"


@dataclass(frozen=True)
class Grant:
    """A row of access.grants; see sql/schema/postgres/after/access.sql."""

    grant_id: int
    tenant_id: str
    login: str
    role: Role
    framework: str | None
    window_from: date | None
    window_to: date | None
    controls: tuple[str, ...] | None
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None

    @property
    def told(self) -> dict[str, Any]:
        """What the audit trail says of it."""
        told: dict[str, Any] = {
            "grant_id": self.grant_id, "login": self.login, "role": self.role.value, "for": self.tenant_id,
            "expires_at": self.expires_at.astimezone(UTC).isoformat(),
        }  # fmt: skip
        if self.framework and self.window_from and self.window_to:
            told |= {"framework": self.framework, "window": f"{self.window_from}..{self.window_to}"}
        return told | ({"controls": list(self.controls)} if self.controls else {})


@dataclass(frozen=True)
class Revoked:
    """What a revocation did: the grants and the sessions that it ended, and the sessions that go on, without rights."""

    grants: tuple[Grant, ...]
    ended: int
    left: int


def grant(settings: Settings, wanted: Wanted, password: SecretStr | None = None) -> tuple[Grant, bool]:
    """Give access, and make the login if there is none. Out: the grant, and whether the login was made.

    Raises AccessRefused, and grants nothing, for what may not be granted or is granted already.
    """
    refuse_name(wanted.login)
    refuse_password(password)
    with owner(settings) as connection, connection.cursor() as cursor:
        live = _select(cursor, f"login = %s AND {_LIVE}", (wanted.login,))
        _refuse_second(wanted, live)
        until = max([wanted.expires_at, *(one.expires_at for one in live)])
        made = open_login(cursor, wanted.login, wanted.role, until, password)
        cursor.execute("SET LOCAL ROLE kushim_owner")
        cursor.execute(
            "INSERT INTO access.grants (tenant_id, login, role, framework, window_from, window_to, controls, "
            "granted_by, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING grant_id",
            (wanted.tenant_id, wanted.login, wanted.role.value, wanted.framework, wanted.window_from, wanted.window_to,
             list(wanted.controls) if wanted.controls else None, actor(), wanted.expires_at),
        )  # fmt: skip
        given = _select(cursor, "grant_id = %s", (cursor.fetchone()[0],))[0]
        Trail(settings.home).add("access.grant", {**given.told, "login_made": made}, tenant_id=_whose(given))
    return given, made


def revoke(settings: Settings, login: str, tenant_id: str | None = None, framework: str | None = None) -> Revoked:
    """Take a login's live grants away: all, or those for a tenant (`*` for any), or for a framework there.

    The login's next statement is refused, and its sessions are ended where this login may. Raises AccessRefused when
    there is nothing to revoke.
    """
    limits = {"login": login, "tenant_id": tenant_id, "framework": framework}
    revoked = _revoke(settings, {name: value for name, value in limits.items() if value is not None})
    if not revoked.grants:
        raise AccessRefused(f"{login} has no live grant like that: `kushim access list` shows what there is")
    return revoked


def revoke_all(settings: Settings, tenant_id: str) -> Revoked:
    """Take everybody's grants for a tenant away: when it is offboarded. Grants for any tenant stay what they are.

    Does nothing on DuckDB, which has no grants.
    """
    if not is_postgres(settings.warehouse_url):
        return Revoked((), 0, 0)
    return _revoke(settings, {"tenant_id": tenant_id})


def grants(settings: Settings, *, ended: bool = False, tenant_id: str | None = None) -> Rows:
    """The live grants, or all, that this login may see: an owner's or admin's all, others their own."""
    where = [] if ended else [f"({_LIVE})"]
    where += ["tenant_id IN (%s, '*')"] if tenant_id else []
    with warehouse(settings) as connection, connection.cursor() as cursor:
        source = "access.grants" if become_owner(cursor) else "ops.access_grant"
        cursor.execute(
            "SELECT login, role, tenant_id, framework, window_from, window_to, controls, "  # noqa: S608 # our own names
            "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= clock_timestamp() THEN 'expired' "
            "ELSE 'live' END AS state, expires_at, granted_by, granted_at, revoked_by, revoked_at, grant_id "
            f"FROM {source} WHERE {' AND '.join(where) or 'TRUE'} ORDER BY login, tenant_id, grant_id",
            (tenant_id,) if tenant_id else (),
        )
        return Rows([column[0] for column in cursor.description], cursor.fetchall())


def entries(settings: Settings, *, tenant_id: str | None = None, login: str | None = None) -> Rows:
    """Who entered when, the newest first, of what this login may see: an owner's or admin's all, others their own."""
    limits = {name: value for name, value in (("tenant_id", tenant_id), ("login", login)) if value is not None}
    with warehouse(settings) as connection, connection.cursor() as cursor:
        source = "access.entries" if become_owner(cursor) else "ops.access_log"
        cursor.execute(
            "SELECT entered_at, login, role, tenant_id, framework, "  # noqa: S608 # our own names
            "CAST(client_address AS text) AS client_address, "
            f"application, backend_pid, grant_id, entry_id FROM {source} WHERE {_where(limits)} ORDER BY entry_id DESC",
            list(limits.values()),
        )
        return Rows([column[0] for column in cursor.description], cursor.fetchall())


def _revoke(settings: Settings, limits: Mapping[str, str]) -> Revoked:
    with owner(settings) as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE kushim_owner")
        cursor.execute(
            "UPDATE access.grants SET revoked_at = clock_timestamp(), revoked_by = %s "  # noqa: S608 # our own names
            f"WHERE {_where(limits)} "
            f"AND {_LIVE} RETURNING grant_id",
            (actor(), *limits.values()),
        )
        taken = _select(cursor, "grant_id = ANY (%s)", ([row[0] for row in cursor.fetchall()],))
        still = _select(cursor, f"login = ANY (%s) AND {_LIVE}", (sorted({one.login for one in taken}),))
        cursor.execute("SET LOCAL ROLE NONE")
        for login, role in sorted({(one.login, one.role) for one in taken}):
            until = [one.expires_at for one in still if one.login == login]
            shut_login(cursor, login, role, max(until) if until else None)
        for one in taken:
            Trail(settings.home).add("access.revoke", one.told, tenant_id=_whose(one))
    revoked = Revoked(tuple(taken), 0, 0)
    with warehouse(settings) as connection:
        for login in sorted({one.login for one in taken}):
            ended, left = end_sessions(connection, login)
            revoked = replace(revoked, ended=revoked.ended + ended, left=revoked.left + left)
    return revoked


def _refuse_second(wanted: Wanted, live: Sequence[Grant]) -> None:
    for one in live:
        if one.role is not wanted.role:
            raise AccessRefused(
                f"{wanted.login} is granted the role {one.role.value} (for {one.tenant_id}), and a person's login has "
                f"one role only: revoke that first, or give another login the role {wanted.role.value}"
            )
        if (one.tenant_id, one.framework) == (wanted.tenant_id, wanted.framework):
            raise AccessRefused(
                f"{wanted.login} has this access already, until {one.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC "
                "(grants are not rewritten): revoke it first, then grant what is right now"
            )


def _select(cursor: Any, where: str, parameters: Sequence[Any]) -> list[Grant]:
    columns = ", ".join(_COLUMNS)
    cursor.execute(f"SELECT {columns} FROM access.grants WHERE {where} ORDER BY grant_id", parameters)  # noqa: S608 # our own names
    found = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    return [
        Grant(**{**row, "role": Role(row["role"]), "controls": tuple(row["controls"]) if row["controls"] else None})
        for row in found
    ]


def _where(limits: Mapping[str, str]) -> str:
    return " AND ".join(f"{name} = %s" for name in limits) or "TRUE"


def _whose(given: Grant) -> str | None:
    return None if given.tenant_id == "*" else given.tenant_id
