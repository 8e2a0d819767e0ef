"""DAGSTER_HOME: a folder in KUSHIM_HOME with a copy of the project's dagster.yaml. Needs no Dagster."""

import hashlib
import os
from pathlib import Path

from kushim_pipeline.settings import Settings

INSTANCE_FILE = Path(__file__).resolve().parents[2] / "dagster.yaml"
_HEAD = "# A copy that Kushim keeps up to date until you change it. "


def prepare_dagster_home(settings: Settings) -> Path:
    """Make KUSHIM_HOME/dagster with dagster.yaml in it, and return it: what DAGSTER_HOME is to be set to.

    A copy that somebody has changed stays as it is; an unchanged older copy is replaced.
    """
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    copy = home / "dagster.yaml"
    wanted = _signed(INSTANCE_FILE.read_text("utf-8"))
    found = copy.read_text("utf-8") if copy.exists() else None
    if found != wanted and (found is None or _is_untouched(found)):
        incoming = copy.with_suffix(f".{os.getpid()}.incoming")
        incoming.write_text(wanted, "utf-8")
        incoming.replace(copy)
    return home


def _signed(text: str) -> str:
    return f"{_HEAD}{hashlib.sha256(text.encode()).hexdigest()[:16]}\n{text}"


def _is_untouched(text: str) -> bool:
    head, _, rest = text.partition("\n")
    return head.startswith(_HEAD) and text == _signed(rest)
