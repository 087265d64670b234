"""Tries in a vault what the watcher and the writer need of it.

What is tried is tried with hidden files of random names that do not end in ``.md``, and that are
gone again an instant later; those that a crash left are removed by the next trial.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from notelog.adapters.event_trial import hears_nothing
from notelog.adapters.exchange import can_exchange
from notelog.adapters.leases import Lease, LeaseKind
from notelog.adapters.mounts import kind_of
from notelog.adapters.places import is_inside
from notelog.adapters.vault_scan import NOTE_ENDINGS
from notelog.core.conflict_copies import is_conflict_copy, twin_of
from notelog.core.vault_checks import FileSystem, Survey
from notelog.errors import NoteError

_WRITE = 0o222
PREFIX = ".notelog-doctor-"
_ICLOUD = ("Mobile Documents", "com~apple~CloudDocs", "iCloud")


class VaultFolder:
    """Looks at a vault; implements ``ports.checkup.VaultTrial``."""

    def survey(self, vault: str) -> Survey:
        """Looks through all of a vault, hidden folders too; symlinked folders are not entered.

        Raises:
            NoteError: it cannot be read, or is no folder.
        """
        found = _Survey(vault, icloud=any(name in os.path.realpath(vault) for name in _ICLOUD))
        try:
            found.look_through()
        except OSError as error:
            raise NoteError(
                f"the vault cannot be read: {error.strerror}",
                hint="name the folder of your vault",
                path=vault,
            ) from error
        return found.result()

    def file_system(self, vault: str) -> FileSystem:
        """Tries what writing needs, with hidden files that are removed at once."""
        folder = Path(os.path.realpath(vault))
        try:
            for left in folder.iterdir():
                if left.name.startswith(PREFIX):
                    with suppress(OSError):
                        left.unlink()
            with _made(folder) as one, _made(folder) as other:
                return FileSystem(
                    kind=kind_of(folder),
                    leases=_leases(one),
                    exchange=can_exchange(one, other),
                    silent=hears_nothing(str(folder)),
                )
        except OSError as error:
            return FileSystem(kind=kind_of(folder), refused=error.strerror or "no reason given")


class _Survey:
    """A survey under way."""

    def __init__(self, vault: str, *, icloud: bool) -> None:
        self._vault = vault
        self._icloud = icloud
        self._folders = self._notes = 0
        self._unreadable: list[str] = []
        self._read_only: list[str] = []
        self._conflicts: list[str] = []
        self._linked: list[str] = []

    def result(self) -> Survey:
        return Survey(
            folders=self._folders,
            notes=self._notes,
            unreadable=tuple(self._unreadable),
            read_only=tuple(self._read_only),
            conflicts=tuple(self._conflicts),
            linked=tuple(self._linked),
        )

    def look_through(self) -> None:
        """Looks into one folder after the other.

        Raises:
            OSError: the vault itself cannot be read.
        """
        waiting = [("", False)]
        while waiting:
            shown, hidden = waiting.pop()
            try:
                waiting += self._look_into(shown, hidden=hidden)
            except OSError:
                if not shown:
                    raise
                self._unreadable.append(shown)

    def _look_into(self, shown: str, *, hidden: bool) -> list[tuple[str, bool]]:
        """Looks at what is in a folder, and gives the folders in it, hidden or not."""
        with os.scandir(os.path.join(self._vault, shown)) as found:  # noqa: PTH118  # 10,000 times
            entries = sorted(found, key=lambda entry: entry.name)
        self._folders += 1
        names = {entry.name for entry in entries}
        below: list[tuple[str, bool]] = []
        for entry in entries:
            path = f"{shown}{os.sep}{entry.name}" if shown else entry.name
            if entry.is_dir(follow_symlinks=False):
                below.append((path, hidden or entry.name.startswith(".")))
            elif not hidden and entry.is_symlink() and entry.is_dir():
                if not (entry.name.startswith(".") or is_inside(entry.path, self._vault)):
                    self._linked.append(path)
            elif not hidden:
                self._look_at(entry, path, names)
        return below[::-1]

    def _look_at(self, entry: "os.DirEntry[str]", shown: str, beside: set[str]) -> None:
        if is_conflict_copy(entry.name) or (self._icloud and twin_of(entry.name, beside)):
            self._conflicts.append(shown)
        elif entry.name.lower().endswith(NOTE_ENDINGS) and not entry.name.startswith("."):
            self._notes += 1
            if not _is_writable(entry):
                self._read_only.append(shown)


def _is_writable(entry: "os.DirEntry[str]") -> bool:
    """As the writer sees it: a note without any write permission is refused to root as well."""
    try:
        return bool(entry.stat().st_mode & _WRITE) and os.access(entry.path, os.W_OK)
    except OSError:  # a symlink to nowhere: reading it tells
        return True


@contextmanager
def _made(folder: Path) -> Generator[Path]:
    """A new hidden file that is gone afterwards."""
    path = folder / f"{PREFIX}{os.urandom(8).hex()}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            path.chmod(0o600)  # the umask may have taken away more than it should
            file.write(b"notelog doctor\n")
        yield path
    finally:
        path.unlink(missing_ok=True)


def _leases(path: Path) -> bool | None:
    if sys.platform != "linux":
        return None
    descriptor = os.open(path, os.O_RDWR)
    try:
        lease = Lease(descriptor, LeaseKind.WRITE)
        lease.take()
        lease.give_back()
        return lease.supported
    finally:
        os.close(descriptor)
