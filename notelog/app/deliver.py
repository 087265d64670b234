"""Putting a reply into its note: the newest version of the note wins, and nothing is guessed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from notelog.app.attempts import Replacing, plan_delivery
from notelog.app.reading import Reading, parse_snapshot
from notelog.core.callouts import shown_end
from notelog.core.edit import EditPlan, apply_plan, landed_by
from notelog.core.landing import Gone, Landing, find_landing, typed_below
from notelog.core.messages import Role
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.records import LeftCallout
from notelog.core.turn import ticked
from notelog.core.verify import verify_plan
from notelog.errors import ConflictError, NoExchangeError, NoteError, NoteWriteError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot

ATTEMPTS = 5
"""How often a reply looks for its place again while somebody else keeps saving the note."""

_KEPT = "the reply is kept"
_BACK = "notelog deliver NOTE puts it into the note, whatever its name is then"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A reply on its way into a note.

    Attributes:
        snapshot: the note as it was when it was asked.
        note: the same, parsed.
        turn_index: the answered turn in ``note.turns``.
        record_id: the journal's record, which holds the reply.
        turn_key: of its question.
        text: what the model said.
        style: how it is written.
        replacing: the answer whose place it takes, or None.
        inner: it may stand above newer text, directly below its question.
        split_at: see ``EditPlan.split_at``.
    """

    snapshot: Snapshot
    note: Note
    turn_index: int
    record_id: int
    turn_key: str
    text: str
    style: ReplyStyle
    replacing: Replacing | None = None
    inner: bool = False
    split_at: int | None = None


def deliver(reading: Reading, journal: Journal, delivery: Delivery) -> int:
    """Writes a reply into its note and marks it delivered.

    Returns:
        The reply's first line in the note, from 1.

    Raises:
        ConflictError: the turn is gone, changed, or has newer text below it; the reply is kept.
        NoteWriteError: the note could not be written; the reply is kept.
    """
    path = delivery.snapshot.path
    callouts = journal.callouts(delivery.turn_key, delivery.snapshot.real_path)
    tried: tuple[bytes, EditPlan, Note] | None = None
    for _ in range(ATTEMPTS):
        snapshot = _read(reading, path)
        if tried is not None and _is_there(tried[0], snapshot.data, tried[1]):
            journal.delivered(delivery.record_id)
            return _line(tried[2], tried[1])
        note, place = _find_place(reading, delivery, snapshot, callouts)
        plan = plan_delivery(
            note,
            place.turn_index,
            delivery.text,
            fingerprint=snapshot.fingerprint,
            style=delivery.style,
            replacing=delivery.replacing,
            callouts=callouts,
            split_at=place.split_at,
        )
        after = _verified(reading, snapshot, note, plan)
        journal.landing(delivery.record_id, landed_by(plan))
        journal.new_ticks(snapshot.real_path, ticked(after)[0])
        try:
            reading.store.write(snapshot, plan)
        except NoExchangeError:
            if not callouts:
                raise
            callouts = ()  # where only the end can be changed, the callout stays above the reply
            continue
        except ConflictError:
            if not _is_there(snapshot.data, reading.store.read(path).data, plan):
                tried = snapshot.data, plan, after  # emptied for an instant by a save in place?
                continue  # else somebody saved a note that holds it, before it was read back
        journal.delivered(delivery.record_id)
        return _line(after, plan)
    raise ConflictError(
        f"the note keeps changing while the reply is written; {_KEPT}",
        path=path,
        hint="run notelog deliver NOTE when it is quiet; no request is sent for it",
    )


def _read(reading: Reading, path: str) -> Snapshot:
    try:
        return reading.store.read(path)
    except NoteError as error:
        error.message = f"{error.message}; {_KEPT}"
        error.hint = _BACK
        raise


def _is_there(before: bytes, now: bytes, plan: EditPlan) -> bool:
    """Whether a note holds every piece of a reply once more than it did."""
    return all(now.count(it.data) > before.count(it.data) for it in landed_by(plan).reply)


def _find_place(
    reading: Reading, delivery: Delivery, snapshot: Snapshot, callouts: Sequence[LeftCallout]
) -> tuple[Note, Landing]:
    """The note as it is now, and the answered turn in it."""
    if snapshot.fingerprint == delivery.snapshot.fingerprint:
        as_asked = Landing(turn_index=delivery.turn_index, is_last=True, split_at=delivery.split_at)
        return delivery.note, as_asked
    try:
        note = parse_snapshot(reading, snapshot)
    except NoteError as error:
        error.message = f"{error.message}; {_KEPT}"
        error.hint = f"{error.hint}; notelog deliver NOTE puts the reply into it then"
        raise
    place = find_landing(delivery.note, delivery.turn_index, note)
    shown = 0 if delivery.replacing else shown_end(note, callouts)
    if isinstance(place, Gone) and not delivery.replacing and not note.errors:
        asked = delivery.note.turns[delivery.turn_index].content
        place = typed_below(note, delivery.turn_key, asked) or place
    if isinstance(place, Gone) or note.errors:
        reason = place.reason if isinstance(place, Gone) else "the note is in error now"
        raise ConflictError(
            f"{reason}; {_KEPT}",
            path=snapshot.path,
            hint="notelog deliver --print NOTE shows it, notelog deliver --at-end NOTE puts it "
            "below the end of the note; with the question as it was it goes below it",
        )
    if not (place.is_last or delivery.inner or delivery.replacing or shown):
        raise ConflictError(
            f"newer text stands below the question that was answered; {_KEPT}",
            path=snapshot.path,
            hint="notelog deliver NOTE puts it above the newer text, directly below its question",
        )
    return note, place


def _verified(reading: Reading, snapshot: Snapshot, note: Note, plan: EditPlan) -> Note:
    """The note as it would be, if that is what was planned."""
    data = apply_plan(snapshot.data, plan)
    after = parse_snapshot(reading, replace(snapshot, data=data))
    problems = verify_plan(note, plan, after)
    if problems:
        raise NoteWriteError(
            f"the note would not read back as it should ({problems[0]}); "
            f"nothing was written and {_KEPT}",
            path=snapshot.path,
            hint="this is a defect of notelog: please report it with the note and the reply",
        )
    return after


def _line(after: Note, plan: EditPlan) -> int:
    """The first line of what is put in: of the reply, or of the callout that stands for it."""
    if not plan.content:
        return after.source.line_of(after.turns[plan.turn_index].callouts[-1].start)
    below = after.turns[plan.turn_index + 1 :]
    answers = (turn.lines[0] for turn in below if turn.role is Role.ASSISTANT and turn.content)
    return next(answers, after.turns[-1].lines[0])
