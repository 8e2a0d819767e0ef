"""What every step is given: the settings, the catalogue, the stores, and somebody who may be watching.

Nothing of it is Dagster configuration, so no path, URL or secret stands in a run's config, logs or metadata.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.run import Stores
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.load import Loaded, load_tenants, not_active
from kushim_pipeline.warehouse import Warehouse, open_writer


def _nobody(_: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Roster:
    """The tenants that the files name at this moment."""

    loaded: Loaded

    @property
    def tenants(self) -> dict[str, TenantConfig]:
        """The tenants that are collected, by id: active ones, whose files are sound."""
        return self._in("active")

    @property
    def expected(self) -> dict[str, TenantConfig]:
        """The tenants that are judged, by id: a paused one, too, so that its verdicts grow stale."""
        return self._in("active", "paused")

    def gone(self, known: Iterable[str]) -> list[str]:
        """Those of `known` whose verdicts end: offboarded ones, and those that no file names any more.

        None of the latter as long as one file does not say whose it is (or the folder cannot be read): it might be
        theirs.
        """
        return sorted(set(known) & (self._in("offboarded").keys() | self._absent(known)))

    def without_partition(self, known: Iterable[str]) -> list[str]:
        """Those of `known` that are not collected any more: paused ones, and those that are gone."""
        return sorted(set(known) & (self._in("paused", "offboarded").keys() | self._absent(known)))

    def problems_of(self, tenant_id: str) -> list[str]:
        """Why a tenant cannot run, a line a mistake in its file."""
        found = [str(problem) for problem in self.loaded.problems if problem.tenant == tenant_id]
        found += [not_active(tenant) for tenant in self.loaded.tenants if tenant.tenant == tenant_id]
        return found or [f"no tenant file names {tenant_id}"]

    def _in(self, *states: str) -> dict[str, TenantConfig]:
        return {tenant.tenant: tenant for tenant in self.loaded.tenants if tenant.state in states}

    def _absent(self, known: Iterable[str]) -> set[str]:
        if any(problem.tenant is None for problem in self.loaded.problems):
            return set()
        return set(known) - {tenant.tenant for tenant in self.loaded.tenants} - self.loaded.refused


@dataclass
class Kushim:
    """The resource `kushim`. Settings are read from the environment when a step wants them, not when this is made."""

    catalogue: Catalogue
    given: Settings | None = None
    say: Callable[[str], None] = _nobody
    notices: list[str] = field(default_factory=list)
    """What is not as it should be without stopping the run, for the end of `kushim run`."""
    not_judged: list[str] = field(default_factory=list)
    """The checks whose SQL was refused, in words."""
    read: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Tenant and source -> whether anything could be read, of what this process has collected."""

    @property
    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        return self.given or Settings.read()

    @property
    def stores(self) -> Stores:
        """Where a collection writes."""
        return open_stores(self.settings)

    def roster(self) -> Roster:
        """The tenants of the files. A secret that is not set refuses no tenant here: its receipts will say so."""
        policy = partial(resolve, self.catalogue.policy)
        return Roster(load_tenants(self.settings.tenants, environ=os.environ, policy=policy, check_secrets=False))

    @contextmanager
    def writer(self) -> Iterator[Warehouse]:
        """The writer's hold on the warehouse. Raises WarehouseBusy."""
        with open_writer(self.settings.warehouse_url) as warehouse:
            yield warehouse
