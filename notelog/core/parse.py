"""Parsing: from the bytes of a note to its turns and messages."""

from notelog.core.frontmatter import ReadFrontMatter
from notelog.core.note import Note
from notelog.core.source import SourceText


def parse_note(source: SourceText, read_front_matter: ReadFrontMatter) -> Note:
    """Parses a note."""
    raise NotImplementedError
