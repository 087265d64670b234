"""The YAML block at the top of a note: found here by bytes, read through a port."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from notelog.core.findings import Findings
from notelog.core.note import FrontMatter, FrontMatterValue
from notelog.core.source import SourceText, Span
from notelog.errors import Severity

MOST_BYTES = 64 * 1024
"""How long a block may be."""

_OPENING = re.compile(rb"---[ \t]*\n")
_CLOSING = re.compile(rb"^---[ \t]*$", re.MULTILINE)
_KEY_LINE = re.compile(r"[\w.-]+[ \t]*:(?:[ \t]|$)|[A-Za-z_][A-Za-z0-9_.-]*[ \t]*：")
_COMMENT_LINES = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\n)*+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterValues:
    """A mapping read from YAML: its values, and the 0-based line in the block of each key."""

    values: Mapping[str, FrontMatterValue]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterFault:
    """Why a block is refused; ``line`` counts from 0 within the block."""

    line: int
    message: str


ReadFrontMatter: TypeAlias = Callable[[str], FrontMatterValues | FrontMatterFault | None]


def find_front_matter(source: SourceText, read: ReadFrontMatter, findings: Findings) -> FrontMatter:
    """Finds and reads the block at the top of a note.

    A block that is no mapping is text, for a note may open with a thematic break. One that its
    author meant as front matter, since its first line looks like ``key:``, and that cannot be
    read is an error.

    Args:
        source: the note.
        read: reads what is between the two ``---`` lines.
        findings: gets the errors.
    """
    text, start = source.lf_text, source.text_start
    none = FrontMatter(span=Span(start, start), values={}, lines={})
    opening = _OPENING.match(text, start)
    if not opening:
        return none
    closing = _CLOSING.search(text, opening.end())
    inside = text[opening.end() : closing.start() if closing else opening.end() + MOST_BYTES]
    if not closing:
        if _looks_like_key(inside):
            findings.add(
                "front-matter-unclosed",
                1,
                "the front matter has no closing --- line, so it is read as text",
                hint="put a line --- below its last key",
            )
        return none
    span = Span(start, min(closing.end() + 1, len(text)))
    if text is not source.data:  # a CR may not become a blank in a value of many lines
        raw = source.data[opening.end() : closing.start()]
        inside = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    result = _read(inside, read)
    if isinstance(result, FrontMatterValues):
        lines = {key: line + 2 for key, line in result.lines.items()}
        return FrontMatter(span=span, values=result.values, lines=lines)
    if not _looks_like_key(inside):
        return none
    findings.add(
        "front-matter",
        (result.line if result else _first_line(inside)) + 2,
        f"the front matter cannot be read: {result.message if result else 'it is no mapping'}",
        severity=Severity.ERROR,
        hint="write each setting as `key: value`, with the colon : and a blank after it",
    )
    return FrontMatter(span=span, values={}, lines={})


def _read(inside: bytes, read: ReadFrontMatter) -> FrontMatterValues | FrontMatterFault | None:
    if len(inside) > MOST_BYTES:
        return FrontMatterFault(line=0, message=f"it is longer than {MOST_BYTES // 1024} KiB")
    if _COMMENT_LINES.match(inside):
        return FrontMatterValues(values={}, lines={})
    return read(inside.decode("utf-8"))


def _first_line(inside: bytes) -> int:
    """The 0-based number of the first line that is not blank."""
    return inside[: len(inside) - len(inside.lstrip())].count(b"\n")


def _looks_like_key(inside: bytes) -> bool:
    first = inside.lstrip(b" \t\n").split(b"\n", 1)[0]
    return bool(_KEY_LINE.match(first.decode("utf-8", "replace")))
