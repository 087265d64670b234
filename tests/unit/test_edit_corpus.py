"""The golden cases of writing, byte for byte."""

import pytest
from write_cases import WriteCase, write_cases

import notelog
from notelog.core.edit import apply_plan
from notelog.core.landing import ReplyStyle, plan_reply, verify_plan
from notelog.core.turn import ReplyDue, State, next_turn, state_of


@pytest.mark.parametrize("case", write_cases(), ids=lambda case: case.name)
def test_the_note_after_is_the_golden_one(case: WriteCase) -> None:
    """A reply is written byte for byte as the golden note shows, and the plan is sound."""
    note = notelog.parse(case.before)
    due = next_turn(note, named=True)
    assert isinstance(due, ReplyDue)
    style = ReplyStyle(model="m")
    plan = plan_reply(note, due.turn_index, case.reply, fingerprint="f", style=style)
    written = apply_plan(case.before, plan)
    assert written.decode() == case.after.decode()
    after = notelog.parse(written)
    assert verify_plan(note, plan, after) == ()
    assert state_of(after) is State.ANSWERED
    assert plan.appended is not None


def test_there_are_cases() -> None:
    """The folder of cases was found."""
    assert len(write_cases()) >= 14
