"""Making foreign text safe to show: what would steer a terminal or deceive the eye is spelt out.

Every string from a note, a file name or a server passes here before it reaches a terminal or a
log. Control characters could move the cursor or set the window title; bidirectional controls can
show text in another order than it has (Unicode Technical Report 36, section 3).
"""

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_OTHER = "\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff"

CONTROLS = re.compile(f"[{_CONTROLS}{_BIDI}{_OTHER}]")
_LINE = re.compile(f"[\t\n{_CONTROLS}{_BIDI}{_OTHER}]")


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def visible_text(text: str) -> str:
    r"""Text of many lines, with its line feeds and tabs and every other control spelt ``\x1b``."""
    return CONTROLS.sub(_escape, text)


def visible_line(text: str) -> str:
    r"""Text for one line: line feeds and tabs are spelt out too, as ``\n`` and ``\t``."""
    return _LINE.sub(_escape, text)


def shortened(text: str, limit_chars: int) -> str:
    """One visible line of at most ``limit_chars`` characters, with an ellipsis where it was cut."""
    line = visible_line(text.strip())
    return line if len(line) <= limit_chars else f"{line[: limit_chars - 1]}…"


def one_line(log: bytes, most_lines: int) -> str:
    """The last lines of another program's log as one, for a sentence."""
    lines = (line.strip() for line in log.decode("utf-8", "replace").split("\n"))
    return " | ".join([visible_line(line) for line in lines if line][-most_lines:])
