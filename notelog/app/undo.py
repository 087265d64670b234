"""Taking a reply out of its note again: what ``notelog undo`` does."""

from dataclasses import dataclass

from notelog.app.deliver import ATTEMPTS
from notelog.app.journaling import Journaling, OpenNote, open_note
from notelog.app.reading import parse_snapshot
from notelog.core.derived import Purpose
from notelog.core.edit import EditPlan
from notelog.core.records import TurnRecord, TurnState
from notelog.core.undo import plan_undo
from notelog.errors import ConflictError, NoExchangeError, NotelogError
from notelog.ports.journal import Journal

_LANDED = frozenset({TurnState.DELIVERED, TurnState.ABANDONED, TurnState.IN_DOUBT})
_REASON = "taken out by notelog undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A reply that was taken out of its note.

    Attributes:
        record: its turn, as it was before.
        size_bytes: how much was taken out.
        typed: something was typed below it, and that stays.
        restored: the earlier reply, whose place it had taken, is back there.
    """

    record: TurnRecord
    size_bytes: int
    typed: bool
    restored: bool


def undo(tools: Journaling, path: str, *, number: int | None = None) -> Undone:
    """Takes a reply out of its note, exactly as it was put in.

    The turn counts as taken back from then on, so that nothing puts it in again by itself.

    Args:
        tools: the ports.
        path: the note.
        number: of the turn whose reply goes; None for the last one.

    Raises:
        ConflictError: it is not in the note as it was written, or there is none.
        NoteWriteError: the note cannot be written; it is as it was.
    """
    with open_note(tools, path) as work:
        record = _chosen(work.turns, number, path)
        try:
            return _taken_out(tools, path, work, record)
        except NoExchangeError as error:
            error.hint = "take the reply out by hand; nothing else is lost by that"
            raise


def _chosen(turns: tuple[TurnRecord, ...], number: int | None, path: str) -> TurnRecord:
    landed = [
        item
        for item in turns
        if item.landings
        and item.reply is not None
        and item.state in _LANDED
        and item.intent.purpose is Purpose.REPLY
        and number in {None, item.record_id}
    ]
    if not landed:
        which = "no reply" if number is None else f"no reply {number}"
        raise ConflictError(
            f"the journal knows of {which} that notelog put into this note",
            hint="notelog log NOTE lists what was asked, each with its number",
            path=path,
        )
    return landed[-1]


def _taken_out(tools: Journaling, path: str, work: OpenNote, record: TurnRecord) -> Undone:
    snapshot, note = work.snapshot, work.note
    earlier = _earlier(work.turns, record)
    for _ in range(ATTEMPTS):
        plan = plan_undo(note, record, fingerprint=snapshot.fingerprint, earlier=earlier)
        if plan is None:
            raise _not_as_written(record, path)
        # before the note, so that no crash in between lets the reply come back by itself
        work.journal.abandoned(record.record_id, _REASON)
        try:
            tools.reading.store.write(snapshot, plan)
            return _undone(record, plan)
        except NotelogError as error:
            snapshot = tools.reading.store.read(path)
            note = parse_snapshot(tools.reading, snapshot)
            if plan_undo(note, record, fingerprint="", earlier=earlier) is not None:
                _as_before(work.journal, record)  # else somebody's save took it out as well
            if not isinstance(error, ConflictError):
                raise
    raise ConflictError(
        "the note keeps changing while the reply is taken out; the reply is still there",
        hint="run notelog undo NOTE once more when it is quiet",
        path=path,
    )


def _undone(record: TurnRecord, plan: EditPlan) -> Undone:
    taken = sum(len(item.data) for item in plan.withdrawals)
    landed = record.landings[-1]
    whole = sum(len(item.data) for item in (*landed.reply, *landed.invitation))
    return Undone(
        record=record, size_bytes=taken, typed=taken < whole, restored=bool(plan.insertions)
    )


def _as_before(journal: Journal, record: TurnRecord) -> None:
    if record.state is TurnState.DELIVERED:
        journal.delivered(record.record_id)
    elif record.state is TurnState.IN_DOUBT:
        journal.in_doubt(record.record_id, record.reason)


def _earlier(turns: tuple[TurnRecord, ...], record: TurnRecord) -> list[TurnRecord]:
    """The attempts whose replies stood there before; it may have taken the place of the last."""
    return [
        item
        for item in turns
        if item.intent.turn_key == record.intent.turn_key
        and item.record_id < record.record_id
        and item.state is TurnState.DELIVERED
        and item.landings
    ]


def _not_as_written(record: TurnRecord, path: str) -> ConflictError:
    if record.state is TurnState.ABANDONED:
        return ConflictError(
            "the last reply was taken out of this note already",
            hint=(
                "notelog log NOTE lists the earlier ones; notelog undo --reply N NOTE takes one out"
            ),
            path=path,
        )
    return ConflictError(
        "the reply is not in the note any more as it was written: it was changed, moved to another "
        "question, or taken out; nothing was changed",
        hint="what you changed is yours: take out by hand what you do not want",
        path=path,
    )
