"""Where a reply goes in a note, and the plan that puts it there.

Insert only: every byte of the note stays. The plan is checked by parsing what it would give;
a reply that would not read back as written is tried again in a more guarded wording.
"""

from dataclasses import dataclass, replace

from notelog.core.edit import EditPlan
from notelog.core.inert import normalise
from notelog.core.messages import Conversation, Message
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.placing import mark_insertions, question_end, reply_insertions
from notelog.core.records import turn_key
from notelog.core.verify import problems_of, verify_plan
from notelog.core.wordings import wordings

__all__ = ["Gone", "Landing", "ReplyStyle", "find_landing", "plan_reply", "verify_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The answered turn stands in the newer note.

    Attributes:
        turn_index: in the newer note's ``turns``.
        is_last: no turn with content stands below it.
    """

    turn_index: int
    is_last: bool


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


def plan_reply(
    note: Note, turn_index: int, reply_text: str, *, fingerprint: str, style: ReplyStyle
) -> EditPlan:
    """Plans how a reply is put into its note. Never raises, whatever the text.

    Args:
        note: the note as it is now, without errors.
        turn_index: the user turn in ``note.turns`` that is answered.
        reply_text: what the model said. Where it says nothing only the mark is written, below
            the question, which stays unanswered.
        fingerprint: of the note's bytes.
        style: how it is written.

    Returns:
        The plan. Where no wording of the reply reads back as written, the last one tried:
        ``verify_plan`` says what is wrong with it.
    """
    content = normalise(reply_text, inert=style.inert_replies)
    empty = EditPlan(
        fingerprint=fingerprint,
        size=len(note.source.data),
        insertions=(),
        turn_index=turn_index,
    )
    if not content:
        return replace(empty, insertions=mark_insertions(note, turn_index, style))
    plan = empty
    for wording in wordings(content):
        for close in _closings(note, turn_index):
            insertions, size = reply_insertions(note, turn_index, wording, style, close=close)
            plan = replace(empty, insertions=insertions, content=wording, reply_bytes=size)
            if not problems_of(note, plan):
                return plan
    return plan


def _closings(note: Note, turn_index: int) -> tuple[bool, ...]:
    """Whether to close the block that a question leaves open: yes, unless that hits an older one.

    The separator below ends an open block too, but Obsidian would not show it so.
    """
    return (True, False) if note.turns[turn_index].open_block else (True,)
