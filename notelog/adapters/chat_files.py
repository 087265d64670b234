"""What the parser says of a file: whether it is a chat, and whether it can ask for anything."""

from typing import TYPE_CHECKING

from notelog.adapters.note_looks import content_of
from notelog.core.claim import CLAIM_START
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.marked import may_ask
from notelog.core.turn import is_settled
from notelog.errors import NoteError

if TYPE_CHECKING:
    from notelog.core.note import Note


def is_chat_file(path: str) -> bool:
    """Whether a note is a chat, or not even that can be told."""
    try:
        return _parsed(content_of(path), DEFAULT_END_MARKS).is_chat
    except (OSError, NoteError):
        return True


def can_ask(data: bytes, end_marks: EndMarks, *, unmarked: bool = False) -> bool:
    """Whether a chat may be sent as it stands, or that cannot be told.

    It cannot where its last question is answered and no box asks anew, nor where it holds no mark.

    Args:
        data: the note.
        end_marks: the lines that end a message.
        unmarked: whether what bears no mark may be sent, too.
    """
    if not unmarked and not may_ask(data, end_marks):
        return False
    if CLAIM_START in data:
        return True
    try:
        return not is_settled(_parsed(data, end_marks))
    except NoteError:
        return True


def _parsed(data: bytes, end_marks: EndMarks) -> "Note":
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.core.parse import parse_note
    from notelog.core.source import SourceText

    return parse_note(SourceText(data), read_front_matter, end_marks=end_marks)
