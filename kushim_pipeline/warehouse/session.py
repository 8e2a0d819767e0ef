"""Begin a session on a Postgres warehouse: a service says whose rows it reads, a person enters and is logged."""

from dataclasses import dataclass
from typing import Any

_WHO = """
SELECT NOT r.rolsuper AND coalesce(
    (SELECT pg_has_role(r.oid, p.oid, 'MEMBER') FROM pg_roles AS p WHERE p.rolname = 'kushim_person'), FALSE
)
FROM pg_roles AS r
WHERE r.rolname = session_user
"""
_ROLE = """
SELECT l.role FROM ops.access_log AS l WHERE l.entry_id = CAST(current_setting('app.entry') AS bigint)
"""


class AccessDenied(PermissionError):
    """This login may not read that tenant, or not any more. The text says why and what to do."""


@dataclass(frozen=True)
class Session:
    """What a connection may read from now on.

    `role` is a person's role, None for a service; `marts` is the schema whose marts it reads: viewers have their own.
    """

    tenant: str
    role: str | None
    marts: str


def enter(connection: Any, tenant: str, framework: str | None = None) -> Session:
    """Let a session read one tenant; call it between transactions.

    In: a psycopg2 connection (in autocommit mode or not), the tenant, and for an auditor of several frameworks which of
    them. A person's entry is written to the log and committed here, since nothing is readable before. Raises
    AccessDenied without a live grant.
    """
    import psycopg2

    if not is_person(connection):
        _ask(connection, "SELECT set_config('app.tenant', %s, false)", tenant)
        return Session(tenant, None, "mart_v1")
    try:
        # A reader's connection is read-only; the entry is the one thing that it writes.
        _ask(connection, "SELECT ops.enter(%s, %s)", tenant, framework, writes=True)
        role = str(_ask(connection, _ROLE))
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidParameterValue) as error:
        raise AccessDenied(said(error)) from None
    return Session(tenant, role, "viewer_v1" if role == "viewer" else "mart_v1")


def is_person(connection: Any) -> bool:
    """Whether the session's login is a person's: superusers and services are not."""
    return bool(_ask(connection, _WHO))


def said(error: Any) -> str:
    """The server's message and hint, without the place in the function that raised it."""
    hint = f"; {error.diag.message_hint}" if error.diag.message_hint else ""
    return f"{error.diag.message_primary}{hint}"


def _ask(connection: Any, sql: str, *parameters: object, writes: bool = False) -> Any:
    """One statement in a transaction of its own. Out: the first value of its first row."""
    with connection.cursor() as cursor:
        if connection.autocommit:
            cursor.execute("BEGIN READ WRITE" if writes else "BEGIN")
        elif writes:
            cursor.execute("SET TRANSACTION READ WRITE")
        end = "COMMIT"
        try:
            cursor.execute(sql, parameters)
            return cursor.fetchone()[0]
        except BaseException:
            end = "ROLLBACK"
            raise
        finally:
            if connection.autocommit:
                cursor.execute(end)
            elif end == "COMMIT":
                connection.commit()
            else:
                connection.rollback()
