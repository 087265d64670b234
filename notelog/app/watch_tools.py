"""What watching a vault needs of the world, and what the command line says of it."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from notelog.app.watch_look import Looking
from notelog.core.usage import TurnFigures
from notelog.ports.people import Clock
from notelog.ports.watch_place import WatchPlace
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import Unlanded, WatchJob
from notelog.ports.watching import Hint, Hints, VaultFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What the command line says.

    Attributes:
        once: go through the vault once and end.
        backlog: notes, by their paths, that are answered though they are old or too many; None
            where that is not wished.
        since_s: seconds since the epoch; with ``once`` a note is edited if it changed since.
    """

    once: bool = False
    backlog: AbstractSet[str] | None = None
    since_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What watching needs of the world.

    Attributes:
        root: the vault's real path.
        device: this machine among those that have the vault.
        files: its notes.
        hints: tells of changes.
        looking: decides about a note; its settings hold here too.
        place: where the watcher is known.
        tell: tells a person.
        clock: time.
        post: gives a hint to the thread that owns the watcher.
        start_scan: looks through the vault in another thread; the end is posted.
        start_job: answers a note in another thread; the end is posted. It is given what tells
            whether to stop.
        pinned: the machine that the vault's pin names; empty where there is none.
        unlanded: the notes for which the journal keeps a reply that is not in them, and those in
            doubt that do not say so.
        lately: what was asked for notes of this vault since a time in seconds since the epoch, by
            whomever, oldest first.
        day_began: when this day began where the person is, in seconds since the epoch.
        warm_up: makes ready for a first request, in another thread.
        process: this process's number.
    """

    root: str
    device: str
    files: VaultFiles
    hints: Hints
    looking: Looking
    place: WatchPlace
    tell: Callable[[Told], None]
    clock: Clock
    post: Callable[[Hint], None]
    start_scan: Callable[[], None]
    start_job: Callable[[WatchJob, Callable[[], bool]], None]
    pinned: Callable[[], str]
    unlanded: Callable[[], tuple[Unlanded, ...]]
    lately: Callable[[float], tuple[TurnFigures, ...]]
    day_began: Callable[[], float]
    warm_up: Callable[[], None]
    process: int = 0

    def say(self, kind: Kind, sentence: str, path: str = "", *, hint: str = "") -> None:
        """Tells a person something, of a note where its absolute path is given."""
        note = self.files.relative(path) if path else ""
        self.tell(Told(kind=kind, sentence=sentence, note=note, hint=hint))
