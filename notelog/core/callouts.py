"""What notelog says in a note of a question that has no whole answer: cause, and next step.

A person with a phone sees nothing else. Pure: which callout an outcome deserves, and the plans
that put it there and take it out again. There is never more than one for a question.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from notelog.core.claim import claim_head
from notelog.core.dialect import CALLOUT_TASK, DONE_DATE
from notelog.core.edit import EditPlan, Withdrawal
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.placing import mark_insertions, question_end
from notelog.core.records import LeftCallout
from notelog.core.triggers import TICKED_IN_VAIN
from notelog.core.verify import problems_of
from notelog.errors import (
    BudgetError,
    ConfigurationError,
    ConflictError,
    InDoubtError,
    InterruptedByUserError,
    NoteGrammarError,
    NotelogError,
    NoteWriteError,
    ProfileStoppedError,
    ProviderRefusedError,
    ProviderUnavailableError,
    QuestionTooLargeError,
)

Box = Literal["", "again", "retry"]


_CALLOUT = re.compile(rb"(?<![^\r\n])(?!(?<=\r)\n)(?:\r\n|\n|\r)*> \[!notelog\]")
"""A callout with the blank lines above it, but without the end of a line of text."""

_KEPT = "The reply is kept: notelog deliver puts it into the note"
_MENDED = "When that is put right, tick the box to ask once more"
_STEPS: tuple[tuple[tuple[type[NotelogError], ...], str, bool], ...] = (
    ((InDoubtError,), "Tick the box to ask once more; that may be billed a second time", False),
    ((InterruptedByUserError,), "Tick the box to ask anew", False),
    ((ProfileStoppedError,), _MENDED, False),
    ((BudgetError, ProviderUnavailableError), "Tick the box to ask then", True),
    ((ConfigurationError, ProviderRefusedError), _MENDED, True),
)
"""Errors, the next step for who has a phone and no terminal, and whether the hint helps there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """What is said below a question.

    Attributes:
        text: cause and next step, in sentences.
        box: the label of a box to tick, where that is the next step.
    """

    text: str
    box: Box = ""


REPLY_IS_KEPT = Callout(
    text="The note was changed while an answer to its last message was on its way, so the answer "
    "was not put in. It is kept: notelog deliver NOTE puts it below that message where it stands "
    "again as it was, notelog deliver --at-end NOTE below the end of the note. To ask what stands "
    "here now, tick the box.",
    box="retry",
)
"""For who changed a message and looks at the note, not at the watcher."""

REPLY_IS_OVERWRITTEN = Callout(
    text="The answer to this message was in the note, and some program saved an older text over it "
    "again and again. It is kept: close that program, and notelog deliver NOTE puts it back. To "
    "ask anew, tick the box.",
    box="retry",
)
"""The same for who looks at a note whose editor does not know of the answer."""

NEWEST_IS_OVERWRITTEN = Callout(
    text="A newer answer to the last question was in the note, and some program saved an older "
    "text over it again and again. It is kept: close that program, and notelog deliver NOTE puts "
    "it back. To ask anew, tick the box.",
    box="retry",
)
"""And of the answer that another was asked for, and that stood in the place of an earlier one."""


def callout_for(error: NotelogError) -> Callout | None:
    """The callout for an error that left a question without an answer.

    Args:
        error: what ended the turn.

    Returns:
        None where nothing can be said in the note: it cannot be written, or it is the note's
        newer text that stands in the way and speaks for itself.
    """
    if isinstance(error, NoteWriteError) and not error.lasting:
        return None
    if isinstance(error, NoteWriteError | NoteGrammarError | QuestionTooLargeError):
        where = f"line {error.line}: " if error.line else ""
        return Callout(text=_sentences(f"{where}{error.message}", error.hint))
    if isinstance(error, ConflictError):
        return Callout(text=_sentences(error.message, error.hint if error.lasting else _KEPT))
    for kinds, step, with_hint in _STEPS:
        if isinstance(error, kinds):
            hint = error.hint if with_hint else ""
            return Callout(text=_sentences(error.message, hint, step), box="retry")
    return Callout(text=_sentences(error.message, error.hint), box="retry")


def _sentences(*parts: str) -> str:
    """Sentences on one line, each with a capital and a full stop."""
    said = (" ".join(part.split()).rstrip(".") for part in parts if part.strip())
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in said)


TICK_IN_VAIN = Callout(text=_sentences(TICKED_IN_VAIN.sentence, TICKED_IN_VAIN.hint))
"""For who ticked a box where it can do nothing."""


def plan_callout(
    note: Note,
    turn_index: int,
    callout: Callout,
    left: Sequence[LeftCallout],
    *,
    fingerprint: str,
) -> EditPlan | None:
    """Plans how a callout is put below a question, in the place of an earlier one.

    Args:
        note: the note as it is now.
        turn_index: the question in ``note.turns``.
        callout: what is said.
        left: the callouts that were put below this question before.
        fingerprint: of the note's bytes.

    Returns:
        None where it stands there already, or would change what the note says.
    """
    style = ReplyStyle(mark=callout.text, box=callout.box)
    insertions = mark_insertions(note, turn_index, style)
    standing = standing_callouts(note, turn_index, left)
    added = b"".join(item.data for item in insertions)
    if any(item.data.strip() == added.strip() for item in standing):
        return None
    plan = EditPlan(
        fingerprint=fingerprint,
        size=len(note.source.data),
        insertions=insertions,
        withdrawals=standing,
        turn_index=turn_index,
    )
    return None if problems_of(note, plan) else plan


def callout_in(note: Note, plan: EditPlan) -> tuple[bytes, int]:
    """What of a planned callout goes when it is resolved: not what ends the text above it.

    That is the end of its last line, and the line that closes a block.

    Returns:
        The bytes, and where they are appended to the note; -1 where they are put in elsewhere.
    """
    added = b"".join(item.data for item in plan.insertions)
    start = plan.insertions[0].offset
    before = note.source.data[max(start - 1, 0) : start]
    found = _CALLOUT.search(before + added, len(before))
    place = found.start() - len(before) if found else 0
    return added[place:], -1 if plan.appended is None else plan.size + place


def without_callouts(
    note: Note, plan: EditPlan, left: Sequence[LeftCallout], *, anew: bool = False
) -> EditPlan:
    """A plan that answers a question, and takes out the callouts which that resolves.

    Args:
        note: the note as it is now.
        plan: puts the reply there.
        left: the callouts that were put below its question.
        anew: the reply takes an answer's place: also those below that one.
    """
    standing = standing_callouts(note, plan.turn_index, left, to_end=anew)
    if not standing:
        return plan
    withdrawals = sorted((*plan.withdrawals, *standing), key=lambda item: item.offset)
    resolved = replace(plan, withdrawals=tuple(withdrawals))
    return plan if problems_of(note, resolved) else resolved


def standing_callouts(
    note: Note, turn_index: int, left: Sequence[LeftCallout], *, to_end: bool = False
) -> tuple[Withdrawal, ...]:
    """The callouts that stand below a question as they were put there, whether or not ticked.

    Args:
        note: the note as it is now.
        turn_index: the question in ``note.turns``.
        left: the callouts that were put into the note.
        to_end: look to the end of the note, and not to the end of the question.
    """
    last = len(note.turns) - 1 if to_end else question_end(note, turn_index)
    start = note.turns[turn_index].span.start
    end = note.turns[last].span.end
    found: dict[int, Withdrawal] = {}
    for item in left:
        first, last = _place_of(item, note.source.data, start, end)
        if any(
            first <= span.start and span.end <= last
            for turn in note.turns[turn_index : last + 1]
            for span in turn.callouts
        ):
            found[first] = Withdrawal(
                offset=first, data=note.source.data[first:last], record_id=item.callout_id
            )
    return tuple(found[offset] for offset in sorted(found))


def shown_end(note: Note, left: Sequence[LeftCallout]) -> int:
    """Where the part of a reply ends that is shown in a note while it arrives; 0 for nowhere."""
    claims = [item for item in left if claim_head(item)]
    for index in reversed(range(len(note.turns)) if claims else ()):
        for item in standing_callouts(note, index, claims):
            if item.data.count(b">") > 1:
                return item.offset + len(item.data)
    return 0


def _place_of(left: LeftCallout, data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where a callout stands, or a beginning of one that grows: as an editor's buffer had it.

    Returns:
        From and to; the same where there is nothing of it.
    """
    place = ticked_or_not(left.inserted).search(data, start, end)
    if place is not None:
        return place.span()
    head = claim_head(left)
    first = data.find(left.inserted[: left.inserted.find(head) + len(head)], start, end)
    if not head or first < 0:
        return end, end
    most = min(len(left.inserted), end - first)
    same = bisect_left(
        range(most), True, key=lambda at: data[first : first + at + 1] != left.inserted[: at + 1]
    )
    return first, first + same


def ticked_or_not(data: bytes) -> re.Pattern[bytes]:
    """A pattern for bytes that notelog inserted, in which a box may have been ticked since."""
    parts: list[bytes] = []
    done = 0
    for box in CALLOUT_TASK.finditer(data):
        parts += (re.escape(data[done : box.start("tick")]), rb"[ xX]")
        parts += (re.escape(data[box.end("tick") : box.end("label")]), DONE_DATE)
        done = box.end("date")
    return re.compile(b"".join((*parts, re.escape(data[done:]))))
