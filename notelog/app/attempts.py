"""Another attempt at a turn: what asks for one, and what it takes the place of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notelog.app.due import Job
from notelog.core.callouts import without_callouts
from notelog.core.edit import EditPlan
from notelog.core.landing import plan_reply, planned_reply
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.records import LeftCallout, TurnRecord, TurnState, turn_key
from notelog.core.replacing import plan_replacement
from notelog.core.reply import ReplyState
from notelog.core.standing import NotOurs, Standing, find_standing
from notelog.core.turn import answered_turn, ticked
from notelog.core.verify import problems_of
from notelog.errors import ConflictError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot
from notelog.ports.people import Reporter

_OWN_TEXT = "take it out of the note, or hide it between %% and %%; then: notelog again NOTE"
_OWN_TEXT_BOX = (
    "untick the box `again` or `retry`; to have the question asked anew, take the answer out of "
    "the note, or hide it between %% and %%"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """An answer whose place a reply takes.

    Attributes:
        attempts: at its question, the oldest first: one of them gave it.
        folded: keep it in sight, folded; a reply that goes on from it holds it already.
    """

    attempts: tuple[TurnRecord, ...]
    folded: bool = True


def heed(journal: Journal, job: Job, note: Note, snapshot: Snapshot, reporter: Reporter) -> Job:
    """The job with what the note itself asks for: a ticked box, or a reply that came for it.

    A box counts once: the journal knows how many were ticked when the last request was made.
    """
    waiting = _waits_in_place(journal, note, snapshot)
    lost = job.reland and overwritten_by_earlier(note, journal.turns(snapshot.real_path))
    count, here = ticked(note)
    fresh = journal.new_ticks(snapshot.real_path, count)
    if here and not fresh and not job.again:
        reporter.notice(
            "the ticked box `again` or `retry` was answered to already: untick it, or run "
            "notelog again NOTE for another answer"
        )
    if fresh and not here:
        reporter.notice(
            "a box `again` or `retry` is ticked at an earlier question: only the last one can be "
            "asked anew"
        )
    wished = here and fresh
    return replace(
        job,
        again=job.again or wished,
        anew=job.again or job.go_on or wished or waiting or bool(lost),
        kept_first=not job.again,
        ticks=count,
    )


def overwritten_by_earlier(note: Note, turns: Sequence[TurnRecord]) -> TurnRecord | None:
    """The newest answer to the last question, where an earlier one stands in its place.

    Somebody saved an older text over it; who takes it out by ``undo`` means that.

    Args:
        note: the note as it is now.
        turns: all of it, the oldest first.
    """
    due = answered_turn(note)
    key = turn_key(due.conversation) if due is not None else ""
    attempts = tuple(turn for turn in turns if turn.intent.turn_key == key)
    if due is None or not attempts or attempts[-1].state is not TurnState.DELIVERED:
        return None
    standing = find_standing(note, due.turn_index, attempts)
    last = attempts[-1]
    earlier = isinstance(standing, Standing) and standing.record.record_id != last.record_id
    return last if earlier else None


def _waits_in_place(journal: Journal, note: Note, snapshot: Snapshot) -> bool:
    """Whether a reply came for a question whose answer in the note it can take the place of."""
    due = answered_turn(note)
    if due is None:
        return False
    key = turn_key(due.conversation)
    last = journal.latest(key, snapshot.real_path)
    if last is None or not _waits(last):
        return False
    attempts = journal.attempts(key, snapshot.real_path)
    return isinstance(find_standing(note, due.turn_index, attempts), Standing)


def _waits(record: TurnRecord) -> bool:
    """Whether a reply came that was not put into its note."""
    arrived = record.reply is not None and bool(record.reply.text)
    return record.state is TurnState.RECEIVED and arrived


def kept_reply(record: TurnRecord | None, job: Job, *, anew: bool) -> TurnRecord | None:
    """The attempt whose reply goes in before anything is asked; a box does not overrule that.

    Args:
        record: the last attempt.
        job: what was asked for.
        anew: another answer was asked for, and that is one: whoever asks once more gets it first.
    """
    wanted = anew or job.kept_first
    return record if record is not None and wanted and _waits(record) else None


def plan_delivery(
    note: Note,
    turn_index: int,
    text: str,
    *,
    fingerprint: str,
    style: ReplyStyle,
    replacing: Replacing | None,
    callouts: Sequence[LeftCallout] = (),
    split_at: int | None = None,
) -> EditPlan:
    """Plans how a reply is put into its note: below its question, or in an answer's place.

    A callout that stood below the question is resolved, and goes.

    Raises:
        ConflictError: that answer is a person's text.
    """
    if replacing is None:
        plan = plan_reply(
            note, turn_index, text, fingerprint=fingerprint, style=style, split_at=split_at
        )
        return without_callouts(note, plan, callouts)
    standing = find_standing(note, turn_index, replacing.attempts)
    if isinstance(standing, NotOurs):
        raise ConflictError(f"{standing.reason}: it is yours, and stays", hint=_OWN_TEXT)
    plan = plan_replacement(
        note,
        turn_index,
        standing,
        text,
        fingerprint=fingerprint,
        style=style,
        earlier=_title(standing) if replacing.folded else "",
    )
    return without_callouts(note, plan, callouts, anew=True)


def rehearsed_delivery(
    note: Note,
    turn_index: int,
    *,
    fingerprint: str,
    style: ReplyStyle,
    replacing: Replacing | None,
    by_box: bool,
) -> tuple[EditPlan, tuple[str, ...]]:
    """The plan for a reply that is yet to be asked for, and what would keep it out of this note.

    Raises:
        ConflictError: it would take the place of a person's text.
    """
    said = "A reply."
    if replacing is None:
        return planned_reply(note, turn_index, said, fingerprint=fingerprint, style=style)
    try:
        plan = plan_delivery(
            note, turn_index, said, fingerprint=fingerprint, style=style, replacing=replacing
        )
    except ConflictError as error:
        error.lasting = True
        error.hint = f"{_OWN_TEXT_BOX if by_box else error.hint}; nothing was sent"
        raise
    return plan, problems_of(note, plan)


def _title(standing: Standing) -> str:
    """``Earlier answer (MODEL, DAY)``, by this machine's calendar."""
    record = standing.record
    day = datetime.fromtimestamp(record.started_at).astimezone().date().isoformat()
    whole = record.reply is None or record.reply.state is ReplyState.COMPLETE
    return f"Earlier answer ({record.intent.model}, {day}{'' if whole else ', incomplete'})"
