"""Where a reply belongs in a note that changed while the model answered.

The newer version of a note always wins: the answered user turn is found again by what is said up
to it, never by its place, and where it is gone or changed nothing is guessed.
"""

from dataclasses import dataclass

from notelog.core.messages import Conversation, Message
from notelog.core.note import Note
from notelog.core.records import turn_key


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
    """Finds the answered turn again.

    Args:
        old: the note as it was sent.
        turn_index: the answered turn in ``old.turns``.
        new: the note as it is now.
    """
    asked = [index for index in _filled(old) if index <= turn_index]
    standing = _filled(new)
    if len(standing) < len(asked):
        return Gone(reason="the message that was answered is no longer in the note")
    place = standing[len(asked) - 1] if asked else -1
    if not asked or _key(old, asked) != _key(new, standing[: len(asked)]):
        return Gone(reason="the message that was answered, or one above it, was changed")
    return Landing(turn_index=place, is_last=len(standing) == len(asked))


def _filled(note: Note) -> list[int]:
    return [index for index, turn in enumerate(note.turns) if turn.content]


def _key(note: Note, indices: list[int]) -> str:
    turns = (note.turns[index] for index in indices)
    said: Conversation = tuple(Message(role=turn.role, content=turn.content) for turn in turns)
    return turn_key(said)
