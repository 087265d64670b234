"""Builds the adapters and hands them to the use cases."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.core.note import Note


def parse_bytes(data: bytes) -> "Note":
    """Parses a note with the real front matter reader."""
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.core.parse import parse_note
    from notelog.core.source import SourceText

    return parse_note(SourceText(data), read_front_matter)
