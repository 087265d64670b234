"""Finding in a note the question that a turn of the journal asked."""

from bisect import bisect_right
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


def changed_keys(before: Note, now: Note) -> Mapping[str, str]:
    """The keys of questions that are others now, since the same bytes are read in another way.

    Args:
        before: the note under other end marks: they change what turns say, and which are empty,
            but not where turns begin.
        now: the same note.

    Returns:
        The keys now, by those before.
    """
    known = questions(now)
    keys, starts = tuple(known), tuple(known.values())
    changed: dict[str, str] = {}
    for key, start in questions(before).items():
        place = bisect_right(starts, _end_of_empty(before, start)) - 1
        same = place >= 0 and start <= _end_of_empty(now, starts[place])
        if same and key != keys[place]:
            changed[key] = keys[place]
    return changed


def _end_of_empty(note: Note, index: int) -> int:
    """The last of the turns without content that follow a turn, or itself."""
    while index + 1 < len(note.turns) and not note.turns[index + 1].content:
        index += 1
    return index
