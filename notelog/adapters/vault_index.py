"""The notes of a vault as they lie on disk: the truth that events only hint at.

A scan compares size and time stamps with what it knew, and reads only what differs; of that only
what may be a chat is told. One stamp is the system's own (ctime), which no program that saves can
set back; where the system has none it is the time at which the file was made.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from notelog.adapters.chat_files import can_ask, is_chat_file
from notelog.adapters.files import read_once
from notelog.adapters.leases import Lease, LeaseKind
from notelog.adapters.note_looks import (
    GONE,
    OPEN_FLAGS,
    STAMP_BYTES,
    content_of,
    signs_of,
    stamp_of,
    stamped_signs_of,
    stamps_of,
)
from notelog.adapters.scan_helper import examine
from notelog.adapters.vault_scan import NOTE_ENDINGS
from notelog.core.chat_sign import may_be_chat
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.marked import is_marked
from notelog.core.temp_names import TEMP_PREFIX
from notelog.core.watch_names import Scope, is_ignored
from notelog.core.watching import Busy, Gone
from notelog.errors import NoteError
from notelog.ports.notes import Snapshot
from notelog.ports.watching import FoundNote, Scan

if TYPE_CHECKING:
    from notelog.adapters.quiet_notes import QuietNotes

_SYNCED_S = 3.0
_SECOND_NS = 1_000_000_000
_COARSE_NS = 2 * _SECOND_NS  # FAT counts in steps of two seconds
_FINE_NS = 20_000_000  # Linux stamps files by a clock that ticks 100 to 1,000 times a second
_LATER = b"\xfe" * STAMP_BYTES
"""Of a note whose stamp is not known yet: no file has it."""

_COMPARED_BYTES = 100 * STAMP_BYTES


class VaultIndex:
    """Implements ``ports.watching.VaultFiles``.

    Args:
        root: the vault's real path.
        scope: which notes are watched.
        size_limit_bytes: larger notes are refused.
        end_marks: the lines that end a message.
        quick: the first scan only reads, and leaves the stamps to ``settle``. For where events
            tell of what is saved meanwhile, and the system's own clock stamps the files.
        quiet: knows from the last start in which notes nothing can ask.

    Attributes:
        scope: which notes are watched from now on.
    """

    def __init__(
        self,
        root: str,
        scope: Scope,
        *,
        size_limit_bytes: int,
        end_marks: EndMarks = DEFAULT_END_MARKS,
        quick: bool = False,
        quiet: "QuietNotes | None" = None,
    ) -> None:
        self._root = root
        self.scope = scope
        self._limit = size_limit_bytes
        self._end_marks = end_marks
        self._quick = quick
        self._quiet = quiet
        self._lock = Lock()
        self._known: dict[str, bytes] = {}
        self._read_ns = 0

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
        return "" if self.scope.reason_against(relative) else relative

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

    def may_matter(self, path: str) -> bool:
        """By its bytes; see ``ports.watching``."""
        data = self._content(path)
        return data is None or may_be_chat(data) or is_marked(data, self._end_marks)

    def may_ask(self, path: str, *, unmarked: bool = False) -> bool:
        """By its bytes; see ``ports.watching``."""
        stamp = _stamp_before(path, time.time_ns())
        if self._was_quiet(path, stamp, unmarked=unmarked):
            return False
        data = self._content(path)
        if data is None or can_ask(data, self._end_marks, unmarked=unmarked):
            return True
        if stamp != _LATER and self._quiet is not None:
            self._quiet.add(path, stamp, unmarked=unmarked)
        return False

    def _was_quiet(self, path: str, stamp: bytes, *, unmarked: bool) -> bool:
        if stamp == _LATER or self._quiet is None:
            return False
        return self._quiet.knows(path, stamp, unmarked=unmarked)

    def remember(self) -> None:
        """Keeps what ``may_ask`` found; see ``ports.watching``."""
        if self._quiet is not None:
            self._quiet.keep()

    def _content(self, path: str) -> bytes | None:
        """What a note holds; None where it cannot be read or is over the size limit."""
        try:
            data = content_of(path, self._limit)
        except (OSError, ValueError):
            return None
        return data if len(data) <= self._limit else None

    def age_s(self, path: str) -> float | None:
        """By the file's time stamp and this machine's clock."""
        try:
            return time.time() - os.stat(path).st_mtime  # noqa: PTH116  # a thousand times a second
        except OSError:
            return None

    def is_synced(self, path: str) -> bool:
        """By the stamp that a program can set, beside the system's own or, without one, now."""
        try:
            status = os.stat(path)  # noqa: PTH116  # a thousand times a second
        except OSError:
            return False
        written = time.time() if sys.platform == "win32" else status.st_ctime
        return abs(written - status.st_mtime) > _SYNCED_S

    def scan(self) -> Scan:
        """Looks through all of the vault; see ``ports.watching``."""
        started = time.monotonic()
        folders: set[int] = set()
        unreadable: list[str] = []
        temporary: list[str] = []
        with self._lock:
            try:
                folders.add(Path(self._root).stat().st_ino)
                found, chats = self._look(folders, unreadable, temporary)
            except OSError as error:
                return Scan(absent=error.strerror or type(error).__name__)
            if not found and self._known:
                return Scan(absent="it is empty, and it was not before")
            self._known = found
        return Scan(
            changed=tuple(self._told(chats)),
            notes=len(found),
            folders=folders,
            seconds=time.monotonic() - started,
            unreadable=tuple(unreadable),
            left_beside=tuple(_left_beside(temporary, found)) if temporary else (),
        )

    def settle(self) -> None:
        """Does what a first scan left for later, so that it could tell sooner what it found."""
        with self._lock:
            self._stamp()

    def _look(
        self, folders: set[int], unreadable: list[str], temporary: list[str]
    ) -> tuple[dict[str, bytes], list[str]]:
        """The notes, and which of them are new or changed and may be chats; only those are read."""
        self._stamp()
        known = self._known
        notes = _walk(self._root, folders, unreadable, temporary)
        found: dict[str, bytes] = {}
        if known:
            there, named, (stamps, _, _) = examine(notes, stamps_of, self._limit, expected=known)
            found, new = _compared(known, there, named, stamps)
            notes = iter(new)
        quick = bool(known) or self._quick
        self._read_ns = 0 if known else time.time_ns() * quick
        _, paths, (stamps, likely, unsure) = examine(
            notes, signs_of if quick else stamped_signs_of, self._limit
        )
        if not known:
            late = dict.fromkeys(paths, _LATER)
            found = late if quick else _compared({}, paths, paths, stamps)[0]
            unsure = [number for number in unsure if self._is_chat(paths[number])]
        chats = [*likely, *unsure]
        return found, [paths[number] for number in sorted(chats)]

    def _is_chat(self, path: str) -> bool:
        stamp = _stamp_before(path, time.time_ns())
        was_quiet = any(self._was_quiet(path, stamp, unmarked=kind) for kind in (False, True))
        return was_quiet or is_chat_file(path)

    def _stamp(self) -> None:
        """Stamps what was only read; what changed since is left without, so it is read again."""
        if self._read_ns:
            for path in self._known:
                self._known[path] = _stamp_before(path, self._read_ns)
            self._read_ns = 0

    def _told(self, paths: list[str]) -> Iterator[FoundNote]:
        for path in paths:
            if relative := self.relative(path):
                with suppress(FileNotFoundError):
                    yield FoundNote(path=path, relative=relative, modified_s=_modified_s(path))


def _modified_s(path: str) -> float:
    """When a note was changed; a moment ago where the system does not say, so that it is looked at.

    Raises:
        FileNotFoundError: it has gone.
    """
    try:
        return os.stat(path).st_mtime  # noqa: PTH116  # pathlib is slow
    except FileNotFoundError:
        raise
    except OSError:
        return time.time()


def _stamp_before(path: str, at_ns: int) -> bytes:
    """The stamp of a file that was not touched since a time: by the system's clock, not its own."""
    try:
        status = os.stat(path)  # noqa: PTH116  # a hundred thousand times
    except OSError:
        return _LATER
    coarse = status.st_ctime_ns % _SECOND_NS == 0
    if status.st_ctime_ns + (_COARSE_NS if coarse else _FINE_NS) >= at_ns:
        return _LATER
    return stamp_of(status)


def _compared(
    known: dict[str, bytes], there: list[str], named: list[str], stamps: bytes
) -> tuple[dict[str, bytes], list[str]]:
    """The notes as they are now, and those that are others than known or new.

    Args:
        known: the notes as they were.
        there: those that were found.
        named: the new ones, and behind them those that were known.
        stamps: of these.
    """
    before = GONE * (len(named) - len(known)) + b"".join(known.values())
    changed = {named[number]: stamp for number, stamp in _differing(stamps, before)}
    found = known | changed
    if named is not there or GONE in changed.values():
        found = {path: stamp for path in there if (stamp := found.get(path, GONE)) != GONE}
    return found, [path for path in changed if path in found]


def _differing(stamps: bytes, before: bytes) -> Iterator[tuple[int, bytes]]:
    """Those that differ, with their numbers; a hundred are compared at once."""
    for first in range(0, len(stamps), _COMPARED_BYTES):
        last = first + _COMPARED_BYTES
        if stamps[first:last] != before[first:last]:
            for start in range(first, min(last, len(stamps)), STAMP_BYTES):
                stamp = stamps[start : start + STAMP_BYTES]
                if stamp != before[start : start + STAMP_BYTES]:
                    yield start // STAMP_BYTES, stamp


def _left_beside(temporary: list[str], notes: Iterable[str]) -> Iterator[str]:
    """Notes beside which there are temporary files: made for them, or for none that is there."""
    from notelog.adapters.leftovers import orphans_among, temp_stem

    left: dict[str, list[str]] = {}
    for path in temporary:
        folder, name = os.path.split(path)
        left.setdefault(folder, []).append(name)
    beside: dict[str, list[str]] = {}
    for note in notes:
        folder, name = os.path.split(note)
        if folder in left:
            beside.setdefault(folder, []).append(name)
    for folder, names in beside.items():
        stems = {name: temp_stem(name) for name in names}
        found = [name for name in names if any(it.startswith(stems[name]) for it in left[folder])]
        if not found and orphans_among(left[folder], names):
            found = names[:1]
        yield from (os.path.join(folder, name) for name in found)  # noqa: PTH118  # it is text


def _walk(
    root: str, folders: set[int], unreadable: list[str], temporary: list[str]
) -> Iterator[str]:
    """The notes below a folder; symlinked folders are not entered, symlinked notes are notes.

    Args:
        root: the folder.
        folders: takes the inode numbers of those that are looked into.
        unreadable: takes those that cannot be read.
        temporary: takes the files that notelog itself made.

    Raises:
        OSError: the folder itself cannot be read.
    """
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
                if name.startswith(TEMP_PREFIX):
                    temporary.append(entry.path)
                continue
            if (name.endswith(".md") or name.lower().endswith(NOTE_ENDINGS)) and (
                entry.is_file(follow_symlinks=False) or _leads_to_file(entry)
            ):
                yield entry.path
            elif entry.is_dir(follow_symlinks=False) and not is_ignored(name):
                folders.add(entry.inode())
                left.append(entry.path)


def _leads_to_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # a symlink to itself


def is_being_written(path: str) -> bool:
    """Whether another program has the file open for writing, where the system can tell.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS)
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
