"""Taking a reply out of its note again: exactly the bytes that were inserted, where they still are.

The check is the one of a landing, read backwards: a reply may be taken out if putting it back
would be a sound plan for the note as it would be without it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from notelog.core.asked import questions
from notelog.core.callout import earlier_callout
from notelog.core.callouts import ticked_or_not
from notelog.core.content import is_blank
from notelog.core.edit import EditPlan, Insertion, Landed, Withdrawal, apply_plan
from notelog.core.inert import escape
from notelog.core.messages import Role
from notelog.core.note import Note, Turn
from notelog.core.records import TurnRecord
from notelog.core.standing import bodies_of, folded_in, model_name_in
from notelog.core.verify import parsed_alike, verify_plan

_MOST_PLACES = 100  # a reply of one letter may stand anywhere; nobody waits for all of them


def plan_undo(
    note: Note, record: TurnRecord, *, fingerprint: str, earlier: Sequence[TurnRecord] = ()
) -> EditPlan | None:
    """Plans how a reply is taken out of its note.

    What invites the person to type on goes too, unless something was typed there: that stays a
    message of its own. Where the reply took the place of an earlier one, that one comes back, and
    with it the name of its model in the header.

    Args:
        note: the note as it is now.
        record: the turn, with what the journal shows was put into the note.
        fingerprint: of the note's bytes.
        earlier: the attempts at its question whose reply stood there before, the last of which it
            may have taken the place of.

    Returns:
        The plan; None where the reply is not there as it was written, or stands there twice and
        neither place is known by its question.
    """
    asked = questions(note).get(record.intent.turn_key)
    sound: dict[int, EditPlan] = {}
    for landed in reversed(record.landings):
        replaced = bool(record.intent.continues) or bool(folded_in(landed))
        for question, answer, withdrawals in _places(note, landed, record.record_id):
            plan = EditPlan(
                fingerprint=fingerprint,
                size=len(note.source.data),
                insertions=(),
                withdrawals=withdrawals,
                turn_index=question,
            )
            if replaced:
                restored = _restoring(note, plan, answer, earlier, folded_in(landed))
                if restored is not None:
                    sound.setdefault(question, restored)
            elif _is_sound(note, plan, note.turns[answer].content):
                sound.setdefault(question, plan)
    if asked in sound:
        return sound[asked]
    return next(iter(sound.values())) if len(sound) == 1 else None


def _restoring(
    note: Note, plan: EditPlan, answer: int, earlier: Sequence[TurnRecord], folded: bytes
) -> EditPlan | None:
    """The plan that also puts the earlier reply back in the place that was taken."""
    if not earlier or not earlier[-1].landings:
        return None
    name, *others = plan.withdrawals
    named = tuple[Insertion, ...]()
    if name.offset < note.turns[answer].body.start:
        names = (model_name_in(record) for record in reversed(earlier))
        named = (Insertion(offset=name.offset, data=next(filter(None, names), b"")),)
    place = others[0].offset if named else name.offset
    found: list[EditPlan] = []
    for body in bodies_of(earlier[-1].landings[-1]):
        back = replace(plan, insertions=(*named, Insertion(offset=place, data=body)))
        new = parsed_alike(note, apply_plan(note.source.data, back))
        content = new.turns[answer].content if answer < len(new.turns) else ""
        back = replace(back, content=content)
        if not content or (folded and not _is_shown(note, folded, content)):
            continue
        if not verify_plan(note, back, new):
            found.append(back)
    now = note.turns[answer].content
    return max(found, key=lambda back: now.startswith(_first_line(back.content)), default=None)


def _is_shown(note: Note, folded: bytes, content: str) -> bool:
    """Whether a folded callout shows just this text."""
    shown = folded.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")[1:]
    lines = escape(content, note.end_marks).split("\n")
    callouts = (earlier_callout("", lines, guarded=guarded) for guarded in (False, True))
    return any([line.encode() for line in callout[1:]] == shown for callout in callouts)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


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
    found = ticked_or_not(last.data).finditer(note.source.data)
    for place in islice(found, _MOST_PLACES):
        if place.start() >= before:
            yield place.start() - before


def _standing(
    data: bytes, pieces: Sequence[Insertion], start: int, record_id: int
) -> tuple[Withdrawal, ...]:
    """The pieces in a note, from where the first one begins; none where one of them differs.

    A box of notelog's own that was ticked since is no difference: the tick was a wish.
    """
    found: list[Withdrawal] = []
    moved = start - pieces[0].offset
    for piece in pieces:
        place = ticked_or_not(piece.data).match(data, piece.offset + moved)
        if place is None:
            return ()
        found.append(Withdrawal(offset=place.start(), data=place[0], record_id=record_id))
        moved += len(place[0])
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
    return is_blank(note.source.data[end : turn.span.end].decode())


def _is_sound(note: Note, plan: EditPlan, content: str) -> bool:
    """Whether putting back what the plan takes out would be a sound landing of that very reply."""
    without = apply_plan(note.source.data, plan)
    gone, pieces = 0, list[Insertion]()
    for item in plan.withdrawals:
        pieces.append(Insertion(offset=item.offset - gone, data=item.data))
        gone += len(item.data)
    old = parsed_alike(note, without)
    back = EditPlan(
        fingerprint="",
        size=len(without),
        insertions=tuple(pieces),
        turn_index=plan.turn_index if old.is_chat else 0,
        content=content,
    )
    return 0 <= back.turn_index < len(old.turns) and not verify_plan(old, back, note)
