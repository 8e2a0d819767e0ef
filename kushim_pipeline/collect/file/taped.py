"""What a receipt kept of a drop folder, read again in the folder's stead."""

from datetime import datetime

from kushim_pipeline.collect.file.folder import Found, Unread
from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "read file"


class Taped:
    """The file that was read then, with what stood beside it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._files = {str(page.parameters["file"]): page for page in tape.of(OPERATION)}

    def newest(self, pattern: str) -> str:
        """The file that was read then, whatever the folder holds now."""
        for name, page in self._files.items():
            if "modified_at" in page.parameters:
                return name
        raise Unread(Reason.NOT_COLLECTED, f"no file that matches {pattern} was kept")

    def sidecar(self, name: str, suffix: str) -> bytes | None:
        """What stood beside it; None where there was nothing."""
        page = self._files.get(name + suffix)
        return self._tape.bytes_of(page) if page else None

    def read(self, name: str, *, vouched: bool) -> Found:
        """The file as it stood."""
        page = self._files[name]
        modified_at = datetime.fromisoformat(page.parameters["modified_at"])
        return Found(name, self._tape.bytes_of(page), modified_at)
