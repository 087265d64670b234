"""Parsing: from the bytes of a note to its turns and messages."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from copy import copy

from notelog.core.blocks import scan_blocks
from notelog.core.content import Content, View, rstripped
from notelog.core.dialect import (
    CALLOUT,
    CALLOUT_TASK,
    EMPTY_TASK,
    MARKER_AFTER_SEPARATOR,
    ROLES,
)
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.findings import Findings, Lines
from notelog.core.frontmatter import ReadFrontMatter, find_front_matter
from notelog.core.keys import check_keys, pin_messages, system_messages
from notelog.core.layout import Header
from notelog.core.messages import Message, Role
from notelog.core.note import (
    BlockKind,
    FrontMatter,
    Marker,
    Note,
    OpenBlock,
    SegmentKind,
    Segments,
    SendMark,
    Turn,
)
from notelog.core.ranges import covers, gaps, in_order, offsets_within, within
from notelog.core.source import SourceText, Span
from notelog.errors import Diagnostic, Severity

_WEAK = {BlockKind.PERCENT, BlockKind.COMMENT_BLOCK}
"""Open blocks that protect nothing: unclosed, they are text."""

_BLOCK_WORDS = {
    BlockKind.FENCE: "code fence",
    BlockKind.COMMENT: "HTML comment",
    BlockKind.HTML: "HTML block",
    BlockKind.MATH: "$$ block",
    BlockKind.PERCENT: "%% comment",
    BlockKind.COMMENT_BLOCK: "comment block",
}


def parse_note(
    source: SourceText,
    read_front_matter: ReadFrontMatter,
    *,
    end_marks: EndMarks = DEFAULT_END_MARKS,
) -> Note:
    """Parses a note.

    Args:
        source: its bytes.
        read_front_matter: reads the YAML between the two ``---`` lines.
        end_marks: the lines that end a message.

    Returns:
        The note. What is wrong with its text is among its diagnostics; those of severity error
        stop sending.
    """
    findings = Findings()
    front_matter = find_front_matter(source, read_front_matter, findings)
    check_keys(front_matter, findings)
    return ParsedNote(_Assembly(source, front_matter, findings, end_marks))


class ParsedNote(Note):
    """A note whose structure is known; its turns are put together when first asked for.

    Whether a file is a chat, and whether it changed, is asked far more often than what it says.
    """

    __slots__ = ("_assembly",)

    _assembly: "_Assembly"

    def __init__(self, assembly: "_Assembly") -> None:
        for name, value in (
            ("_assembly", assembly),
            ("source", assembly.source),
            ("front_matter", assembly.front_matter),
            ("is_chat", assembly.is_chat),
            ("end_marks", assembly.end_marks),
        ):
            object.__setattr__(self, name, value)

    @property
    def ending(self) -> tuple[Turn, ...]:
        """The turns from the last question on; those above it are not made for it."""
        return self._assembly.ending()

    def __getattr__(self, name: str) -> object:
        """Gives a field that is not set yet, and sets them all."""
        if name not in {"segments", "turns", "diagnostics", "conversation"}:
            raise AttributeError(name)
        segments, turns, diagnostics = self._assembly.parts()
        conversation = system_messages(self.front_matter) + _messages(turns)
        if "pin" in self.front_matter.values:
            conversation = pin_messages(self.front_matter, conversation)
        for field, value in (
            ("segments", segments),
            ("turns", turns),
            ("diagnostics", diagnostics),
            ("conversation", conversation),
        ):
            object.__setattr__(self, field, value)
        return object.__getattribute__(self, name)


class _Assembly:
    """Puts a note together from what the scanner found."""

    def __init__(
        self,
        source: SourceText,
        front_matter: FrontMatter,
        findings: Findings,
        end_marks: EndMarks,
    ) -> None:
        self.source = source
        self.end_marks = end_marks
        self.text = source.lf_text
        self.front_matter = front_matter
        self.findings = findings
        self.start = front_matter.span.end
        crlf = self.text is not source.data
        self.blocks = scan_blocks(self.text, self.start, crlf=crlf, end_marks=end_marks)
        self.headers = _live_headers(self.blocks.headers)
        self.is_chat = bool(self.headers) or (
            front_matter.values.get("notelog", False) is not False
        )
        self.view = View(source.data, self.text)
        self.lines = Lines(self.text)
        self.segments: list[tuple[SegmentKind, int, int]] = []

    def parts(self) -> tuple[Segments, tuple[Turn, ...], tuple[Diagnostic, ...]]:
        """The segments, the turns, and the diagnostics, which come of making them."""
        self._add_segment(SegmentKind.BOM, 0, self.source.text_start)
        self._add_segment(SegmentKind.FRONT_MATTER, self.front_matter.span.start, self.start)
        turns = tuple([self.turn(*place) for place in self._places()])
        self._report_unclosed()
        return Segments(self.segments), turns, self.findings.in_order()

    def _add_segment(self, kind: SegmentKind, start: int, end: int) -> None:
        if end > start:
            self.segments.append((kind, start, end))

    def ending(self) -> tuple[Turn, ...]:
        """The turns from the last question on; nothing else of the note is made."""
        spare = copy(self)
        spare.segments, spare.findings, spare.lines = [], Findings(), Lines(self.text)
        turns: list[Turn] = []
        for place in reversed(self._places()):
            turns.append(spare.turn(*place))
            if turns[-1].content and turns[-1].role is Role.USER:
                break
        return tuple(reversed(turns))

    def _places(self) -> list[tuple[Header, int]]:
        """How each turn begins, and where it ends."""
        headers = self.headers
        stops = [header.start for header in headers] + [len(self.text)]
        places = list(zip(headers, stops[1:], strict=True))
        if stops[0] > self.start or not headers:
            places.insert(0, (Header(self.start, -1, -1, self.start), stops[0]))
        return places

    def _marker(self, header: Header) -> tuple[Role, Marker | None]:
        """What a marker says; its model is metadata, never searched for role words."""
        found = MARKER_AFTER_SEPARATOR.match(self.text, max(header.marker, 0))
        if header.marker < 0 or not found:
            return Role.USER, None
        model = found["model"]
        marker = Marker(
            span=Span(header.marker, header.body),
            heading=found["before"],
            suffix=(found["suffix"] or b"").strip(),
            model=model.decode().strip() if model else "",
        )
        role = ROLES.get(found["name"].lower())
        if not role:
            shown = found["name"] or found["text"].split(b" ")[0]
            self.findings.add(
                "unknown-role",
                self.lines.of(header.marker),
                f"unknown role {shown.decode('utf-8', 'replace')[:40]!r}: the note is not sent",
                severity=Severity.ERROR,
                hint="use role::user, role::assistant, role::system or role::developer",
            )
        return role or Role.USER, marker

    def turn(self, header: Header, stop: int) -> Turn:
        """A turn by how it begins and where it ends; its segments and findings are added."""
        start, separator_end, _, body = header
        role, marker = self._marker(header)
        self._add_header(header)
        hidden = within(self.blocks.hidden, body, stop)
        callouts = within(self.blocks.callouts, body, stop)
        marks, pins = self._tasks(role, body, stop)
        metadata = [*callouts, *pins]
        metadata += [self._mark_range(mark, stop) for mark in marks]
        cuts = in_order(hidden, metadata)
        if role is Role.USER and (end_mark := self._end_mark(body, stop, cuts)):
            marks = (*marks, end_mark)
            metadata.append((end_mark.span.start, end_mark.span.end))
            cuts = in_order(hidden, metadata)
        self._add_body(body, stop, hidden, metadata)
        escapes = offsets_within(self.blocks.escapes, body, stop) if role is Role.ASSISTANT else ()
        content = self.view.content(body, stop, cuts, escapes)
        if role is Role.USER and self.blocks.links:
            self._report_links(body, stop)
        return Turn(
            role=role,
            span=Span(start, stop),
            separator=Span(start, separator_end) if separator_end >= 0 else None,
            marker=marker,
            body=Span(body, stop),
            content=content.text,
            lines=self._lines(content, start, stop),
            send_marks=marks,
            callouts=tuple(Span(*callout) for callout in callouts),
            ticked_boxes=sum(map(self._ticked_boxes, callouts)),
            open_block=self._open_block(start, stop),
            pinned=bool(pins),
        )

    def _add_header(self, header: Header) -> None:
        """Adds the segments of a separator and a marker, and of the blank lines between them."""
        start, end, marker, body = header
        if end >= 0:
            self._add_segment(SegmentKind.SEPARATOR, start, end)
        if marker >= 0:
            self._add_segment(SegmentKind.BODY, max(start, end), marker)
            self._add_segment(SegmentKind.MARKER, marker, body)

    def _tasks(
        self, role: Role, body: int, stop: int
    ) -> tuple[tuple[SendMark, ...], list[tuple[int, int]]]:
        """The send marks of a turn, and the ranges of its ticked pins."""
        tasks = self.blocks.tasks
        if not tasks:
            return (), []
        marks: list[SendMark] = []
        pins: list[tuple[int, int]] = []
        for place in range(bisect_left(tasks, body, key=_start_of), len(tasks)):
            task = tasks[place]
            if task.start() >= stop:
                break
            if covers(self.blocks.hidden, task.start()):
                continue
            label = task["label"].lower()
            if label == b"pin":
                if task["tick"] != b" ":
                    pins.append((task.start(), self._line_end(task.end())))
            elif role is Role.USER:
                marks.append(self._mark(task, label))
        return tuple(marks), pins

    def _mark(self, task: re.Match[bytes], label: bytes) -> SendMark:
        word = "send" if label in {b"send", "发送".encode()} else label.decode()
        line = self.text[task.start() : task.end("label")].strip(b" \t")
        tick = line.index(b"[") + 1
        return SendMark(
            span=Span(task.start(), self._line_end(task.end())),
            ticked=task["tick"] != b" ",
            checkbox=line[:tick] + b" " + line[tick + 1 :],
            label=word,
        )

    def _ticked_boxes(self, callout: tuple[int, int]) -> int:
        begun = CALLOUT.match(self.text, callout[0])
        if begun and self.text.startswith(b"-", begun.end()):
            return 0
        boxes = CALLOUT_TASK.finditer(self.text, *callout)
        return sum(box["tick"] != b" " for box in boxes)

    def _line_end(self, end: int) -> int:
        return min(end + 1, len(self.text))

    def _mark_range(self, mark: SendMark, stop: int) -> tuple[int, int]:
        """A mark's line with the empty task lines that an editor put below it."""
        end = mark.span.end
        while mark.checkbox and end < stop and (empty := EMPTY_TASK.match(self.text, end)):
            end = self._line_end(empty.end())
        return mark.span.start, end

    def _end_mark(self, body: int, stop: int, cuts: Sequence[tuple[int, int]]) -> SendMark | None:
        """An end mark where it is the last line of a turn that is not blank."""
        for begin, end in gaps(body, stop, cuts):
            shown = rstripped(self.text[begin:end])
            if not shown:
                continue
            if not shown.endswith(self.end_marks.endings):
                return None
            line = max(self.text.rfind(b"\n", body, begin + len(shown)) + 1, body)
            found = self.end_marks.closing.match(self.text, line) if line >= begin else None
            if not found or covers(self.blocks.protected, line):
                return None
            span = Span(line, self._line_end(found.end()))
            return SendMark(span=span, ticked=True, checkbox=b"", label="")
        return None

    def _add_body(
        self,
        body: int,
        stop: int,
        hidden: Sequence[tuple[int, int]],
        metadata: Sequence[tuple[int, int]],
    ) -> None:
        if not hidden and not metadata:
            self._add_segment(SegmentKind.BODY, body, stop)
            return
        at = body
        kinds = sorted(
            [(*each, SegmentKind.HIDDEN) for each in hidden]
            + [(*each, SegmentKind.METADATA) for each in metadata]
        )
        for begin, end, kind in kinds:
            self._add_segment(SegmentKind.BODY, at, begin)
            self._add_segment(kind, begin, end)
            at = end
        self._add_segment(SegmentKind.BODY, at, stop)

    def _lines(self, content: Content, start: int, stop: int) -> tuple[int, int]:
        if content.first < 0:
            return self.lines.of(start), self.lines.of(max(stop - 1, start))
        return self.lines.of(content.first), self.lines.of(content.last)

    def _open_block(self, start: int, stop: int) -> OpenBlock | None:
        """The block that a turn leaves open: one that protects, before one that is text."""
        blocks = self.blocks.unclosed
        if not blocks:
            return None
        first = bisect_left(blocks, start, key=_block_start)
        last = bisect_left(blocks, stop, key=_block_start)
        inside = blocks[first:last]
        strong = [block for block in inside if block.kind not in _WEAK]
        for candidates in (strong, inside):
            if candidates:
                return candidates[-1]
        return None

    def _report_unclosed(self) -> None:
        for block in self.blocks.unclosed:
            self.findings.add(
                f"unclosed-{block.kind}",
                self.lines.of(block.span.start),
                f"this {_BLOCK_WORDS[block.kind]} is never closed",
                hint=f"close it with a line {block.closer.decode('utf-8', 'replace').strip()}",
            )

    def _report_links(self, body: int, stop: int) -> None:
        for begin, end in within(self.blocks.links, body, stop):
            shown = self.text[begin:end].decode()
            if covers(self.blocks.hidden, begin):
                continue
            code, what = _link_kind(shown)
            shown = f"{shown[:60]}{'…)' if shown.endswith('](') else ''}"  # an image's address
            self.findings.add(
                code,
                self.lines.of(begin),
                f"{what} {shown} is not expanded: the model will not see what it points to",
                severity=Severity.INFO if code == "link-not-expanded" else Severity.WARNING,
            )


def _link_kind(shown: str) -> tuple[str, str]:
    if shown.startswith("[["):
        return "link-not-expanded", "link"
    if shown.startswith("![["):
        return "embed-not-expanded", "embed"
    return "image-not-sent", "image"


def _live_headers(headers: Sequence[Header]) -> Sequence[Header]:
    """The headers that count: a lone marker without any separator is text."""
    if len(headers) > 1 or any(header.separator_end >= 0 for header in headers):
        return headers
    return ()


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    return tuple(
        Message(role=turn.role, content=turn.content, lines=turn.lines, pinned=turn.pinned)
        for turn in turns
        if turn.content
    )


def _start_of(found: re.Match[bytes]) -> int:
    return found.start()


def _block_start(block: OpenBlock) -> int:
    return block.span.start
