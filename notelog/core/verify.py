"""Checks a planned note before a byte of it is written, and trusts no planner."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from notelog.core.content import without_outer_blank_lines
from notelog.core.edit import EditPlan, Insertion, Withdrawal, apply_plan
from notelog.core.frontmatter import FrontMatterFault, FrontMatterValues
from notelog.core.messages import Role
from notelog.core.note import Note
from notelog.core.note_style import DEFAULT_SEPARATOR
from notelog.core.parse import parse_note
from notelog.core.placing import question_end
from notelog.core.source import SourceText
from notelog.core.turn import State, state_of

Said = tuple[Role, str]
_USER_HEADER = b"\n\n" + DEFAULT_SEPARATOR + b"\n\nrole::user\n\n"


def verify_plan(old: Note, plan: EditPlan, new: Note) -> tuple[str, ...]:
    """What is wrong with a plan; empty where it may be written.

    The old bytes must all be there, in order. The messages must be the same as before, and
    exactly the reply in addition, directly below the question, or in the place of an answer that
    the plan takes out. The one other difference that is
    allowed is the line that closes a block the question left open.

    Args:
        old: the note for which the plan was made.
        plan: the plan.
        new: the note as it would be, parsed.
    """
    problems = [
        *_byte_problems(old.source.data, plan, new.source.data),
        *_message_problems(old, plan, new),
    ]
    if new.front_matter.span != old.front_matter.span:
        problems.append("the front matter would be another")
    if len(new.errors) > len(old.errors):
        problems.append(f"it would be in error: {new.errors[-1].message}")
    return tuple(problems)


def problems_of(note: Note, plan: EditPlan) -> tuple[str, ...]:
    """What is wrong with a plan for a note whose front matter it does not touch."""
    new = parsed_alike(note, apply_plan(note.source.data, plan))
    return verify_plan(note, plan, new)


def _byte_problems(old: bytes, plan: EditPlan, new: bytes) -> Iterator[str]:
    """Walks through both notes; only what the plan names may differ."""
    steps: list[Insertion | Withdrawal] = [*plan.insertions, *plan.withdrawals]
    done = place = 0
    for step in sorted(steps, key=lambda step: step.offset):
        kept = old[done : step.offset]
        if step.offset < done or not new.startswith(kept, place):
            break
        place += len(kept)
        done = step.offset
        if isinstance(step, Withdrawal):
            if not old.startswith(step.data, done):
                break
            done += len(step.data)
        elif new.startswith(step.data, place):
            place += len(step.data)
        else:
            yield "what is inserted would not be there"
            return
    if old[done:] != new[place:]:
        yield "bytes of the note would be lost or moved"


def _message_problems(old: Note, plan: EditPlan, new: Note) -> tuple[str, ...]:
    uncut, old = old, _without(old, plan, withdrawals=()) if plan.split_at is not None else old
    question = _filled_up_to(old, plan.turn_index) - 1
    answered = _filled_up_to(old, question_end(old, plan.turn_index))
    before = _said(old)
    if plan.content and plan.withdrawals:
        kept = _said(_without(uncut, plan, withdrawals=plan.withdrawals))
        if kept != before and kept != before[:answered] + before[answered + 1 :]:
            return ("what is taken out would be more than the answer",)
        before = kept
    problems = tuple(_differences(old, plan, new, before, question, answered))
    if problems and not old.is_chat:
        before = _said(_as_chat(old))
        problems = tuple(_differences(old, plan, new, before, len(before) - 1, len(before)))
    return problems


def _differences(
    old: Note, plan: EditPlan, new: Note, before: list[Said], question: int, answered: int
) -> Iterator[str]:
    """What the new note says otherwise than before, the reply after ``answered`` messages apart."""
    after = _said(new)
    if plan.content:
        if after[answered : answered + 1] != [(Role.ASSISTANT, plan.content)]:
            yield "the reply would not be read back as it is"
            return
        del after[answered]
        if answered == len(before) and state_of(new) is not State.ANSWERED:
            yield "the note would not count as answered"
    if len(after) != len(before):
        yield f"it would hold {len(after) - len(before):+d} other messages"
        return
    for index, (was, would_be) in enumerate(zip(before, after, strict=True)):
        if was != would_be and not (index == question and _closed(old, plan, was, would_be)):
            yield f"message {index + 1} of the note would change"


def _filled_up_to(note: Note, index: int) -> int:
    return len([turn for turn in note.turns[: index + 1] if turn.content])


def _said(note: Note) -> list[Said]:
    return [(turn.role, turn.content) for turn in note.turns if turn.content]


def _without(old: Note, plan: EditPlan, *, withdrawals: tuple[Withdrawal, ...]) -> Note:
    """A note without that which the plan takes out, with its question and what was typed below."""
    cut: tuple[Insertion, ...] = ()
    if plan.split_at is not None:
        cut = (Insertion(offset=plan.split_at, data=_USER_HEADER),)
    data = apply_plan(old.source.data, replace(plan, insertions=cut, withdrawals=withdrawals))
    return parsed_alike(old, data)


def _closed(old: Note, plan: EditPlan, was: Said, would_be: Said) -> bool:
    """Whether a message gained nothing but the line that closes its open block."""
    block = old.turns[plan.turn_index].open_block
    added = would_be[1].removeprefix(was[1])
    return (
        block is not None
        and was[0] is would_be[0]
        and would_be[1].startswith(was[1])
        and without_outer_blank_lines(added).strip(" \t") == block.closer.decode().strip(" \t")
    )


def _as_chat(note: Note) -> Note:
    """A note that is no chat, as its text reads once a separator below makes it one."""
    data = note.source.data + _USER_HEADER
    return parsed_alike(note, data)


def parsed_alike(note: Note, data: bytes) -> Note:
    """Parses other bytes of a note as the note was, its front matter taken from there."""
    return parse_note(SourceText(data), same_front_matter(note), end_marks=note.end_marks)


def same_front_matter(
    note: Note,
) -> Callable[[str], FrontMatterValues | FrontMatterFault | None]:
    """Reads the front matter as it was read before: nothing is ever inserted into it."""

    def read(_block: str) -> FrontMatterValues | None:
        if not note.front_matter.span:
            return None
        return FrontMatterValues(values=note.front_matter.values, lines={})

    return read
