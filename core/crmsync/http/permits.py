"""The file of permits: what all processes of the machine know of one account's limits. Numbers only, no policy.

Fixed binary records under one `flock`, so that taking and giving back cost microseconds and a kill between two
writes leaves a readable file. A file that is short, foreign or from before a reboot is begun anew, in place.
`read` and `write` and not `mmap`: a truncated mapping would end the process.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_HEADER = struct.Struct("<8s16s")  # magic, boot
_POOL = struct.Struct("<ddq")
_SLOT = struct.Struct("<dqq")
_MAGIC = b"crmsync1"

Head = tuple[float, float, int]  # blocked until (monotonic s), budget counted since (epoch s), budget used
Slot = tuple[float, int, int]  # free at (monotonic s), 0, 0 | taken at (monotonic s), pid, birth of that process


class Ledger:
    """Records of pools with `sizes[i]` slots each; readable and writable only inside `with ledger:`."""

    def __init__(self, path: Path | None, sizes: Sequence[int]) -> None:
        self._starts = []
        offset = _HEADER.size
        for size in sizes:
            self._starts.append(offset)
            offset += _POOL.size + size * _SLOT.size
        self._data = bytearray(offset)
        self._written: list[tuple[int, int]] = []
        self._header = _HEADER.pack(_MAGIC, _boot())
        self._fd = _opened(path)

    def close(self) -> None:
        os.close(self._fd)

    def head(self, pool: int) -> Head:
        return _POOL.unpack_from(self._data, self._starts[pool])

    def set_head(self, pool: int, head: Head) -> None:
        self._write(_POOL, self._starts[pool], *head)

    def slot(self, pool: int, index: int) -> Slot:
        return _SLOT.unpack_from(self._data, self._starts[pool] + _POOL.size + index * _SLOT.size)

    def set_slot(self, pool: int, index: int, slot: Slot) -> None:
        self._write(_SLOT, self._starts[pool] + _POOL.size + index * _SLOT.size, *slot)

    def __enter__(self) -> Ledger:
        fcntl.flock(self._fd, fcntl.LOCK_EX)  # held for microseconds, never across an await
        data = os.pread(self._fd, len(self._data), 0)
        if len(data) == len(self._data) and data.startswith(self._header):
            self._data[:] = data
        else:
            self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for offset, size in self._written:
                os.pwrite(self._fd, self._data[offset : offset + size], offset)
        finally:
            self._written.clear()
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _begin(self) -> None:
        self._data[:] = self._header + bytes(len(self._data) - len(self._header))
        self._written.append((0, len(self._data)))

    def _write(self, record: struct.Struct, offset: int, *values: float) -> None:
        record.pack_into(self._data, offset, *values)
        self._written.append((offset, record.size))


def _opened(path: Path | None) -> int:
    """A descriptor of the shared file; without a path of a private one that goes away by itself."""
    if path is None:
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)  # some network file systems cannot
        fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError:
        os.close(fd)
        raise
    return fd


def _boot() -> bytes:
    """Names this boot of the machine, from which monotonic seconds count; zeros where it has no name."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)
