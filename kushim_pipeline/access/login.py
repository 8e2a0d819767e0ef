"""A person's login on the Postgres server: made when it is first granted something, shut when nothing is left.

Logins belong to the server, grants to one warehouse on it: give a person another login for another warehouse.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.access.roles import Role

PASSWORD_LENGTH = 12
CONNECTIONS = 5
_NAME = re.compile(r"[a-z][a-z0-9_.@+-]{0,62}")
# What a login starts with. A person may set these anew; they are there against forgotten sessions, not against intent.
_STARTS_WITH = {"idle_in_transaction_session_timeout": "5min", "statement_timeout": "5min"}


class AccessRefused(ValueError):
    """Access that cannot be given or taken as asked. The text says why and what to do; it holds no secret."""


def refuse_name(login: str) -> None:
    """Raise AccessRefused for a name that no person's login may have."""
    if not _NAME.fullmatch(login) or login.startswith(("pg_", "kushim_")) or login in ("public", "none", "postgres"):
        raise AccessRefused(
            f"{login[:80]!r} cannot be a person's login: write small letters, digits and _ . @ + -, a letter first, "
            "at most 63, and not pg_… or kushim_…"
        )


def refuse_password(password: SecretStr | None) -> None:
    """Raise AccessRefused for a password that is too short to be one."""
    if password is not None and len(password.get_secret_value()) < PASSWORD_LENGTH:
        raise AccessRefused(f"the password is shorter than {PASSWORD_LENGTH} characters")


def open_login(cursor: Any, login: str, role: Role, until: datetime, password: SecretStr | None) -> bool:
    """Make the login, or open it again, as a member of the role's group until a time.

    Out: whether it was made. The server gets a SCRAM verifier, never the password itself. Raises AccessRefused for a
    login that is no person's, or has another role.
    """
    from psycopg2 import sql

    exists = _refuse_foreign(cursor, login, role)
    name, group = sql.Identifier(login), sql.Identifier(role.group)
    options = [sql.SQL("LOGIN CONNECTION LIMIT {}").format(sql.Literal(CONNECTIONS))]
    options.append(sql.SQL("VALID UNTIL {}").format(sql.Literal(until.isoformat())))
    if password is not None:
        options.append(sql.SQL("PASSWORD {}").format(sql.Literal(_verifier(cursor, login, password))))
    verb = "ALTER" if exists else "CREATE"
    cursor.execute(sql.SQL(f"{verb} ROLE {{}} {{}}").format(name, sql.SQL(" ").join(options)))
    # Its role's rights come by themselves (inherit); it need not, and from Postgres 16 on cannot, become the role.
    cursor.execute(sql.SQL("GRANT {} TO {}" + _inheriting(cursor)).format(group, name))
    for setting, value in _STARTS_WITH.items():
        cursor.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))
    return not exists


def shut_login(cursor: Any, login: str, role: Role, until: datetime | None) -> None:
    """Let the login end at a time; None: at once, and take its role away. A login that is gone already is left so."""
    from psycopg2 import sql

    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (login,))
    if cursor.fetchone() is None:
        return
    name = sql.Identifier(login)
    if until is not None:
        cursor.execute(sql.SQL("ALTER ROLE {} VALID UNTIL {}").format(name, sql.Literal(until.isoformat())))
        return
    cursor.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(name))
    cursor.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role.group), name))


def end_sessions(connection: Any, login: str) -> tuple[int, int]:
    """End the login's sessions, where the connection's may. Out: how many were ended, and how many go on.

    In: a connection in autocommit mode. A cursor that is open already reads on until its session ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()", (login,))
        running = [row[0] for row in cursor.fetchall()]
        if not running:
            return 0, 0
        with _as_one_of_them(cursor, login):
            ended = sum(_end(cursor, pid) for pid in running)
    return ended, len(running) - ended


def _end(cursor: Any, pid: int) -> bool:
    import psycopg2

    try:
        cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
    except psycopg2.errors.InsufficientPrivilege:
        return False
    return True


@contextlib.contextmanager
def _as_one_of_them(cursor: Any, login: str) -> Iterator[None]:
    """Be a member of the login for a moment: whoever made it may, and only members and superusers end its sessions."""
    import psycopg2
    from psycopg2 import sql

    cursor.execute("SELECT pg_has_role(session_user, %s, 'USAGE')", (login,))
    if cursor.fetchone()[0]:
        yield
        return
    name, how = sql.Identifier(login), _inheriting(cursor)
    try:
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER" + how).format(name))
    except psycopg2.errors.InsufficientPrivilege:
        yield
        return
    try:
        yield
    finally:
        cursor.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(name))


def _inheriting(cursor: Any) -> str:
    """How a membership is given that brings rights; before Postgres 16 it lets its member become the group, too."""
    return " WITH INHERIT TRUE, SET FALSE" if cursor.connection.server_version >= 160000 else ""


def _refuse_foreign(cursor: Any, login: str, role: Role) -> bool:
    """Raise AccessRefused for a login that must not become a person's. Out: whether it exists."""
    cursor.execute(
        """
        SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,
            ARRAY(SELECT g.rolname::text FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid
                WHERE m.member = r.oid ORDER BY 1),
            EXISTS (SELECT FROM pg_shdepend AS d
                WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o')
                OR EXISTS (SELECT FROM pg_database AS b WHERE b.datdba = r.oid)
        FROM pg_roles AS r
        WHERE r.rolname = %s
        """,
        (login,),
    )
    found = cursor.fetchone()
    if found is None:
        return False
    is_mighty, groups, owns = found
    if is_mighty or owns:
        raise AccessRefused(
            f"the login {login} has rights of its own on this server (it owns something, or may make roles or "
            "databases): give the person another one"
        )
    others = [group for group in groups if group != role.group]
    if others:
        named = ", ".join(others)
        raise AccessRefused(
            f"the login {login} is a member of {named}, and a person's login has one role only: "
            f"revoke that first, or give another login the role {role.value}"
        )
    return True


def _verifier(cursor: Any, login: str, password: SecretStr) -> str:
    from psycopg2.extensions import encrypt_password

    return str(encrypt_password(password.get_secret_value(), login, scope=cursor.connection, algorithm="scram-sha-256"))
