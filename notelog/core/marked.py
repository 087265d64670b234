"""Whether bytes ask for an answer, found out without parsing."""

import re

from notelog.core.chat_sign import FRONT_MATTER, UTF_16
from notelog.core.content import BLANK, rstripped
from notelog.core.end_marks import EndMarks

_SENT = re.compile(
    rb"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[x\][ \t]+(?:send|\xe5\x8f\x91\xe9\x80\x81)"
    + BLANK
    + rb"*+\r?$",
    re.IGNORECASE | re.MULTILINE,
)
"""What a person writes who takes a note for a chat, besides an end mark."""


_BOX_OR_CALLOUT = re.compile(rb"\[[ xX]\]|\[!")


def may_ask(data: bytes, end_marks: EndMarks) -> bool:
    """Whether a chat holds anything by which it may be sent where only marks send.

    That is a box, ticked or not any more; an end mark; a callout, in which there may be a box; and
    front matter that says when the note is answered. What has none of these waits for its author.
    """
    return (
        _BOX_OR_CALLOUT.search(data) is not None
        or any(mark in data for mark in end_marks.endings)
        or (data.startswith(FRONT_MATTER) and b"notelog" in data)
        or data.startswith(UTF_16)
    )


def is_marked(data: bytes, end_marks: EndMarks) -> bool:
    """Whether a line asks for an answer as in a chat, though the note may be none."""
    last = rstripped(data)
    line = max(last.rfind(b"\n"), last.rfind(b"\r")) + 1
    return end_marks.closing.match(last, line) is not None or _SENT.search(data) is not None
