"""Where a reply goes in a note, and the plan that puts it there.

Insert only: every byte of the note stays. The plan is checked by parsing what it would give;
a reply that would not read back as written is tried again in a more guarded wording.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from notelog.core.edit import EditPlan
from notelog.core.inert import normalise
from notelog.core.messages import Conversation, Message, Role
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.placing import mark_insertions, question_end, reply_insertions
from notelog.core.records import turn_key
from notelog.core.turn import ReplyDue, next_turn
from notelog.core.verify import parsed_alike, problems_of, verify_plan
from notelog.core.wordings import wordings

__all__ = [
    "Gone",
    "Landing",
    "ReplyStyle",
    "asked_ends",
    "find_landing",
    "plan_reply",
    "planned_reply",
    "question_until",
    "typed_below",
    "verify_plan",
]


_MOST_ENDS = 8
_LINE = re.compile(rb"[^\r\n]+(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The answered turn stands in the newer note.

    Attributes:
        turn_index: in the newer note's ``turns``.
        is_last: no turn with content stands below it.
        split_at: see ``EditPlan.split_at``.
    """

    turn_index: int
    is_last: bool
    split_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The answered turn, or something above it, is no longer what was answered."""

    reason: str


def find_landing(old: Note, turn_index: int, new: Note) -> Landing | Gone:
    """Finds the answered turn again in a note that changed while the model answered.

    The newer version of a note always wins: the turn is found by what is said up to it, never
    by its place, and where it is gone or changed nothing is guessed.

    Args:
        old: the note as it was sent.
        turn_index: the answered turn in ``old.turns``.
        new: the note as it is now.
    """
    end = question_end(old, turn_index)
    asked = [index for index in _filled(old) if index <= end]
    standing = _filled(new)
    if len(standing) < len(asked):
        return Gone(reason="the message that was answered is no longer in the note")
    if turn_index not in asked or _key(old, asked) != _key(new, standing[: len(asked)]):
        return Gone(reason="the message that was answered, or one above it, was changed")
    place = standing[asked.index(turn_index)]
    return Landing(turn_index=place, is_last=len(standing) == len(asked))


def _filled(note: Note) -> list[int]:
    return [index for index, turn in enumerate(note.turns) if turn.content]


def _key(note: Note, indices: list[int]) -> str:
    turns = (note.turns[index] for index in indices)
    said: Conversation = tuple(Message(role=turn.role, content=turn.content) for turn in turns)
    return turn_key(said)


def typed_below(note: Note, question_key: str, asked: str) -> Landing | None:
    """Finds a question whose author typed on below its send mark while it was answered.

    What stands up to the mark, or to a callout of notelog's below it, is what was asked; or what
    stood further below by then.

    Args:
        note: as it is now.
        question_key: of the question as it was asked.
        asked: its text.

    Returns:
        Where it ended; None where the last turn did not begin with it.
    """
    for end in asked_ends(note, lambda: (asked,)):
        if question_until(note, end) == question_key:
            return Landing(turn_index=_filled(note)[-1], is_last=True, split_at=end)
    return None


def asked_ends(note: Note, asked: Callable[[], Iterable[str]] = tuple) -> tuple[int, ...]:
    """Where in its last message a question may have ended below which its author typed on.

    Args:
        note: as it is now.
        asked: gives the texts of questions that were asked; called where text stands below a mark.

    Returns:
        Offsets, the last first, where text follows: behind send marks and callouts of notelog's,
        and behind lines below those that are the last one of a question.
    """
    filled = _filled(note)
    if not filled or note.turns[filled[-1]].role is not Role.USER:
        return ()
    turn, data = note.turns[filled[-1]], note.source.data
    end_mark = rb"(?<![^\r\n])" + note.end_marks.line + rb"(?:\r\n|\n|\r)"
    found = re.compile(end_mark).finditer(data, turn.body.start, turn.body.end)
    marks = (mark.span.end for mark in turn.send_marks)
    ends = {*(line.end() for line in found), *marks, *(span.end for span in turn.callouts)}
    last = turn.body.start + len(data[turn.body.start : turn.body.end].rstrip())
    followed = sorted(end for end in ends if end < last)[-_MOST_ENDS:]
    if not followed:
        return ()
    lasts = {text.rstrip().rpartition("\n")[2].strip().encode() for text in asked()}
    lines = _LINE.finditer(data, min(ends), last)
    repeated = [line.end() for line in lines if line[0].strip() in lasts][-_MOST_ENDS:]
    return tuple(sorted({*followed, *repeated}, reverse=True))


def question_until(note: Note, end: int) -> str:
    """The key of the question that a note ended with if it ended there; empty for none."""
    due = next_turn(parsed_alike(note, note.source.data[:end]))
    return turn_key(due.conversation) if isinstance(due, ReplyDue) else ""


def plan_reply(
    note: Note,
    turn_index: int,
    reply_text: str,
    *,
    fingerprint: str,
    style: ReplyStyle,
    split_at: int | None = None,
) -> EditPlan:
    """Plans how a reply is put into its note. Never raises, whatever the text.

    Args:
        note: the note as it is now, without errors.
        turn_index: the user turn in ``note.turns`` that is answered.
        reply_text: what the model said. Where it says nothing only the mark is written, below
            the question, which stays unanswered.
        fingerprint: of the note's bytes.
        style: how it is written.
        split_at: see ``EditPlan.split_at``.

    Returns:
        The plan. Where no wording of the reply reads back as written, the last one tried:
        ``verify_plan`` says what is wrong with it.
    """
    return planned_reply(
        note, turn_index, reply_text, fingerprint=fingerprint, style=style, split_at=split_at
    )[0]


def planned_reply(
    note: Note,
    turn_index: int,
    reply_text: str,
    *,
    fingerprint: str,
    style: ReplyStyle,
    split_at: int | None = None,
) -> tuple[EditPlan, tuple[str, ...]]:
    """The plan as ``plan_reply`` has it, and what is wrong with it."""
    content = normalise(reply_text, inert=style.inert_replies, end_marks=note.end_marks)
    empty = EditPlan(
        fingerprint=fingerprint,
        size=len(note.source.data),
        insertions=(),
        turn_index=turn_index,
        split_at=split_at,
    )
    if not content:
        plan = replace(empty, insertions=mark_insertions(note, turn_index, style))
        return plan, problems_of(note, plan)
    plan, problems = empty, tuple[str, ...]()
    for wording in wordings(content, note.end_marks):
        for close in _closings(note, turn_index):
            insertions, size = reply_insertions(
                note, turn_index, wording, style, close=close, split_at=split_at
            )
            plan = replace(empty, insertions=insertions, content=wording, reply_bytes=size)
            problems = problems_of(note, plan)
            if not problems:
                return plan, ()
    return plan, problems


def _closings(note: Note, turn_index: int) -> tuple[bool, ...]:
    """Whether to close the block that a question leaves open: yes, unless that hits an older one.

    The separator below ends an open block too, but Obsidian would not show it so.
    """
    return (True, False) if note.turns[turn_index].open_block else (True,)
