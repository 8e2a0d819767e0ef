"""Where drop folders may lie: below the tenant file's folder, or where the operator says."""

import os
from collections.abc import Mapping
from pathlib import Path

DROP = "KUSHIM_DROP"
"""The environment variable that names folders (separated as in PATH) below which a drop folder may be absolute."""


class Outside(ValueError):
    """A path that leads out of where it may lie. The text says so and does not repeat where it leads."""


def allowed(folder: str, environ: Mapping[str, str]) -> bool:
    """Whether a tenant file may name this folder. A relative one always may: it cannot climb."""
    if not folder.startswith("/"):
        return True
    return any(Path(folder).is_relative_to(root) for root in _roots(environ))


def place(base: Path, folder: str, environ: Mapping[str, str]) -> Path:
    """The real folder, links followed. In: the tenant file's folder, and what it says. Raises Outside."""
    found = (base / folder).resolve()
    roots = _roots(environ) if folder.startswith("/") else [base]
    if not allowed(folder, environ) or not any(found.is_relative_to(root.resolve()) for root in roots):
        raise Outside(f"the folder {folder} lies outside of where drop folders may be")
    return found


def _roots(environ: Mapping[str, str]) -> list[Path]:
    return [Path(text) for text in environ.get(DROP, "").split(os.pathsep) if text.startswith("/")]
