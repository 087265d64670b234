"""A parsed note: what each byte of the file is, and the turns it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, overload

from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.messages import Conversation, Role
from notelog.core.source import SourceText, Span
from notelog.errors import Diagnostic, Severity

FrontMatterValue: TypeAlias = (
    "str | int | float | bool | Sequence[FrontMatterValue] | Mapping[str, FrontMatterValue] | None"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The YAML block at the top of a note.

    Attributes:
        span: the block with both its ``---`` lines; empty where there is none.
        values: the mapping it holds.
        lines: the 1-based line in the file of each top-level key.
    """

    span: Span
    values: Mapping[str, FrontMatterValue]
    lines: Mapping[str, int]


class SegmentKind(StrEnum):
    """What a run of bytes is. Segments tile the file: none overlaps, none is missing."""

    BOM = "bom"
    FRONT_MATTER = "front-matter"
    SEPARATOR = "separator"  # the tag's own line or part of a line, with its line end
    MARKER = "marker"  # a role marker with its suffix and line end
    HIDDEN = "hidden"  # comment blocks and %% comments: never sent
    METADATA = "metadata"  # send marks and notelog callouts: never sent
    BODY = "body"  # what a person or a model wrote, blank lines included


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of bytes of one kind."""

    kind: SegmentKind
    span: Span


class Segments(Sequence[Segment]):
    """The segments of a file, made when they are asked for.

    Args:
        parts: kind, start and end of each.
    """

    def __init__(self, parts: Sequence[tuple[SegmentKind, int, int]]) -> None:
        self.parts = tuple(parts)

    @overload
    def __getitem__(self, index: int) -> Segment: ...

    @overload
    def __getitem__(self, index: slice) -> "Segments": ...

    def __getitem__(self, index: int | slice) -> "Segment | Segments":
        if isinstance(index, slice):
            return Segments(self.parts[index])
        kind, start, end = self.parts[index]
        return Segment(kind, Span(start, end))

    def __len__(self) -> int:
        return len(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segments) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


class BlockKind(StrEnum):
    """A block that protects its text and can be left open."""

    FENCE = "fence"
    COMMENT = "comment"  # <!-- -->
    HTML = "html"  # pre, script, style, textarea
    MATH = "math"  # $$
    PERCENT = "percent"  # %% %%
    COMMENT_BLOCK = "comment-block"  # =begin-chatgpt-md-comment


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBlock:
    """A block that a turn leaves open at its end.

    Attributes:
        kind: which.
        span: its opening line.
        closer: the line, without its line end, that closes it where it stands.
    """

    kind: BlockKind
    span: Span
    closer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMark:
    """A checkbox or an end mark by which the author says that the turn is finished.

    Attributes:
        span: its line with its line end.
        ticked: whether it says so; an end mark always does.
        checkbox: the line of an unticked one in the same words, such as ``- [ ] send``; empty
            for an end mark.
        label: ``send``, ``again`` or ``retry``; empty for an end mark.
    """

    span: Span
    ticked: bool
    checkbox: bytes
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A role marker as it stands in the note.

    Attributes:
        span: its line up to the content that may follow on it, with the line end.
        heading: what stands before ``role::``, such as ``b"### "``.
        suffix: the model suffix, such as ``b'<span ...> (m)</span>'``; may be empty.
        model: the model that the suffix names; may be empty.
    """

    span: Span
    heading: bytes
    suffix: bytes = b""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A separator, its role marker and all that follows up to the next turn.

    Attributes:
        role: who speaks.
        span: all of it; the spans of the turns and the front matter tile the file (a BOM
            apart).
        separator: the separator's line or part of a line; None for the first message and for
            a marker without one.
        marker: the role marker; None where there is none.
        body: what follows both.
        content: the view that is sent: hidden text, metadata and outer blank lines removed,
            line ends as LF; in assistant turns escapes are undone. Empty for an empty turn.
        lines: the first and last 1-based line of the content; of the turn where it is empty.
        send_marks: the marks in it, in order.
        callouts: the spans of notelog's own callouts in it.
        ticked_boxes: how many boxes ``again`` and ``retry`` in those callouts are ticked; folded
            ones hold an earlier answer, in which nothing counts.
        open_block: the block it leaves open, or None.
        pinned: it holds a ticked ``- [x] pin``.
    """

    role: Role
    span: Span
    separator: Span | None
    marker: Marker | None
    body: Span
    content: str
    lines: tuple[int, int]
    send_marks: tuple[SendMark, ...] = ()
    callouts: tuple[Span, ...] = ()
    ticked_boxes: int = 0
    open_block: OpenBlock | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A parsed note.

    Attributes:
        source: its bytes.
        front_matter: the YAML block; empty values where there is none.
        segments: they tile the file: ``render(note)`` gives the bytes back.
        turns: in order, the empty ones too.
        diagnostics: in the order of their lines.
        is_chat: it has a separator, two markers, or a ``notelog:`` key.
        conversation: what would be sent: system commands, then the turns with content.
        end_marks: the lines that counted as the end of a message.
    """

    source: SourceText
    front_matter: FrontMatter
    segments: Sequence[Segment]
    turns: tuple[Turn, ...]
    diagnostics: tuple[Diagnostic, ...]
    is_chat: bool
    conversation: Conversation
    end_marks: EndMarks = DEFAULT_END_MARKS

    @property
    def ending(self) -> tuple[Turn, ...]:
        """The turns from the last question on; all of them where there is none."""
        asked = [i for i, turn in enumerate(self.turns) if turn.content and turn.role is Role.USER]
        return self.turns[asked[-1] if asked else 0 :]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that stop sending."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)


def render(note: Note) -> bytes:
    """The file's bytes again, put together from the note's segments."""
    data = note.source.data
    return b"".join(data[part.span.start : part.span.end] for part in note.segments)
