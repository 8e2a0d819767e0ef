"""The records of one collection on their way to the evidence store, in parts: a hundred thousand fit into memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

PART = 8 * 2**20
"""Bytes of records, about, that one object of the evidence store holds."""


@dataclass
class Part:
    """Lines by id. `number`: which part of the collection's it is; `shown`: whether the pages' bytes show whatever the
    lines hold."""

    number: int
    lines: dict[str, bytes] = field(default_factory=dict)
    size: int = 0
    shown: bool = True

    def leave_out(self, repeats: Callable[[bytes], bool]) -> list[str]:
        """Drop every line that holds a secret, in a spelling that its page did not show. Out: whose they were."""
        # All are searched together, in half the time of one by one. Pages are searched before they are kept.
        if self.shown or not repeats(b"\n".join(self.lines.values())):
            return []
        names = [name for name, line in self.lines.items() if repeats(line)]
        for name in names:
            del self.lines[name]
        return names

    def joined(self) -> bytes:
        """The lines in the order of their ids."""
        return b"\n".join([self.lines[name] for name in sorted(self.lines)])
