"""Another answer in the place of one that is notelog's own.

All that goes is what the journal shows was put in; the earlier answer stays in sight, folded.
"""

from collections.abc import Iterator
from dataclasses import replace

from notelog.core.callout import earlier_callout, mark_callout, reasoning_callout
from notelog.core.edit import EditPlan, Insertion, Withdrawal
from notelog.core.inert import escape, normalise
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle, suffix_of
from notelog.core.standing import Standing, folded_in, header_of
from notelog.core.verify import problems_of
from notelog.core.wordings import wordings


def plan_replacement(
    note: Note,
    turn_index: int,
    standing: Standing,
    reply_text: str,
    *,
    fingerprint: str,
    style: ReplyStyle,
    earlier: str = "",
) -> EditPlan:
    """Plans how a reply takes the place of the answer that stands in a note.

    Args:
        note: the note as it is now, without errors.
        turn_index: the question in ``note.turns``.
        standing: the answer that goes.
        reply_text: what the model said; not blank.
        fingerprint: of the note's bytes.
        style: how it is written.
        earlier: the title under which the old answer stays in sight; empty where the new one
            holds it.

    Returns:
        The plan. Where no wording reads back as written, the last one tried: ``verify_plan``
        says what is wrong with it.
    """
    content = normalise(reply_text, inert=style.inert_replies, end_marks=note.end_marks)
    plan = EditPlan(
        fingerprint=fingerprint, size=len(note.source.data), insertions=(), turn_index=turn_index
    )
    renaming = tuple(_renaming(note, standing, style))
    old = escape(standing.answer.content, note.end_marks).split("\n")
    for wording in wordings(content, note.end_marks):
        for guarded in (False, True) if earlier else (False,):
            above = earlier_callout(earlier, old, guarded=guarded) if earlier else []
            pieces = (
                Insertion(offset=standing.taken_out.offset, data=piece)
                for piece in _pieces(note, above, wording, style)
            )
            steps = (*renaming, *pieces, standing.taken_out)
            plan = replace(
                plan,
                insertions=tuple(step for step in steps if isinstance(step, Insertion)),
                withdrawals=tuple(step for step in steps if isinstance(step, Withdrawal)),
                content=wording,
            )
            if not problems_of(note, plan):
                return plan
    return plan


def _pieces(note: Note, above: list[str], wording: str, style: ReplyStyle) -> Iterator[bytes]:
    """The folded earlier answer, and apart from it the new one with its callouts."""
    if above:
        yield _lines(note, [*above, "", ""])
    lines = escape(wording, note.end_marks).split("\n")
    if style.reasoning and style.reasoning.strip():
        lines = [*reasoning_callout(style.reasoning), "", *lines]
    if style.mark is not None:
        lines = [*lines, "", *mark_callout(style.mark, style.box)]
    yield _lines(note, lines)


def _lines(note: Note, lines: list[str]) -> bytes:
    return note.source.newline.decode().join(lines).encode("utf-8", "replace")


def _renaming(
    note: Note, standing: Standing, style: ReplyStyle
) -> Iterator[Insertion | Withdrawal]:
    """What gives the marker the name of another model, where the name there is notelog's own."""
    marker = standing.answer.marker
    suffix = suffix_of(note, style)
    if marker is None or not marker.suffix or not suffix or marker.suffix == suffix:
        return
    line = note.source.data[marker.span.start : marker.span.end].rstrip()
    if record_id := _named_by(standing, marker.suffix, line):
        offset = marker.span.start + line.rindex(marker.suffix)
        yield Insertion(offset=offset, data=suffix)
        yield Withdrawal(offset=offset, data=marker.suffix, record_id=record_id)


def _named_by(standing: Standing, name: bytes, line: bytes) -> int:
    """The record that put the name of a model into the header of an answer; 0 where none did.

    An answer that took the place of another of the same model left the name that was there. Of a
    reply that quotes the line it cannot be told whose the header is.
    """
    shown = standing.taken_out.data
    for record in (standing.record, *reversed(standing.earlier)):
        for landed in record.landings:
            own_header = line in header_of(landed) and line not in shown
            if own_header or name in (piece.data for piece in landed.reply[:-1]):
                return record.record_id
        folded = b"".join(map(folded_in, record.landings))
        if not folded and not record.intent.continues:
            return 0
        shown = folded or shown
    return 0
