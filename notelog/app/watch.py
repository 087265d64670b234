"""Watching a vault: decides when a note is answered; how, is ``complete``'s business.

One thread owns all of this. Whatever comes from outside (hints, scans, the ends of requests, a
person's wishes) is posted to it; ``advance`` does what is due and says when to come back. Time,
files and requests come through ports, so a whole day passes in a test in a moment.
"""

from notelog.app.watch_asks import Asks
from notelog.app.watch_counts import Counts
from notelog.app.watch_notes import Notes
from notelog.app.watch_scans import Scans
from notelog.app.watch_start import begin_watching
from notelog.app.watch_tools import Watching, WatchOptions
from notelog.core.watching import NEVER_S, Ending
from notelog.errors import NoteError
from notelog.ports.watch_place import MOST_WAITING, Heartbeat
from notelog.ports.watch_view import Kind
from notelog.ports.watch_work import JobResult
from notelog.ports.watching import Hint, Scan

TICK_S = 30.0
"""How often the watcher wakes though nothing happens: twice a minute."""

_BEAT_PAUSE_S = 0.2  # a request that has begun leaves first


class Watcher:
    """The engine; see the module.

    Args:
        tools: the ports.
        options: what the command line says.

    Attributes:
        counts: figures for a person who looks.
        notes: what is known of each note.
        has_scanned: whether the vault was looked through once.
    """

    def __init__(self, tools: Watching, options: WatchOptions) -> None:
        clock = tools.clock
        self._tools = tools
        self._options = options
        self._settings = tools.looking.settings
        self._scans = Scans(tools, once=options.once)
        self._next_tick_s = clock.monotonic() + TICK_S
        self._resumes = tools.place.resumes()
        self._drain_until_s = NEVER_S
        self._started_at = clock.now()
        self._held = ""
        self._warm = options.once
        self._left = False
        self.counts = Counts()
        self.notes = Notes(tools, options, self.counts)
        self.has_scanned = False
        self.counts.count_today(tools)

    @property
    def asks(self) -> Asks:
        """The requests that wait and run."""
        return self.notes.asks

    def start(self) -> None:
        """Begins to listen, and to look through the vault."""
        self._scans.listen()
        self._scans.begin()

    def hint(self, hint: Hint) -> None:
        """Something may have changed."""
        if hint.wish:
            self._obey()
        elif hint.configured:
            self.notes.ask_refused()
        elif not hint.path:
            self._scans.want(lost=hint.lost)
        elif self._tools.files.relative(hint.path):
            self._scans.heard(hint.path, own=self.notes.may_be_own(hint.path))
            if not self._concerns(hint.path):
                return
            self.counts.last_event_at = self._tools.clock.now()
            self._warm_up()
            synced = hint.by_sync or self._tools.files.is_synced(hint.path)
            self.notes.touch(hint.path, synced=synced)

    def _concerns(self, path: str) -> bool:
        """Whether a change may matter; a storm of saves elsewhere must not delay an answer."""
        return path in self.notes or self._tools.files.may_matter(path)

    def scanned(self, scan: Scan) -> None:
        """A look through the vault has ended."""
        was_absent = bool(self._scans.absent)
        self._scans.ended(scan)
        self._obey()  # no event tells of a wish where there are none
        if scan.absent:
            if self._options.once:
                self.counts.failed(NoteError.exit_code)
            return
        counts = self.counts
        counts.notes, counts.scan_s = scan.notes, scan.seconds
        counts.last_scan_at = self._tools.clock.now()
        if self.has_scanned:
            changed = (item.path for item in scan.changed)
            self.notes.look_through(changed, unheard=bool(self._scans.no_events))
        else:
            self.has_scanned = True
            self._begin_watching(scan)
        if was_absent:
            self.notes.land_kept(self._tools.unlanded())

    def _begin_watching(self, scan: Scan) -> None:
        beginning = begin_watching(self._tools, self._options, scan)
        if beginning.taken:
            self._warm_up()
        self._left = beginning.next_pass
        self.notes.take_up(beginning)
        self.notes.clear_away(scan.left_beside)

    def ended(self, result: JobResult) -> None:
        """A request has ended."""
        if result.ending is Ending.LANDED:
            self.counts.answered += not result.job.reland
        if result.told.kind is Kind.FAILED and self._options.once:
            self.counts.failed(result.exit_code)
        self.notes.ended(result)
        self.counts.count_today(self._tools)

    def stop(self) -> None:
        """Ends: nothing new is asked, and what runs is given a time."""
        if self._drain_until_s == NEVER_S:
            self._drain_until_s = self._tools.clock.monotonic() + self._settings.grace_s
            self.notes.changed = True
            running = len(self.asks.running)
            left = f", waiting for what runs ({running})" if running else ""
            self._tools.say(Kind.STOPPED, f"stopping: nothing new is asked{left}")

    def advance(self) -> float:
        """Does what is due; gives when to come back, in the clock's seconds."""
        now_s = self._tools.clock.monotonic()
        self.notes.look_at_due()
        if self._draining:
            if now_s >= self._drain_until_s:
                self.asks.stop_all()
        elif not self._scans.absent:
            self.notes.ask_what_waits()
        if now_s >= self._next_tick_s:
            self._next_tick_s = now_s + TICK_S
            self._tick()
        if now_s >= self._scans.next_s and not self._draining:
            self._scans.begin()
        held, self._held = self._held, self.held
        self.notes.changed |= held != self._held
        if self.notes.changed and now_s >= self._beat_s:
            self._beat()
        return self._next_s(now_s)

    @property
    def is_over(self) -> bool:
        """Whether all is done: told to stop, or the one pass has ended."""
        if self.asks.running:
            return False
        if self._options.once:
            has_looked = self.has_scanned or bool(self._scans.absent)
            return self._draining or (has_looked and self._is_through())
        return self._draining

    @property
    def leaves_some(self) -> bool:
        """Whether the one pass leaves notes to the next: held, too many, open, failed, unseen."""
        waiting = self.notes.is_any_settling or self.asks.waiting
        failed = self._draining or self.counts.exit_code
        return bool(self._left or waiting or failed)

    @property
    def held(self) -> str:
        """Why nothing is asked; empty where it is."""
        return self._scans.absent or self.asks.held

    @property
    def _draining(self) -> bool:
        return self._drain_until_s < NEVER_S

    @property
    def _beat_s(self) -> float:
        return self.notes.began_s + _BEAT_PAUSE_S

    def _is_through(self) -> bool:
        return self.notes.is_settled and (bool(self.asks.held) or not self.asks.waiting)

    def _next_s(self, now_s: float) -> float:
        times = [self._next_tick_s, self.notes.due_s]
        if self.notes.changed:
            times.append(self._beat_s)
        if not self._draining:
            times += [self._scans.next_s, NEVER_S if self._scans.absent else self.asks.wake_s]
        elif self._drain_until_s > now_s:
            times.append(self._drain_until_s)
        return min(times)

    def _warm_up(self) -> None:
        """Makes ready for a first request: it takes 1 s of computing, and 28 MB from then on."""
        if not self._warm:
            self._warm = True
            self._tools.warm_up()

    def _tick(self) -> None:
        self._obey()
        self._scans.check_alive()
        self.counts.count_today(self._tools, anew=False)

    def _obey(self) -> None:
        """Takes up a person's wish to go on; a pause is looked up before each request."""
        self.notes.changed = True
        resumes = self._tools.place.resumes()
        if resumes != self._resumes:
            self._resumes = resumes
            self.asks.resume()
            self._tools.say(Kind.NOTICE, "going on, as you said")

    def _beat(self) -> None:
        self.notes.changed = False
        counts = self.counts
        self._tools.place.beat(
            Heartbeat(
                process=self._tools.process,
                vault=self._tools.root,
                device=self._tools.device,
                started_at=self._started_at,
                beat_at=self._tools.clock.now(),
                beat_every_s=TICK_S,
                events=not self._scans.no_events,
                last_event_at=counts.last_event_at,
                last_scan_at=counts.last_scan_at,
                scan_s=counts.scan_s,
                notes=counts.notes,
                waiting=self.asks.waiting[:MOST_WAITING],
                asking=self.asks.running,
                held=self.held,
                answered=counts.answered,
                stopping=self._draining,
                auto=self._settings.auto,
                told=self.notes.telling.unanswered,
            )
        )
