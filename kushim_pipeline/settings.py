"""Where Kushim's data, tenants and warehouse are: what the environment says, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS


class SettingsError(ValueError):
    """An environment variable has a value that cannot be meant."""


@dataclass(frozen=True)
class Settings:
    """The four settings of the public interface. Paths are absolute, so that child processes find the same places."""

    home: Path
    """KUSHIM_HOME: the data folder (default ./.kushim)."""
    tenants: Path
    """KUSHIM_TENANTS: a tenant file or a folder of them (default ./tenants)."""
    warehouse_url: str
    """KUSHIM_WAREHOUSE_URL: `duckdb:///PATH` (default: under `home`) or `postgresql+psycopg2://…`."""
    allow_private_hosts: bool = False
    """KUSHIM_ALLOW_PRIVATE_HOSTS=1: base URLs may be on loopback and in private networks."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings of `environ` (default: the process's). Empty counts as unset. Raises SettingsError."""
        environ = os.environ if environ is None else environ
        home = _path(environ.get("KUSHIM_HOME") or ".kushim")
        url = environ.get("KUSHIM_WAREHOUSE_URL") or f"duckdb:///{home / 'warehouse' / 'kushim.duckdb'}"
        if not url.startswith(("duckdb:///", "postgresql+psycopg2://")):
            # The value is not repeated: it may hold a password.
            raise SettingsError("KUSHIM_WAREHOUSE_URL begins with neither duckdb:/// nor postgresql+psycopg2://")
        private = environ.get(ALLOW_PRIVATE_HOSTS, "")
        if private not in ("", "0", "1"):
            raise SettingsError(f"{ALLOW_PRIVATE_HOSTS} is 1 or unset, nothing else")
        return cls(home, _path(environ.get("KUSHIM_TENANTS") or "tenants"), url, private == "1")

    @property
    def evidence(self) -> Path:
        """The folder of the evidence store and its ledger."""
        return self.home / "evidence"

    def __repr__(self) -> str:
        scheme = self.warehouse_url.partition(":")[0]
        return f"Settings(home={str(self.home)!r}, tenants={str(self.tenants)!r}, warehouse={scheme})"


def _path(text: str) -> Path:
    return Path.cwd() / Path(text).expanduser()
