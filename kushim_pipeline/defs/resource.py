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
from kushim_pipeline.tenants.load import Loaded, load_tenants
from kushim_pipeline.warehouse import Warehouse, open_writer


def _nobody(_: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Roster:
    """The tenants that the files name at this moment."""

    loaded: Loaded

    @property
    def tenants(self) -> dict[str, TenantConfig]:
        """The tenants whose files are sound, by id."""
        return {tenant.tenant: tenant for tenant in self.loaded.tenants}

    def gone(self, known: Iterable[str]) -> list[str]:
        """Those of `known` that no file names any more.

        Empty as long as one file does not say whose it is (or the folder cannot be read): it might be theirs.
        """
        if any(problem.tenant is None for problem in self.loaded.problems):
            return []
        return sorted(set(known) - set(self.tenants) - self.loaded.refused)

    def problems_of(self, tenant_id: str) -> list[str]:
        """Why a tenant cannot run, a line a mistake in its file."""
        found = [str(problem) for problem in self.loaded.problems if problem.tenant == tenant_id]
        return found or [f"no tenant file names {tenant_id}"]


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
