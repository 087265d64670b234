"""Token counts on disk, so that a command counts only what is new in a note.

A table of a fixed size in the user's cache: no text in it, only the hashes of blocks of text, each
with its count. There is nothing to lock: a record is written at its place in one call and
carries a check of its own, so that one that is torn, half overwritten or damaged is as good as
absent, and so is all of it where it cannot be read or written.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import Final
from zlib import crc32

from notelog.adapters.places import private_folder
from notelog.errors import JournalError

KEY_BYTES: Final = 16
BUCKETS: Final = 16_384
BUCKET_RECORDS: Final = 8
"""Room for 131,072 counts in 3 MB, taken up as they come."""

_RECORD: Final = Struct(f"<{KEY_BYTES}sII")
_BUCKET_BYTES: Final = _RECORD.size * BUCKET_RECORDS
_MOST_COUNT: Final = 2**32 - 1
_FILE_NAME: Final = "token-counts-1"  # another number where counts or form change


class CountCache:
    """Counts by the hash of what was counted. It never fails: it only does not know.

    Args:
        folder: where its file is; made when the first count is kept.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file = -1
        self._closed = False
        self._lock = Lock()

    def get(self, key: bytes) -> int | None:
        """The count that was kept under a key of ``KEY_BYTES``, or None."""
        with self._lock:
            for _place, found, count in self._bucket(key, create=False):
                if found == key:
                    return count
        return None

    def put(self, key: bytes, count: int) -> None:
        """Keeps a count; where its part of the table is full, another one goes."""
        if not 0 <= count <= _MOST_COUNT:
            return
        with self._lock:
            if not self._open(create=True):
                return
            place = self._free_place(key)
            record = _packed(key, count)
            with suppress(OSError):  # a full disk, or a network share that went away
                os.lseek(self._file, place, os.SEEK_SET)
                os.write(self._file, record)

    def close(self) -> None:
        """Gives the file back; nothing is known or kept from then on."""
        with self._lock:
            self._closed = True
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _free_place(self, key: bytes) -> int:
        """Where a key's record goes: over itself, else into a free place, else over another."""
        first = _bucket_place(key)
        taken = {place: found for place, found, _count in self._bucket(key, create=True)}
        places = range(first, first + _BUCKET_BYTES, _RECORD.size)
        own = [place for place, found in taken.items() if found == key]
        free = [place for place in places if place not in taken]
        return next(iter([*own, *free]), places[key[-1] % BUCKET_RECORDS])

    def _bucket(self, key: bytes, *, create: bool) -> Iterator[tuple[int, bytes, int]]:
        """The sound records where a key's could be: place, key and count of each."""
        if not self._open(create=create):
            return
        first = _bucket_place(key)
        try:
            os.lseek(self._file, first, os.SEEK_SET)
            data = os.read(self._file, _BUCKET_BYTES)
        except OSError:
            return
        for start in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
            found, count, check = _RECORD.unpack_from(data, start)
            if check == _check(found, count):
                yield first + start, found, count

    def _open(self, *, create: bool) -> bool:
        if self._file >= 0:
            return True
        if self._closed:
            return False
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            if create:
                private_folder(self._folder)
                flags |= os.O_CREAT
            path = Path(self._folder) / _FILE_NAME
            self._file = os.open(path, flags, 0o600)
            if create:
                path.chmod(0o600)  # the umask may have taken away more than it should
        except (OSError, JournalError, ValueError):
            self._closed = create
            return False
        return True


def _bucket_place(key: bytes) -> int:
    return int.from_bytes(key[:4], "little") % BUCKETS * _BUCKET_BYTES


def _packed(key: bytes, count: int) -> bytes:
    return _RECORD.pack(key, count, _check(key, count))


def _check(key: bytes, count: int) -> int:
    return crc32(key + count.to_bytes(4, "little"))
