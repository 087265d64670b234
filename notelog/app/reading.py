"""Reading a note: from its path to its turns, with every problem told by its place."""

from dataclasses import dataclass
from functools import lru_cache

from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.frontmatter import ReadFrontMatter
from notelog.core.note import Note
from notelog.core.parse import parse_note
from notelog.core.source import SourceText
from notelog.errors import NoteEncodingError, NoteGrammarError
from notelog.ports.notes import NoteStore, Snapshot

_KEPT_BYTES = 1 << 20
"""The largest note that stays parsed from one look to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading a note needs.

    Attributes:
        store: where notes are.
        read_front_matter: reads YAML.
        end_marks: the lines that end a message.
    """

    store: NoteStore
    read_front_matter: ReadFrontMatter
    end_marks: EndMarks = DEFAULT_END_MARKS


def read_note(reading: Reading, path: str) -> tuple[Snapshot, Note]:
    """Reads and parses a note; its own problems are in ``note.diagnostics``.

    Raises:
        NoteError: the file cannot be read, or is not UTF-8.
    """
    snapshot = reading.store.read(path)
    return snapshot, parse_snapshot(reading, snapshot)


def parse_snapshot(reading: Reading, snapshot: Snapshot) -> Note:
    """Parses a note that was read.

    Raises:
        NoteEncodingError: it is not UTF-8.
    """
    parse = _parsed if len(snapshot.data) <= _KEPT_BYTES else _parsed.__wrapped__
    try:
        return parse(snapshot.data, reading.read_front_matter, reading.end_marks)
    except NoteEncodingError as error:
        error.path = snapshot.path
        raise


@lru_cache(maxsize=1)
def _parsed(data: bytes, read: ReadFrontMatter, end_marks: EndMarks) -> Note:
    """A note that is looked at is asked next, often by another thread: all of it is made here."""
    note = parse_note(SourceText(data), read, end_marks=end_marks)
    _ = note.turns
    return note


def refuse_errors(note: Note, path: str) -> None:
    """Stops where the note holds diagnostics that stop sending.

    Raises:
        NoteGrammarError: with all of them.
    """
    if errors := note.errors:
        raise NoteGrammarError(errors, path=path)
