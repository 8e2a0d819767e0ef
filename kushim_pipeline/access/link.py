"""The warehouse as those who give and list access see it: who may act as its owner, and who may not."""

import contextlib
from collections.abc import Iterator
from typing import Any

from kushim_pipeline.access.login import AccessRefused
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import is_postgres


@contextlib.contextmanager
def owner(settings: Settings) -> Iterator[Any]:
    """One transaction of a login that may act as kushim_owner and make logins. Raises AccessRefused for another."""
    import psycopg2

    with warehouse(settings) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                if not become_owner(cursor):
                    raise AccessRefused(
                        "the login of KUSHIM_WAREHOUSE_URL may not give or take access: use the one that migrates the "
                        "warehouse (a member of kushim_owner that may make roles)"
                    )
                cursor.execute("SET LOCAL ROLE NONE")
                # One at a time: two grants to one login at once would each find no other.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('kushim access', 0))")
                yield connection
                cursor.execute("COMMIT")
        except psycopg2.errors.InsufficientPrivilege as error:
            raise AccessRefused(
                f"the server refuses to make or change the login ({error.diag.message_primary}): the login of "
                "KUSHIM_WAREHOUSE_URL needs CREATEROLE, and ADMIN on the kushim roles"
            ) from None


@contextlib.contextmanager
def warehouse(settings: Settings) -> Iterator[Any]:
    """A connection in autocommit mode. Raises AccessRefused for a warehouse that knows no grants."""
    if not is_postgres(settings.warehouse_url):
        raise AccessRefused(
            "this warehouse is a DuckDB file, and one file has no walls: whoever opens it reads everything. Give an "
            "auditor an export of one tenant instead (`kushim warehouse export --tenant T FILE`), or move to Postgres"
        )
    from kushim_pipeline.warehouse.postgres_link import connect

    with contextlib.closing(connect(settings.warehouse_url, application="kushim access")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('ops.access_grant') IS NULL")
            if cursor.fetchone()[0]:
                raise AccessRefused("this warehouse knows nothing of grants yet: run `kushim warehouse migrate` first")
        yield connection


def become_owner(cursor: Any) -> bool:
    """Act as kushim_owner until the transaction ends (in autocommit mode: the session). Out: whether the login may."""
    cursor.execute("SELECT pg_has_role(session_user, 'kushim_owner', 'MEMBER')")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute("SET ROLE kushim_owner")
    return True
