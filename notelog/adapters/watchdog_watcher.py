"""Hints from the system that files changed, through watchdog: the one file that imports it.

What watchdog 7.1 leaves to its user is covered here: a symlinked root gives no events; without a
narrow filter thousands of folders overflow the queue; an overflow is only a line in a log, told
after all of the queue was worked through; an exception in a handler ends the observer for good; the
limit on watches is swallowed for folders below the root; a root that was deleted and made anew
leaves a thread that is alive and hears nothing. The scan finds what is missed all the same.
"""

import errno
import logging
import os
import sys
import threading
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
    from typing import TypeAlias

    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyEvent,
        InotifyFD,
        Watch,
        WatchCallback,
        WatchDescriptor,
    )

    _Callbacks: TypeAlias = list[tuple[WatchDescriptor, CallbackId]]

_LOGGER = "watchdog.observers"
_QUEUE_BYTES = 16_384 * (16 + 256)
"""What a full queue of events takes, inotify(7): with names of the greatest length."""

_CATCH_UP, _CATCH_UP_S = "catch-up", 0.2
_FLOOD = 2_000
"""With so many events at once a scan finds what changed sooner than they can be told of."""


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
        self._catch_up: Callable[[], bool] | None = None
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
        # a folder that is moved out and back makes watchdog warn of its own table, at length
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        self._identity = _identity(self._root)
        self._listener = _OverflowListener(post)
        logging.getLogger(_LOGGER).addHandler(self._listener)
        try:
            observer, self._catch_up = _observer(post)
            self._observer = observer
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

    def catch_up(self) -> bool:
        """See ``ports.watching``; without our reader watchdog does it where events are lost."""
        return self._catch_up is not None and self._catch_up()

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
            self._observer = self._catch_up = None


class _OverflowListener(logging.Handler):
    """Hears of lost events, which watchdog tells its log only."""

    def __init__(self, post: Callable[[Hint], None]) -> None:
        super().__init__(logging.WARNING)
        self._post = post

    def emit(self, record: logging.LogRecord) -> None:
        if record.threadName == _CATCH_UP:
            return  # it is known
        lost = "overflow" in record.getMessage().lower()
        reason = "the system lost events" if lost else "the system's events are in trouble"
        self._post(Hint(reason=reason, lost=lost))


def _observer(post: Callable[[Hint], None]) -> "tuple[BaseObserver, Callable[[], bool] | None]":
    """Watchdog's observer; on Linux it reads with ours, which catches up where events were lost.

    Watchdog takes 2,500 events at a time and hands each through three threads: a full queue of
    16,384 kept them at work for a second, before they came to the last one, which tells that the
    system lost events. The names are public, but told of nowhere: without them it is as it was.
    """
    from watchdog.observers import Observer

    if sys.platform != "linux":
        return Observer(), None
    try:
        from watchdog.observers.api import BaseObserver
        from watchdog.observers.inotify import InotifyEmitter

        reader, catch_up = _reader(post)
    except ImportError:
        return Observer(), None

    class Listening(BaseObserver):
        """Ends its reader with it, and does not live without it."""

        def is_alive(self) -> bool:
            return super().is_alive() and reader.is_alive()

        def on_thread_stop(self) -> None:
            super().on_thread_stop()
            reader.stop()
            reader.join()

    reader.start()
    return Listening(InotifyEmitter, inotify_fd=reader), catch_up


def _reader(post: Callable[[Hint], None]) -> "tuple[InotifyFD, Callable[[], bool]]":
    """What reads a full queue at once and hands on what a scan does not find; see ``catch_up``.

    Raises:
        ImportError: watchdog has no such reader.
    """
    from watchdog.observers.inotify_c import InotifyFD

    class Reader(InotifyFD):
        """See above."""

        def __init__(self) -> None:
            super().__init__()
            self._turn = threading.Lock()
            self._overflow: InotifyEvent | None = None
            self._catching = False
            self._kept: _KeptWatches | None = None

        def read_events(self, *, event_buffer_size: int = _QUEUE_BYTES) -> "list[InotifyEvent]":
            return _worth_telling(super().read_events(event_buffer_size=event_buffer_size), post)

        def handle_event(self, event: "InotifyEvent") -> None:
            """Leaves to ``catch_up`` what watchdog would do at once where events were lost."""
            if event.is_queue_overflow:
                self._overflow = event
                post(Hint(reason="the system lost events", lost=True))
                return
            with self._turn:
                super().handle_event(event)

        def catch_up(self) -> bool:
            """In a thread, and once what a scan found is asked: it walks through all folders."""
            if self._overflow is not None and not self._catching:
                thread = threading.Timer(_CATCH_UP_S, self._listen_to_all, [self._overflow])
                self._overflow, self._catching = None, True
                thread.name, thread.daemon = _CATCH_UP, True
                thread.start()
            return self._catching

        def _listen_to_all(self, overflow: "InotifyEvent") -> None:
            """Also to folders that were made or moved while events were lost."""
            with self._turn:
                self._kept = kept = _KeptWatches(getattr(self, "_watch_for_wd", {}))
                try:
                    super().handle_event(overflow)
                except KeyError:  # its tables are at odds: see is_alive, all is listened to anew
                    self.stop()
                finally:
                    self._kept, self._catching = None, False
                self.remove_callbacks(kept.of_no_folder())
            post(Hint(reason="what was made or moved may have changed since", lost=True))

        def remove_callbacks(self, callbacks: "_Callbacks") -> None:
            """While watches are kept they only lose their callbacks, until they have new ones."""
            left = callbacks if self._kept is None else self._kept.take(callbacks)
            super().remove_callbacks(left)

    reader = Reader()
    return reader, reader.catch_up


def _worth_telling(
    events: "list[InotifyEvent]", post: Callable[[Hint], None]
) -> "list[InotifyEvent]":
    """What came before events were lost is left to the scan, and the saves of a flood."""
    from watchdog.observers.inotify_c import InotifyConstants as Of

    lost = [number for number, event in enumerate(events) if event.is_queue_overflow]
    events = events[lost[-1] :] if lost else events
    if len(events) < _FLOOD:
        return events
    post(Hint(reason="more changed than can be told of", lost=True))
    told_of = Of.IN_ISDIR | Of.IN_DELETE_SELF | Of.IN_IGNORED | Of.IN_MOVE | Of.IN_Q_OVERFLOW
    return [event for event in events if event.mask & told_of]


class _KeptWatches:
    """Keeps the watches that watchdog gives up where events were lost, to take them anew.

    What changed meanwhile would be lost, and the farewells to 16,384 folders overflow the queue
    again, and so for ever. The table is watchdog's own: where there is none it goes as it would.

    Args:
        watches: the table.
    """

    def __init__(self, watches: "dict[WatchDescriptor, Watch]") -> None:
        self._watches = watches
        self._taken: dict[tuple[WatchDescriptor, CallbackId], WatchCallback] = {}

    def take(self, callbacks: "_Callbacks") -> "_Callbacks":
        """Takes the callbacks from their watches; gives those that are to be removed all the same.

        A watch without callbacks is still one, and gets them back where its folder is found.
        """
        for wd, number in callbacks:
            if (watch := self._watches.get(wd)) is not None and number in watch.callbacks:
                self._taken[wd, number] = watch.callbacks.pop(number)
        return [] if self._watches else callbacks

    def of_no_folder(self) -> "_Callbacks":
        """The callbacks of watches whose folder was not found, back in their place."""
        left = [
            (wd, number)
            for wd, number in self._taken
            if wd in self._watches and not self._watches[wd].callbacks
        ]
        for wd, number in left:
            self._watches[wd].callbacks[number] = self._taken[wd, number]
        return left


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

    def catch_up(self) -> bool:
        """Nothing is lost that was never told."""
        return False

    def stop(self) -> None:
        """Nothing."""
