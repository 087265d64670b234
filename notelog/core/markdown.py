"""How the blocks of Markdown begin and end: CommonMark 0.31.2, sections 4 and 5."""

import re

from notelog.core.seek import RAW_END

CODE_COLUMNS = 4
"""How far a line is indented to be code."""

PLAIN_LINES = re.compile(
    rb"""(?:(?:[A-QS-Za-qs-z\x80-\xe2\xe4-\xff("'\[!,.:;?/&@^{}|\]]|[rR](?![oO][lL][eE])"""
    rb"""|\xe3(?!\x80\x80(?:\xe3\x80\x80)*+\\))[^\n]*(?:\n|\Z))+"""
)
"""Lines of an open paragraph that begin nothing else."""

CALLOUT_LINES = re.compile(rb"(?: {0,3}>[^\n]*(?:\n|\Z))+")
"""The lines of a callout."""

_BLANKS = re.compile(rb" *")
_RULE_MARKS = 3
_RULE = re.compile(rb"(?P<rule>[-*_])")
_TAG = (
    rb"(?:<[A-Za-z][A-Za-z0-9\-]*+"
    rb"(?:[ \t]++[a-zA-Z_:][a-zA-Z0-9:._-]*+"
    rb"""(?:[ \t]*+=[ \t]*+(?:[^"'=<>`\x00-\x20]++|'[^']*+'|"[^"]*+"))?+)*+"""
    rb"[ \t]*+/?>|</[A-Za-z][A-Za-z0-9\-]*+[ \t]*+>)"
)
_BLOCK_NAMES = (
    rb"address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|"
    rb"dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|"
    rb"header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|"
    rb"param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul"
)
RAW = re.compile(
    rb"<(?:(?i:script|pre|style|textarea)(?=[ \t>]|$)|!--|\?|!\[CDATA\[|![A-Za-z])", re.MULTILINE
)
"""The start of a comment, of raw HTML, or of one of its relatives that hold blank lines."""

START = re.compile(
    rb"(?P<quote>>)"
    rb"|(?P<fence>`{3,}(?=[^`]*$)|~{3,})"
    rb"|(?P<heading>\#{1,6}(?=[ \t]|$))"
    rb"|(?P<item>[-+*]|[0-9]{1,9}[.)])(?=[ \t]|$)"
    rb"|(?P<raw>" + RAW.pattern + rb")"
    rb"|(?P<html></?(?i:" + _BLOCK_NAMES + rb")(?=[ \t]|/?>|$))"
    rb"|(?P<tag>" + _TAG + rb"[ \t]*$)"
)
"""What can begin where a line's text begins, a thematic break apart."""

FENCE = re.compile(rb"`{3,}(?=[^`\n]*$)|~{3,}", re.MULTILINE)
"""The opening run of a fence at the start of a line."""

UNDERLINE = re.compile(rb"(?P<heading>=+|-+)[ \t]*$")
"""The underline of a heading."""

_RAW_CLOSERS = {b"<!--": b"-->", b"<?": b"?>", b"<![cdata[": b"]]>"}
RAW_LINES = {
    closer: re.compile(rb"[^\n]*?" + closer_pattern, re.IGNORECASE)
    for closer, closer_pattern in (
        (b"-->", rb"-->"),
        (b"?>", rb"\?>"),
        (b"]]>", rb"\]\]>"),
        (b">", rb">"),
        (b"</", RAW_END.pattern),
    )
}
"""For each closer, a pattern of a line up to and with it."""


def skip_blanks(line: bytes, start: int) -> int:
    """The place of the first byte from ``start`` on that is no space."""
    if line[start : start + 1] != b" ":
        return start
    found = _BLANKS.match(line, start)
    return found.end() if found else start


def rule_at(line: bytes, place: int) -> re.Match[bytes] | None:
    """A thematic break at ``place``; a pattern for all of it would read long lines again."""
    mark = line[place : place + 1]
    if len(line.rstrip(mark + b" \t")) > place or line.count(mark, place) < _RULE_MARKS:
        return None
    return _RULE.match(line, place)


def block_start(line: bytes, place: int, *, paragraph: bool, lazy: bool) -> re.Match[bytes] | None:
    """What begins at ``place``, unless it cannot interrupt the open paragraph.

    Args:
        line: one line.
        place: where its text begins.
        paragraph: a paragraph is open.
        lazy: in a container that does not go on in this line.
    """
    if paragraph and not lazy and (underline := UNDERLINE.match(line, place)):
        return underline
    found = rule_at(line, place) if line[place] in b"-*_" else None
    if not found:
        found = START.match(line, place)
    if not found or not paragraph:
        return found
    if found.lastgroup == "tag":
        return None
    if found.lastgroup == "item" and not lazy:
        number = found["item"][:-1]
        if (number and int(number) != 1) or not line[found.end() :].strip():
            return None
    return found


def fence_end(mark: bytes) -> re.Pattern[bytes]:
    """The pattern of a line that closes the fence that ``mark`` opens."""
    return re.compile(rb" {0,3}" + mark + mark[:1] + rb"*[ \t]*$")


def raw_closer(opener: bytes) -> bytes:
    """What closes the raw HTML that ``opener``, in lower case, opens."""
    if opener[1:2].isalpha():
        return b"</" + opener[1:] + b">"
    return _RAW_CLOSERS.get(opener, b">")
