"""Saying in a note why its question has no answer, for a person who sees nothing else."""

from dataclasses import replace

from notelog.app.deliver import ATTEMPTS
from notelog.app.reading import Reading, parse_snapshot
from notelog.core.callouts import (
    Callout,
    callout_in,
    plan_callout,
    standing_callouts,
)
from notelog.core.claim import is_claim
from notelog.core.edit import EditPlan, apply_plan
from notelog.core.records import turn_key
from notelog.core.turn import NothingDue, answered_turn, next_turn, ticked
from notelog.core.verify import problems_of
from notelog.errors import ConflictError
from notelog.ports.journal import Journal


def tell_in_note(
    reading: Reading,
    journal: Journal,
    path: str,
    callout: Callout,
    *,
    keeping: bool = False,
    anew: bool = False,
) -> bool:
    """Puts a callout below the last question of a note, in the place of an earlier one.

    Where another answer was asked for it goes to the end of the note, below the one that stands.
    Call it while the note is kept to this process. The reply that answers the question takes
    the callout out again.

    Args:
        reading: where notes are.
        journal: keeps what was put into the note.
        path: the note.
        callout: what is said.
        keeping: leave an earlier one as it is.
        anew: another answer was asked for, whether or not a box is still ticked.

    Returns:
        Whether it stands there now; not where no question waits any more.

    Raises:
        NoteError: the note cannot be read or written.
    """
    for _ in range(ATTEMPTS):
        snapshot = reading.store.read(path)
        note = parse_snapshot(reading, snapshot)
        due = next_turn(note, named=True)
        if note.errors or (isinstance(due, NothingDue) and not (anew or ticked(note)[0])):
            return False
        place = len(note.turns) - 1 if isinstance(due, NothingDue) else due.turn_index
        asked = (answered_turn(note) or note) if isinstance(due, NothingDue) else due
        key = turn_key(asked.conversation)
        left = journal.callouts(key, snapshot.real_path)
        if keeping and standing_callouts(note, place, left):
            return True
        plan = plan_callout(note, place, callout, left, fingerprint=snapshot.fingerprint)
        if plan is None:
            return bool(note.turns[place].callouts)
        inserted, offset = callout_in(note, plan)
        journal.leave_callout(key, snapshot.real_path, inserted, offset=offset)
        after = replace(snapshot, data=apply_plan(snapshot.data, plan))
        journal.new_ticks(snapshot.real_path, ticked(parse_snapshot(reading, after))[0])
        try:
            reading.store.write(snapshot, plan)
        except ConflictError:
            continue
        return True
    return False


def take_back(reading: Reading, journal: Journal, path: str, *, claims: bool) -> bool:
    """Takes out of a note what still says there that it is asked, or why a tick was not answered.

    Call it while the note is kept to this process, and does not ask.

    Args:
        reading: where notes are.
        journal: knows what was put into the note.
        path: the note.
        claims: all that says that it is asked; else all at the last question, if that is answered.

    Returns:
        Whether anything was taken out.

    Raises:
        NoteError: the note cannot be read or written.
        ConflictError: somebody saved it in the same instant.
    """
    snapshot = reading.store.read(path)
    left = journal.callouts("", snapshot.real_path)
    left = tuple(filter(is_claim, left)) if claims else left
    note = parse_snapshot(reading, snapshot) if left else None
    if note is None:
        return False
    first = 0
    if not claims:
        due = answered_turn(note)
        first = len(note.turns) - 1 if due is None else due.turn_index
    standing = {
        item.offset: item
        for index in range(first, len(note.turns))
        for item in standing_callouts(note, index, left)
    }
    plan = EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(),
        withdrawals=tuple(standing[offset] for offset in sorted(standing)),
    )
    if not standing or problems_of(note, plan):
        return False
    reading.store.write(snapshot, plan)
    return True
