"""The laws of another answer: all that a person wrote stays, and only the newest answer is sent."""

from dataclasses import replace

from hostile_text import SEPARATOR, notes, texts
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import notelog
from notelog.core.callouts import Callout, callout_in, plan_callout, without_callouts
from notelog.core.edit import EditPlan, apply_plan, landed_by
from notelog.core.inert import normalise
from notelog.core.landing import ReplyStyle, plan_reply
from notelog.core.note import Note
from notelog.core.records import Intent, LeftCallout, TurnRecord, TurnState
from notelog.core.replacing import plan_replacement
from notelog.core.standing import Standing, find_standing
from notelog.core.turn import ReplyDue, answered_turn, next_turn, ticked
from notelog.core.undo import plan_undo
from notelog.core.verify import verify_plan

many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
styles = st.builds(
    ReplyStyle,
    model=st.sampled_from(["m", "用户 (user)", "a-longer-name"]),
    model_suffix=st.sampled_from(["auto", "always", "never"]),
    inert_replies=st.booleans(),
    mark=st.one_of(st.none(), texts),
    box=st.sampled_from(["", "again"]),
    reasoning=st.one_of(st.none(), st.none(), texts),
)
plain = ReplyStyle(model="m")
EMPTY = f"Q?\n\n{SEPARATOR}\n\nrole::assistant\n\n".encode()


def record_of(plan: EditPlan, number: int) -> TurnRecord:
    """What the journal holds of a plan that was carried out."""
    intent = Intent(
        turn_key="k", note="n", vault="v", profile="p", model="m", prompt_tokens=1, prompt="q"
    )
    return TurnRecord(
        record_id=number,
        attempt=number,
        intent=intent,
        state=TurnState.DELIVERED,
        started_at=0.0,
        landings=(landed_by(plan),),
    )


def said(note: Note) -> list[tuple[str, str]]:
    """The messages of a note's turns."""
    return [(turn.role, turn.content) for turn in note.turns if turn.content]


def carried_out(data: bytes, plan: EditPlan) -> bytes:
    """The note after a plan that the verifier passes."""
    after = apply_plan(data, plan)
    assert verify_plan(notelog.parse(data), plan, notelog.parse(after)) == ()
    return after


def answered(data: bytes, reply: str, style: ReplyStyle) -> tuple[bytes, TurnRecord]:
    """A note with a first answer, and the journal's record of that."""
    note = notelog.parse(data)
    due = next_turn(note, named=True)
    assume(not note.errors and isinstance(due, ReplyDue))
    assert isinstance(due, ReplyDue)
    plan = plan_reply(note, due.turn_index, reply, fingerprint="", style=style)
    assume(plan.content)
    assume(answered_turn(notelog.parse(apply_plan(data, plan))))
    return carried_out(data, plan), record_of(plan, 1)


def anew(
    data: bytes, records: list[TurnRecord], reply: str, style: ReplyStyle, title: str
) -> tuple[bytes, TurnRecord]:
    """The note with another answer."""
    note = notelog.parse(data)
    due = answered_turn(note)
    assert due is not None
    standing = find_standing(note, due.turn_index, records)
    assert isinstance(standing, Standing)
    assume(normalise(reply, inert=style.inert_replies))
    plan = plan_replacement(
        note, due.turn_index, standing, reply, fingerprint="", style=style, earlier=title
    )
    return carried_out(data, plan), record_of(plan, len(records) + 1)


@many
@given(notes(), texts, texts, texts, styles, styles)
@example(EMPTY + "\u3000\n\u2028\n".encode(), "A", "B\n\u3000", "\x0c\nC", plain, plain)
def test_only_the_newest_answer_is_said(
    data: bytes, first: str, second: str, third: str, style: ReplyStyle, other: ReplyStyle
) -> None:
    """Whatever the answers say: one message in the place of one, and nothing else is different."""
    after, record = answered(data, first, style)
    records = [record]
    before = said(notelog.parse(after))
    boxes = ticked(notelog.parse(data))[0]
    for reply, with_style in ((second, other), (third, style)):
        after, record = anew(after, records, reply, with_style, "Earlier answer (m, day)")
        records.append(record)
        now = said(notelog.parse(after))
        assert now[:-1] == before[:-1]
        assert ticked(notelog.parse(after))[0] == boxes
    assert after.count(b"> [!notelog]- Earlier answer (m, day)") == 2


@many
@given(notes(), texts, texts, styles)
def test_every_byte_of_the_person_stays(
    data: bytes, first: str, second: str, style: ReplyStyle
) -> None:
    """Without what the journal shows was put in, the note is what it was before."""
    after, record = answered(data, first, style)
    again, _ = anew(after, [record], second, style, "Earlier answer (m, day)")
    place = 0
    for byte in data:
        place = again.find(bytes([byte]), place) + 1
        assert place > 0


@many
@given(notes(), texts, texts, texts, styles, styles)
@example(b"Q?", "A", f"\t{SEPARATOR} role::user\n{SEPARATOR}", "C", plain, plain)
@example(b"Q?", "A", f"```\n{SEPARATOR}\nrole::user\nB\n```", "C", plain, plain)
def test_undo_of_another_answer_gives_back_the_note(
    data: bytes, first: str, second: str, third: str, style: ReplyStyle, other: ReplyStyle
) -> None:
    """The earlier answer and the name of its model stand there again, byte for byte."""
    after, record = answered(data, first, style)
    notes_so_far, records = [after], [record]
    for reply, with_style in ((second, other), (third, style), (second, style), (first, other)):
        after, record = anew(after, records, reply, with_style, "Earlier answer (m, day)")
        notes_so_far.append(after)
        records.append(record)
    while len(records) > 1:
        record = records.pop()
        plan = plan_undo(notelog.parse(after), record, fingerprint="", earlier=records)
        assert plan is not None
        after = apply_plan(after, plan)
        notes_so_far.pop()
        assert after == notes_so_far[-1]


@many
@given(notes(), texts, styles, st.sampled_from(["", "retry"]))
@example(b"Q?", "", replace(plain, reasoning="Hm."), "")
def test_a_callout_comes_and_goes(data: bytes, text: str, style: ReplyStyle, box: str) -> None:
    """It changes nothing that is said, and an answer leaves the note as if it had never stood."""
    note = notelog.parse(data)
    due = next_turn(note, named=True)
    assume(not note.errors and isinstance(due, ReplyDue))
    assert isinstance(due, ReplyDue)
    callout = Callout(text=text, box="retry" if box else "")
    plan = plan_callout(note, due.turn_index, callout, (), fingerprint="")
    assume(plan is not None)
    assert plan is not None
    told = apply_plan(data, plan)
    if note.turns[due.turn_index].open_block is None:
        assert said(notelog.parse(told)) == said(note)
    left = LeftCallout(callout_id=1, inserted=callout_in(note, plan)[0])
    whole = replace(style, mark=None)
    reply = plan_reply(notelog.parse(told), due.turn_index, "Yes.", fingerprint="", style=whole)
    without = without_callouts(notelog.parse(told), reply, [left])
    shown = left.inserted.strip()
    assert apply_plan(told, without).count(shown) == apply_plan(told, reply).count(shown) - 1
    after = notelog.parse(apply_plan(told, without))
    assert [text for role, text in said(after) if role == "assistant"][-1] == "Yes."
