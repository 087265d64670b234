"""The text of a note as bytes, with its places: byte offsets and 1-based lines."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from re import compile as regex

from notelog.errors import NoteEncodingError

BOM = b"\xef\xbb\xbf"
_LINE_END = regex(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of byte offsets in a note, counted from the file's first byte."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __bool__(self) -> bool:
        return self.end > self.start


class SourceText:
    """A note's bytes, known to be UTF-8; a BOM, if there is one, is part of them.

    Lines end at LF, CR LF or a lone CR and nowhere else.

    Raises:
        NoteEncodingError: the bytes are not UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = len(_LINE_END.findall(data, 0, error.start)) + 1
            raise NoteEncodingError(
                f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}",
                byte_offset=error.start,
                line=line,
                hint="save the note as UTF-8 in your editor and try again",
            ) from error

    @property
    def text_start(self) -> int:
        """The offset of the first byte after the BOM: 0 or 3."""
        return len(BOM) if self.data.startswith(BOM) else 0

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The byte offset at which each line starts; the first is 0 (the BOM's, if any)."""
        return (0, *(match.end() for match in _LINE_END.finditer(self.data)))

    @cached_property
    def lf_text(self) -> bytes:
        """The bytes with LF as their only line end, every byte at the same offset.

        The CR of a CR LF reads as a blank at the end of its line, where blanks do not matter.
        """
        if b"\r" not in self.data:
            return self.data
        return self.data.replace(b"\r\n", b" \n").replace(b"\r", b"\n")

    @cached_property
    def newline(self) -> bytes:
        r"""The line end this note uses most: ``\n``, ``\r\n`` or ``\r``; LF where it has none."""
        crlf = self.data.count(b"\r\n")
        counts = {
            b"\n": self.data.count(b"\n") - crlf,
            b"\r\n": crlf,
            b"\r": self.data.count(b"\r") - crlf,
        }
        return max(counts, key=lambda end: counts[end])

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds the byte at ``offset``."""
        return bisect_right(self.line_starts, offset)

    def text(self, span: Span) -> str:
        """The decoded text of ``span``, line ends as they are."""
        return self.data[span.start : span.end].decode("utf-8")
