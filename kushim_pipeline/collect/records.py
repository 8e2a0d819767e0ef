"""The records of one collection: gathered on disk beyond a size, so that a hundred thousand of them fit."""

import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import IO, Self

IN_MEMORY = 16 * 2**20
"""Bytes of records that are held in memory; what is more goes into a file without a name."""
PART = 8 * 2**20
"""Bytes of records, about, that one object of the evidence store holds."""


class Records:
    """Lines by id, the last one of an id counts. For one thread at a time."""

    def __init__(self, repeats: Callable[[bytes], bool]) -> None:
        """In: whether bytes hold a secret. It is asked for many lines together."""
        self._repeats = repeats
        self._numbers: dict[str, int] = {}
        self._fresh: list[bytes] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._starts = array("Q", [0])
        self._left_out: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, resource_id: object) -> bool:
        return resource_id in self._numbers

    def ids(self) -> set[str]:
        """The ids of all records."""
        return set(self._numbers)

    def add(self, lines: Iterable[tuple[str, bytes]]) -> list[str]:
        """Add lines, each with its id. Out: of which ids there was one before."""
        twice: list[str] = []
        number = len(self._starts) - 1 + len(self._fresh)
        for resource_id, line in lines:
            if resource_id in self._numbers:
                twice.append(resource_id)
            self._numbers[resource_id] = number
            self._fresh.append(line)
            self._size += len(line)
            number += 1
        if self._size > IN_MEMORY:
            self._write()
        return twice

    def leave_out_secrets(self) -> list[str]:
        """Forget every line that holds a secret. Out: whose they were. Called after the last line was added."""
        self._joined()
        return self._left_out

    def parts(self) -> Iterator[bytes]:
        """The lines in the order of their ids, in pieces of about eight megabytes."""
        if self._file is not None and self._fresh:
            self._write()
        part: list[bytes] = []
        size = 0
        for resource_id in sorted(self._numbers):
            line = self._line(self._numbers[resource_id])
            part.append(line)
            size += len(line)
            if size >= PART:
                yield b"\n".join(part)
                part, size = [], 0
        if part:
            yield b"\n".join(part)

    def _line(self, number: int) -> bytes:
        if self._file is None:
            return self._fresh[number]
        start = self._starts[number]
        return os.pread(self._file.fileno(), self._starts[number + 1] - 1 - start, start)

    def _joined(self) -> bytes:
        """The fresh lines, each that holds a secret emptied. All are searched together: half the time of one by one."""
        joined = b"\n".join(self._fresh)
        if not self._repeats(joined):
            return joined
        first = len(self._starts) - 1
        names = {number: name for name, number in self._numbers.items() if number >= first}
        for place, line in enumerate(self._fresh):
            if self._repeats(line):
                self._fresh[place] = b""
                name = names.get(first + place, "")
                self._numbers.pop(name, None)
                self._left_out.append(name)
        return b"\n".join(self._fresh)

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 # closed by close()
        joined = self._joined()
        for line in self._fresh:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._file.writelines((joined, b"\n"))
        self._file.flush()
        self._fresh, self._size = [], 0

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
