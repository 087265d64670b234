"""The lines by which a person says that a message is finished: ``;;``, or what they chose."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from notelog.core.content import BLANK
from notelog.core.visible import CONTROLS

MOST_CHARS = 16
"""The longest end mark."""

_MOST_MARKS = 16
_DEFAULT = (";;", "；；")
_FORBIDDEN = (
    (CONTROLS.pattern, "holds a character that cannot be seen"),
    (r"[\s\u200b-\u200d\u2060-\u2064\u3164\u00ad]", "holds a blank"),
    (r"\\", "holds a backslash, which takes the meaning from a mark"),
    (
        r"\A(?:[|:-]*-[|:-]*|=+|#{1,6}|[*+]|([*_])\1{2,}|[0-9]{1,9}[.)])\Z",
        "is a rule, a heading, a list item or a row of a table",
    ),
    (r"(?i:role)[:：]{2}", "is a role marker"),
    (r"`|\A~~~", "is a code fence or a code span"),
    (r"\A!?\[", "is a box, a link, a footnote or [stop]"),
    (r"\A>|\A(?:-->|\?>|\]\]>)", "is a quote, a callout, or ends a block"),
    (r"\A<[A-Za-z/!?]", "is a separator, an HTML tag or a comment"),
    (r"%%|\$\$|=(?:begin|end)-", "is a mark of a comment or of a math block"),
)
"""What a line cannot be if it is to be a mark and nothing else; the first that is found is told.

They are compiled when a person's marks are checked: most have none, and a command starts at once.
"""


@dataclass(frozen=True, slots=True)
class EndMarks:
    """The end marks that count in a note, and the patterns that find them.

    Attributes:
        marks: each a line of its own, none where only a ticked box sends.
        endings: the same in bytes.
        line: matches the line of one, without its line end; nothing where there are none. Blanks
            of any script around it count as none: they cannot be seen.
        closing: matches such a line.
        structure: the line of one, or of one of the usual, with ``before`` and ``slashes`` as the
            patterns of ``dialect``: a reply is made inert against the usual ones whatever is
            chosen, so that it reads the same when the choice changes.
        escaped: the backslash of such a line and what follows.
    """

    marks: tuple[str, ...] = _DEFAULT
    endings: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    line: bytes = field(init=False, repr=False, compare=False)
    closing: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    structure: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    escaped: re.Pattern[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        indent, blanks = rb" {0,3}(?:\xe3\x80\x80)*+", BLANK + rb"*+"
        closing = indent + _any_of(self.marks) + blanks
        usual = _any_of(dict.fromkeys((*_DEFAULT, *self.marks)))
        line = rb"^(?P<before>" + indent + rb")(?P<slashes>\\*)" + usual + blanks + rb"$"
        for name, value in (
            ("endings", tuple(mark.encode() for mark in self.marks)),
            ("line", closing),
            ("closing", re.compile(closing + rb"$", re.MULTILINE)),
            ("structure", re.compile(line, re.MULTILINE)),
            ("escaped", re.compile(rb"\\" + usual)),
        ):
            object.__setattr__(self, name, value)

    @property
    def how_to_send(self) -> str:
        """What a person does to send a message, as the end of a sentence."""
        box = "tick `- [x] send` (or `- [x] 发送`) in it"
        return f"{box}, or end it with a line `{self.marks[0]}`" if self.marks else box


def _any_of(marks: Iterable[str]) -> bytes:
    """A pattern for one of these; for none where there are none."""
    return b"(?:" + (b"|".join(re.escape(mark.encode()) for mark in marks) or b"(?!)") + b")"


DEFAULT_END_MARKS = EndMarks()


def end_marks_of(marks: Iterable[str]) -> EndMarks:
    """The end marks that a person chose.

    Raises:
        ValueError: one of them cannot be one; the message says which and why.
    """
    if marks == DEFAULT_END_MARKS.marks:
        return DEFAULT_END_MARKS
    chosen = tuple(dict.fromkeys(marks))
    for mark in chosen:
        if problem := _problem(mark):
            raise ValueError(f"{mark[: 2 * MOST_CHARS]!r} cannot be a mark: it {problem}")
    if len(chosen) > _MOST_MARKS:
        raise ValueError(f"there are more than {_MOST_MARKS} marks")
    return EndMarks(chosen)


def _problem(mark: str) -> str:
    if not mark:
        return "is empty"
    if len(mark) > MOST_CHARS:
        return f"is longer than {MOST_CHARS} characters"
    return next((problem for pattern, problem in _FORBIDDEN if re.search(pattern, mark)), "")
