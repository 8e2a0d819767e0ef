"""Times as vendors write them in JSON, and as cursors and marks keep them."""

from datetime import datetime


def parsed(text: object) -> datetime | None:
    """A time in ISO 8601 with its zone; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
