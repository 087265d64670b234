"""The answer that stands in a note, and whether every byte of it is notelog's own.

Only then may another take its place. An answer that was changed since it came, or that somebody
else wrote, is a person's text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notelog.core.callouts import ticked_or_not
from notelog.core.content import is_blank
from notelog.core.dialect import MARKER, SEPARATOR
from notelog.core.edit import Landed, Withdrawal
from notelog.core.messages import Role
from notelog.core.note import Note, SegmentKind, Turn
from notelog.core.note_style import MODEL_NAME
from notelog.core.placing import question_end
from notelog.core.records import CLOSING_LINE, TurnRecord, TurnState
from notelog.core.source import SourceText

_SLASHES = rb"(?P<slashes>\\*)"
_HEADER = re.compile(
    rb"(?:[ \t]*\n)*+(?:"
    + CLOSING_LINE.pattern.encode()
    + rb"[ \t]*\n(?:[ \t]*\n)++)?"
    + SEPARATOR.pattern.replace(_SLASHES, b"").replace(b"(?P<before> {0,3})", b"")
    + rb"\n[ \t]*\n"
    + MARKER.pattern.replace(_SLASHES, b"")
    + rb"(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
"""The separator and marker above a reply, and the line that closes the block of its question."""

_FOLDED = b"> [!notelog]-"
_BLANK_LINES = re.compile(rb"(?:[ \t]*(?:\r\n|\n|\r))*+")
_BLANK_END = re.compile(rb"(?:[\r\n][ \t]*)+\Z")
_LINE_ENDS = (b"\n", b"\r")
_CHANGED = "the answer was changed after it came"
_FOREIGN = "the answer was not written by notelog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An answer that is notelog's own.

    Attributes:
        record: the turn of the journal that gave it.
        answer: its turn in the note.
        taken_out: all of it, with the callout below it, but for its header.
        earlier: the attempts whose replies stood there before, the oldest first; it may have taken
            the place of the last.
    """

    record: TurnRecord
    answer: Turn
    taken_out: Withdrawal
    earlier: tuple[TurnRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOurs:
    """The answer is a person's text, or there is none to replace."""

    reason: str


def find_standing(
    note: Note, turn_index: int, attempts: Sequence[TurnRecord]
) -> Standing | NotOurs:
    """The answer to a question, if it is still exactly as one of these attempts put it there.

    A box of notelog's that was ticked since is no change: the tick is the wish.

    Args:
        note: the note as it is now.
        turn_index: the question in ``note.turns``.
        attempts: at this question, the oldest first.
    """
    below = note.turns[question_end(note, turn_index) + 1 :]
    filled = [turn for turn in below if turn.content]
    if not filled or filled[0].role is not Role.ASSISTANT:
        return NotOurs(reason="the question has no answer")
    if len(filled) > 1:
        return NotOurs(reason="newer text stands below the answer")
    answer = filled[0]
    landed = False
    for record in reversed(attempts):
        for landing in reversed(record.landings):
            landed = True
            for place in _places(note, answer, landing):
                if _is_all(note, answer, *place.span()):
                    taken_out = Withdrawal(
                        offset=place.start(), data=place[0], record_id=record.record_id
                    )
                    return Standing(
                        record=record,
                        answer=answer,
                        taken_out=taken_out,
                        earlier=tuple(_landed_before(record, attempts)),
                    )
    return NotOurs(reason=_CHANGED if landed else _FOREIGN)


def _landed_before(record: TurnRecord, attempts: Sequence[TurnRecord]) -> Iterator[TurnRecord]:
    for item in attempts:
        if item.record_id < record.record_id and item.state is TurnState.DELIVERED:
            yield item


def bodies_of(landed: Landed) -> Iterator[bytes]:
    """What of a landing may be the reply itself, with its callouts, without blank lines around it.

    Whether a header was put in too shows only in the note: a reply may quote one.
    """
    piece = landed.reply[-1].data if landed.reply else b""
    yield _trimmed(piece)
    if header := header_of(landed):
        yield _trimmed(piece[len(header) :])


def folded_in(landed: Landed) -> bytes:
    """The callout that holds the reply whose place a landing took; empty where there is none."""
    above = landed.reply[:-1]
    beside = (item.data for item in above if item.offset == landed.reply[-1].offset)
    return next((data for data in beside if data.startswith(_FOLDED)), b"")


def header_of(landed: Landed) -> bytes:
    """The separator and marker that a landing begins with above its reply; empty for none."""
    if not landed.reply or folded_in(landed):
        return b""
    piece = landed.reply[-1].data
    header = _HEADER.match(SourceText(piece).lf_text)
    return piece[: header.end()] if header else b""


def model_name_in(record: TurnRecord) -> bytes:
    """What a reply put into its header to name the model; empty where it named none."""
    for landing in reversed(record.landings):
        if named := MODEL_NAME.search(header_of(landing)):
            return named[0]
        for piece in landing.reply[:-1]:
            if MODEL_NAME.fullmatch(piece.data):
                return piece.data
    return b""


def _trimmed(piece: bytes) -> bytes:
    blank = _BLANK_LINES.match(piece)
    return _BLANK_END.sub(b"", piece[blank.end() if blank else 0 :])


def _places(note: Note, answer: Turn, landed: Landed) -> Iterator[re.Match[bytes]]:
    """Where a reply may stand in an answer, as lines of its own."""
    data = note.source.data
    for body in filter(None, bodies_of(landed)):
        for found in ticked_or_not(body).finditer(data, answer.body.start, answer.body.end):
            if data[found.start() - 1 : found.start()] in _LINE_ENDS:
                yield found


def _is_all(note: Note, answer: Turn, start: int, end: int) -> bool:
    """Whether nothing that is sent stands in the answer before or after a range."""
    data = note.source.data
    for segment in note.segments:
        span = segment.span
        if segment.kind is not SegmentKind.BODY or not _within(span.start, span.end, answer):
            continue
        before = data[span.start : min(max(start, span.start), span.end)]
        after = data[max(min(end, span.end), span.start) : span.end]
        if not is_blank(before.decode()) or not is_blank(after.decode()):
            return False
    return True


def _within(start: int, end: int, turn: Turn) -> bool:
    return turn.body.start <= start and end <= turn.body.end
