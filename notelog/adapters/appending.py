"""Appending to a note: the one write that can cost nobody a byte.

O_APPEND puts the bytes after whatever the file holds at that instant, so a save that happens at
the same time is never overwritten; inode, mode, owner, links and attributes stay. Compare, write
and the check of what was written happen under a write lease where the system grants one.
"""

import errno
import os
import stat
import sys
import time
from contextlib import suppress

from notelog.adapters.leases import Lease, LeaseKind, Pause, leased, open_unless_leased
from notelog.errors import ConflictError, NoteWriteError

LEASE_WAIT_S = 0.5
"""How long a program that has the note open is waited for; after that there is no lease."""
OPEN_WAIT_S = 5.0
"""How long another program's lease on the note is waited for."""
_TRY_AGAIN = "then run the command again"
_RUN_AGAIN = f"{_TRY_AGAIN}: the reply is kept, and it is not asked for twice"
_WITHOUT_FSYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


def append_to_note(real_path: str, base: bytes, addition: bytes, pause: Pause = time.sleep) -> None:
    """Appends to a note that still is what it was, and forces it to the disk.

    Args:
        real_path: the note, symlinks resolved.
        base: the bytes that the note must hold now.
        addition: what is put after them, in one write.
        pause: waits a number of seconds.

    Raises:
        ConflictError: the note holds something else by now; nothing was written.
        NoteWriteError: it could not be written, or not all of it; the message says how much.
    """
    descriptor = open_for_append(real_path, pause)
    try:
        with leased(descriptor, LeaseKind.WRITE, wait_s=LEASE_WAIT_S, pause=pause) as lease:
            if content_from(descriptor, 0, len(base) + 1) != base:
                raise changed_meanwhile(real_path)
            _Addition(descriptor, base, addition, lease, real_path).write()
        flush_to_disk(descriptor, real_path)
    except OSError as error:
        raise not_writable(real_path, error) from error
    finally:
        close_quietly(descriptor)


def shorten_note(real_path: str, base: bytes, size: int, pause: Pause = time.sleep) -> bool:
    """Takes the end of a note away in place; only while nobody else can have it open.

    Returns:
        False where the system has no leases: then this cannot be known, and nothing was done.

    Raises:
        ConflictError: the note holds something else by now.
        NoteWriteError: it could not be written, or another program has it open.
    """
    descriptor = open_for_append(real_path, pause)
    try:
        with leased(descriptor, LeaseKind.WRITE, wait_s=OPEN_WAIT_S, pause=pause) as lease:
            if content_from(descriptor, 0, len(base) + 1) != base:
                raise changed_meanwhile(real_path)
            if not lease.supported:
                return False
            if not lease.unbroken():
                raise NoteWriteError(
                    "another program has it open, and its end is only taken away while none has",
                    hint="close the note there, then run the command again",
                    path=real_path,
                )
            os.ftruncate(descriptor, size)
        flush_to_disk(descriptor, real_path)
    except OSError as error:
        raise not_writable(real_path, error) from error
    finally:
        close_quietly(descriptor)
    return True


def open_for_append(real_path: str, pause: Pause = time.sleep, *, kept: bool = True) -> int:
    """Opens a note so that writing can only add to its end.

    Args:
        real_path: the note, symlinks resolved.
        pause: waits a number of seconds.
        kept: there is a reply already, and an error says that it is kept.

    Raises:
        NoteWriteError: it cannot be opened so, or it carries no write permission at all.
    """
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = open_unless_leased(real_path, flags, wait_s=OPEN_WAIT_S, pause=pause)
    except OSError as error:
        raise not_writable(real_path, error, kept=kept) from error
    try:
        refuse_read_only(os.fstat(descriptor), real_path, kept=kept)
    except OSError as error:
        close_quietly(descriptor)
        raise not_writable(real_path, error, kept=kept) from error
    except NoteWriteError:
        close_quietly(descriptor)
        raise
    return descriptor


def refuse_read_only(status: os.stat_result, path: str, *, kept: bool = True) -> None:
    """Refuses a note without any write permission: it says "do not change me", also to root.

    Raises:
        NoteWriteError: it is such a one, or no regular file.
    """
    if not stat.S_ISREG(status.st_mode):
        raise NoteWriteError(
            "no regular file any more", hint="look at what stands there now", path=path
        )
    if not status.st_mode & 0o222:
        raise NoteWriteError(
            "the note is read-only (no write permission in its mode)",
            hint="make it writable, such as with chmod u+w, " + _again(kept=kept),
            path=path,
        )


def create_note(path: str, data: bytes) -> None:
    """Makes a new note, whole or not at all, and forces it to the disk.

    Raises:
        NoteWriteError: a file of this name is there already, or it cannot be made.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise _not_made(path, error) from error
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108  # pathlib costs start-up time
        raise _not_made(path, error) from error
    finally:
        close_quietly(descriptor)


def _not_made(path: str, error: OSError) -> NoteWriteError:
    known = {
        errno.EEXIST: ("there is a file of this name already", "give the new note another name"),
        errno.ENOENT: ("there is no such folder", "make the folder first"),
        errno.ENOTDIR: ("a part of its path is no folder", "look at the spelling of its path"),
        errno.ENAMETOOLONG: ("its name is too long for this system", "give it a shorter name"),
        errno.EACCES: ("the folder may not be written by this user", "change its permissions"),
    }
    message, hint = known.get(error.errno or 0, (_cause(error), _remedy(error)))
    return NoteWriteError(message, hint=hint, path=path)


class _Addition:
    """One addition on its way into a note.

    What the system says of a write is not believed: after each one, the file is looked at.

    When only a part got in (a full disk), the part is taken back only under an unbroken write
    lease, and only if the file is exactly the old note and that part: then nobody else has the
    file open, and whoever opens it waits for us. Without a lease an append by somebody else
    could come between that check and the truncation, and would be cut off with it. A person's
    line weighs more than a tidy end of the note, so the part then stays where it is, is
    reported, and the journal, which knows offset and bytes, can complete it.
    """

    def __init__(
        self, descriptor: int, base: bytes, addition: bytes, lease: Lease, path: str
    ) -> None:
        self._descriptor = descriptor
        self._base = base
        self._addition = addition
        self._lease = lease
        self._path = path

    def write(self) -> None:
        done = 0
        while done < len(self._addition):
            failure = self._write_once(done)
            landed = self._landed()
            if landed is None and failure is None and done == 0:
                return  # somebody appended in the same instant: reading back decides
            if landed is None or landed == done or failure is not None:
                raise self._given_up(failure, landed)
            done = landed

    def _write_once(self, done: int) -> OSError | None:
        while True:
            try:
                os.write(self._descriptor, self._addition[done:])
            except InterruptedError:
                if self._landed() != done:
                    return None
            except OSError as error:
                return error
            else:
                return None

    def _landed(self) -> int | None:
        """How many bytes of the addition the note ends with; None where it ends otherwise."""
        tail = content_from(self._descriptor, len(self._base), len(self._addition) + 1)
        size = os.fstat(self._descriptor).st_size
        if size != len(self._base) + len(tail) or not self._addition.startswith(tail):
            return None
        return len(tail)

    def _given_up(self, failure: OSError | None, landed: int | None) -> NoteWriteError:
        cause = _cause(failure)
        if landed is None:
            return NoteWriteError(
                f"{cause}; another program changed the note in the same instant, and a part of "
                "what was to be added may stand in it",
                hint=f"look at the note; {_remedy(failure)}; the whole reply is kept",
                path=self._path,
            )
        if landed == 0 or self._taken_back(landed):
            return NoteWriteError(
                f"{cause}; the note is as it was",
                hint=f"{_remedy(failure)}, {_RUN_AGAIN}",
                path=self._path,
            )
        return NoteWriteError(
            f"{cause}; {landed:,} of the {len(self._addition):,} bytes to be added got into the "
            "note and are left there, because another program may have it open",
            hint=f"{_remedy(failure)}; the whole reply is kept",
            path=self._path,
        )

    def _taken_back(self, landed: int) -> bool:
        old_size = len(self._base)
        try:
            held = content_from(self._descriptor, 0, old_size + landed + 1)
            if held != self._base + self._addition[:landed] or not self._lease.unbroken():
                return False
            os.ftruncate(self._descriptor, old_size)
            os.fsync(self._descriptor)
            return content_from(self._descriptor, 0, old_size + 1) == self._base
        except OSError:
            return False


def content_from(descriptor: int, offset: int, limit_bytes: int) -> bytes:
    """Reads up to ``limit_bytes`` from ``offset`` on."""
    parts: list[bytes] = []
    wanted = limit_bytes
    os.lseek(descriptor, offset, os.SEEK_SET)
    while wanted:
        part = os.read(descriptor, min(wanted, 1 << 20))
        if not part:
            break
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def flush_to_disk(descriptor: int, path: str) -> None:
    """Forces what was written to the disk.

    Raises:
        NoteWriteError: the system reports that it may not be there.
    """
    try:
        _fsync(descriptor)
    except OSError as error:
        if error.errno in _WITHOUT_FSYNC:
            return
        raise NoteWriteError(
            f"{_cause(error)}: what was added may not be on the disk",
            hint="look at the disk, " + _RUN_AGAIN,
            path=path,
        ) from error


def _fsync(descriptor: int) -> None:
    while True:
        try:
            if sys.platform == "darwin":
                import fcntl

                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            else:
                os.fsync(descriptor)
        except InterruptedError:
            continue
        return


def close_quietly(descriptor: int) -> None:
    """Closes a descriptor whose file is safe or untouched already."""
    try:
        os.close(descriptor)
    except OSError:
        return  # fsync has spoken already, and reading back decides


def changed_meanwhile(path: str) -> ConflictError:
    """The note is another one than the plan was made for."""
    return ConflictError(
        "the note changed meanwhile; nothing was written and the reply is kept", path=path
    )


_REASONS = {
    errno.EROFS: ("the disk that holds the note is read-only", "make it writable"),
    errno.EACCES: ("the note may not be written by this user", "change its permissions"),
    errno.EPERM: ("the note is protected against changes", "take the protection off"),
    errno.ENOENT: ("the note is gone", "put it back"),
    errno.ELOOP: ("a symlink took the note's place", "look at what stands there now"),
    errno.EISDIR: ("a folder took the note's place", "look at what stands there now"),
    errno.ETXTBSY: ("the note is being executed", "close the program that runs it"),
    errno.EAGAIN: ("another program keeps the note locked", "close that program"),
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EFBIG: ("the note would become larger than this system allows", "begin a new note"),
    errno.EIO: ("the disk reported an error", "look at the disk"),
    errno.EMFILE: ("too many files are open", "close some programs"),
    errno.ENFILE: ("too many files are open", "close some programs"),
}


def _cause(error: OSError | None) -> str:
    if error is None:
        return "the system said that it wrote, and the file does not hold it"
    known = _REASONS.get(error.errno or 0)
    return known[0] if known else f"it could not be written: {error.strerror or error}"


def _remedy(error: OSError | None) -> str:
    known = _REASONS.get(error.errno or 0) if error is not None else None
    return known[1] if known else "look at the disk"


def _again(*, kept: bool) -> str:
    return _RUN_AGAIN if kept else _TRY_AGAIN


def not_writable(path: str, error: OSError, *, kept: bool = True) -> NoteWriteError:
    """Why a note cannot be written, in a sentence."""
    hint = f"{_remedy(error)}, {_again(kept=kept)}"
    return NoteWriteError(_cause(error), hint=hint, path=path)
