"""A reply made ready for a note: nothing in it can be taken for the note's own structure.

``normalise`` gives the text that the note will hold, as it will be read back; ``escape`` gives the
lines that say so. For every text r and every place ``parse`` gives ``normalise(r)`` back.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from re import compile as regex

from notelog.core.blocks import Blocks, scan_blocks
from notelog.core.content import without_outer_blank_lines
from notelog.core.dialect import CALLOUT, COMMENT_MARK, MARKER, SEPARATOR, TASK
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.note import BlockKind
from notelog.core.plugins import is_quiet, quiet

CLOSED_KINDS = frozenset({BlockKind.FENCE, BlockKind.COMMENT, BlockKind.HTML, BlockKind.MATH})
"""The blocks that are closed where they are left open: closing another kind would hide text."""


_SURROGATE = regex(r"[\ud800-\udfff]")
_LINE_END = regex(r"\r\n|\r")
_CODE_START = regex(rb"[ \t>]*(?:[-*+]|[0-9]{1,9}[.)])?[ \t]*(?:```|~~~)|(?:    | {0,3}\t)")
_STRUCTURE = (
    COMMENT_MARK,
    *(
        regex(b"^" + pattern.pattern, pattern.flags)
        for pattern in (SEPARATOR, MARKER, TASK, CALLOUT)
    ),
)
_ROUNDS = 6  # each uncovers code that stood in what the one before made inert; two are usual


def normalise(reply: str, *, inert: bool = True, end_marks: EndMarks = DEFAULT_END_MARKS) -> str:
    """The reply as a note can hold it; what is normalised once stays as it is.

    Lines end in LF, blank lines at both ends are gone, what UTF-8 or a text file cannot hold is
    U+FFFD, and a block that was left open is closed.

    Args:
        reply: any text.
        inert: also make it inert for other plugins.
        end_marks: of the note.
    """
    text = without_outer_blank_lines(_LINE_END.sub("\n", _encodable(reply)))
    return _secured(_calmed(text, end_marks) if inert and not is_quiet(text) else text, end_marks)


def _calmed(text: str, end_marks: EndMarks) -> str:
    for _ in range(_ROUNDS):
        calm = quiet(text, _code_lines(text, end_marks))
        if calm == text:
            return text
        text = calm
    return quiet(text, [False] * (text.count("\n") + 1))


def escape(normalised: str, end_marks: EndMarks = DEFAULT_END_MARKS) -> str:
    """The lines to write for a normalised reply: structure gets a backslash more."""
    reading = _reading(normalised, end_marks)
    chosen, _ = reading.settled
    return _with_backslashes(reading.data, reading.points, chosen).decode()


def _encodable(text: str) -> str:
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\x00", "\ufffd")


def _code_lines(text: str, end_marks: EndMarks) -> list[bool]:
    """Which lines stand in fenced or indented code."""
    reading = _reading(text, end_marks)
    data = reading.written
    code = [item for item in reading.blocks.protected if _CODE_START.match(data, item[0])]
    code.append((len(data) + 1, len(data) + 1))
    flags: list[bool] = []
    place = offset = 0
    for line in data.split(b"\n"):
        while code[place][1] <= offset:
            place += 1
        flags.append(code[place][0] <= offset)
        offset += len(line) + 1
    return flags


def _secured(text: str, end_marks: EndMarks) -> str:
    """The text with the block it leaves open closed, and nothing in it that no escape can reach.

    A line such as ``%%`` within a code span over several lines opens a block as it stands, and yet
    a backslash there is code: that backslash becomes part of the text.
    """
    for _ in range(_ROUNDS):
        reading = _reading(text, end_marks)
        closers = _closers(reading.blocks)
        if not closers:
            chosen, found = reading.settled
            closers = _closers(found)
            if not closers:
                stubborn = _stubborn(reading.points, chosen, found)
                if not any(stubborn):
                    break
                text = _with_backslashes(reading.data, reading.points, stubborn).decode()
                continue
        text = f"{text}\n{closers[-1]}"
    return text


def _closers(found: Blocks) -> list[str]:
    return [block.closer.decode() for block in found.unclosed if block.kind in CLOSED_KINDS]


def _stubborn(points: Sequence[int], chosen: Sequence[bool], found: Blocks) -> list[bool]:
    """For each point whether it is structure in spite of all escapes."""
    live = [
        *((header.start, header.body) for header in found.headers),
        *((start, start + 1) for start, _ in found.hidden),
        *(task.span() for task in found.tasks),
        *found.callouts,
        *((block.span.start, block.span.end) for block in found.unclosed),
    ]
    live.sort()
    stubborn: list[bool] = []
    shift = place = 0
    for point, wanted in zip(points, chosen, strict=True):
        while place < len(live) and live[place][1] <= point + shift:
            place += 1
        inside = place < len(live) and live[place][0] <= point + shift
        stubborn.append(inside and not wanted)
        shift += wanted
    return stubborn


class _Reading:
    """A text as it would be read from a note, with every backslash that could be needed.

    Attributes:
        data: its bytes.
        points: every place where a backslash could be needed, in order.
        written: the text with a backslash at each of them, so that no line of it is structure.
        blocks: what the scanner finds in that.
    """

    def __init__(self, text: str, end_marks: EndMarks) -> None:
        self._end_marks = end_marks
        self.data = text.encode()
        self.points = _points(self.data, end_marks)
        self.written = _with_backslashes(self.data, self.points, [True] * len(self.points))
        self.blocks = scan_blocks(self.written, 0, end_marks=end_marks)

    @cached_property
    def settled(self) -> tuple[list[bool], Blocks]:
        """Which backslashes will be taken for escapes, and what is found with only them."""
        chosen = [True] * len(self.points)
        found = self.blocks
        for _ in range(_ROUNDS):
            needed = _escapes(self.points, chosen, frozenset(found.escapes))
            if needed == chosen:
                break
            chosen = needed
            text = _with_backslashes(self.data, self.points, chosen)
            found = scan_blocks(text, 0, end_marks=self._end_marks)
        return chosen, found


@lru_cache(maxsize=1)
def _reading(text: str, end_marks: EndMarks) -> _Reading:
    """Of the last text it is kept: a reply is normalised, then escaped, and scanned only once."""
    return _Reading(text, end_marks)


def _points(text: bytes, end_marks: EndMarks) -> list[int]:
    """Every place in the text where a backslash could be needed, in order."""
    patterns = (*_STRUCTURE, end_marks.structure)
    points = [found.start("slashes") for pattern in patterns for found in pattern.finditer(text)]
    points.sort()
    return points


def _with_backslashes(text: bytes, points: Sequence[int], chosen: Sequence[bool]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for point, wanted in zip(points, chosen, strict=True):
        if wanted:
            parts += (text[done:point], b"\\")
            done = point
    return b"".join((*parts, text[done:]))


def _escapes(points: Sequence[int], chosen: Sequence[bool], reported: frozenset[int]) -> list[bool]:
    """For each point whether the backslashes there would be read as an escape."""
    needed: list[bool] = []
    shift = 0
    for point, wanted in zip(points, chosen, strict=True):
        needed.append(point + shift in reported)
        shift += wanted
    return needed
