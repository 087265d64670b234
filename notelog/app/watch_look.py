"""A look at one note for the watcher: is it at rest, is it to be answered, was it before."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace

from notelog.app.asked_above import may_stand_above, questions_above
from notelog.app.reading import Reading, parse_snapshot
from notelog.app.renaming import rename_turns
from notelog.core.asked import questions
from notelog.core.chat_sign import may_be_chat
from notelog.core.marked import is_marked
from notelog.core.records import AT_END, TurnRecord, TurnState
from notelog.core.triggers import (
    BECOME_CHAT,
    TICKED_IN_VAIN,
    Answer,
    Mode,
    Pass,
    Passed,
    Rules,
    Trigger,
    why,
)
from notelog.core.turn import ticked
from notelog.core.watch_names import matches_any
from notelog.core.watch_settings import WatchSettings
from notelog.core.watching import Busy, Gone, Kept, Seen, Timing
from notelog.errors import NoteError, NotelogError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot
from notelog.ports.watching import VaultFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What a look at a note needs.

    Attributes:
        files: the vault's notes.
        reading: parses them.
        open_journal: opens the journal of the vault.
        settings: how the vault is watched, and by which machine.
        now: seconds since the epoch.
        marks_itself: whether another program writes empty assistant markers in the vault, and
            answers there.
    """

    files: VaultFiles
    reading: Reading
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    settings: WatchSettings
    now: Callable[[], float]
    marks_itself: Callable[[], bool] = lambda: False


def look_at(
    looking: Looking, path: str, *, edited: bool, with_journal: bool = True, landed: str = ""
) -> Seen | Busy | Gone:
    """Looks at a note; what is wrong with it is a verdict like any other.

    Args:
        looking: the ports.
        path: the note.
        edited: whether it changed since the watcher started.
        with_journal: note in it which boxes are unticked.
        landed: the key of the turn whose reply is put back where it vanishes.
    """
    try:
        snapshot = looking.files.glance(path)
        if isinstance(snapshot, Busy | Gone):
            return snapshot
        verdict = judge_note(looking, snapshot, edited=edited, with_journal=with_journal)
        verdict, kept = beside_journal(looking, snapshot, verdict, edited=edited, landed=landed)
    except NoteError as error:
        passing = isinstance(error.__cause__, OSError)  # a network drive, a virus scanner
        wrong = Pass(
            because=Passed.IN_ERROR,
            sentence=error.message,
            hint=error.hint,
            wait_s=_UNREADABLE_S if passing else 0.0,
        )
        return Seen(fingerprint="", age_s=None, verdict=wrong, exit_code=error.exit_code)
    if with_journal and isinstance(verdict, Pass) and verdict.because in _NOT_ASKED_FOR:
        _forget_refusals(looking, snapshot)
    in_error = isinstance(verdict, Pass) and verdict.because is Passed.IN_ERROR
    return Seen(
        fingerprint=snapshot.fingerprint,
        modified_ns=snapshot.modified_ns,
        age_s=looking.files.age_s(path),
        verdict=verdict,
        kept=kept,
        exit_code=NoteError.exit_code if in_error else 0,
    )


_LATELY_S = Timing().verify_for_s  # later it was the person who took a reply out
_UNREADABLE_S = 60.0
"""A note that the system does not let be read is looked at again: nothing tells that it may be."""

_NOT_ASKED_FOR = {Passed.UNTICKED, Passed.UNMARKED, Passed.ANSWERED, Passed.STOPPED}


def _forget_refusals(looking: Looking, snapshot: Snapshot) -> None:
    """Whoever takes a mark away and sets it anew asks anew."""
    with suppress(NotelogError), looking.open_journal(snapshot) as journal:
        journal.forget_refusals(snapshot.real_path)


def beside_journal(
    looking: Looking,
    snapshot: Snapshot,
    verdict: Answer | Pass,
    *,
    edited: bool,
    landed: str = "",
) -> tuple[Answer | Pass, Kept]:
    """A verdict, and what the journal holds for its turn; see ``look_at``.

    A question above what was typed on comes first, where its reply is kept or may have been paid
    for; what was typed is the next message then. A question that is in doubt, or whose reply an
    editor with a stale text saved over, stands against that only until the next message has a mark
    of its own.
    """
    if isinstance(verdict, Answer) and verdict.trigger is Trigger.AGAIN:
        return verdict, Kept.NOTHING
    left_alone = isinstance(verdict, Pass) and verdict.because in _LEFT_ALONE
    if not left_alone and may_stand_above(looking.reading, snapshot):
        above = _asked_above(looking, snapshot, edited=edited, landed=landed)
        if above is not None:
            return above
    if isinstance(verdict, Pass):
        answered = verdict.because in {Passed.ANSWERED, Passed.TICKED_IN_VAIN}
        if answered and "+" in landed and _is_overwritten(looking, snapshot):
            overwritten = "an earlier answer was saved over its last one"
            return Answer(trigger=Trigger.AGAIN, key=landed, sentence=overwritten), Kept.DELIVERED
        return verdict, Kept.NOTHING
    return verdict, kept_for(looking, snapshot, verdict.key)


def _is_overwritten(looking: Looking, snapshot: Snapshot) -> bool:
    """Whether an older text, with an earlier answer, was saved over the answer to a tick."""
    from notelog.app.attempts import overwritten_by_earlier  # much of the program

    try:
        with looking.open_journal(snapshot) as journal:
            turns = journal.turns(snapshot.real_path)
            return bool(overwritten_by_earlier(parse_snapshot(looking.reading, snapshot), turns))
    except NotelogError:
        return False


def _asked_above(
    looking: Looking, snapshot: Snapshot, *, edited: bool, landed: str
) -> tuple[Answer, Kept] | None:
    try:
        with looking.open_journal(snapshot) as journal:
            rename_turns(looking.reading, journal, snapshot)
            for above in questions_above(looking.reading, journal, snapshot):
                record = journal.latest(above.key, snapshot.real_path)
                kept = _kept(record)
                lately = record is not None and looking.now() - record.started_at <= _LATELY_S
                unmarked = kept is Kept.IN_DOUBT or (kept is Kept.DELIVERED and lately)
                back = kept is Kept.DELIVERED and above.key == landed
                if kept in {Kept.REPLY, Kept.PART} or back or (unmarked and not above.marked_below):
                    asked = judge_note(looking, above.snapshot, edited=edited)
                    return (asked, kept) if isinstance(asked, Answer) else None
    except NotelogError:
        return None
    return None


def judge_note(
    looking: Looking, snapshot: Snapshot, *, edited: bool, with_journal: bool = False
) -> Answer | Pass:
    """Whether a note is to be answered; ``with_journal`` notes in it which boxes are unticked.

    Raises:
        NoteError: it cannot be parsed.
    """
    if not may_be_chat(snapshot.data):
        parse_snapshot(looking.reading, snapshot)  # of what is no text nothing else can be said
        return Pass(
            because=Passed.MARKED_NO_CHAT
            if is_marked(snapshot.data, looking.reading.end_marks)
            else Passed.NOT_A_CHAT,
            sentence="it has no separator and no role marker: not a chat",
            hint=BECOME_CHAT,
        )
    note = parse_snapshot(looking.reading, snapshot)
    settings = looking.settings
    relative = looking.files.relative(snapshot.path)
    mode = Mode.AUTO if matches_any(settings.auto, relative) else Mode(settings.mode)
    count, here = ticked(note)
    fresh = _fresh_ticks(looking, snapshot, count) if here or with_journal else 0
    rules = Rules(
        mode=mode,
        marker=settings.marker and not looking.marks_itself(),
        edited=edited,
        ticks=fresh if here else 0,
        device=settings.device,
        now=looking.now(),
    )
    verdict = why(note, rules)
    if isinstance(verdict, Answer) and (head := note.front_matter.span):
        return replace(verdict, head=snapshot.data[head.start : head.end])
    answered = isinstance(verdict, Pass) and verdict.because is Passed.ANSWERED
    return TICKED_IN_VAIN if fresh and answered and _is_known(looking, snapshot) else verdict


def _fresh_ticks(looking: Looking, snapshot: Snapshot, count: int) -> int:
    """How many boxes are ticked, where one is that the journal does not know; 0 else.

    Where the journal cannot be used they seem new, so that this is told, and tried again.
    """
    try:
        with looking.open_journal(snapshot) as journal:  # a box that was unticked counts again
            return count if journal.new_ticks(snapshot.real_path, count) else 0
    except NotelogError:
        return count


def _is_known(looking: Looking, snapshot: Snapshot) -> bool:
    """Whether anything was asked for a note here: of another one all old ticks seem new."""
    try:
        with looking.open_journal(snapshot) as journal:
            return bool(journal.turns(snapshot.real_path))
    except NotelogError:
        return False


def kept_for(looking: Looking, snapshot: Snapshot, key: str) -> Kept:
    """What the journal holds for a turn; a journal that cannot be read is told when asking."""
    try:
        with looking.open_journal(snapshot) as journal:
            rename_turns(looking.reading, journal, snapshot)
            kept = _kept(journal.latest(key, snapshot.real_path))
            unknown = kept is Kept.NOTHING and AT_END.encode() in snapshot.data
            return Kept.CHANGED if unknown and _is_changed(looking, journal, snapshot) else kept
    except NotelogError:
        return Kept.NOTHING


def _is_changed(looking: Looking, journal: Journal, snapshot: Snapshot) -> bool:
    """Whether the reply to another text was put at the end, and no mark was set below it since."""
    note, data = parse_snapshot(looking.reading, snapshot), snapshot.data
    asked = questions(note)
    marks = (mark.span.start for turn in note.turns for mark in turn.send_marks if mark.ticked)
    mark = max(marks, default=len(data.rstrip()) - 1)
    for record in journal.turns(snapshot.real_path):
        if record.insertion and record.intent.turn_key not in asked:
            put_in = record.insertion.data.strip()
            at = data.rfind(put_in) if AT_END.encode() in put_in else -1
            if at >= 0 and mark < at + len(put_in):
                return True
    return False


def _kept(record: TurnRecord | None) -> Kept:
    if record is None:
        return Kept.NOTHING
    came = record.reply is not None
    if record.state is TurnState.IN_DOUBT:
        return Kept.PART if record.reply is not None and record.reply.text else Kept.IN_DOUBT
    if record.state is TurnState.FAILED:
        unasked = Kept.REFUSED if record.refused else Kept.NOTHING
        return Kept.DELIVERED if came else unasked
    return _KEPT.get(record.state, Kept.NOTHING)


_LEFT_ALONE = frozenset({Passed.OFF, Passed.STOPPED, Passed.IN_ERROR})
_KEPT = {
    TurnState.RECEIVED: Kept.REPLY,
    TurnState.DELIVERED: Kept.DELIVERED,
    TurnState.ABANDONED: Kept.TAKEN_OUT,
}
