"""More guarded wordings of a reply, for notes in which it would not read back as it is.

An older turn that leaves a block open, or a first line ``---`` without its counterpart, gives the
next line that could close it a meaning far above. A person's text is never changed to prevent that
and a paid reply is never given up for it: the reply gives way, as little as is needed.
"""

from collections.abc import Iterator
from re import IGNORECASE, MULTILINE
from re import compile as regex

from notelog.core.end_marks import EndMarks
from notelog.core.inert import normalise

_RULE = regex(r"^(?=---[ \t]*$)", MULTILINE)
_FENCE = regex(r"^[ \t]*(?:`{3,}|~{3,})", MULTILINE)
_CLOSER = regex(
    r"(?<=--)(?=>)|(?<=<)(?=/(?:pre|script|style|textarea))|(?<=\$)(?=\$)|(?<=%)(?=%)"
    r"|(?<=``)(?=`)|(?<=~~)(?=~)|(?<==begin)(?=-chatgpt-md-comment)|(?<==end)(?=-chatgpt-md-comment)|(?<=\?)(?=>)|(?<=\])(?=\]>)",
    IGNORECASE,
)
_LINE_START = regex(r"^", MULTILINE)
_SWAP = str.maketrans("`~", "~`")


def wordings(content: str, end_marks: EndMarks) -> Iterator[str]:
    """The reply as it is, then ever more guarded, each normalised.

    Args:
        content: a normalised reply that is not empty.
        end_marks: of the note.

    Yields:
        The reply; with the two kinds of fences exchanged; with rules indented by one blank; with
        both; as a quotation; with every mark that could close a block broken by a backslash, as a
        quotation and as indented code.
    """
    yield content
    ruled = _RULE.sub(" ", content)
    for guarded in (
        _swapped(content),
        ruled,
        _swapped(ruled),
        _LINE_START.sub("> ", ruled),
        _LINE_START.sub("> ", broken(ruled)),
        _LINE_START.sub("    ", broken(ruled)),
    ):
        yield normalise(guarded, inert=False, end_marks=end_marks)


def _swapped(text: str) -> str:
    return _FENCE.sub(lambda found: found[0].translate(_SWAP), text)


def broken(text: str) -> str:
    """The text with a backslash in every mark that could close a block."""
    return _CLOSER.sub(r"\\", text)
