"""One process a note while a turn is in work. The system frees the lock when the process dies."""

import errno
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from notelog.errors import JournalError

Release = Callable[[], None]

_WAIT_S = 30.0
_LOOK_S = 0.005
_TRIES = 2000
_STEP_S = 0.0005
_ASKER_S = 0.2
"""How long somebody who only asks may have the lock, on Windows, where it cannot be shared."""
_HELD = frozenset({errno.EAGAIN, errno.EACCES})


class NoteLocks:
    """The locks of one journal's notes, held by this process.

    Args:
        folder: where the lock files are; private to the user.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._held: dict[str, Release] = {}

    def holds(self, note: str) -> bool:
        """Whether this object holds the note's lock."""
        return note in self._held

    def take(self, note: str) -> bool:
        """Takes a note's lock; False where somebody else has it."""
        if note in self._held:
            return True
        release = take_lock(self._path(note))
        if release is None:
            return False
        self._held[note] = release
        return True

    def in_other_hands(self, note: str) -> bool:
        """Whether somebody else has a note's lock."""
        return note not in self._held and is_locked(self._path(note))

    def give_back(self, note: str) -> None:
        """Lets others work on the note."""
        release = self._held.pop(note, None)
        if release is not None:
            release()

    def give_back_all(self) -> None:
        """Lets others work on all the notes."""
        for note in tuple(self._held):
            self.give_back(note)

    def _path(self, note: str) -> str:
        from hashlib import sha256

        return str(Path(self._folder, sha256(_one_name(note)).hexdigest()[:32] + ".lock"))


def _one_name(note: str) -> bytes:
    """A note's path; of a note with several names (hard links) what they have in common."""
    try:
        status = os.stat(note)  # noqa: PTH116  # pathlib costs start-up time
    except OSError:
        return os.fsencode(note)
    if status.st_nlink > 1:
        return f"{status.st_dev}:{status.st_ino}".encode()
    return os.fsencode(note)


@contextmanager
def wait_for_lock(path: str, work: str) -> Generator[None]:
    """Holds an exclusive lock on a file, which others hold for moments only.

    Args:
        path: the lock file.
        work: what they do meanwhile, as in "does not get done with counting".

    Raises:
        JournalError: another process does not give it back.
    """
    from time import monotonic, sleep

    until = monotonic() + _WAIT_S
    while (release := take_lock(path)) is None:
        if monotonic() > until:
            raise JournalError(
                f"another notelog process does not get done {work}",
                hint="try again when it is done, or stop it",
                path=path,
            )
        sleep(_LOOK_S)
    try:
        yield
    finally:
        release()


def take_lock(path: str) -> Release | None:
    """Takes an exclusive lock on a file that it makes; None where somebody else has it.

    Raises:
        JournalError: the file cannot be made, or its file system has no locks.
    """
    with _lock_errors(path):
        return _take_elsewhere(path) if sys.platform == "win32" else _take_flock(path)


def is_locked(path: str) -> bool:
    """Whether somebody has the lock on a file. Who takes it meanwhile is not refused for that.

    Raises:
        JournalError: its file system has no locks.
    """
    with _lock_errors(path):
        if sys.platform != "win32":
            return _is_flocked(path)
        release = _take_elsewhere(path)
        if release is not None:
            release()
        return release is None


@contextmanager
def _lock_errors(path: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"the lock file cannot be used: {error.strerror or error}",
            hint="name a local folder with NOTELOG_STATE_DIR",
            path=path,
        ) from error


def _take_flock(path: str) -> Release | None:
    """Takes the lock by flock(2), which a dying process cannot keep.

    The file is removed before the lock is given back; so a lock on a file that has no name any
    more is worth nothing, and is taken anew. Who only asks shares it for an instant: where it can
    be shared, nobody has it.
    """
    from time import sleep

    for _ in range(_TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            taken = _flock(descriptor)
            if taken and os.fstat(descriptor).st_nlink:
                os.fchmod(descriptor, 0o600)  # the umask may have taken away more than it should
                return _flock_release(path, os.dup(descriptor))
            if not taken and not _flock(descriptor, shared=True):
                return None
        finally:
            os.close(descriptor)
        sleep(_STEP_S)
    return None


def _is_flocked(path: str) -> bool:
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            if not _flock(descriptor, shared=True):
                return True
            if os.fstat(descriptor).st_nlink:
                return False
        finally:
            os.close(descriptor)


def _flock(descriptor: int, *, shared: bool = False) -> bool:
    """Locks an open file; False where somebody else's lock forbids it."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _flock_release(path: str, descriptor: int) -> Release:
    def release() -> None:
        with suppress(OSError):
            Path(path).unlink()
        with suppress(OSError):  # the descriptor is closed even where the system says otherwise
            os.close(descriptor)

    return release


def _take_elsewhere(path: str) -> Release | None:
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=_ASKER_S, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock.release
