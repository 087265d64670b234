"""Whether bytes ask for an answer, found out without parsing."""

import re

from notelog.core.content import BLANK, rstripped
from notelog.core.end_marks import EndMarks

_SENT = re.compile(
    rb"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[x\][ \t]+(?:send|\xe5\x8f\x91\xe9\x80\x81)"
    + BLANK
    + rb"*+\r?$",
    re.IGNORECASE | re.MULTILINE,
)
"""What a person writes who takes a note for a chat, besides an end mark."""


def is_marked(data: bytes, end_marks: EndMarks) -> bool:
    """Whether a line asks for an answer as in a chat, though the note may be none."""
    last = rstripped(data)
    line = max(last.rfind(b"\n"), last.rfind(b"\r")) + 1
    return end_marks.closing.match(last, line) is not None or _SENT.search(data) is not None
