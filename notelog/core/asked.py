"""Finding in a note the question that a turn of the journal asked."""

from collections.abc import Mapping

from notelog.core.messages import Role
from notelog.core.note import Note
from notelog.core.placing import question_end
from notelog.core.records import turn_keys


def questions(note: Note) -> Mapping[str, int]:
    """The turn keys of all that was ever a question in this note, from the top.

    Returns:
        The index in ``note.turns`` of the user turn that each key names.
    """
    keys = turn_keys(note.conversation)
    filled = [index for index, turn in enumerate(note.turns) if turn.content]
    above = len(note.conversation) - len(filled)  # the system messages of the front matter
    places = {index: number for number, index in enumerate(filled, start=above + 1)}
    return {
        keys[places[question_end(note, index)]]: index
        for index in filled
        if note.turns[index].role is Role.USER
    }
