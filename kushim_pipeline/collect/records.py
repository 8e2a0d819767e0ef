"""The records of one collection: gathered on disk beyond a size, so that a hundred thousand of them fit."""

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

IN_MEMORY = 16 * 2**20
"""Bytes of records that are held in memory; what is more goes into a file without a name."""
PART = 8 * 2**20
"""Bytes of records, about, that one object of the evidence store holds."""


class Records:
    """Lines by id, the last one of an id counts. For one thread at a time."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._written = 0
        self._fresh = bytearray()
        self._places: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, resource_id: object) -> bool:
        return resource_id in self._places

    def ids(self) -> set[str]:
        """The ids of all records."""
        return set(self._places)

    def add(self, resource_id: str, line: bytes) -> bool:
        """Add a line. Out: whether there was one of this id before."""
        twice = resource_id in self._places
        self._places[resource_id] = (self._written + len(self._fresh), len(line))
        self._fresh += line
        if len(self._fresh) > IN_MEMORY:
            self._write()
        return twice

    def parts(self) -> Iterator[bytes]:
        """The lines in the order of their ids, in pieces of about eight megabytes."""
        if self._file is not None:
            self._write()
        part: list[bytes] = []
        size = 0
        for resource_id in sorted(self._places):
            part.append(self._line(*self._places[resource_id]))
            size += len(part[-1])
            if size >= PART:
                yield b"\n".join(part)
                part, size = [], 0
        if part:
            yield b"\n".join(part)

    def _line(self, start: int, length: int) -> bytes:
        if self._file is None:
            return bytes(self._fresh[start : start + length])
        return os.pread(self._file.fileno(), length, start)

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 # closed by close()
        self._file.write(self._fresh)
        self._file.flush()
        self._written += len(self._fresh)
        self._fresh = bytearray()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
