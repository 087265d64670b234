"""The bytes of a reply and the places where they go."""

from collections.abc import Iterable
from dataclasses import dataclass
from re import compile as regex

from notelog.core.callout import mark_callout, reasoning_callout
from notelog.core.edit import Insertion
from notelog.core.inert import CLOSED_KINDS, escape
from notelog.core.messages import Role
from notelog.core.note import Note, SendMark, Turn
from notelog.core.note_style import NoteStyle, ReplyStyle, style_of

_LINE_END = regex(rb"\r\n|\n|\r")
_BLANK_LINES = regex(rb"(?:[ \t]*+(?:\r\n|\n|\r|\Z))*+")
_CHECKBOX_BLANKS = 3  # one below the marker, one to type in, one above the checkbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reply goes.

    Attributes:
        answered: the user turn.
        last: the turn below which the reply goes: the same, or a system turn that follows.
        filled: the empty assistant turn that takes the reply, or None: it gets an own header.
        waiting: the empty user turn below, in which the person types on, or None.
        newer: a turn with content stands below.
    """

    answered: Turn
    last: Turn
    filled: Turn | None
    waiting: Turn | None
    newer: bool


def question_end(note: Note, turn_index: int) -> int:
    """The last turn that is asked with a user turn: itself, or a system turn below it."""
    end = turn_index
    for index in range(turn_index + 1, len(note.turns)):
        if note.turns[index].content:
            if note.turns[index].role is not Role.SYSTEM:
                break
            end = index
    return end


def find_place(note: Note, turn_index: int) -> Place:
    """The place below a user turn: the empty turns that follow it are used up."""
    last = question_end(note, turn_index)
    below = note.turns[last + 1 :]
    filled_below = (index for index, turn in enumerate(below) if turn.content)
    end = next(filled_below, len(below))
    empty = below[:end]
    markers = [index for index, turn in enumerate(empty) if turn.role is Role.ASSISTANT]
    rest = empty[markers[-1] + 1 :] if markers else empty
    return Place(
        answered=note.turns[turn_index],
        last=note.turns[last],
        filled=empty[markers[-1]] if markers else None,
        waiting=next((turn for turn in rest if turn.role is Role.USER), None),
        newer=end < len(below),
    )


def reply_insertions(
    note: Note,
    turn_index: int,
    content: str,
    style: ReplyStyle,
    *,
    close: bool = True,
    split_at: int | None = None,
) -> tuple[tuple[Insertion, ...], int]:
    """What puts a reply, its callouts and the next user marker into a note.

    Args:
        note: the note.
        turn_index: the answered turn.
        content: the normalised reply.
        style: how it is written.
        close: also close the block that the question leaves open.
        split_at: see ``EditPlan.split_at``.

    Returns:
        The insertions, and how many of their bytes are not yet the next user marker.
    """
    place = find_place(note, turn_index)
    spelling = style_of(note, style)
    sheet = _Sheet(note.source.data, spelling.newline)
    if close and split_at is None:
        _close_open_block(sheet, place.answered)
    if split_at is not None or place.filled is None:
        sheet.go_to(place.last.span.end if split_at is None else split_at)
        sheet.block(spelling.separator)
        sheet.block(spelling.assistant)
    else:
        sheet.go_to(_end_of_marker(note, place.filled))
    if style.reasoning and style.reasoning.strip():
        sheet.text(reasoning_callout(style.reasoning))
    sheet.text(escape(content, note.end_marks).split("\n"))
    if style.mark is not None:
        sheet.text(mark_callout(style.mark, style.box))
    sheet.end_block()
    reply_bytes = sheet.size
    if split_at is None:
        _invite(sheet, place, spelling)
    else:
        _head_what_was_typed(sheet, place.answered, spelling, split_at)
    return sheet.insertions(), reply_bytes


def mark_insertions(note: Note, turn_index: int, style: ReplyStyle) -> tuple[Insertion, ...]:
    """What puts a callout alone below a question that stays unanswered."""
    if style.mark is None:
        return ()
    turn = note.turns[turn_index]
    sheet = _Sheet(note.source.data, note.source.newline)
    _close_open_block(sheet, turn)
    sheet.go_to(turn.span.end)
    sheet.text(mark_callout(style.mark, style.box))
    if turn.span.end < len(note.source.data):
        sheet.end_block()
    return sheet.insertions()


def _close_open_block(sheet: "_Sheet", turn: Turn) -> None:
    if turn.open_block is not None and turn.open_block.kind in CLOSED_KINDS:
        sheet.go_to(turn.span.end)
        sheet.line(turn.open_block.closer)


def _end_of_marker(note: Note, turn: Turn) -> int:
    """The end of the blank lines below an empty turn's marker; above what is hidden there."""
    blank = _BLANK_LINES.match(note.source.data, turn.body.start, turn.body.end)
    return blank.end() if blank else turn.body.start


def _invite(sheet: "_Sheet", place: Place, spelling: NoteStyle) -> None:
    """Leaves an empty user turn to type in, with a fresh checkbox where the question had one."""
    if place.newer:
        return
    checkbox = _send_box(place.answered.send_marks)
    if place.waiting is None:
        sheet.go_to((place.filled or place.last).span.end)
        sheet.block(spelling.separator)
        sheet.block(spelling.user)
    elif any(mark.checkbox for mark in place.waiting.send_marks):
        return
    elif checkbox:
        sheet.go_to(place.waiting.span.end)
    if checkbox:
        sheet.blanks(_CHECKBOX_BLANKS)
        sheet.line(checkbox)
        if not sheet.at_end:
            sheet.end_block()


def _send_box(marks: Iterable[SendMark]) -> bytes:
    """The unticked box to finish a message with, in the words of the first; or nothing."""
    return next((mark.checkbox for mark in marks if mark.label == "send"), b"")


def _head_what_was_typed(sheet: "_Sheet", turn: Turn, spelling: NoteStyle, split_at: int) -> None:
    """Makes what a person typed on a message of its own, with a box where the question had one."""
    sheet.block(spelling.separator)
    sheet.block(spelling.user)
    checkbox = _send_box(mark for mark in turn.send_marks if mark.span.start < split_at)
    boxed = any(mark.span.start >= split_at for mark in turn.send_marks)
    if checkbox and not boxed and turn.open_block is None:
        sheet.go_to(turn.span.end)
        sheet.blanks(1)
        sheet.line(checkbox)


class _Sheet:
    """Collects insertions from the top of a note to its end."""

    def __init__(self, data: bytes, newline: bytes) -> None:
        self._data = data
        self._newline = newline
        self._offset = 0
        self._parts: list[bytes] = []
        self._done: list[Insertion] = []

    @property
    def at_end(self) -> bool:
        return self._offset == len(self._data)

    @property
    def size(self) -> int:
        return sum(map(len, self._parts)) + sum(len(item.data) for item in self._done)

    def go_to(self, offset: int) -> None:
        """Goes on at a later byte of the note."""
        if offset != self._offset:
            self._finish()
            self._offset = offset

    def line(self, text: bytes) -> None:
        """A line of its own, directly below what is there."""
        self._pad(0)
        self._parts.append(text + self._newline)

    def block(self, text: bytes) -> None:
        """A line with a blank line on each side."""
        self.blanks(1)
        self._parts.append(text + self._newline * 2)

    def text(self, lines: list[str]) -> None:
        """Lines below a blank line."""
        self.blanks(1)
        end = self._newline.decode()
        self._parts.append((end.join(lines) + end).encode("utf-8", "replace"))

    def blanks(self, count: int) -> None:
        """At least this many blank lines at the end of what is there."""
        self._pad(count)

    def end_block(self) -> None:
        """A blank line before what follows."""
        self.blanks(1)

    def insertions(self) -> tuple[Insertion, ...]:
        """All of it, in order."""
        self._finish()
        return tuple(self._done)

    def _finish(self) -> None:
        if self._parts:
            self._done.append(Insertion(offset=self._offset, data=b"".join(self._parts)))
            self._parts = []

    def _pad(self, blank_lines: int) -> None:
        """Ends the last line, and adds the line ends that are missing below it."""
        added = b"".join(self._parts)
        before = added if added.strip(b" \t\r\n") else self._data[: self._offset] + added
        text = before.rstrip(b" \t\r\n")
        ends = [match.end() for match in _LINE_END.finditer(before, len(text))]
        missing = max(blank_lines + 1 - len(ends), 0)
        unfinished = (ends[-1] if ends else len(text)) < len(before)
        missing = max(missing, int(unfinished))
        if missing and before.endswith(b"\r") and self._newline.startswith(b"\n"):
            missing += 1
        self._parts.append(self._newline * missing)
