"""The requests of a watcher: which note comes next, and what keeps it from being asked."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from shlex import quote
from unicodedata import normalize

from notelog.app.reading import parse_snapshot
from notelog.app.watch_tools import Watching
from notelog.core.asked import questions
from notelog.core.derived import Purpose
from notelog.core.pacing import (
    HOUR_S,
    Hold,
    Limits,
    Pace,
    asked,
    calmed,
    may_ask,
    not_asked,
    resumed,
    wants,
    wants_no_more,
)
from notelog.core.watch_names import twin_of
from notelog.core.watching import NEVER_S, Busy, Gone
from notelog.errors import NoteError
from notelog.ports.notes import Snapshot
from notelog.ports.watch_view import Kind
from notelog.ports.watch_work import WatchJob

TWIN_S = 600.0
"""So long a note that looks like the conflict copy of an answered one is passed over."""

_SHORT_S = 60.0


@dataclass(slots=True)
class _Running:
    job: WatchJob
    stop: bool = False

    @property
    def asks(self) -> bool:
        """Whether it may be a request, and does not only put in, or say, what is here already."""
        return not any((self.job.kept, self.job.reland, self.job.tells))


class Asks:
    """The notes that wait in the order in which they came to want an answer, and those that run.

    Args:
        tools: the ports.
        agreed: notes that a person agreed to have answered all at once.
        once: the watcher makes one pass.

    Attributes:
        wake_s: when something that holds notes back ends by itself.
    """

    def __init__(
        self, tools: Watching, agreed: AbstractSet[str] = frozenset(), *, once: bool = False
    ) -> None:
        settings = tools.looking.settings
        self._tools = tools
        self._agreed = set(agreed)
        self._at_once = settings.at_once
        self._limits = Limits(asks_per_hour=settings.asks_per_hour)
        self._pace = Pace(asked=_asked_before(tools))
        self._ready: dict[str, float] = {}
        self._running: dict[str, _Running] = {}
        self._answered: dict[str, tuple[str, float]] = {}
        self._held = ""
        self._held_by = ""
        self._patience_s = 0.0 if once else self._limits.burst_s
        self._told: dict[str, float] = {}
        self.wake_s = NEVER_S

    def __contains__(self, path: str) -> bool:
        """Whether the request of a note runs."""
        return path in self._running

    @property
    def held(self) -> str:
        """Why nothing is asked now; empty where it is, and where nothing waits."""
        return self._held if self._ready else ""

    @property
    def running(self) -> tuple[str, ...]:
        """The notes whose requests run, by their paths in the vault."""
        return tuple(running.job.relative for running in self._running.values())

    @property
    def waiting(self) -> tuple[str, ...]:
        """The notes that wait for a place, by their paths in the vault."""
        return tuple(self._tools.files.relative(path) for path in self._ready)

    def want(self, path: str, *, anew: bool = True) -> None:
        """A note came to want an answer; what is tried again makes no burst of changes."""
        now_s = self._ready[path] = self._tools.clock.monotonic()
        if not anew or self._told.get(path, -NEVER_S) > now_s:
            return
        if path in self._agreed:  # once: what comes of it later is as of any note
            self._agreed.discard(path)
            self._told[path] = now_s + HOUR_S
            return
        self._pace = wants(self._pace, path, now_s, self._limits)

    def drop(self, path: str) -> None:
        """It does not any more."""
        if path in self._ready:
            del self._ready[path]
            self._pace = wants_no_more(self._pace, path)

    def resume(self) -> None:
        """The person's word: what is held goes on."""
        self._pace = resumed(self._pace)
        self._held = self._held_by = ""
        self._told = dict.fromkeys(self._ready, self._tools.clock.monotonic() + HOUR_S)

    def next_note(self) -> str:
        """The note to be asked now; empty where there is none, or something holds it back."""
        self.wake_s = NEVER_S
        if not self._ready:
            return ""
        now_s = self._tools.clock.monotonic()
        note = ""
        if (hold := self._hold_on_all()) is None:
            self._pace = calmed(self._pace, now_s, self._limits)
            for path in self._ready:
                hold = may_ask(self._pace, path, now_s, self._limits)
                if hold is None:
                    self._held = self._held_by = ""
                    return path if len(self._running) < self._at_once else ""
                note = path if hold.what == "note" else ""
                if not note:
                    break
        if hold is not None:
            self._hold(hold, note)
        return ""

    def note_to_tell(self) -> tuple[str, Hold] | None:
        """A note that is to say itself why it waits: whoever marked it sees nothing else.

        Not where many wait, or a person let a burst go on: no burst of changes is written to. Nor
        where somebody may be typing, or where it is asked in a moment. Call it after ``next_note``.
        """
        held = self._held_by.partition(" ")[0] in {"hour", "note"}
        if not held or len(self._ready) > self._limits.burst_notes:
            return None
        now_s = self._tools.clock.monotonic()
        for path, since_s in self._ready.items():
            hold = may_ask(self._pace, path, now_s, self._limits)
            if hold is None or self._told.get(path, -NEVER_S) > since_s:
                continue
            if hold.until_s is not None and hold.until_s < now_s + _SHORT_S:
                continue
            if now_s < since_s + self._patience_s:
                self.wake_s = min(self.wake_s, since_s + self._patience_s)
            elif len(self._running) < self._at_once:
                return path, hold
        return None

    def told(self, path: str, hold: Hold) -> None:
        """Nothing more is to be said in a note of what holds it back."""
        self._told[path] = NEVER_S if hold.until_s is None else hold.until_s

    def _hold_on_all(self) -> Hold | None:
        now = self._tools.clock.now()
        until = self._tools.place.paused_until()
        if until is not None and until > now:
            return Hold(
                what="pause",
                until_s=self._tools.clock.monotonic() + until - now,
                sentence="paused by you",
                hint="notelog resume goes on",
            )
        pinned = self._tools.pinned()
        if pinned and pinned != self._tools.device:
            taking = f"notelog watch {quote(self._tools.root)} --take-over"
            return Hold(
                what="device",
                until_s=None,
                sentence=f"this vault is answered by {pinned!r}, and this machine is "
                f"{self._tools.device!r}: only looking on",
                hint=f"{taking} lets this machine answer",
            )
        return None

    def _hold(self, hold: Hold, note: str) -> None:
        if hold.until_s is not None:
            self.wake_s = hold.until_s
        name = f"{self._tools.files.relative(note)}: " if note else ""
        self._held = f"{name}{hold.sentence}; {hold.hint}"
        if self._held_by != f"{hold.what} {note}":
            self._held_by = f"{hold.what} {note}"
            self._tools.say(Kind.HELD, hold.sentence, note, hint=hold.hint)

    def begin(self, job: WatchJob) -> None:
        """Starts a request, and counts it if it is one."""
        running = _Running(job)
        self._running[job.path] = running
        self._ready.pop(job.path, None)
        if running.asks:
            self._told.pop(job.path, None)
            now_s = self._tools.clock.monotonic()
            self._pace = asked(self._pace, job.path, now_s, self._limits)
        self._tools.start_job(job, lambda: running.stop)

    def end(self, path: str, *, sent: bool = True) -> None:
        """A request has ended; one that reached no server counts for nothing."""
        running = self._running.pop(path, None)
        if running is not None and running.asks and not sent:
            self._pace = not_asked(self._pace, path)

    def stop(self, path: str) -> None:
        """Ends the request of a note; what came of it is kept."""
        if path in self._running:
            self._running[path].stop = True

    def stop_all(self) -> None:
        """Ends all requests."""
        for path in self._running:
            self.stop(path)

    def moved_from(self, path: str, key: str) -> str:
        """The note whose request runs and asks just that, if it is no more where it was.

        Or if it is the same file, where only the case of its name was changed, or how it is
        encoded, and the system takes both names for one.
        """
        for other, running in self._running.items():
            if other != path and running.job.key == key:
                return other if self._is_moved(other, path, key) else ""
        return ""

    def _is_moved(self, path: str, new: str, key: str) -> bool:
        try:
            there = self._tools.files.glance(path)
            if isinstance(there, Snapshot) and not self._holds(there, key):
                return True  # another note bears that name now
            if isinstance(there, Busy | Gone) or _spelt(path) != _spelt(new):
                return isinstance(there, Gone)
            here = self._tools.files.glance(new)
        except NoteError:
            return False  # it is there, and cannot be read
        if isinstance(here, Busy | Gone):
            return False
        return (here.device, here.inode) == (there.device, there.inode)

    def _holds(self, note: Snapshot, key: str) -> bool:
        key = key.partition("+")[0]
        return key in questions(parse_snapshot(self._tools.looking.reading, note))

    def remember(self, path: str, key: str) -> None:
        """A turn was answered in a note."""
        now_s = self._tools.clock.monotonic()
        kept = {k: item for k, item in self._answered.items() if now_s - item[1] <= TWIN_S}
        self._answered = {**kept, key: (path, now_s)}

    def answered_twin(self, path: str, key: str) -> str:
        """The note beside this one that looks like its original and was answered just now."""
        other, at_s = self._answered.get(key, ("", -NEVER_S))
        if not other or other == path or self._tools.clock.monotonic() - at_s > TWIN_S:
            return ""
        folder, _, name = self._tools.files.relative(path).rpartition("/")
        other_folder, _, other_name = self._tools.files.relative(other).rpartition("/")
        return other_name if folder == other_folder and other_name == twin_of(name) else ""


def _spelt(path: str) -> str:
    """A path without what a system may not tell names apart by."""
    return normalize("NFC", normalize("NFC", path).casefold())


def _asked_before(tools: Watching) -> tuple[tuple[float, str], ...]:
    """What was asked in the last hour before this watcher started, in its clock's seconds.

    What is dated after now, since the wall clock was set back, counts as asked just now.
    """
    now = tools.clock.now()
    ahead_s = tools.clock.monotonic() - now
    lately = (item for item in tools.lately(now - HOUR_S) if item.purpose is Purpose.REPLY)
    return tuple((min(item.at, now) + ahead_s, item.note) for item in lately)
