"""The notes that a watcher knows something of: what becomes of each, and its requests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush

from notelog.app.watch_asks import Asks
from notelog.app.watch_counts import Counts
from notelog.app.watch_look import look_at
from notelog.app.watch_said import Telling
from notelog.app.watch_start import LEFT, LEFT_HINT, Beginning, Content, content_of
from notelog.app.watch_tools import Watching, WatchOptions
from notelog.app.watch_words import held_in_note
from notelog.core.device import spread_s
from notelog.core.pacing import Hold
from notelog.core.triggers import Answer, Pass
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
from notelog.ports.watch_view import Kind
from notelog.ports.watch_work import JobResult, Tells, Unlanded, WatchJob

_OWN_EVENT_S = 1.0
_TELLS: Mapping[Action, Tells] = {
    Action.TELL_CHANGED: "kept",
    Action.TELL_VANISHED: "vanished",
    Action.TELL_TICK: "in-vain",
    Action.TAKE_BACK: "unticked",
}


class Notes:
    """The states of the notes, and what is done by them; see ``core.watching``.

    Args:
        tools: the ports.
        options: what the command line says.
        counts: figures for a person who looks.

    Attributes:
        asks: the requests that wait and run.
        telling: what was said of which note.
        changed: whether anything changed that the heartbeat tells of; whoever told it resets it.
        began_s: when a request was last begun, in the clock's seconds.
    """

    def __init__(self, tools: Watching, options: WatchOptions, counts: Counts) -> None:
        settings = tools.looking.settings
        self._tools = tools
        self._once = options.once
        self._counts = counts
        self._settings = settings
        self._timing = Timing(settle_s=settings.settle_s, auto_settle_s=settings.auto_settle_s)
        self._states: dict[str, NoteState] = {}
        self._due: list[tuple[float, str]] = []
        self._history: dict[Content, Pass] = {}
        self._gone: set[str] = set()
        self._moved: dict[str, str] = {}
        self._seen_now: set[str] = set()
        self.asks = Asks(tools, options.backlog or frozenset(), once=options.once)
        self.telling = Telling(tools, once=options.once)
        self.changed = True
        self.began_s = -NEVER_S

    def __contains__(self, path: str) -> bool:
        """Whether anything is known or awaited of a note."""
        return path in self._states

    def __len__(self) -> int:
        """Of how many notes something is known, or due."""
        return max(len(self._states), len(self._due))

    @property
    def due_s(self) -> float:
        """When to look at one of them next, in the clock's seconds."""
        return self._due[0][0] if self._due else NEVER_S

    @property
    def is_any_settling(self) -> bool:
        """Whether one is still waited for until it rests."""
        return next(self._settling(), None) is not None

    @property
    def is_settled(self) -> bool:
        """Whether none is at work but what some program keeps open for hours."""
        return all(map(self.telling.is_busy, self._settling()))

    def _settling(self) -> Iterator[str]:
        return (path for path, state in self._states.items() if state.phase is Phase.SETTLING)

    def look_at_due(self) -> None:
        """Looks at those whose time has come."""
        now_s = self._tools.clock.monotonic()
        self._seen_now.clear()
        while self._due and self._due[0][0] <= now_s:
            due_s, path = heappop(self._due)
            state = self._states.get(path)
            if state is not None and state.due_s <= due_s:
                self._look(path)

    def ask_what_waits(self) -> None:
        """Begins the requests that may be, and says in the other notes why they are not."""
        while path := self.asks.next_note():
            self._ask(path)
        while found := self.asks.note_to_tell():
            self._tell_held(*found)

    def touch(self, path: str, *, synced: bool = False) -> None:
        """Something may have changed a note, perhaps from another machine."""
        if path not in self._states and self.telling.drop(path):
            self.changed = True  # it was left alone at the start
        self._apply(path, Touched(delay_s=self._sync_delay_s(path) if synced else 0.0))

    def may_be_own(self, path: str) -> bool:
        """Whether notelog itself may just have changed a note."""
        landed_s = self._states.get(path, NoteState()).landed_s
        return path in self.asks or self._tools.clock.monotonic() - landed_s < _OWN_EVENT_S

    def ended(self, result: JobResult) -> None:
        """A request has ended."""
        path, key = result.job.path, result.job.key
        self.asks.end(path, sent=result.sent)
        if result.ending is Ending.LANDED:
            self.asks.remember(path, key)
        moved, ending = self._moved.pop(path, ""), result.ending
        if moved and ending is not Ending.LANDED:
            ending = Ending.STALE  # another note may bear that name now
            rest_s = self._timing.auto_settle_s
            self._apply(moved, Touched(rest_s=rest_s))  # what came is kept, and goes in there
        else:
            self.telling.result(result)
        self.telling.keep_result(result)
        self._apply(path, Ended(ending=ending, key=key, fingerprint=result.fingerprint))
        self.changed = True

    def take_up(self, beginning: Beginning) -> None:
        """Takes up what the first look through the vault came to."""
        self._history.update(beginning.history)
        self.land_kept(beginning.unlanded, beginning.due)
        now = self._tools.clock.now()
        for found in beginning.changed:
            self._states.setdefault(found.path, CHANGED_BEFORE)
            self._apply(found.path, Touched(rest_s=max(now - found.modified_s, 0.0)))
        for found in beginning.left:
            self.telling.keep(found.path, LEFT, LEFT_HINT)
        for found in beginning.taken:
            self._apply(found.path, Touched(rest_s=max(now - found.modified_s, 0.0)))
        for found in beginning.busy:
            self.touch(found.path)

    def clear_away(self, paths: Iterable[str]) -> None:
        """Clears away what a crash left beside notes."""
        for path in paths:
            if path not in self.asks and self._tools.files.relative(path):
                self._states.setdefault(path, NoteState())
                self._begin(path, tells="left-beside")

    def look_through(self, changed: Iterable[str], *, unheard: bool) -> None:
        """What a later scan found and no event told of, or not yet; a request may be taken back.

        A note that was gone for a moment, its drive with it, is there as before: nothing changed.

        Args:
            changed: the notes that changed since the last one.
            unheard: the system tells of no changes.
        """
        found = list(changed)
        gone, self._gone = self._gone, set()
        found += [path for path in gone if self._tools.files.age_s(path) is not None]
        phases = {Phase.IDLE, Phase.ASKING}
        if unheard:
            phases.add(Phase.SETTLING)
        for path in found:
            state = self._states.get(path)
            if state is None or state.phase in phases:
                self.touch(path, synced=self._tools.files.is_synced(path))

    def ask_refused(self) -> None:
        """What a server refused may be another request by now; the same one is not made again."""
        for path, state in tuple(self._states.items()):
            if not state.is_final or path in self.asks:
                continue
            seen = self._see(path)
            if isinstance(seen, Seen) and seen.kept is Kept.REFUSED:
                self._states[path] = replace(state, failed_key="")
                self._apply(path, Touched())

    def land_kept(
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
                self.touch(item.note)
            elif item.whole or item.key != (due or {}).get(item.note):
                state = self._states.get(item.note, NoteState())
                self._states[item.note] = replace(state, key=item.key)
                self._begin(item.note, kept=True)

    def _look(self, path: str) -> None:
        asking = path in self.asks
        seen = self._see(path, with_journal=not asking, landed=self._landed(path))
        if isinstance(seen, Seen) and self._once:
            self._counts.failed(seen.exit_code)
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

    def _sync_delay_s(self, path: str) -> float:
        """How much longer a change waits that another machine may answer, too."""
        if self._tools.pinned() == self._tools.device:
            return 0.0
        note = self._tools.files.relative(path)
        spread = spread_s(self._tools.device, note, self._settings.sync_spread_s)
        return self._settings.sync_wait_s + spread

    def _apply(self, path: str, event: Event) -> None:
        before = self._states.get(path)
        state, actions = step(before, event, self._tools.clock.monotonic(), self._timing)
        if isinstance(event, Gone):
            self._gone.add(path)
        if state is None:
            self._states.pop(path, None)
            self.telling.drop(path)
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
                self.changed = True
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
                self.telling.action(path, action, event)

    def _say_passed(self, path: str, verdict: Pass) -> None:
        for old, new in self._moved.items():
            if new == path and withdraws(verdict, self._states[old].trigger):
                self._stop(old, new)
        self.telling.passed(path, verdict)

    def _stop(self, path: str, name: str = "") -> None:
        """Stops the request of a note, which may have another name by now."""
        if name or path not in self._moved:  # another note bears that name now
            self.asks.stop(path)
            hint = "notelog deliver NOTE puts it into the note" if name else ""
            self._tools.say(
                Kind.NOTICE, "stopped by you; what came is kept", name or path, hint=hint
            )

    def _ask(self, path: str) -> None:
        """Asks for a note, if a last look shows the same question at rest."""
        key = self._states[path].key
        if path not in self._seen_now and self._still_standing(path, key) is None:
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
            self.telling.keep(path, sentence, hint)
            self._tools.say(Kind.PASSED, sentence, path, hint=hint)
        else:
            self._begin(path)

    def _tell_held(self, path: str, hold: Hold) -> None:
        """Says in a note why it waits, unless its message was sent before or has a reply."""
        seen = self._still_standing(path, self._states[path].key)
        if seen is None:
            return
        self.asks.told(path, hold)
        if seen.kept is Kept.NOTHING:
            clock = self._tools.clock
            ahead_s = clock.now() - clock.monotonic()
            at = None if hold.until_s is None else hold.until_s + ahead_s
            why = held_in_note(hold, at, once=self._once)
            self._begin(path, tells="held", why=why)

    def _still_standing(self, path: str, key: str) -> Seen | None:
        seen = self._see(path)
        if not isinstance(seen, Seen):
            self.asks.drop(path)
            self._apply(path, seen)
            return None
        if not isinstance(seen.verdict, Answer) or seen.verdict.key != key:
            self._apply(path, Touched())
            return None
        return seen

    def _begin(
        self,
        path: str,
        *,
        reland: bool = False,
        kept: bool = False,
        tells: Tells = "",
        why: str = "",
    ) -> None:
        state = self._states[path]
        if not tells:
            self.telling.drop(path)
        job = WatchJob(
            path=path,
            relative=self._tools.files.relative(path),
            key=state.key,
            reland=reland,
            kept=kept,
            first=state.failures == 0,
            tells=tells,
            why=why,
            once=self._once,
        )
        self.asks.begin(job)
        self._apply(path, Started())
        self.changed = True
        self.began_s = self._tools.clock.monotonic()
