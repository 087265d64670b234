"""THE writer: reads notes, and is the one thing that changes them.

How it writes, and why no save of anybody else is lost, is told in ``appending`` (the end of the
file, nearly always) and ``exchange`` (elsewhere); this module reads, checks and reads back.
"""

import errno
import os
import stat
import time
from collections.abc import Mapping

from notelog.adapters.appending import (
    OPEN_WAIT_S,
    append_to_note,
    changed_meanwhile,
    close_quietly,
    content_from,
    create_note,
    open_for_append,
    shorten_note,
)
from notelog.adapters.editor_locks import is_in_editor
from notelog.adapters.leases import Pause, open_unless_leased
from notelog.core.edit import EditPlan, apply_plan
from notelog.errors import ConflictError, NoExchangeError, NoteError, NoteWriteError
from notelog.ports.notes import Snapshot

SIZE_LIMIT_BYTES = 8 * 1024 * 1024
STEADY_TRIES = 40
STEADY_STEP_S = 0.05
AWAY_TRIES = 4
"""vim renames a note away and writes a new one: for an instant there is none.

A save in place empties it first: for an instant it holds nothing.
"""


def fingerprint_of(data: bytes) -> str:
    """The fingerprint of a note's bytes: SHA-256 in hexadecimal."""
    from hashlib import sha256

    return sha256(data).hexdigest()


class NoteFiles:
    """Notes as files; implements ``ports.NoteStore``.

    Args:
        size_limit_bytes: larger notes are refused, and not read.
        pause: waits a number of seconds.
    """

    def __init__(
        self, *, size_limit_bytes: int = SIZE_LIMIT_BYTES, pause: Pause = time.sleep
    ) -> None:
        self._size_limit_bytes = size_limit_bytes
        self._pause = pause

    def read(self, path: str) -> Snapshot:
        """Reads a note once: all of it at one instant, never half of a save.

        Raises:
            NoteError: it is missing, no regular file, unreadable, over the size limit, or does
                not stop changing.
        """
        return self._read(path, self._size_limit_bytes)

    def check_writable(self, snapshot: Snapshot) -> None:
        """Finds out, before anything is paid for, whether the note can be written.

        Opening it for writing changes nothing in it and tells more than permissions do: a
        read-only disk and an immutable file are seen, also by root.

        Raises:
            NoteWriteError: it cannot.
        """
        close_quietly(open_for_append(snapshot.real_path, self._pause, kept=False))
        _refuse_full_disk(snapshot)

    def check_exchange(self, snapshot: Snapshot) -> None:
        """Finds out, before anything is paid for, whether more than the note's end can be changed.

        Raises:
            NoExchangeError: it cannot.
        """
        from notelog.adapters.exchange import check_exchange

        check_exchange(snapshot.real_path)

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan to the note, if it is still the one that the plan was made for.

        Returns:
            The note as it was read back, holding all that the plan put in and nothing of what it
            took out; another program may have changed it further by then.

        Raises:
            ConflictError: the note changed since, and nothing was written; or it was replaced
                while it was written, and what is there now is not what was planned.
            NoExchangeError: it could only be changed at its end, and the plan changes it elsewhere.
            NoteWriteError: it could not be written.
        """
        if plan.fingerprint != snapshot.fingerprint or plan.size != len(snapshot.data):
            raise changed_meanwhile(snapshot.path)
        if os.path.realpath(snapshot.path) != snapshot.real_path:
            raise changed_meanwhile(snapshot.path)
        addition = plan.appended
        try:
            if addition is None:
                self._exchange(snapshot, plan)
            elif addition:
                append_to_note(snapshot.real_path, snapshot.data, addition, self._pause)
        except ConflictError:
            found = self._holding(snapshot, plan)
            if found is None:
                raise
            return found
        except NoteWriteError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise changed_meanwhile(snapshot.path) from error  # reading tells if it comes back
            raise
        return self._read_back(snapshot, plan)

    def _exchange(self, snapshot: Snapshot, plan: EditPlan) -> None:
        from notelog.adapters.exchange import exchange_note

        new = apply_plan(snapshot.data, plan)
        try:
            exchange_note(snapshot.real_path, snapshot.data, new, self._pause)
        except NoExchangeError:
            size = plan.shortened
            if size is None or not shorten_note(
                snapshot.real_path, snapshot.data, size, self._pause
            ):
                raise

    def in_editor(self, snapshot: Snapshot) -> bool:
        """Whether an editor's swap or lock file says that the note is open there."""
        return is_in_editor(snapshot.real_path)

    def sweep(self, snapshot: Snapshot) -> None:
        """Clears away what a crash left beside the note; a person's save in it is merged in.

        Raises:
            NoteWriteError: a save was found and could not be merged; its file is named.
        """
        from notelog.adapters.exchange import sweep_leftovers

        sweep_leftovers(snapshot.real_path, self._pause)

    def create(self, path: str, data: bytes) -> None:
        """Makes a new note, whole or not at all, and forces it to the disk.

        Raises:
            NoteWriteError: a file of this name is there already, or it cannot be made.
        """
        create_note(path, data)

    def _read_back(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        found = self._holding(snapshot, plan)
        if found is not None:
            return found
        raise ConflictError(
            "another program moved or saved the note in the same instant, and what is there now "
            "is not what was written; the reply is kept",
            path=snapshot.path,
        )

    def _holding(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot | None:
        """The note as it is now if it holds what the plan put in, else None."""
        try:
            found = self._read(snapshot.path, None)
        except NoteError:
            return None
        if found.data == apply_plan(snapshot.data, plan):
            return found
        return found if _carried_out(plan, snapshot.data, found.data) else None

    def _read(self, path: str, limit_bytes: int | None) -> Snapshot:
        for number in range(1, STEADY_TRIES + 1):
            try:
                snapshot = read_once(path, limit_bytes, self._pause)
            except NoteError as error:
                if number == AWAY_TRIES or not _is_away(error, path):
                    raise
                snapshot = None
            if snapshot is not None and (snapshot.data or number >= AWAY_TRIES):
                return snapshot
            self._pause(STEADY_STEP_S)
        raise NoteError(
            "the note does not stop changing while it is read",
            hint="wait until the program that writes it is done, then try again",
            path=path,
        )


def _carried_out(plan: EditPlan, old: bytes, new: bytes) -> bool:
    """Whether a note that others changed further shows what a plan put in and took out."""
    put_in = max((item.data for item in plan.insertions), key=len, default=b"")
    taken_out = max((item.data for item in plan.withdrawals), key=len, default=b"")
    return (
        bool(put_in or taken_out)
        and (not put_in or new.count(put_in) > old.count(put_in))
        and (not taken_out or new.count(taken_out) < old.count(taken_out))
    )


def read_once(path: str, limit_bytes: int | None, pause: Pause) -> Snapshot | None:
    """Reads a note; None where it changed while it was read."""
    try:
        _refuse_other_kinds(os.stat(path), path)  # noqa: PTH116  # pathlib costs start-up time
        real_path = os.path.realpath(path)
        descriptor = open_unless_leased(real_path, os.O_RDONLY, wait_s=OPEN_WAIT_S, pause=pause)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        before = os.fstat(descriptor)
        _refuse_other_kinds(before, path)
        _refuse_too_large(before.st_size, limit_bytes, path)
        data = content_from(descriptor, 0, before.st_size + 1)
        after = os.fstat(descriptor)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        close_quietly(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return None
    return Snapshot(
        path=path,
        real_path=real_path,
        data=data,
        fingerprint=fingerprint_of(data),
        device=after.st_dev,
        inode=after.st_ino,
        modified_ns=after.st_mtime_ns,
    )


_OTHER_KINDS: Mapping[int, tuple[str, str]] = {
    stat.S_IFDIR: ("a folder, not a note", "name a note inside it"),
    stat.S_IFIFO: ("a named pipe, not a note", "name a Markdown file"),
    stat.S_IFSOCK: ("a socket, not a note", "name a Markdown file"),
    stat.S_IFCHR: ("a device, not a note", "name a Markdown file"),
    stat.S_IFBLK: ("a device, not a note", "name a Markdown file"),
}


def _refuse_other_kinds(status: os.stat_result, path: str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    message, hint = _OTHER_KINDS.get(
        stat.S_IFMT(status.st_mode), ("no regular file", "name a Markdown file")
    )
    raise NoteError(message, hint=hint, path=path)


def _refuse_too_large(size_bytes: int, limit_bytes: int | None, path: str) -> None:
    if limit_bytes is not None and size_bytes > limit_bytes:
        raise NoteError(
            f"over the size limit: at least {size_bytes:,} bytes, and {limit_bytes:,} are allowed",
            hint="split the note, or raise note_size_limit_bytes in the configuration",
            path=path,
        )


def _refuse_full_disk(snapshot: Snapshot) -> None:
    if not hasattr(os, "statvfs"):
        return
    try:
        disk = os.statvfs(snapshot.real_path)
    except OSError:
        return  # what cannot be known is found out when it is written
    if disk.f_blocks and not disk.f_bfree:
        raise NoteWriteError(
            "the disk that holds the note is full",
            hint="free some space and try again",
            path=snapshot.path,
        )


def _is_away(error: NoteError, path: str) -> bool:
    """Whether a note that has a folder is not in it."""
    gone = isinstance(error.__cause__, FileNotFoundError)
    return gone and not os.path.lexists(path) and os.path.isdir(os.path.dirname(path) or ".")  # noqa: PTH112, PTH120  # as above


def _link_target(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  # pathlib costs start-up time
    except OSError:
        return ""


_UNREADABLE: Mapping[int, tuple[str, str]] = {
    errno.ENOENT: ("there is no such note", "look at the spelling of its path"),
    errno.ENOTDIR: ("a part of its path is no folder", "look at the spelling of its path"),
    errno.ENAMETOOLONG: ("its name is too long for this system", "give it a shorter name"),
    errno.ELOOP: ("its symlinks lead round in a circle", "name the note itself"),
    errno.EACCES: ("the note may not be read by this user", "change its permissions"),
    errno.EPERM: ("the note may not be read by this user", "change its permissions"),
    errno.EAGAIN: ("another program keeps the note locked", "close that program and try again"),
    errno.EIO: ("the disk reported an error", "look at the disk"),
    errno.ENXIO: ("no regular file", "name a Markdown file"),
    errno.EMFILE: ("too many files are open", "close some programs and try again"),
    errno.ENFILE: ("too many files are open", "close some programs and try again"),
}


def _unreadable(path: str, error: OSError | ValueError) -> NoteError:
    if not isinstance(error, OSError):
        return NoteError(
            "its path holds a null character", hint="look at the spelling of its path", path=path
        )
    if error.errno == errno.ENOENT and (target := _link_target(path)):
        return NoteError(
            f"a symlink to {target}, and nothing is there",
            hint="put the note back where the symlink points, or name another note",
            path=path,
        )
    fallback = f"the note cannot be read: {error.strerror or error}"
    message, hint = _UNREADABLE.get(error.errno or 0, (fallback, "look at the file"))
    if error.errno == errno.ENOENT and os.path.exists(f"{path}.md"):  # noqa: PTH110  # as above
        hint = f"did you mean {path}.md?"
    return NoteError(message, hint=hint, path=path)
