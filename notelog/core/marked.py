"""Whether bytes ask for an answer, found out without parsing."""

import re

_SENT = re.compile(
    rb"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[x\][ \t]+(?:send|\xe5\x8f\x91\xe9\x80\x81)[ \t]*\r?$"
    rb"|^(?:;;|\xef\xbc\x9b\xef\xbc\x9b)\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
"""What a person writes who takes a note for a chat."""


def is_marked(data: bytes) -> bool:
    """Whether a line asks for an answer as in a chat, though the note may be none."""
    return _SENT.search(data) is not None
