"""One watched note as a state machine: settle, echo, back off, verify. Time is an argument.

Events are hints, the content of the note is the truth: whatever is lost, doubled or late, the
next look at the note decides. Seconds are of a clock that never goes back.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from notelog.core.triggers import Answer, Pass, Passed, Trigger

NEVER_S = float("inf")
_MOST_BUSY_S = 5.0
_ANY_KEY = "*"
_IN_VAIN = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long what waits, in seconds.

    Attributes:
        settle_s: bytes are unchanged that long before a marked message is sent.
        auto_settle_s: the same where nothing marks it as finished.
        busy_s: between two looks at a note that somebody is writing.
        busy_told_s: when a person is told of that.
        verify_s: after these times a reply that landed is looked for.
        verify_for_s: that long a reply that vanished is put back.
        relands: that often.
        backoff_s: before the next attempts after failures that may pass; the last one repeats.
    """

    settle_s: float = 1.0
    auto_settle_s: float = 8.0
    busy_s: float = 0.25
    busy_told_s: float = 10.0
    verify_s: tuple[float, ...] = (0.0, 3.0)
    verify_for_s: float = 600.0
    relands: int = 2
    backoff_s: tuple[float, ...] = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Phase(StrEnum):
    """What a note is doing."""

    IDLE = "idle"
    SETTLING = "settling"  # it changed; wait until it is at rest
    WAITING = "waiting"  # for a place among the requests
    ASKING = "asking"


class Ending(StrEnum):
    """How a request ended."""

    LANDED = "landed"  # the reply, or a part of it, is in the note
    LATER = "later"  # nothing was billed; it may work later
    FINAL = "final"  # not again for this message without the person's word
    CHANGED = "changed"  # the reply is kept, since its question was changed meanwhile
    STALE = "stale"  # the note had changed by then: look again


class Kept(StrEnum):
    """What the journal holds for a turn; of a tick only that its answer was overwritten."""

    NOTHING = "nothing"
    REPLY = "reply"  # received and not in the note: putting it there is free
    PART = "part"  # the same of what a crash cut short, unless asking anew is free, too
    DELIVERED = "delivered"  # it was in the note before, or held nothing to put there
    TAKEN_OUT = "taken-out"  # by the person's word
    IN_DOUBT = "in-doubt"
    REFUSED = "refused"  # asked again where the note or the configuration is another
    CHANGED = "changed"  # of another text, and put at the end since: the mark was set for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Something may have changed the note.

    Attributes:
        delay_s: it came by a sync tool: another machine may answer, so wait that much longer.
        rest_s: it is known to be at rest for so long already.
    """

    delay_s: float = 0.0
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The note was read, the same before and after.

    Attributes:
        fingerprint: of its bytes.
        modified_ns: its own time stamp; 0 where it could not be read.
        age_s: since the file was changed by its own time stamp; None where that says nothing.
        verdict: whether it is to be answered.
        kept: what the journal holds for the turn that is due.
        exit_code: of the error where it could not be read, or is in error.
    """

    fingerprint: str
    modified_ns: int = 0
    age_s: float | None
    verdict: Answer | Pass
    kept: Kept = Kept.NOTHING
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Busy:
    """The note could not be read whole: somebody is writing it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such note any more."""


@dataclass(frozen=True, slots=True)
class Started:
    """The request has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The request is over.

    Attributes:
        ending: how.
        key: the turn.
        fingerprint: of the note as notelog left it; empty where it wrote nothing.
    """

    ending: Ending
    key: str
    fingerprint: str = ""


Event: TypeAlias = Touched | Seen | Busy | Gone | Started | Ended


class Action(StrEnum):
    """What is to be done for a note."""

    ASK = "ask"
    LAND = "land"  # the reply that is kept: nothing is asked, so nothing holds it back
    STOP = "stop"  # the request that runs
    LAND_AGAIN = "land-again"
    SAY_PASSED = "say-passed"  # it changed and is not answered
    SAY_VANISHED = "say-vanished"  # a reply was taken out, and is not put back
    SAY_ANSWERED_BEFORE = "say-answered-before"
    SAY_BUSY = "say-busy"  # some program keeps it open for writing
    SAY_CHANGED = "say-changed"
    TELL_CHANGED = "tell-changed"  # the same in the note, when nobody writes there any more
    TELL_VANISHED = "tell-vanished"
    TELL_TICK = "tell-tick"  # in the note, that a tick cannot be answered
    TAKE_BACK = "take-back"  # what the note says of a tick that could not be answered and is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteState:
    """A note that something is known or awaited of.

    Attributes:
        phase: what it is doing.
        due_s: when to look at it next.
        touched_s: when it last changed as far as is known.
        delay_s: how much longer it has to be at rest.
        own: the fingerprint of what notelog itself wrote last.
        trigger: what asked for the request that waits or runs.
        key: the turn of the request that waits, runs or landed.
        head: the front matter with which it was asked.
        landed_s: when its reply landed.
        verified: how many of the timed looks after landing were taken.
        relands: how often its reply was put back.
        failures: how many attempts failed one after the other.
        failed_key: the turn that is not to be asked again by itself, or that backs off; ``*`` for
            whatever the message becomes until its mark is taken away.
        retry_s: when it may be asked again.
        touched_since: whether the note changed while its request ran.
        tells: how the note is to say, once it is at rest, that its reply is kept; else None.
    """

    phase: Phase = Phase.IDLE
    due_s: float = NEVER_S
    touched_s: float = -NEVER_S
    delay_s: float = 0.0
    own: str = ""
    trigger: Trigger | None = None
    key: str = ""
    head: bytes = b""
    landed_s: float = -NEVER_S
    verified: int = 0
    relands: int = 0
    failures: int = 0
    failed_key: str = ""
    retry_s: float = -NEVER_S
    touched_since: bool = False
    tells: Action | None = None

    @property
    def is_changed(self) -> bool:
        """Whether its message was changed since its mark was set: only a new one asks."""
        return self.failed_key == _ANY_KEY

    @property
    def is_final(self) -> bool:
        """Whether its turn is not asked again by itself."""
        return self.failed_key == self.key != "" and self.retry_s == NEVER_S


CHANGED_BEFORE = NoteState(failed_key=_ANY_KEY)
"""Of a message that was changed before the watcher started, and has no mark of its own."""

Step: TypeAlias = tuple[NoteState | None, tuple[Action, ...]]


def step(state: NoteState | None, event: Event, now_s: float, timing: Timing) -> Step:
    """What an event makes of a note, and what is to be done.

    Returns:
        The new state, None where there is nothing to remember, and the actions in order.
    """
    now = state or NoteState()
    match event:
        case Touched():
            return _touched(now, event, now_s, timing), ()
        case Busy():
            say = (Action.SAY_BUSY,) if now_s - now.touched_s >= timing.busy_told_s else ()
            return replace(now, due_s=now_s + _busy_wait_s(now, now_s, timing)), say
        case Gone():
            return _gone(now, now_s, timing), ()
        case Seen():
            return _seen(now, event, now_s, timing)
        case Started():
            return replace(now, phase=Phase.ASKING, due_s=NEVER_S, touched_since=False), ()
        case Ended():
            return _ended(now, event, now_s, timing), ()
        case _:
            assert_never(event)


def _gone(state: NoteState, now_s: float, timing: Timing) -> NoteState | None:
    """A note that is gone may come back as it was before its reply: some syncs delete first."""
    if state.phase is Phase.ASKING:
        return replace(state, due_s=NEVER_S)
    forget_s = state.landed_s + timing.verify_for_s + 1
    return replace(state, phase=Phase.IDLE, due_s=forget_s) if now_s < forget_s else None


def _busy_wait_s(state: NoteState, now_s: float, timing: Timing) -> float:
    """Ever longer: some program keeps the file open for hours."""
    return min(max(timing.busy_s, (now_s - state.touched_s) / 4), _MOST_BUSY_S)


def _touched(state: NoteState, event: Touched, now_s: float, timing: Timing) -> NoteState:
    asking = state.phase is Phase.ASKING
    return replace(
        state,
        phase=state.phase if asking else Phase.SETTLING,
        touched_s=now_s - event.rest_s,
        delay_s=max(state.delay_s, event.delay_s),
        due_s=now_s + max(timing.settle_s - event.rest_s, timing.busy_s if asking else 0.0),
        touched_since=asking,
    )


def _seen(state: NoteState, seen: Seen, now_s: float, timing: Timing) -> Step:
    if state.phase is Phase.ASKING:
        stop = isinstance(seen.verdict, Pass) and withdraws(seen.verdict, state.trigger)
        return replace(state, due_s=NEVER_S), ((Action.STOP,) if stop else ())
    if seen.fingerprint != state.own:
        state = replace(state, own="")
    if isinstance(seen.verdict, Pass):
        after = _passed(state, seen.verdict, now_s, timing)
    else:
        after = _answerable(state, seen, seen.verdict, now_s, timing)
    return _telling(state, seen, after, now_s, timing)


def _telling(before: NoteState, seen: Seen, after: Step, now_s: float, timing: Timing) -> Step:
    """What is to be said in the note waits until nobody types there; asking anew settles it."""
    if before.tells is None:
        return after
    state, actions = after
    state = replace(state or NoteState(key=before.key), tells=None)
    if {Action.ASK, Action.LAND, Action.LAND_AGAIN}.intersection(actions):
        return state, actions
    answered = isinstance(seen.verdict, Pass) and seen.verdict.because is Passed.ANSWERED
    if answered and before.tells is Action.TELL_VANISHED and "+" not in before.key:
        return after  # else an earlier answer stands there
    left_s = timing.auto_settle_s - _at_rest_s(before, seen, now_s)
    if left_s <= 0 and state.phase is not Phase.SETTLING:
        return state, (*actions, before.tells)
    state = replace(state, tells=before.tells, touched_s=before.touched_s)
    return replace(state, due_s=min(state.due_s, now_s + max(left_s, timing.busy_s))), actions


def withdraws(verdict: Pass, trigger: Trigger | None) -> bool:
    """Whether a person takes back what was asked: [stop], unticking the box, switching it off."""
    if verdict.because in {Passed.STOPPED, Passed.OFF}:
        return True
    return trigger is Trigger.MARK and verdict.because in {Passed.UNTICKED, Passed.UNMARKED}


def _passed(state: NoteState, verdict: Pass, now_s: float, timing: Timing) -> Step:
    own = bool(state.own)
    say = () if own or state.phase is Phase.IDLE else (Action.SAY_PASSED,)
    if "+" in state.failed_key and verdict.because is Passed.ANSWERED:
        return replace(state, phase=Phase.IDLE, due_s=NEVER_S, failed_key=""), (Action.TAKE_BACK,)
    if state.is_changed and verdict.because is Passed.HISTORY:  # only a new mark asks
        return replace(state, phase=Phase.IDLE, due_s=NEVER_S), say
    known = state.failed_key == _IN_VAIN
    state = replace(state, phase=Phase.IDLE, delay_s=0.0, failures=0, failed_key="")
    if verdict.wait_s:
        return replace(state, due_s=now_s + verdict.wait_s), say
    after = _verifying(state, now_s, timing)
    if verdict.because is Passed.TICKED_IN_VAIN:
        after = replace(after or replace(state, due_s=NEVER_S), failed_key=_IN_VAIN)
        return after, say if known else (*say, Action.TELL_TICK)
    return after, say


def _verifying(state: NoteState, now_s: float, timing: Timing) -> NoteState | None:
    """Remembers a landed reply for as long as it is put back where it vanishes."""
    if now_s - state.landed_s > timing.verify_for_s:
        return None
    looks = timing.verify_s
    if state.verified >= len(looks):  # later looks come by events; one more forgets it
        return replace(state, due_s=state.landed_s + timing.verify_for_s + 1)
    due_s = state.landed_s + looks[state.verified]
    return replace(state, due_s=due_s, verified=state.verified + 1)


def _answerable(
    state: NoteState, seen: Seen, verdict: Answer, now_s: float, timing: Timing
) -> Step:
    rest_s = _rest_left_s(state, seen, verdict, now_s, timing)
    if rest_s > 0:
        return replace(state, phase=Phase.SETTLING, due_s=now_s + rest_s), ()
    if state.failed_key.startswith(f"{verdict.key}+"):
        # the tick that failed is gone: the mark says nothing new, and another tick is a new wish
        state = replace(state, failed_key=verdict.key)
    mended = state.failed_key == verdict.key and state.head != verdict.head
    marked = state.trigger is Trigger.AUTO and verdict.trigger is not Trigger.AUTO
    if mended or marked or state.failed_key not in {verdict.key, _ANY_KEY}:
        state = replace(state, failed_key="")  # a box ticked, or ticked anew, is another wish
    again = verdict.trigger is Trigger.AGAIN
    came = seen.kept in {Kept.REPLY, Kept.PART}
    answered = not again or seen.kept is Kept.DELIVERED
    if answered and (settled := _settled_before(state, seen, verdict, now_s, timing)):
        return settled
    if state.is_changed and not came and not again:
        state = replace(state, phase=Phase.IDLE, due_s=NEVER_S, trigger=verdict.trigger)
        return state, (Action.SAY_CHANGED,)
    if verdict.key == state.failed_key and not came and now_s < state.retry_s:
        return replace(state, phase=Phase.IDLE, due_s=state.retry_s), ()
    state = replace(
        state,
        phase=Phase.WAITING,
        due_s=NEVER_S,
        trigger=verdict.trigger,
        key=verdict.key,
        head=verdict.head,
        landed_s=-NEVER_S,
        relands=0,
    )
    return state, (Action.LAND if seen.kept is Kept.REPLY and not again else Action.ASK,)


def _settled_before(
    state: NoteState, seen: Seen, verdict: Answer, now_s: float, timing: Timing
) -> Step | None:
    """What stands against asking by what is known of the turn; None: nothing does."""
    landed = verdict.key == state.key and now_s - state.landed_s <= timing.verify_for_s
    if landed and seen.kept is not Kept.TAKEN_OUT:
        return _vanished(state, now_s, timing)
    if seen.kept in {Kept.DELIVERED, Kept.TAKEN_OUT}:
        is_said = state.tells is Action.TELL_VANISHED or state.own
        return None, () if is_said else (Action.SAY_ANSWERED_BEFORE,)
    return None


def _rest_left_s(
    state: NoteState, seen: Seen, verdict: Answer, now_s: float, timing: Timing
) -> float:
    """How much longer the note has to be at rest; by its own time stamp too, if that is sane."""
    auto = verdict.trigger is Trigger.AUTO
    needed_s = (timing.auto_settle_s if auto else timing.settle_s) + state.delay_s
    left_s = needed_s - _at_rest_s(state, seen, now_s)
    return left_s if left_s > 0.001 else 0.0  # noqa: PLR2004  # clocks count in milliseconds


def _at_rest_s(state: NoteState, seen: Seen, now_s: float) -> float:
    at_rest_s = now_s - state.touched_s
    if seen.age_s is not None and seen.age_s >= 0 and not state.delay_s:
        at_rest_s = min(at_rest_s, seen.age_s)  # an event was lost, or comes late
    return at_rest_s


def _vanished(state: NoteState, now_s: float, timing: Timing) -> Step:
    """The turn whose reply landed is unanswered again: a stale buffer was saved over it."""
    if state.relands >= timing.relands:
        due_s = now_s + timing.settle_s
        state = replace(state, phase=Phase.IDLE, due_s=due_s, landed_s=-NEVER_S)
        return replace(state, tells=Action.TELL_VANISHED), (Action.SAY_VANISHED,)
    state = replace(state, phase=Phase.WAITING, due_s=NEVER_S, relands=state.relands + 1)
    return state, (Action.LAND_AGAIN,)


def _ended(state: NoteState, event: Ended, now_s: float, timing: Timing) -> NoteState:
    state = replace(
        state,
        phase=Phase.SETTLING if state.touched_since else Phase.IDLE,
        due_s=now_s + timing.settle_s if state.touched_since else NEVER_S,
        own=event.fingerprint or state.own,
        touched_since=False,
        delay_s=0.0,
    )
    match event.ending:
        case Ending.LANDED:
            relanded = event.key == state.key and state.relands > 0
            state = replace(
                state,
                key=event.key,
                landed_s=now_s,
                verified=1,
                relands=state.relands if relanded else 0,
                failures=0,
                failed_key="",
            )
            return replace(state, due_s=min(state.due_s, now_s + timing.verify_s[0]))
        case Ending.FINAL:
            return replace(state, failed_key=event.key, retry_s=NEVER_S, failures=0)
        case Ending.LATER:
            wait_s = timing.backoff_s[min(state.failures, len(timing.backoff_s) - 1)]
            retry_s = now_s + wait_s
            kept = state.is_changed  # what came for another text waits for its place
            return replace(
                state,
                failed_key=_ANY_KEY if kept else event.key,
                failures=state.failures + 1,
                relands=max(state.relands - 1, 0),  # it was not put back
                retry_s=retry_s,
                due_s=min(state.due_s, retry_s),
            )
        case Ending.CHANGED:
            state = replace(state, failed_key=_ANY_KEY, failures=0, tells=Action.TELL_CHANGED)
            return replace(state, phase=Phase.SETTLING, due_s=now_s + timing.settle_s)
        case Ending.STALE:
            return replace(state, phase=Phase.SETTLING, due_s=now_s + timing.settle_s)
        case _:
            assert_never(event.ending)
