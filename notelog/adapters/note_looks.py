"""Looks at many files at once: what marks them as they are now, and whether they may be chats.

The inner loops of a scan, and all that the child process of ``scan_helper`` runs; that one must
begin at once, so next to nothing is imported here. Each look takes paths and a limit in bytes,
above which a file is not read, and gives a ``Looked``: the stamps of the files, one behind the
other, ``GONE`` where there is no file or it was not asked; the numbers of those that may be chats,
also because they are too large or cannot be read; and of those that perhaps only show a chat, so
that the parser has to say.
"""

import marshal
import os
import struct
import sys

from notelog.core.chat_sign import has_mark, is_plainly_chat, may_be_chat, only_shows

TYPE_CHECKING = False  # type checkers know the name; ``typing`` takes as long as all else together
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Looked: TypeAlias = tuple[bytes, list[int], list[int]]
    Look: TypeAlias = Callable[[Sequence[str | bytes], int], Looked]

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_STAMP = struct.Struct("=qqq")  # size, both time stamps in nanoseconds
STAMP_BYTES = _STAMP.size
GONE = _STAMP.pack(-1, -1, -1)
"""The stamp of what is no file, or was not asked for."""

_FIRST_BYTES = 64 * 1024
_GROWTH_BYTES = 4096  # it may have grown since its size was asked
_HEAD_BYTES = 8
_BATCH = 64


def stamps_of(paths: "Sequence[str | bytes]", _limit_bytes: int = 0) -> "Looked":
    """What marks each file as it is now."""
    found: list[bytes] = []
    stat = os.stat
    for path in paths:
        try:
            found.append(stamp_of(stat(path)))
        except (OSError, ValueError):
            found.append(GONE)  # or it is a symlink to nothing
    return b"".join(found), [], []


def stamp_of(status: os.stat_result) -> bytes:
    """The stamp of a file."""
    try:
        return _STAMP.pack(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    except struct.error:  # a time after the year 2262
        return _STAMP.pack(status.st_size, -2, status.st_ctime_ns)


def signs_of(paths: "Sequence[str | bytes]", limit_bytes: int) -> "Looked":
    """Which of some regular files may be chats; their stamps would take half as long again."""
    likely: list[int] = []
    unsure: list[int] = []
    open_file, read, close = os.open, os.read, os.close
    for number, path in enumerate(paths):
        try:
            descriptor = open_file(path, OPEN_FLAGS)
        except (OSError, ValueError):
            likely.append(number)
            continue
        try:
            data = read(descriptor, _FIRST_BYTES)
            if len(data) == _FIRST_BYTES:
                size = os.fstat(descriptor).st_size
                data = b"" if size > limit_bytes else data + read(descriptor, size)
                if size > limit_bytes:
                    likely.append(number)
            if may_be_chat(data) and not only_shows(data):
                plain = is_plainly_chat(data) or not has_mark(data)
                (likely if plain else unsure).append(number)
        except OSError:
            likely.append(number)
        finally:
            close(descriptor)
    return GONE * len(paths), likely, unsure


def stamped_signs_of(paths: "Sequence[str | bytes]", limit_bytes: int) -> "Looked":
    """Both; the stamps are of before the files were read."""
    stamps, _, _ = stamps_of(paths)
    _, likely, unsure = signs_of(paths, limit_bytes)
    return stamps, likely, unsure


def content_of(path: str, limit_bytes: int = sys.maxsize) -> bytes:
    """What a file holds, without waiting for anybody; of a larger one a byte more than the limit.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        size = os.fstat(descriptor).st_size
        return os.read(descriptor, min(size + _GROWTH_BYTES, limit_bytes + 1))
    finally:
        os.close(descriptor)


def serve(look: "Look", limit_bytes: int) -> None:
    """Answers for the files that standard input names, the last first, as they are named."""
    named = b""
    while more := os.read(0, _FIRST_BYTES):
        *paths, named = (named + more).split(b"\0")
        for start in range(0, len(paths), _BATCH):
            data = marshal.dumps(look(paths[start : start + _BATCH][::-1], limit_bytes))
            write_all(1, len(data).to_bytes(_HEAD_BYTES, sys.byteorder) + data)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes all of some bytes to a pipe.

    Raises:
        OSError: nobody reads them.
    """
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def receive(descriptor: int) -> object:
    """Reads one answer of ``serve``.

    Raises:
        OSError, EOFError, ValueError, TypeError: it has ended, or is damaged.
    """
    size = int.from_bytes(_exactly(descriptor, _HEAD_BYTES), sys.byteorder)
    return marshal.loads(_exactly(descriptor, size))  # noqa: S302  # of this process's own child


def _exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(descriptor, min(size - len(data), _FIRST_BYTES))
        if not more:
            raise EOFError
        data += more
    return data
