"""The laws of taking a reply out again: the note is what it was, and what was typed since stays."""

from hostile_text import notes, texts
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import notelog
from notelog.core.asked import questions
from notelog.core.edit import EditPlan, apply_plan, landed_by
from notelog.core.landing import ReplyStyle, plan_reply
from notelog.core.note import Note
from notelog.core.records import Intent, TurnRecord, TurnState, turn_key
from notelog.core.turn import ReplyDue, next_turn
from notelog.core.undo import plan_undo

TYPED = "Mine: 我的下一个问题?"
styles = st.builds(
    ReplyStyle,
    model=st.sampled_from(["m", "用户 (user)"]),
    model_suffix=st.sampled_from(["auto", "always"]),
    inert_replies=st.booleans(),
    mark=st.one_of(st.none(), st.none(), texts),
    reasoning=st.one_of(st.none(), st.none(), texts),
)
many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def answered(data: bytes, reply: str, style: ReplyStyle) -> tuple[bytes, TurnRecord]:
    """A note with a reply in it, and the journal's record of that."""
    note = notelog.parse(data)
    due = next_turn(note, named=True)
    assume(not note.errors and isinstance(due, ReplyDue))
    assert isinstance(due, ReplyDue)
    plan = plan_reply(note, due.turn_index, reply, fingerprint="f", style=style)
    assume(plan.content)
    key = turn_key(due.conversation)
    assert questions(note)[key] == due.turn_index
    return apply_plan(data, plan), recorded(plan, key)


def recorded(plan: EditPlan, key: str) -> TurnRecord:
    """What the journal holds of a plan that was carried out."""
    intent = Intent(
        turn_key=key, note="n", vault="v", profile="p", model="m", prompt_tokens=1, prompt="q"
    )
    return TurnRecord(
        record_id=1,
        attempt=1,
        intent=intent,
        state=TurnState.DELIVERED,
        started_at=0.0,
        landings=(landed_by(plan),),
    )


def said(note: Note) -> list[str]:
    """What the messages say, blanks apart."""
    return ["".join(turn.content.split()) for turn in note.turns if turn.content]


@many
@given(notes(), texts, styles)
def test_undo_gives_back_the_very_note(data: bytes, reply: str, style: ReplyStyle) -> None:
    """A reply that nobody touched goes, and every byte of the note is as it was before it came."""
    after, record = answered(data, reply, style)
    plan = plan_undo(notelog.parse(after), record, fingerprint="f")
    assert plan is not None
    assert apply_plan(after, plan) == data


@many
@given(notes(), texts, styles)
def test_what_was_typed_since_stays(data: bytes, reply: str, style: ReplyStyle) -> None:
    """Text typed below the reply stays a message of its own, and no byte of it goes."""
    after, record = answered(data, reply, style)
    assume(not notelog.parse(after).turns[-1].content)
    typed = after + b"\n" + TYPED.encode()
    note = notelog.parse(typed)
    plan = plan_undo(note, record, fingerprint="f")
    if plan is None:
        event("refused")
        return
    left = apply_plan(typed, plan)
    assert left.endswith(TYPED.encode())
    *above, _, mine = said(note)
    kept = said(notelog.parse(left))
    assert len(kept) == len(above) + 1
    assert kept[-1] == mine
    # a line that closes the question's block came with the reply, and may go with it
    assert all(was.startswith(now) for was, now in zip(above, kept, strict=False))
