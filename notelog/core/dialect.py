r"""The grammar of lines that are structure in a chat note, once for reading and for writing.

A line is structure as a separator, a role marker, a task such as ``- [ ] send``, an end mark such
as ``;;`` (see ``end_marks``), the start of one of notelog's callouts, or because it holds a comment
mark. Each has one *escape point*: a backslash there makes it plain text, and Markdown does not show
it (``\<hr ...>``, ``role\::user``, ``- \[ ] send``, ``> \[!notelog]``, ``\=begin-...``, ``\%%``,
``\;;``). A line that carries n backslashes there stands for the line with n - 1, so every text can
be escaped and read back.

Lines are bytes without their line end. Whether a line stands in protected text, where nothing is
structure and nothing is escaped, is not decided here but in ``blocks``.
"""

import re

from notelog.core.content import BLANK
from notelog.core.end_marks import DEFAULT_END_MARKS
from notelog.core.messages import Role

_TAG = rb"""<hr[ \t]+class[ \t]*=[ \t]*(?:"[ \t]*__chatgpt_plugin[ \t]*"|'[ \t]*__chatgpt_plugin[ \t]*')[ \t]*/?>"""  # noqa: E501  # one token
_SUFFIX = rb"""[ \t]*<span(?:[ \t][^<>\n]*)?>[ \t]*\((?P<model>[^\n]*?)\)[ \t]*</span>"""
_HEADING = rb" {0,3}(?:\#{1,6}[ \t]+)?"
_COLON = "(?:::|：：|:：|：:)".encode()
_NAME = rb"(?:user|assistant|system|developer)(?![A-Za-z0-9_-])"

LABELS = rb"send|\xe5\x8f\x91\xe9\x80\x81|again|retry|pin"
"""The labels of notelog's task lines."""

DONE_DATE = rb"(?:[ \t]+\xe2\x9c\x85\xef?\xb8?\x8f?[ \t]*[0-9]{4}-[0-9]{2}-[0-9]{2})?"
"""What the Tasks plugin of Obsidian adds to a task that is ticked: a check mark and the day."""

ROLES = {
    b"user": Role.USER,
    b"assistant": Role.ASSISTANT,
    b"system": Role.SYSTEM,
    b"developer": Role.SYSTEM,
}
"""What each NAME of a role marker stands for, in lower case."""

SEPARATOR = re.compile(
    rb"(?P<before> {0,3})(?P<slashes>\\*)(?P<tag>" + _TAG + rb")[ \t]*"
    rb"(?=$|(?:\#{1,6}[ \t]+)?role" + _COLON + rb")",
    re.IGNORECASE | re.MULTILINE,
)
"""A separator: the tag, then the end of the line or a role marker."""

MARKER = re.compile(
    rb"(?P<before>" + _HEADING + rb"role)(?P<slashes>\\*)::(?P<name>" + _NAME + rb")"
    rb"(?P<suffix>" + _SUFFIX + rb")?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A role marker that is the whole of its line."""

MARKER_AFTER_SEPARATOR = re.compile(
    rb"(?P<before>" + _HEADING + rb")role" + _COLON + rb"(?P<name>[A-Za-z0-9_-]*)"
    rb"(?P<suffix>" + _SUFFIX + rb")?[ \t]*(?P<text>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""A role marker directly after a separator: any name, full-width colons, text after it."""

TASK = re.compile(
    rb"(?P<before>[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)(?P<slashes>\\*)"
    rb"\[(?P<tick>[ x])\][ \t]+(?P<label>" + LABELS + rb")" + DONE_DATE + BLANK + rb"*+$",
    re.IGNORECASE | re.MULTILINE,
)
"""A task line that notelog understands, in nested lists too: send, again, retry, pin."""

CALLOUT_TASK = re.compile(
    rb"^ {0,3}>(?P<before>[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)"
    rb"\[(?P<tick>[ x])\][ \t]+(?P<label>again|retry)(?P<date>"
    + DONE_DATE
    + rb")"
    + BLANK
    + rb"*+$",
    re.IGNORECASE | re.MULTILINE,
)
"""A box in one of notelog's callouts, by which a person on a phone asks anew."""

EMPTY_TASK = re.compile(
    rb"(?:" + BLANK + rb"*+\n)*+[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+\[[ xX]\]" + BLANK + rb"*+$",
    re.MULTILINE,
)
"""An empty task line, such as an editor adds below a ticked one, and blank lines above it."""

CALLOUT = re.compile(
    rb"(?P<before> {0,3}>[ \t]*)(?P<slashes>\\*)\[!notelog\]", re.IGNORECASE | re.MULTILINE
)
"""The first line of one of notelog's own callouts."""

BEGIN_COMMENT = b"=begin-chatgpt-md-comment"
END_COMMENT = b"=end-chatgpt-md-comment"

COMMENT_MARK = re.compile(rb"(?<!\\)(?P<slashes>\\*+)(?:=(?:begin|end)-chatgpt-md-comment|%{2,})")
"""A mark of a comment block, or a run of percent signs, anywhere in a line."""

_WHOLE_LINE = (SEPARATOR, MARKER, TASK, DEFAULT_END_MARKS.structure, CALLOUT)


def escape_points(line: bytes) -> tuple[tuple[int, int], ...]:
    """Where a line is structure, or would be without its backslashes.

    Returns:
        For each escape point, in order, its offset in the line and how many backslashes stand
        there; none for a line that is plain text.
    """
    points = [
        (found.start("slashes"), len(found["slashes"])) for found in COMMENT_MARK.finditer(line)
    ]
    for pattern in _WHOLE_LINE:
        if found := pattern.match(line):
            points.append((found.start("slashes"), len(found["slashes"])))
            break
    return tuple(sorted(points))


def is_structure(line: bytes) -> bool:
    """Whether a line outside protected text would be read as structure as it stands."""
    return any(not slashes for _, slashes in escape_points(line))


def escape_line(line: bytes) -> bytes:
    """The line made inert: one backslash more at each of its escape points."""
    for offset, _ in reversed(escape_points(line)):
        line = line[:offset] + b"\\" + line[offset:]
    return line


def unescape_line(line: bytes) -> bytes:
    """The line that an escaped one stands for; ``unescape_line(escape_line(x)) == x``."""
    for offset, slashes in reversed(escape_points(line)):
        if slashes:
            line = line[:offset] + line[offset + 1 :]
    return line
