"""The reader's side of Postgres: read-only, one statement at a time, behind the walls of the login that came."""

import contextlib
from collections.abc import Sequence
from typing import Any

from kushim_pipeline.warehouse.engine import NothingPublished, QueryRefused, Rows, StatementFailed
from kushim_pipeline.warehouse.postgres_engine import LOADER
from kushim_pipeline.warehouse.postgres_link import connect, execute, is_member
from kushim_pipeline.warehouse.session import Session, enter, is_person

_SET_TENANT = "SELECT set_config('app.tenant', ?, true)"


class PostgresReader:
    """A Reader: every query in a read-only transaction of its own.

    A login that is the loader's sees all tenants; a service's sees the tenant that it names, a person's the tenant of a
    grant, once it has entered. `marts` is the schema whose marts it reads.
    """

    def __init__(self, url: str, tenant: str | None = None) -> None:
        """In: the URL, and the tenant whose rows are wanted.

        Raises NothingPublished when the marts are not there yet, AccessDenied without a grant, WarehouseAway when there
        is no server.
        """
        self.marts = "mart_v1"
        self._tenant: str | None = None
        self._connection = connect(url, application="kushim reader", read_only=True)
        try:
            _refuse_unpublished(self._connection)
            if is_member(self._connection, LOADER):
                execute(self._connection, f"SET ROLE {LOADER}")
            elif tenant is not None:
                self._begin(tenant)
        except BaseException:
            self._connection.close()
            raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        link = self._connection
        try:
            execute(link, "BEGIN READ ONLY")
            if self._tenant is not None:
                # In the transaction, never in the session: a pooler may give the session to somebody else's next one.
                execute(link, _SET_TENANT, (self._tenant,))
            if parameters:
                return execute(link, sql, parameters)[0]
            # A cursor holds exactly one statement that gives rows: nobody's text can end the transaction and go on.
            execute(link, "SELECT set_config('kushim.question', ?, true)", (sql,))
            execute(
                link,
                "DO 'DECLARE answer refcursor := ''kushim_answer''; "
                "BEGIN OPEN answer FOR EXECUTE current_setting(''kushim.question''); END'",
            )
            return execute(link, "FETCH ALL FROM kushim_answer")[0]
        except StatementFailed as error:
            raise QueryRefused(_without_context(str(error))) from None
        finally:
            with contextlib.suppress(Exception):
                execute(link, "ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _begin(self, tenant: str) -> None:
        if not is_person(self._connection):
            self._tenant = tenant
            return
        session: Session = enter(self._connection, tenant)
        self.marts = session.marts


def _refuse_unpublished(connection: Any) -> None:
    if not execute(connection, "SELECT to_regclass('mart_v1.check_result') IS NOT NULL")[0].rows[0][0]:
        raise NothingPublished("nothing has been published here yet: run `kushim run` (or `kushim demo`) first")


def _without_context(message: str) -> str:
    """The server's message without the lines about our own cursor."""
    return message.partition("\nCONTEXT:")[0]
