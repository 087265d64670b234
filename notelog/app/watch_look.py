"""A look at one note for the watcher: is it at rest, is it to be answered, was it before."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from notelog.app.growing import above_shown
from notelog.app.reading import Reading, parse_snapshot
from notelog.core.chat_sign import may_be_chat
from notelog.core.claim import CLAIM_START
from notelog.core.marked import is_marked
from notelog.core.note import Note
from notelog.core.records import TurnRecord, TurnState
from notelog.core.triggers import BECOME_CHAT, Answer, Mode, Pass, Passed, Rules, Trigger, why
from notelog.core.turn import ticked
from notelog.core.watch_names import matches_any
from notelog.core.watch_settings import WatchSettings
from notelog.core.watching import Busy, Gone, Kept, Seen
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
    """

    files: VaultFiles
    reading: Reading
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    settings: WatchSettings
    now: Callable[[], float]


def look_at(
    looking: Looking, path: str, *, edited: bool, with_journal: bool = True
) -> Seen | Busy | Gone:
    """Looks at a note; what is wrong with it is a verdict like any other.

    Args:
        looking: the ports.
        path: the note.
        edited: whether it changed since the watcher started.
        with_journal: also say what the journal holds for the turn that is due.
    """
    try:
        snapshot = looking.files.glance(path)
        if isinstance(snapshot, Busy | Gone):
            return snapshot
        verdict = judge_note(looking, snapshot, edited=edited, with_journal=with_journal)
    except NoteError as error:
        wrong = Pass(because=Passed.IN_ERROR, sentence=error.message, hint=error.hint)
        return Seen(fingerprint="", age_s=None, verdict=wrong, exit_code=error.exit_code)
    if CLAIM_START in snapshot.data:
        verdict = _kept_above(looking, snapshot, edited=edited) or verdict
    kept = Kept.NOTHING
    if with_journal and isinstance(verdict, Answer) and verdict.trigger is not Trigger.AGAIN:
        kept = kept_for(looking, snapshot, verdict.key)
    return Seen(
        fingerprint=snapshot.fingerprint,
        age_s=looking.files.age_s(path),
        verdict=verdict,
        kept=kept,
    )


def _kept_above(looking: Looking, snapshot: Snapshot, *, edited: bool) -> Answer | None:
    """The question above what was typed below a reply that is shown, where that is kept.

    It lands first; what was typed is the next message then.
    """
    try:
        with looking.open_journal(snapshot) as journal:
            above = above_shown(looking.reading, journal, snapshot)
    except NotelogError:
        return None
    verdict = None if above is None else judge_note(looking, above, edited=edited)
    if not isinstance(verdict, Answer) or verdict.trigger is Trigger.AGAIN:
        return None
    return verdict if kept_for(looking, snapshot, verdict.key) is Kept.REPLY else None


def judge_note(
    looking: Looking, snapshot: Snapshot, *, edited: bool, with_journal: bool = False
) -> Answer | Pass:
    """Whether a note is to be answered; ``with_journal`` notes in it which boxes are unticked.

    Raises:
        NoteError: it cannot be parsed.
    """
    if not may_be_chat(snapshot.data):
        return Pass(
            because=Passed.MARKED_NO_CHAT if is_marked(snapshot.data) else Passed.NOT_A_CHAT,
            sentence="it has no separator and no role marker: not a chat",
            hint=BECOME_CHAT,
        )
    note = parse_snapshot(looking.reading, snapshot)
    settings = looking.settings
    relative = looking.files.relative(snapshot.path)
    mode = Mode.AUTO if matches_any(settings.auto, relative) else Mode(settings.mode)
    ticks = _fresh_ticks(looking, note, snapshot, unticked=with_journal)
    rules = Rules(
        mode=mode,
        marker=settings.marker,
        edited=edited,
        ticks=ticks,
        device=settings.device,
        now=looking.now(),
    )
    return why(note, rules)


def _fresh_ticks(looking: Looking, note: Note, snapshot: Snapshot, *, unticked: bool) -> int:
    """How many boxes ask for another answer, where one does that the journal does not know."""
    count, here = ticked(note)
    if not (here or unticked):
        return 0
    try:
        with looking.open_journal(snapshot) as journal:  # a box that was unticked counts again
            return count if journal.new_ticks(snapshot.real_path, count) and here else 0
    except NotelogError:
        return 0


def kept_for(looking: Looking, snapshot: Snapshot, key: str) -> Kept:
    """What the journal holds for a turn; a journal that cannot be read is told when asking."""
    try:
        with looking.open_journal(snapshot) as journal:
            return _kept(journal.latest(key, snapshot.real_path))
    except NotelogError:
        return Kept.NOTHING


def _kept(record: TurnRecord | None) -> Kept:
    if record is None:
        return Kept.NOTHING
    came = record.reply is not None
    if record.state is TurnState.IN_DOUBT:
        return Kept.REPLY if record.reply is not None and record.reply.text else Kept.IN_DOUBT
    if record.state is TurnState.FAILED:
        return Kept.DELIVERED if came else Kept.NOTHING
    return _KEPT.get(record.state, Kept.NOTHING)


_KEPT = {
    TurnState.RECEIVED: Kept.REPLY,
    TurnState.DELIVERED: Kept.DELIVERED,
    TurnState.ABANDONED: Kept.TAKEN_OUT,
}
