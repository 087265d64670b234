"""Where the watcher of a vault is known on this machine: a lock, a heartbeat, a person's wishes.

All of it lies in the state folder, one folder a vault; the system frees the lock when the watcher
dies, however it dies.
"""

import json
import math
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from notelog.adapters.note_locks import Release, is_locked, take_lock
from notelog.adapters.places import name_for, private_folder
from notelog.errors import ConflictError, JournalError, UsageError
from notelog.ports.watch_place import Heartbeat, WatchedVault

_HEARTBEAT = "heartbeat.json"
_LOCK = "lock"
_ROOT = "root"
_WISHES = "wishes"
_PAUSE = f"{_WISHES}/pause"
_RESUME = f"{_WISHES}/resume"
_LAST = "last-pass"
_AUTO = "auto"
_MOST_DIGITS = 8
_BOOT = "/proc/sys/kernel/random/boot_id"
_JITTER_S = 1.0  # between two clocks that nobody sets
_Number = TypeVar("_Number", int, float)


class WatchFolder:
    """Implements ``ports.watching.WatchPlace``.

    Args:
        state_dir: see ``places.state_dir``.
        root: the vault's real path.
    """

    def __init__(self, state_dir: str, root: str) -> None:
        self._root = root
        self._told: tuple[Heartbeat, float] | None = None
        self._state_dir = state_dir
        self.folder = Path(state_dir, "watch", name_for(root))
        self.wishes = self.folder / _WISHES

    def make(self) -> None:
        """Makes the folder, private to the user.

        Raises:
            JournalError: it cannot be made.
        """
        for folder in (Path(self._state_dir), self.folder.parent, self.folder, self.wishes):
            private_folder(str(folder))

    def lock(self) -> Release:
        """Keeps the vault to this watcher; call what is given to end, and let others.

        Raises:
            ConflictError: another watcher of this machine has it.
            JournalError: the folder cannot be used.
        """
        self.make()
        release = take_lock(str(self.folder / _LOCK))
        if release is None:
            other = self.read_heartbeat()
            process = f" (process {other.process})" if other is not None else ""
            raise ConflictError(
                f"another notelog already watches this vault on this machine{process}",
                hint="stop it first; what it does: notelog status",
                path=self._root,
            )
        self._forget_heartbeat()  # it is of one that died
        self._put(_ROOT, self._root)

        def end() -> None:
            self._forget_heartbeat()
            release()

        return end

    def _forget_heartbeat(self) -> None:
        self._told = None
        with suppress(OSError):
            (self.folder / _HEARTBEAT).unlink()

    def beat(self, heartbeat: Heartbeat) -> None:
        """Writes the heartbeat, whole or not at all.

        Where only its time differs, the file's time stamp says it: to replace a file makes some
        file systems write to the disk at once, and that for nothing, all day.
        """
        boot, ahead_s = _ahead()
        before = 0.0 if self._told is None else self._told[1]
        if abs(ahead_s - before) < _JITTER_S:
            ahead_s = before
        told = replace(heartbeat, beat_at=0.0), ahead_s
        if told != self._told or not self._stamp(heartbeat.beat_at):
            fields_of = {**asdict(heartbeat), "boot": boot, "ahead_s": ahead_s}
            written = self._put(_HEARTBEAT, json.dumps(fields_of))
            self._told = told if written and self._stamp(heartbeat.beat_at) else None

    def _stamp(self, at: float) -> bool:
        with suppress(OSError):
            os.utime(self.folder / _HEARTBEAT, (at, at))
            return True
        return False

    def read_heartbeat(self) -> Heartbeat | None:
        """What the watcher of this vault said of itself last; None where none runs or died.

        It may be of one that died: see ``is_watched`` and ``Heartbeat.is_stale``. When that was is
        told by the wall clock as it is now, where somebody has set that since.
        """
        try:
            found: object = json.loads((self.folder / _HEARTBEAT).read_bytes())
            told = cast("dict[str, object]", found)
            known = {field.name for field in fields(Heartbeat)}
            values = {
                name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
                for name, value in told.items()
                if name in known
            }
            beat = Heartbeat(**values)  # type: ignore[arg-type]  # we wrote it
            at = (self.folder / _HEARTBEAT).stat().st_mtime
            return replace(beat, beat_at=at + _set_since(told.get("boot"), told.get("ahead_s")))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def is_watched(self) -> bool:
        """Whether a watcher of this machine has the vault now."""
        if not self.folder.is_dir():
            return False
        try:
            return is_locked(str(self.folder / _LOCK))
        except JournalError:
            return False

    def known(self) -> WatchedVault:
        """What is known of the vault and its watcher."""
        runs = self.is_watched()  # first: one that ends takes its heartbeat away before its lock
        return WatchedVault(
            root=self._root,
            is_there=Path(self._root).is_dir(),
            runs=runs,
            heartbeat=self.read_heartbeat(),
            paused_until=self.paused_until(),
        )

    def paused_until(self) -> float | None:
        """Until when nothing is asked, in seconds since the epoch; None where it is not paused."""
        return self._number(_PAUSE, float)

    def pause(self, until: float) -> None:
        """A person's wish that nothing is asked for a time.

        Raises:
            JournalError: it cannot be kept, as on a full disk.
        """
        self.make()
        self._wish(_PAUSE, repr(until))

    def resumes(self) -> int:
        """How often a person said ``resume``."""
        return self._number(_RESUME, int) or 0

    def resume(self) -> None:
        """A person's wish that what is paused or held goes on.

        Raises:
            JournalError: it cannot be kept, as on a full disk; a pause has ended all the same.
        """
        self.make()
        (self.folder / _PAUSE).unlink(missing_ok=True)
        self._wish(_RESUME, str(self.resumes() + 1))

    def _wish(self, name: str, text: str) -> None:
        if not self._put(name, text):
            raise JournalError(
                "the wish cannot be kept in the state folder",
                hint="look whether its disk is full",
                path=str(self.folder / name),
            )

    def last_pass_at(self) -> float:
        """When ``watch --once`` last went through the vault and left nothing; 0 for never."""
        return self._number(_LAST, float) or 0.0

    def keep_pass(self, at: float) -> None:
        """Remembers that ``watch --once`` went through the vault and left nothing to the next."""
        self._put(_LAST, repr(at))

    def chosen_auto(self) -> str | None:
        """The glob that a person chose for ``auto``; empty: none, None: nobody was asked."""
        try:
            return os.fsdecode((self.folder / _AUTO).read_bytes())
        except OSError:
            return None

    def choose_auto(self, glob: str) -> None:
        """Remembers what a person chose."""
        self._put(_AUTO, glob)

    def _number(self, name: str, kind: type[_Number]) -> _Number | None:
        try:
            return kind((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return None

    def _put(self, name: str, text: str) -> bool:
        temporary = (self.folder / name).with_suffix(f".{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with suppress(OSError):  # the watcher goes on without
            descriptor = os.open(temporary, flags, 0o600)
            try:
                data = os.fsencode(text)
                whole = os.write(descriptor, data) == len(data)  # less fits on a disk that fills up
            finally:
                os.close(descriptor)
            if whole:
                temporary.replace(self.folder / name)
                return True
        with suppress(OSError):
            temporary.unlink()
        return False


def _set_since(boot: object, ahead_s: object) -> float:
    """By how many seconds the wall clock was set since a heartbeat; 0 where that is not known."""
    now_boot, now_ahead_s = _ahead()
    if not boot or boot != now_boot or not isinstance(ahead_s, float):
        return 0.0
    set_s = now_ahead_s - ahead_s
    return set_s if abs(set_s) >= _JITTER_S else 0.0


def _ahead() -> tuple[str, float]:
    """Which boot this is, and how far the wall clock is ahead of the seconds since, sleep with it.

    Empty where the system has no clock for that.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            boot = Path(_BOOT).read_bytes().decode("ascii", "replace")
            return boot, time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return "", 0.0


def watched_roots(state_dir: str) -> tuple[str, ...]:
    """The vaults that were ever watched on this machine, by their real paths."""
    roots: list[str] = []
    above = f"{state_dir}{os.sep}watch"
    with suppress(OSError):
        for name in sorted(os.listdir(above)):  # noqa: PTH208  # asked at every look at a note
            with suppress(OSError):
                roots.append(_root_in(f"{above}{os.sep}{name}"))
    return tuple(roots)


@lru_cache(maxsize=64)
def _root_in(folder: str) -> str:
    """The vault that a folder was made for; its name is of that, so it is read once.

    Raises:
        OSError: it does not say so, or not yet.
    """
    with open(f"{folder}{os.sep}{_ROOT}", "rb") as file:  # noqa: PTH123  # as above
        return os.fsdecode(file.read())


def parse_duration_s(text: str) -> float:
    """The seconds of ``90``, ``30m``, ``2h`` or ``1d``; for ever where the text is empty.

    Raises:
        UsageError: it is none of these.
    """
    if not text:
        return math.inf
    unit_s = {"s": 1, "m": 60, "h": 3600, "d": 86_400}.get(text[-1].lower())
    number = text[:-1] if unit_s else text
    if not number.isdecimal() or len(number) > _MOST_DIGITS or not int(number):
        raise UsageError(
            f"{text!r} is no length of time", hint="write it as 90 (seconds), 30m, 2h or 1d"
        )
    return float(number) * (unit_s or 1)
