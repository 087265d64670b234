"""Hints from the system that files changed, through watchdog: the one file that imports it.

What watchdog 7.1 leaves to its user is covered here: a symlinked root gives no events; without a
narrow filter thousands of folders overflow the queue; an overflow is only a line in a log; an
exception in a handler ends the observer for good; the limit on watches is swallowed for folders
below the root; a root that was deleted and made anew leaves a thread that is alive and hears
nothing. The scan finds what is missed all the same.
"""

import errno
import logging
import os
import sys
import warnings
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.event_trial import hears_nothing
from notelog.adapters.mounts import kind_of
from notelog.adapters.vault_scan import NOTE_ENDINGS
from notelog.core.file_systems import gives_events
from notelog.core.vault_checks import more_instances, more_watches
from notelog.core.watch_names import is_sync_temp
from notelog.ports.watching import Hint

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

_LOGGER = "watchdog.observers"


class WatchdogHints:
    """Implements ``ports.watching.Hints``.

    Args:
        root: the vault's real path.
        wishes: the folder in which a person's wishes to the watcher are kept.
    """

    def __init__(self, root: str, wishes: str) -> None:
        self._root = root
        self._wishes = wishes
        self._observer: BaseObserver | None = None
        self._listener: _OverflowListener | None = None
        self._identity: tuple[int, int] | None = None
        self._refused = 0

    def start(self, post: Callable[[Hint], None]) -> str:
        """Begins to listen; gives why there are no events, empty where there are."""
        kind = kind_of(Path(self._root))
        self._refused = 0 if gives_events(kind) else errno.ENOTSUP
        if self._refused:
            return f"it lies on a file system ({kind}) that does not tell of changes"
        if why := hears_nothing(self._root):
            return f"the system does not tell of changes here ({why})"
        from watchdog.observers import Observer

        # a folder that is moved out and back makes watchdog warn of its own table, at length
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        self._identity = _identity(self._root)
        self._listener = _OverflowListener(post)
        logging.getLogger(_LOGGER).addHandler(self._listener)
        try:
            self._observer = observer = Observer()
            observer.start()
            # the wishes first: the vault's folders may take all the watches that there are
            wishes = _handler(post, lambda _: (Hint(wish=True),))
            kinds = _event_filter()
            observer.schedule(wishes, self._wishes, event_filter=kinds)
            hints = _handler(post, hints_of)
            observer.schedule(hints, self._root, recursive=True, event_filter=kinds)
        except OSError as error:
            self._refused = error.errno or 0
            self.stop()
            return f"the system gives no events ({error.strerror or error})"
        return ""

    def remedy(self) -> str:
        """The setting to raise, for the limit that was met."""
        from notelog.adapters.machine import watch_limits

        limits = watch_limits()
        if limits is None or self._refused not in {0, errno.EMFILE, errno.ENOSPC}:
            return ""
        few = self._refused == errno.EMFILE
        how = more_instances(limits) if few else more_watches(limits, 0)
        return f"raise the limit: {how}"

    def unwatched(self, folders: AbstractSet[int]) -> int:
        """How many folders have no watch; 0 where the system does not say (not Linux)."""
        watched = _watched_inodes()
        return len(folders - watched) if watched else 0

    def is_alive(self) -> bool:
        """Whether the threads live, and the root is still the folder that they listen to."""
        observer = self._observer
        if observer is None or not observer.is_alive():
            return False
        if not all(emitter.is_alive() for emitter in observer.emitters):
            return False
        return self._identity == _identity(self._root)

    def stop(self) -> None:
        """Ends the threads."""
        if self._listener is not None:
            logging.getLogger(_LOGGER).removeHandler(self._listener)
            self._listener = None
        if self._observer is not None:
            self._observer.stop()
            with suppress(RuntimeError):
                self._observer.join(5)
            self._observer = None


class _OverflowListener(logging.Handler):
    """Hears of lost events, which watchdog tells its log only."""

    def __init__(self, post: Callable[[Hint], None]) -> None:
        super().__init__(logging.WARNING)
        self._post = post

    def emit(self, record: logging.LogRecord) -> None:
        lost = "overflow" in record.getMessage().lower()
        reason = "the system lost events" if lost else "the system's events are in trouble"
        self._post(Hint(reason=reason))


def _event_filter() -> "list[type[FileSystemEvent]]":
    from watchdog import events

    folders: list[type[FileSystemEvent]] = [
        events.DirMovedEvent,
        events.DirCreatedEvent,
        events.DirDeletedEvent,
    ]
    files: list[type[FileSystemEvent]] = [
        events.FileMovedEvent,
        events.FileCreatedEvent,
        events.FileDeletedEvent,
    ]
    written = events.FileClosedEvent if sys.platform == "linux" else events.FileModifiedEvent
    return [*folders, *files, written]


def _handler(
    post: Callable[[Hint], None], read: "Callable[[FileSystemEvent], tuple[Hint, ...]]"
) -> "FileSystemEventHandler":
    from watchdog.events import FileSystemEventHandler

    class Posting(FileSystemEventHandler):
        """Only posts: what it raised would end the observer for good."""

        def dispatch(self, event: "FileSystemEvent") -> None:
            with suppress(Exception):
                for hint in read(event):
                    post(hint)

    return Posting()


def hints_of(event: "FileSystemEvent") -> tuple[Hint, ...]:
    """What an event of watchdog hints at."""
    source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
    if event.is_directory:
        if event.event_type == "modified":
            return ()
        return (Hint(reason=f"a folder was {event.event_type}"),)
    by_sync = bool(target) and is_sync_temp(Path(source).name)
    return tuple(
        Hint(path=path, by_sync=by_sync)
        for path in (source, target)
        if path.lower().endswith(NOTE_ENDINGS)
    )


def _identity(root: str) -> tuple[int, int] | None:
    try:
        status = Path(root).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _watched_inodes() -> set[int]:
    """The inode numbers that this process has inotify watches on: proc(5), fdinfo."""
    found: set[int] = set()
    with suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) != "anon_inode:inotify":
                    continue
                told = Path("/proc/self/fdinfo", descriptor.name).read_bytes()
                for line in told.split(b"\n"):
                    if line.startswith(b"inotify ") and b" ino:" in line:
                        found.add(int(line.split(b" ino:", 1)[1].split(b" ", 1)[0], 16))
    return found


class NoHints:
    """Implements ``ports.watching.Hints`` for ``watch --poll``: the scan alone."""

    def start(self, post: Callable[[Hint], None]) -> str:  # noqa: ARG002  # the port's signature
        """Gives the reason."""
        return "--poll was given"

    def remedy(self) -> str:
        """It was the person's word."""
        return ""

    def unwatched(self, folders: AbstractSet[int]) -> int:
        """All of them."""
        return len(folders)

    def is_alive(self) -> bool:
        """Nothing can die."""
        return True

    def stop(self) -> None:
        """Nothing."""


if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
