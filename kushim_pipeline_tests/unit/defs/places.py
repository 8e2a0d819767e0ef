"""Tenant files in a folder of a test's own, and the resource that reads them."""

from dataclasses import dataclass, field
from pathlib import Path

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.settings import Settings


@dataclass
class Place:
    """A data folder and its tenant files."""

    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        home = self.folder / "home"
        return Settings(home, self.folder / "tenants", f"duckdb:///{home / 'w.duckdb'}", allow_private_hosts=True)

    def tenant(self, name: str, *connections: str) -> None:
        """Write a tenant file. In: connections as YAML flow mappings (default: one to GitHub)."""
        self.settings.tenants.mkdir(parents=True, exist_ok=True)
        listed = connections or (f"{{source: github, org: {name}, token: env:T_{name.upper().replace('-', '_')}}}",)
        text = f"tenant: {name}\nname: {name}\nconnections:\n" + "".join(f"  - {line}\n" for line in listed)
        self.path(name).write_text(text, "utf-8")

    def path(self, name: str) -> Path:
        return self.settings.tenants / f"{name}.yaml"

    def kushim(self) -> Kushim:
        return Kushim(load(), self.settings, self.lines.append)
