"""Changing a note elsewhere than at its end: the guarded exchange.

The new note is made beside the old one, and the two names change places in one step of the
system. So the note is never half written, and nothing is overwritten: whatever stood under the
note's name is in our hands afterwards, and is compared with what was read. If somebody saved in
between, that save is put back in its place and the reply is planned anew.

    make the new note | nobody writes the old one (read lease), it is as read | exchange |
    wait for whoever was opening it | what came out is as read: delete it; else put it back

What a crash leaves beside the note is told apart by its name: see ``leftovers``.
"""

import errno
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from notelog.adapters.appending import (
    OPEN_WAIT_S,
    changed_meanwhile,
    close_quietly,
    content_from,
    flush_to_disk,
    not_writable,
    open_for_append,
)
from notelog.adapters.leases import LeaseKind, Pause, leased, open_unless_leased
from notelog.adapters.leftovers import sweep_beside, temp_name
from notelog.core.merge import keep_all_lines
from notelog.errors import ConflictError, NoExchangeError, NoteWriteError

WRITER_WAIT_S = 5.0
"""How long somebody who has the note open for writing is waited for."""
OPENER_WAITS_S = (0.0, 0.005, 0.045)
"""How long somebody who found the old file just before the exchange may take to open it; looked
at in steps, so that a save is back in its place as soon as it is seen."""
QUIET_S = 2.0
"""Without leases: how long the note must have been untouched."""
BLIND_WAITS_S = (5.0,)
"""Without leases: how long what came out is kept before it is compared."""
_ROUNDS = 8
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})
"""What keeps a file from being made today, and has nothing to do with the folder it would be in."""
_KEPT = "the reply is kept"
_AT_END = (
    "notelog deliver --at-end NOTE puts a kept reply below the end of the note, with its question"
)
_LINKED = "it has a second name (a hard link), which only an addition at its end keeps"
_NO_EXCHANGE = "its file system cannot exchange two files"
_LINUX_EXCHANGE = 2
_MACOS_SWAP = 2


def exchange_note(real_path: str, base: bytes, new: bytes, pause: Pause = time.sleep) -> None:
    """Gives a note new bytes if it still holds the old ones, without ever overwriting a save.

    Args:
        real_path: the note, symlinks resolved.
        base: what it must hold now.
        new: what it holds afterwards.
        pause: waits a number of seconds.

    Raises:
        ConflictError: somebody saved meanwhile; that save stands.
        NoExchangeError: this note cannot be exchanged; it is as it was.
        NoteWriteError: it cannot be written; it is as it was.
    """
    sweep_leftovers(real_path, pause)
    _Exchange(Path(real_path), pause).run(base, new)


def sweep_leftovers(real_path: str, pause: Pause = time.sleep) -> None:
    """Clears away what a crash left beside a note; a person's save in it is merged into the note.

    Call it only while the note is kept to this process.

    Raises:
        NoteWriteError: a save was found and could not be merged; its file is named, and stays.
    """
    sweep_beside(real_path, _Exchange(Path(real_path), pause).take_in)


class _Exchange:
    """One note whose bytes are exchanged."""

    def __init__(self, note: Path, pause: Pause) -> None:
        self._note = note
        self._pause = pause
        self._leases = True

    def run(self, base: bytes, new: bytes) -> None:
        beside, made = self._make(base, new)
        try:
            self._swap_if_unchanged(beside, base)
        except BaseException:
            with suppress(OSError):
                if beside.stat().st_ino == made:  # Ctrl-C can come just after the exchange
                    beside.unlink()
            raise
        self._sync_folder()
        if self._came_out(beside, base) == base:
            _clear_away(beside)
            return
        self._put_back(beside, new)
        raise changed_meanwhile(str(self._note))

    def take_in(self, save: Path) -> None:
        """Merges a file that holds a person's save into the note, and then removes the file."""
        try:
            for _ in range(_ROUNDS):
                saved = self._settled(save)
                if saved is None:
                    continue
                current = self._note.read_bytes()
                merged = keep_all_lines(current, saved)
                if merged != current and not self._merged(current, merged):
                    continue
                save.unlink()
                return
        except (OSError, NoteWriteError) as error:
            raise self._stranded(save) from error
        raise self._stranded(save)

    def _merged(self, current: bytes, merged: bytes) -> bool:
        try:
            self.run(current, merged)
        except ConflictError:
            return False
        return True

    def _stranded(self, save: Path) -> NoteWriteError:
        return NoteWriteError(
            f"a save of this note made by another program is in {save.name} beside it, and could "
            "not be brought together with it",
            hint="compare the two files and delete the hidden one",
            path=str(self._note),
        )

    def _put_back(self, beside: Path, new: bytes) -> None:
        """What came out is somebody's save: it gets its place again, with its own inode."""
        _exchange(beside, self._note)
        self._sync_folder()
        if self._came_out(beside, new) == new:
            _clear_away(beside)
        else:
            self.take_in(beside)  # and another save went into ours meanwhile

    def _swap_if_unchanged(self, beside: Path, base: bytes) -> None:
        descriptor = self._opened()
        try:
            with leased(
                descriptor, LeaseKind.READ, wait_s=WRITER_WAIT_S, pause=self._pause
            ) as lease:
                self._leases = lease.supported
                if not self._leases:
                    self._await_quiet(descriptor)
                if content_from(descriptor, 0, len(base) + 1) != base:
                    raise changed_meanwhile(str(self._note))
                if self._leases and not lease.unbroken():
                    raise self._busy()
                _exchange(beside, self._note)
        except OSError as error:
            raise not_writable(str(self._note), error) from error
        finally:
            close_quietly(descriptor)

    def _busy(self) -> ConflictError:
        return ConflictError(
            f"another program is writing the note; nothing was written and {_KEPT}",
            path=str(self._note),
        )

    def _opened(self) -> int:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        try:
            return open_unless_leased(str(self._note), flags, wait_s=OPEN_WAIT_S, pause=self._pause)
        except OSError as error:
            raise not_writable(str(self._note), error) from error

    def _await_quiet(self, descriptor: int) -> None:
        untouched_s = time.time() - os.fstat(descriptor).st_mtime
        if 0 <= untouched_s < QUIET_S:
            self._pause(QUIET_S - untouched_s)

    def _came_out(self, beside: Path, expected: bytes) -> bytes | None:
        """What is under the temporary name once everybody had time to write there."""
        data: bytes | None = expected
        for wait_s in OPENER_WAITS_S if self._leases else BLIND_WAITS_S:
            if data == expected:
                self._pause(wait_s)
                data = self._settled(beside)
        return data

    def _settled(self, beside: Path) -> bytes | None:
        """What is under the temporary name; None where somebody goes on writing it."""
        try:
            descriptor = open_unless_leased(
                str(beside), os.O_RDONLY, wait_s=OPEN_WAIT_S, pause=self._pause
            )
        except OSError as error:
            raise self._stranded(beside) from error
        try:
            with leased(
                descriptor, LeaseKind.READ, wait_s=WRITER_WAIT_S, pause=self._pause
            ) as lease:
                data = content_from(descriptor, 0, os.fstat(descriptor).st_size + 1)
                return data if lease.unbroken() or not lease.supported else None
        except OSError as error:
            raise self._stranded(beside) from error
        finally:
            close_quietly(descriptor)

    def _make(self, base: bytes, new: bytes) -> tuple[Path, int]:
        """The new note under a hidden name beside the old one: mode, owner and attributes kept.

        Returns:
            Its path and its inode.
        """
        close_quietly(open_for_append(str(self._note), self._pause))  # may it be written at all?
        try:
            status = self._note.stat()
        except OSError as error:
            raise not_writable(str(self._note), error) from error
        if status.st_nlink > 1:
            raise _refused(self._note, _LINKED)
        names = temp_name(self._note.name, base, new)
        part, beside = map(self._note.with_name, names)
        try:
            self._write(part, new, status)
            made = part.stat().st_ino
            part.rename(beside)
        except BaseException as error:
            with suppress(OSError):
                part.unlink()
            if isinstance(error, OSError) and error.errno in _PASSING:
                raise not_writable(str(self._note), error) from error
            if isinstance(error, OSError):
                raise _refused(self._note, _not_beside(error)) from error
            raise
        return beside, made

    def _write(self, part: Path, new: bytes, status: os.stat_result) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(part, flags, 0o600)
        try:
            written = 0
            while written < len(new):
                written += os.write(descriptor, new[written:])
            self._keep_marks(descriptor, part, status)
            os.fsync(descriptor)
        finally:
            close_quietly(descriptor)
        if part.read_bytes() != new:
            raise OSError(errno.EIO, "it does not read back as it was written")

    def _keep_marks(self, descriptor: int, part: Path, status: os.stat_result) -> None:
        if sys.platform == "win32":
            return
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fchmod(descriptor, status.st_mode & 0o7777)
        if sys.platform == "linux":
            for name, value in _attributes(self._note).items():
                _keep_attribute(part, name, value)

    def _sync_folder(self) -> None:
        if os.name != "posix":
            return
        try:
            descriptor = os.open(self._note.parent, os.O_RDONLY)
        except OSError:
            return  # a folder that may be written and not read
        try:
            flush_to_disk(descriptor, str(self._note))
        finally:
            close_quietly(descriptor)


def _clear_away(leftover: Path) -> None:
    """Removes a file of ours; where that fails, its name tells the next sweep that it is ours."""
    with suppress(OSError):
        leftover.unlink()


def _attributes(note: Path) -> Mapping[str, bytes]:
    if sys.platform != "linux":
        return {}
    try:
        return {name: os.getxattr(note, name) for name in os.listxattr(note)}
    except OSError as error:
        if error.errno in {errno.ENOTSUP, errno.ENOSYS}:
            return {}
        raise


def _keep_attribute(part: Path, name: str, value: bytes) -> None:
    """Sets an attribute; those of the security system (SELinux) are that system's own business."""
    if sys.platform != "linux":
        return
    try:
        os.setxattr(part, name, value)
    except OSError:
        if not name.startswith("security."):
            raise


def _exchange(one: Path, other: Path) -> None:
    """Lets two names change their files in one step.

    Raises:
        NoExchangeError: this system or file system cannot do that.
        OSError: the system refuses.
    """
    import ctypes

    first, second = os.fsencode(one), os.fsencode(other)
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(first, second, _MACOS_SWAP)
        else:
            here = -100  # AT_FDCWD
            failed = library.renameat2(here, first, here, second, _LINUX_EXCHANGE)
    except AttributeError as error:
        raise _refused(other, _NO_EXCHANGE) from error
    if not failed:
        return
    code = ctypes.get_errno()
    if code in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV, errno.EBUSY}:
        raise _refused(other, _NO_EXCHANGE)
    raise OSError(code, os.strerror(code))


def can_exchange(one: Path, other: Path) -> bool:
    """Whether two files beside each other can change their names in one step; does it.

    Raises:
        OSError: the system refuses for another reason.
    """
    try:
        _exchange(one, other)
    except NoExchangeError:
        return False
    return True


def check_exchange(real_path: str) -> None:
    """Finds out whether a note can be exchanged, with two files of our own beside it.

    Raises:
        NoExchangeError: it cannot, and nothing was sent.
    """
    note = Path(real_path)
    one, other = (note.with_name(temp_name(note.name, b"", b"")[0]) for _ in range(2))
    try:
        cause = _LINKED if note.stat().st_nlink > 1 else ""
        if not cause:
            for made in (one, other):
                os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            cause = "" if can_exchange(one, other) else _NO_EXCHANGE
    except OSError as error:
        if error.errno in _PASSING:
            raise not_writable(real_path, error, kept=False) from error
        cause = _not_beside(error)
    finally:
        for made in (one, other):
            _clear_away(made)
    if cause:
        raise _refused(note, cause, "nothing was sent")


def _not_beside(error: OSError) -> str:
    return f"the new note could not be made beside the old one ({error.strerror or error})"


def _refused(note: Path, cause: str, so: str = f"it is as it was and {_KEPT}") -> NoExchangeError:
    message = f"only the end of this note can be changed: {cause}; {so}"
    return NoExchangeError(message, hint=_AT_END, path=str(note))
