"""The notes of a vault as they lie on disk: the truth that events only hint at.

A scan compares size, time stamp and inode with what it knew, and reads only what differs; of that
only what may be a chat is told.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from notelog.adapters.files import read_once
from notelog.adapters.leases import Lease, LeaseKind
from notelog.adapters.vault_scan import NOTE_ENDINGS
from notelog.core.chat_sign import may_be_chat
from notelog.core.watch_names import Scope, is_ignored
from notelog.core.watching import Busy, Gone
from notelog.errors import NoteError
from notelog.ports.notes import Snapshot
from notelog.ports.watching import FoundNote, Scan

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_GROWTH_BYTES = 4096  # it may have grown since its size was asked
_Stamp = tuple[int, int, int]
_Found = dict[str, _Stamp]


class VaultIndex:
    """Implements ``ports.watching.VaultFiles``.

    Args:
        root: the vault's real path.
        scope: which notes are watched.
        size_limit_bytes: larger notes are refused.
    """

    def __init__(self, root: str, scope: Scope, *, size_limit_bytes: int) -> None:
        self._root = root
        self._scope = scope
        self._limit = size_limit_bytes
        self._known: _Found = {}

    def inside(self, path: str) -> str:
        """A path in the vault; empty where it is outside."""
        inside = path.removeprefix(self._root.rstrip(os.sep) + os.sep)
        return "" if inside == path else inside.replace(os.sep, "/")

    def relative(self, path: str) -> str:
        """A note's path in the vault; empty where it is outside, ignored, or left out."""
        relative = self.inside(path)
        if not relative.lower().endswith(NOTE_ENDINGS):
            return ""
        if any(is_ignored(part) for part in relative.split("/")):
            return ""
        return "" if self._scope.reason_against(relative) else relative

    def glance(self, path: str) -> Snapshot | Busy | Gone:
        """A note at rest; see ``ports.watching``."""
        try:
            if is_being_written(path):
                return Busy()
            return read_once(path, self._limit, _no_pause) or Busy()
        except FileNotFoundError:
            return Gone()
        except NoteError:
            if os.path.lexists(path):
                raise
            return Gone()

    def age_s(self, path: str) -> float | None:
        """By the file's time stamp and this machine's clock."""
        try:
            return time.time() - os.stat(path).st_mtime  # noqa: PTH116  # a thousand times a second
        except OSError:
            return None

    def scan(self) -> Scan:
        """Looks through all of the vault; see ``ports.watching``."""
        started = time.monotonic()
        folders: set[int] = set()
        unreadable: list[str] = []
        try:
            folders.add(Path(self._root).stat().st_ino)
            found = _walk(self._root, folders, unreadable)
        except OSError as error:
            return Scan(absent=error.strerror or type(error).__name__)
        if not found and self._known:
            return Scan(absent="it is empty, and it was not before")
        changed = tuple(self._changed(found))
        self._known = found
        return Scan(
            changed=changed,
            notes=len(found),
            folders=folders,
            seconds=time.monotonic() - started,
            unreadable=tuple(unreadable),
        )

    def _changed(self, found: _Found) -> Iterator[FoundNote]:
        known = self._known
        for path, stamp in found.items():
            if known.get(path) == stamp or not _may_be_chat_file(path, stamp[0], self._limit):
                continue
            if relative := self.relative(path):
                yield FoundNote(path=path, relative=relative, modified_s=stamp[1] / 1e9)


def _walk(root: str, folders: set[int], unreadable: list[str]) -> _Found:
    """The notes below a folder; symlinked folders are not entered, symlinked notes are notes.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found: _Found = {}
    left = [root]
    while left:
        folder = left.pop()
        try:
            with os.scandir(folder) as entries:
                below = list(entries)
        except OSError:
            if folder == root:
                raise
            unreadable.append(folder)
            continue
        for entry in below:
            name = entry.name
            if name.startswith("."):
                continue
            if name.endswith(".md") or name.lower().endswith(NOTE_ENDINGS):
                try:
                    status = entry.stat()
                except OSError:
                    continue  # it has gone, or is a symlink to nothing
                found[entry.path] = (status.st_size, status.st_mtime_ns, status.st_ino)
            elif entry.is_dir(follow_symlinks=False) and not is_ignored(name):
                folders.add(entry.inode())
                left.append(entry.path)
    return found


def _may_be_chat_file(path: str, size_bytes: int, limit_bytes: int) -> bool:
    """Whether a file may be a chat; what cannot be read is left to a closer look."""
    if size_bytes > limit_bytes:
        return True
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return True
    try:
        return may_be_chat(os.read(descriptor, size_bytes + _GROWTH_BYTES))
    except OSError:
        return False  # a folder, or a device
    finally:
        os.close(descriptor)


def is_being_written(path: str) -> bool:
    """Whether another program has the file open for writing, where the system can tell.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except BlockingIOError:
        return True  # another program holds a lease on it
    except OSError:
        return False  # reading it tells why
    lease = Lease(descriptor, LeaseKind.READ)
    try:
        return not lease.take() and lease.supported
    finally:
        lease.give_back()
        os.close(descriptor)


def _no_pause(_seconds: float) -> None:
    """A look at a note waits for nobody: it is taken again later."""
