"""notelog answers the chat notes of a Markdown vault, in place.

The library beside the command: ``parse`` reads a chat note into turns and messages.
"""

from typing import TYPE_CHECKING

from notelog._version import __version__

if TYPE_CHECKING:
    from notelog.core.note import Note

__all__ = ["__version__", "parse"]


def parse(note: bytes | str) -> "Note":
    """Reads a chat note.

    Args:
        note: the whole file, as bytes or as text; a BOM and any line ends are kept.

    Returns:
        The parsed note. Problems of its content are ``note.diagnostics``, not exceptions.

    Raises:
        NoteEncodingError: the bytes are not UTF-8 (or the text holds a lone surrogate).
    """
    from notelog.wiring import parse_bytes

    return parse_bytes(note.encode("utf-8", "surrogatepass") if isinstance(note, str) else note)
