"""Whose turn it is."""

from dataclasses import dataclass
from enum import StrEnum

from notelog.core.end_marks import MOST_CHARS
from notelog.core.messages import Conversation, Role
from notelog.core.note import Note, Turn


class State(StrEnum):
    """What a note waits for."""

    DUE = "due"
    ANSWERED = "answered"
    NOTHING = "nothing"
    NOT_A_CHAT = "not-a-chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDue:
    """A reply is due.

    Attributes:
        conversation: all messages up to and with the user's last.
        turn_index: the turn in ``note.turns`` that is answered: the last user turn with content.
        anew: it has an answer, which the reply is to take the place of.
    """

    conversation: Conversation
    turn_index: int
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingDue:
    """No reply is due.

    Attributes:
        state: why.
        reason: the same for a person, in a sentence.
    """

    state: State
    reason: str


def next_turn(note: Note, *, named: bool = False) -> ReplyDue | NothingDue:
    """Decides whether a reply is due.

    Args:
        note: a note without errors.
        named: the person named exactly this file, so that a note that is no chat is answered
            too: its whole body is one user message.
    """
    if not note.is_chat and not named:
        return NothingDue(
            state=State.NOT_A_CHAT, reason="it has no separator and no role marker: not a chat"
        )
    filled = [index for index, turn in enumerate(note.turns) if turn.content]
    if not filled:
        return NothingDue(state=State.NOTHING, reason="it holds no message yet")
    last_answer = max((i for i in filled if note.turns[i].role is Role.ASSISTANT), default=-1)
    asked = [i for i in filled if i > last_answer and note.turns[i].role is Role.USER]
    if asked:
        return ReplyDue(conversation=note.conversation, turn_index=asked[-1])
    if last_answer >= 0:
        return NothingDue(state=State.ANSWERED, reason="its last message is already answered")
    return NothingDue(state=State.NOTHING, reason="it holds no question yet")


def answered_turn(note: Note) -> ReplyDue | None:
    """The last question where it is answered and nothing stands below the answer."""
    filled = [index for index, turn in enumerate(note.turns) if turn.content]
    asked = [index for index in filled if note.turns[index].role is Role.USER]
    if not asked or note.turns[filled[-1]].role is not Role.ASSISTANT:
        return None
    below = [index for index in filled if index > asked[-1]]
    answers = [index for index in below if note.turns[index].role is Role.ASSISTANT]
    if len(answers) != 1:
        return None
    return ReplyDue(conversation=note.conversation[:-1], turn_index=asked[-1], anew=True)


def is_settled(note: Note) -> bool:
    """Whether the last question is answered, and no ticked box asks for another answer.

    Of a note without errors; the turns above that question are not made for it.
    """
    ending = note.ending
    said = [turn for turn in ending if turn.content]
    return bool(said) and said[-1].role is Role.ASSISTANT and not any(map(_ticked_in, ending))


def ticked(note: Note) -> tuple[int, bool]:
    """How many boxes ``again`` and ``retry`` are ticked in a note, and whether one counts now.

    Returns:
        Their number, and whether one of them stands in the last question or below it.
    """
    asked = [i for i, turn in enumerate(note.turns) if turn.content and turn.role is Role.USER]
    counts = list(map(_ticked_in, note.turns))
    return sum(counts), bool(asked) and any(counts[asked[-1] :])


def _ticked_in(turn: Turn) -> int:
    marks = (mark for mark in turn.send_marks if mark.label in {"again", "retry"})
    return turn.ticked_boxes + sum(mark.ticked for mark in marks)


def state_of(note: Note) -> State:
    """The note's state: due, answered, nothing or not-a-chat."""
    turn = next_turn(note)
    return State.DUE if isinstance(turn, ReplyDue) else turn.state


def hangs_on_end_marks(note: Note) -> bool:
    """Whether other end marks could read a note, which was read with the usual ones, otherwise."""
    return any(map(_may_be_marked, note.turns))


def _may_be_marked(turn: Turn) -> bool:
    if turn.role is Role.ASSISTANT:
        return "\\" in turn.content  # which may keep a mark from being one
    last = turn.content.rpartition("\n")[2].split()
    marked = any(not mark.checkbox for mark in turn.send_marks)
    return marked or (len(last) == 1 and len(last[0]) <= MOST_CHARS)
