"""Taking a reply out of its note again: exactly the bytes that were inserted, where they still are.

The check is the one of a landing, read backwards: a reply may be taken out if putting it back
would be a sound plan for the note as it would be without it.
"""

from collections.abc import Iterator, Sequence

from notelog.core.asked import questions
from notelog.core.edit import EditPlan, Insertion, Landed, Withdrawal, apply_plan
from notelog.core.messages import Role
from notelog.core.note import Note, Turn
from notelog.core.parse import parse_note
from notelog.core.records import TurnRecord
from notelog.core.source import SourceText
from notelog.core.verify import same_front_matter, verify_plan

_MOST_PLACES = 100  # a reply of one letter may stand anywhere; nobody waits for all of them


def plan_undo(note: Note, record: TurnRecord, *, fingerprint: str) -> EditPlan | None:
    """Plans how a reply is taken out of its note.

    What invites the person to type on goes too, unless something was typed there: that stays a
    message of its own.

    Args:
        note: the note as it is now.
        record: the turn, with what the journal shows was put into the note.
        fingerprint: of the note's bytes.

    Returns:
        The plan; None where the reply is not there as it was written, or stands there twice and
        neither place is known by its question.
    """
    asked = questions(note).get(record.intent.turn_key)
    sound: dict[int, EditPlan] = {}
    for landed in reversed(record.landings):
        for question, answer, withdrawals in _places(note, landed, record.record_id):
            plan = EditPlan(
                fingerprint=fingerprint,
                size=len(note.source.data),
                insertions=(),
                withdrawals=withdrawals,
                turn_index=question,
            )
            if question not in sound and _is_sound(note, plan, note.turns[answer].content):
                sound[question] = plan
    if asked in sound:
        return sound[asked]
    return next(iter(sound.values())) if len(sound) == 1 else None


def withdrawal_of(data: bytes, offset: int, size: int, record: TurnRecord) -> Withdrawal | None:
    """Some bytes of a note as a withdrawal, if they are still as the journal shows them inserted.

    Args:
        data: the note.
        offset: where they begin.
        size: how many they are.
        record: the turn whose landings are looked through.
    """
    piece = data[offset : offset + size]
    ours = any(
        piece in item.data
        for landed in record.landings
        for item in (*landed.reply, *landed.invitation)
    )
    if not piece or not ours:
        return None
    return Withdrawal(offset=offset, data=piece, record_id=record.record_id)


def _places(
    note: Note, landed: Landed, record_id: int
) -> Iterator[tuple[int, int, tuple[Withdrawal, ...]]]:
    """Where the reply stands: the indices of question and answer and what goes, the most first."""
    data = note.source.data
    for start in _starts(note, landed):
        reply = _standing(data, landed.reply, start, record_id)
        answer = _turn_at(note, reply[-1].offset + len(reply[-1].data) - 1) if reply else -1
        if not reply or note.turns[answer].role is not Role.ASSISTANT:
            continue
        question = _question_above(note, answer)
        both = _standing(data, (*landed.reply, *landed.invitation), start, record_id)
        if both and (not landed.invitation or _is_idle(note, both[-1])):
            yield question, answer, both
        yield question, answer, _from(_start_of(note.turns[answer], reply[-1]), reply)


def _starts(note: Note, landed: Landed) -> Iterator[int]:
    """Where the first piece would begin, by the last piece of the reply, which holds its text."""
    *above, last = landed.reply
    before = last.offset - landed.reply[0].offset + sum(len(piece.data) for piece in above)
    place, found = note.source.data.find(last.data), 0
    while place >= 0 and found < _MOST_PLACES:
        if place >= before:
            yield place - before
            found += 1
        place = note.source.data.find(last.data, place + 1)


def _standing(
    data: bytes, pieces: Sequence[Insertion], start: int, record_id: int
) -> tuple[Withdrawal, ...]:
    """The pieces in a note, from where the first one begins; none where one of them differs."""
    found: list[Withdrawal] = []
    moved = start - pieces[0].offset
    for piece in pieces:
        offset = piece.offset + moved
        if not data.startswith(piece.data, offset):
            return ()
        found.append(Withdrawal(offset=offset, data=piece.data, record_id=record_id))
        moved += len(piece.data)
    return tuple(found)


def _start_of(answer: Turn, inserted: Withdrawal) -> int:
    """Where an answer begins that was inserted: with its header, or below one that was there."""
    own_header = inserted.offset <= answer.span.start
    return answer.span.start if own_header else answer.body.start


def _from(start: int, withdrawals: Sequence[Withdrawal]) -> tuple[Withdrawal, ...]:
    """What of some withdrawals lies at or below a place: blank lines above a header part turns."""
    return tuple(
        Withdrawal(
            offset=max(item.offset, start),
            data=item.data[max(start - item.offset, 0) :],
            record_id=item.record_id,
        )
        for item in withdrawals
        if item.offset + len(item.data) > start
    )


def _turn_at(note: Note, offset: int) -> int:
    spans = (turn.span for turn in note.turns)
    return next((i for i, span in enumerate(spans) if span.start <= offset < span.end), -1)


def _question_above(note: Note, answer: int) -> int:
    asked = (i for i in range(answer) if note.turns[i].role is Role.USER and note.turns[i].content)
    return max(asked, default=-1)


def _is_idle(note: Note, invitation: Withdrawal) -> bool:
    """Whether nothing was typed below an invitation to type."""
    end = invitation.offset + len(invitation.data)
    turn = note.turns[_turn_at(note, end - 1)]
    return not note.source.data[end : turn.span.end].strip()


def _is_sound(note: Note, plan: EditPlan, content: str) -> bool:
    """Whether putting back what the plan takes out would be a sound landing of that very reply."""
    without = apply_plan(note.source.data, plan)
    gone, pieces = 0, list[Insertion]()
    for item in plan.withdrawals:
        pieces.append(Insertion(offset=item.offset - gone, data=item.data))
        gone += len(item.data)
    old = parse_note(SourceText(without), same_front_matter(note))
    back = EditPlan(
        fingerprint="",
        size=len(without),
        insertions=tuple(pieces),
        turn_index=plan.turn_index if old.is_chat else 0,
        content=content,
    )
    return 0 <= back.turn_index < len(old.turns) and not verify_plan(old, back, note)
