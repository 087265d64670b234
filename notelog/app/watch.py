"""Watching a vault: decides when a note is answered; how, is ``complete``'s business.

One thread owns all of this. Whatever comes from outside (hints, scans, the ends of requests, a
person's wishes) is posted to it; ``advance`` does what is due and says when to come back. Time,
files and requests come through ports, so a whole day passes in a test in a moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from notelog.app.watch_asks import Asks
from notelog.app.watch_look import look_at
from notelog.app.watch_scans import Scans
from notelog.app.watch_start import LEFT, LEFT_HINT, Content, begin_watching, content_of
from notelog.app.watch_tools import Watching, WatchOptions
from notelog.app.watch_words import SAID, said_of_changed
from notelog.core.device import spread_s
from notelog.core.triggers import Answer, Pass, Passed
from notelog.core.usage import UsageRow
from notelog.core.watching import (
    CHANGED_BEFORE,
    NEVER_S,
    Action,
    Busy,
    Ended,
    Ending,
    Event,
    Gone,
    Kept,
    NoteState,
    Phase,
    Seen,
    Started,
    Timing,
    Touched,
    step,
    withdraws,
)
from notelog.errors import BudgetError, NoteError, ProfileStoppedError
from notelog.ports.watch_place import MOST_TOLD, MOST_WAITING, Heartbeat
from notelog.ports.watch_view import Kind
from notelog.ports.watch_work import JobResult, Tells, Unlanded, WatchJob
from notelog.ports.watching import Hint, Scan

TICK_S = 30.0
"""How often the watcher wakes though nothing happens: twice a minute."""

_BEAT_PAUSE_S = 0.2  # a request that has begun leaves first
_OWN_EVENT_S = 1.0
_QUARTER_S = 900.0  # a day begins with one, whatever the time zone
_TELLS: Mapping[Action, Tells] = {
    Action.TELL_CHANGED: "kept",
    Action.TELL_VANISHED: "vanished",
    Action.TELL_TICK: "in-vain",
    Action.TAKE_BACK: "unticked",
}
_HOLDS = frozenset({BudgetError.code, ProfileStoppedError.code})
_QUIET = frozenset({Passed.NOT_A_CHAT, Passed.ANSWERED, Passed.NOTHING, Passed.OFF})


@dataclass(slots=True)
class Counts:
    """Figures of a watcher; times are seconds since the epoch, 0 for never."""

    notes: int = 0
    answered: int = 0
    today: UsageRow = field(default_factory=lambda: UsageRow("today"))  # by anybody, in this vault
    last_event_at: float = 0.0
    last_scan_at: float = 0.0
    scan_s: float = 0.0
    exit_code: int = 0  # with ``once``: of the first note that could not be answered


class Watcher:
    """The engine; see the module.

    Args:
        tools: the ports.
        options: what the command line says.

    Attributes:
        counts: figures for a person who looks.
        asks: the requests that wait and run.
        has_scanned: whether the vault was looked through once.
    """

    def __init__(self, tools: Watching, options: WatchOptions) -> None:
        settings = tools.looking.settings
        clock = tools.clock
        self._tools = tools
        self._options = options
        self._settings = settings
        self._timing = Timing(settle_s=settings.settle_s, auto_settle_s=settings.auto_settle_s)
        self._states: dict[str, NoteState] = {}
        self._due: list[tuple[float, str]] = []
        self._history: dict[Content, Pass] = {}
        self._gone: set[str] = set()
        self._moved: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._unanswered: dict[str, str] = {}
        self._scans = Scans(tools, once=options.once)
        self._next_tick_s = clock.monotonic() + TICK_S
        self._resumes = tools.place.resumes()
        self._drain_until_s = NEVER_S
        self._started_at = clock.now()
        self._quarter = 0.0
        self._changed = True
        self._held = ""
        self._beat_s = -NEVER_S
        self._seen_now: set[str] = set()
        self._warm = options.once
        self._left = False
        self.asks = Asks(tools, options.backlog or frozenset())
        self.counts = Counts()
        self.has_scanned = False
        self._count_today()

    def start(self) -> None:
        """Begins to listen, and to look through the vault."""
        self._scans.listen()
        self._scans.begin()

    def hint(self, hint: Hint) -> None:
        """Something may have changed."""
        if hint.wish:
            self._obey()
        elif not hint.path:
            self._scans.want(lost=hint.lost)
        elif self._tools.files.relative(hint.path):
            self._scans.heard(hint.path, own=self._may_be_own(hint.path))
            if not self._concerns(hint.path):
                return
            self.counts.last_event_at = self._tools.clock.now()
            self._warm_up()
            self._touch(hint.path, synced=hint.by_sync or self._tools.files.is_synced(hint.path))

    def _concerns(self, path: str) -> bool:
        """Whether a change may matter; a storm of saves elsewhere must not delay an answer."""
        return path in self._states or self._tools.files.may_matter(path)

    def scanned(self, scan: Scan) -> None:
        """A look through the vault has ended."""
        was_absent = bool(self._scans.absent)
        self._scans.ended(scan)
        self._obey()  # no event tells of a wish where there are none
        if scan.absent:
            if self._options.once:
                self.counts.exit_code = self.counts.exit_code or NoteError.exit_code
            return
        counts = self.counts
        counts.notes, counts.scan_s = scan.notes, scan.seconds
        counts.last_scan_at = self._tools.clock.now()
        if self.has_scanned:
            self._look_through(scan)
        else:
            self.has_scanned = True
            self._begin_watching(scan)
        if was_absent:
            self._land_kept(self._tools.unlanded())

    def ended(self, result: JobResult) -> None:
        """A request has ended."""
        path, key = result.job.path, result.job.key
        self.asks.end(path, sent=result.sent)
        if result.ending is Ending.LANDED:
            self.counts.answered += not result.job.reland
            self.asks.remember(path, key)
        if result.told.kind is Kind.FAILED and self._options.once:
            self.counts.exit_code = self.counts.exit_code or result.exit_code
        moved, ending = self._moved.pop(path, ""), result.ending
        if moved and ending is not Ending.LANDED:
            ending = Ending.STALE  # another note may bear that name now
            rest_s = self._timing.auto_settle_s
            self._apply(moved, Touched(rest_s=rest_s))  # what came is kept, and goes in there
        else:
            self._tell(result)
        self._count_today()
        if not result.job.tells and result.ending is not Ending.LANDED:
            self._unanswered[path] = _joined(result.told.sentence, result.told.hint)
        self._apply(path, Ended(ending=ending, key=key, fingerprint=result.fingerprint))
        self._changed = True

    def _tell(self, result: JobResult) -> None:
        """What holds requests back is told once, however often it is tried again."""
        path, told = result.job.path, result.told
        held = told.figures.get("code") in _HOLDS and f"{result.job.key} {told.sentence}"
        if not held or self._said.get(path) != held:
            self._tools.tell(told)
        if held:
            self._said[path] = held
        elif not result.job.tells:
            self._said.pop(path, None)

    def stop(self) -> None:
        """Ends: nothing new is asked, and what runs is given a time."""
        if self._drain_until_s == NEVER_S:
            self._drain_until_s = self._tools.clock.monotonic() + self._settings.grace_s
            self._changed = True
            running = len(self.asks.running)
            left = f", waiting for what runs ({running})" if running else ""
            self._tools.say(Kind.STOPPED, f"stopping: nothing new is asked{left}")

    def advance(self) -> float:
        """Does what is due; gives when to come back, in the clock's seconds."""
        now_s = self._tools.clock.monotonic()
        while self._due and self._due[0][0] <= now_s:
            due_s, path = heappop(self._due)
            state = self._states.get(path)
            if state is not None and state.due_s <= due_s:
                self._look(path)
        if self._draining:
            if now_s >= self._drain_until_s:
                self.asks.stop_all()
        elif not self._scans.absent:
            while path := self.asks.next_note():
                self._ask(path)
        if now_s >= self._next_tick_s:
            self._next_tick_s = now_s + TICK_S
            self._tick()
        if now_s >= self._scans.next_s and not self._draining:
            self._scans.begin()
        self._seen_now.clear()
        held, self._held = self._held, self.held
        self._changed |= held != self._held
        if self._changed and now_s >= self._beat_s:
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
        settling = any(state.phase is Phase.SETTLING for state in self._states.values())
        failed = self._draining or self.counts.exit_code
        return bool(self._left or settling or self.asks.waiting or failed)

    @property
    def held(self) -> str:
        """Why nothing is asked; empty where it is."""
        return self._scans.absent or self.asks.held

    @property
    def _draining(self) -> bool:
        return self._drain_until_s < NEVER_S

    def _is_through(self) -> bool:
        settling = (path for path, state in self._states.items() if state.phase is Phase.SETTLING)
        if any(self._said.get(path) != Action.SAY_BUSY for path in settling):
            return False  # what some program keeps open for hours is looked at by the next pass
        return bool(self.asks.held) or not self.asks.waiting

    def _next_s(self, now_s: float) -> float:
        times = [self._next_tick_s, self.asks.wake_s]
        if self._changed:
            times.append(self._beat_s)
        if self._due:
            times.append(self._due[0][0])
        if not self._draining:
            times.append(self._scans.next_s)
        elif self._drain_until_s > now_s:
            times.append(self._drain_until_s)
        return min(times)

    def _touch(self, path: str, *, synced: bool = False) -> None:
        if path not in self._states and self._unanswered.pop(path, ""):
            self._changed = True  # it was left alone at the start
        self._apply(path, Touched(delay_s=self._sync_delay_s(path) if synced else 0.0))

    def _may_be_own(self, path: str) -> bool:
        landed_s = self._states.get(path, NoteState()).landed_s
        return path in self.asks or self._tools.clock.monotonic() - landed_s < _OWN_EVENT_S

    def _warm_up(self) -> None:
        """Makes ready for a first request: it takes 1 s of computing, and 28 MB from then on."""
        if not self._warm:
            self._warm = True
            self._tools.warm_up()

    def _sync_delay_s(self, path: str) -> float:
        """How much longer a change waits that another machine may answer, too."""
        if self._tools.pinned() == self._tools.device:
            return 0.0
        note = self._tools.files.relative(path)
        spread = spread_s(self._tools.device, note, self._settings.sync_spread_s)
        return self._settings.sync_wait_s + spread

    def _look(self, path: str) -> None:
        asking = path in self.asks
        seen = self._see(path, with_journal=not asking, landed=self._landed(path))
        if isinstance(seen, Seen) and self._options.once:
            self.counts.exit_code = self.counts.exit_code or seen.exit_code
        self._apply(path, seen)

    def _see(
        self, path: str, *, with_journal: bool = False, landed: str = ""
    ) -> Seen | Busy | Gone:
        """Looks at a note; one that was left alone at the start stays so until it is edited."""
        seen = look_at(
            self._tools.looking, path, edited=True, with_journal=with_journal, landed=landed
        )
        if (
            isinstance(seen, Seen)
            and isinstance(seen.verdict, Answer)
            and not self._states.get(path, NoteState()).is_changed
            and seen.kept not in {Kept.REPLY, Kept.PART, Kept.IN_DOUBT}
            and (left := self._history.get(content_of(seen))) is not None
        ):
            return replace(seen, verdict=left)
        return seen

    def _landed(self, path: str) -> str:
        """The key of the turn whose reply is put back where it vanishes; empty for none."""
        state = self._states.get(path, NoteState())
        since_s = self._tools.clock.monotonic() - state.landed_s
        return state.key if since_s <= self._timing.verify_for_s else ""

    def _apply(self, path: str, event: Event) -> None:
        before = self._states.get(path)
        state, actions = step(before, event, self._tools.clock.monotonic(), self._timing)
        if isinstance(event, Gone):
            self._gone.add(path)
        if state is None:
            self._states.pop(path, None)
            self._unanswered.pop(path, None)
        else:
            self._states[path] = state
            if state.due_s < NEVER_S and (before is None or before.due_s != state.due_s):
                heappush(self._due, (state.due_s, path))
        if state is None or state.phase is not Phase.WAITING:
            self.asks.drop(path)
        for action in actions:
            self._do(path, action, event)

    def _do(self, path: str, action: Action, event: Event) -> None:
        match action:
            case Action.ASK:
                self.asks.want(path, anew=self._states[path].failures == 0)
                self._seen_now.add(path)
                self._changed = True
            case Action.LAND | Action.LAND_AGAIN:
                again = action is Action.LAND_AGAIN
                self._begin(path, reland=again, kept=not again)
            case Action.TELL_CHANGED | Action.TELL_VANISHED | Action.TELL_TICK | Action.TAKE_BACK:
                self._begin(path, tells=_TELLS[action])
            case Action.STOP:
                self._stop(path)
            case Action.SAY_PASSED:
                if isinstance(event, Seen) and isinstance(event.verdict, Pass):
                    self._say_passed(path, event.verdict)
            case (
                Action.SAY_VANISHED
                | Action.SAY_ANSWERED_BEFORE
                | Action.SAY_BUSY
                | Action.SAY_CHANGED
            ):
                self._say_unanswered(path, action, event)

    def _say_unanswered(self, path: str, action: Action, event: Event) -> None:
        said = SAID[action]
        if action is Action.SAY_CHANGED and isinstance(event, Seen):
            how = self._tools.looking.reading.end_marks.how_to_send
            said = said_of_changed(event, how)
        self._unanswered[path] = _joined(*said)
        self._say_once(path, action, *said)

    def _stop(self, path: str, name: str = "") -> None:
        """Stops the request of a note, which may have another name by now."""
        if name or path not in self._moved:  # another note bears that name now
            self.asks.stop(path)
            hint = "notelog deliver NOTE puts it into the note" if name else ""
            self._tools.say(
                Kind.NOTICE, "stopped by you; what came is kept", name or path, hint=hint
            )

    def _say_passed(self, path: str, verdict: Pass) -> None:
        for old, new in self._moved.items():
            if new == path and withdraws(verdict, self._states[old].trigger):
                self._stop(old, new)
        self._unanswered.pop(path, None)  # whoever asks why is told by the note itself
        if verdict.because is Passed.HISTORY:  # what the start told of, perhaps renamed
            self._unanswered[path] = _joined(verdict.sentence, verdict.hint)
        elif verdict.because in _QUIET:
            self._said.pop(path, None)
        else:
            self._say_once(path, verdict.because, verdict.sentence, verdict.hint)

    def _say_once(self, path: str, what: str, sentence: str, hint: str) -> None:
        if self._said.get(path) != what:
            self._said[path] = what
            self._tools.say(Kind.WAITING, sentence, path, hint=hint)

    def _ask(self, path: str) -> None:
        """Asks for a note, if a last look shows the same question at rest."""
        key = self._states[path].key
        if path not in self._seen_now and not self._still_stands(path, key):
            return
        if old := self.asks.moved_from(path, key):
            self.asks.drop(path)
            del self._states[path]
            self._moved[old] = path
            name = self._tools.files.relative(old)
            sentence = f"renamed from {name} while its reply comes: the reply goes here"
            self._tools.say(Kind.NOTICE, sentence, path)
        elif twin := self.asks.answered_twin(path, key):
            self.asks.drop(path)
            del self._states[path]
            sentence = f"it looks like a conflict copy of {twin}, which was answered just now"
            hint = "change its last message to have it answered, too"
            self._unanswered[path] = _joined(sentence, hint)
            self._tools.say(Kind.PASSED, sentence, path, hint=hint)
        else:
            self._begin(path)

    def _still_stands(self, path: str, key: str) -> bool:
        seen = self._see(path)
        if not isinstance(seen, Seen):
            self.asks.drop(path)
            self._apply(path, seen)
            return False
        if not isinstance(seen.verdict, Answer) or seen.verdict.key != key:
            self._apply(path, Touched())
            return False
        return True

    def _begin(
        self, path: str, *, reland: bool = False, kept: bool = False, tells: Tells = ""
    ) -> None:
        state = self._states[path]
        if not tells:
            self._unanswered.pop(path, None)
        job = WatchJob(
            path=path,
            relative=self._tools.files.relative(path),
            key=state.key,
            reland=reland,
            kept=kept,
            first=state.failures == 0,
            tells=tells,
            once=self._options.once,
        )
        self.asks.begin(job)
        self._apply(path, Started())
        self._changed = True
        self._beat_s = self._tools.clock.monotonic() + _BEAT_PAUSE_S

    def _begin_watching(self, scan: Scan) -> None:
        beginning = begin_watching(self._tools, self._options, scan)
        self._history.update(beginning.history)
        if beginning.taken:
            self._warm_up()
        self._land_kept(beginning.unlanded, beginning.due)
        now = self._tools.clock.now()
        for found in beginning.changed:
            self._states.setdefault(found.path, CHANGED_BEFORE)
            self._apply(found.path, Touched(rest_s=max(now - found.modified_s, 0.0)))
        self._left = beginning.next_pass
        for found in beginning.left:
            self._unanswered[found.path] = _joined(LEFT, LEFT_HINT)
        for found in beginning.taken:
            self._apply(found.path, Touched(rest_s=max(now - found.modified_s, 0.0)))
        for found in beginning.busy:
            self._touch(found.path)
        for path in scan.left_beside:
            if path not in self.asks and self._tools.files.relative(path):
                self._states.setdefault(path, NoteState())
                self._begin(path, tells="left-beside")

    def _look_through(self, scan: Scan) -> None:
        """What a later scan found and no event told of, or not yet; a request may be taken back.

        A note that was gone for a moment, its drive with it, is there as before: nothing changed.
        """
        found = [item.path for item in scan.changed]
        gone, self._gone = self._gone, set()
        found += [path for path in gone if self._tools.files.age_s(path) is not None]
        phases = {Phase.IDLE, Phase.ASKING}
        if self._scans.no_events:
            phases.add(Phase.SETTLING)
        for path in found:
            state = self._states.get(path)
            if state is None or state.phase in phases:
                self._touch(path, synced=self._tools.files.is_synced(path))

    def _land_kept(
        self, unlanded: tuple[Unlanded, ...], due: Mapping[str, str] | None = None
    ) -> None:
        """Puts replies into their notes that a crash, or a vault that went away, kept out.

        A part of one waits where its question is answered at the start: who asks decides what it is
        worth. Elsewhere nothing is asked for it, also where that is free. A question that a crash
        left in doubt is looked at, so that its note says so.
        """
        for item in unlanded:
            if item.note in self.asks or not self._tools.files.relative(item.note):
                continue
            if not item.key:
                self._touch(item.note)
            elif item.whole or item.key != (due or {}).get(item.note):
                state = self._states.get(item.note, NoteState())
                self._states[item.note] = replace(state, key=item.key)
                self._begin(item.note, kept=True)

    def _tick(self) -> None:
        self._obey()
        self._scans.check_alive()
        if self._tools.clock.now() // _QUARTER_S != self._quarter:
            self._count_today()

    def _obey(self) -> None:
        """Takes up a person's wish to go on; a pause is looked up before each request."""
        self._changed = True
        resumes = self._tools.place.resumes()
        if resumes != self._resumes:
            self._resumes = resumes
            self.asks.resume()
            self._tools.say(Kind.NOTICE, "going on, as you said")

    def _count_today(self) -> None:
        self._quarter = self._tools.clock.now() // _QUARTER_S
        self.counts.today = UsageRow("today")
        for item in self._tools.lately(self._tools.day_began()):
            self.counts.today.add(item)

    def _beat(self) -> None:
        self._changed = False
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
                told={
                    self._tools.files.relative(path): words
                    for path, words in list(self._unanswered.items())[-MOST_TOLD:]
                },
            )
        )


def _joined(sentence: str, hint: str) -> str:
    return f"{sentence}; {hint}" if hint else sentence
