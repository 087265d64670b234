"""The laws of writing: nothing is lost, nothing is forged, every reply reads back."""

from hostile_text import SEPARATOR, notes, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import notelog
from notelog.core.edit import apply_plan
from notelog.core.inert import escape, normalise
from notelog.core.landing import Landing, ReplyStyle, find_landing, plan_reply, verify_plan
from notelog.core.messages import Message, Role
from notelog.core.note import Note
from notelog.core.records import turn_key
from notelog.core.turn import ReplyDue, State, next_turn, state_of

styles = st.builds(
    ReplyStyle,
    model=st.sampled_from(["m", "openai@gpt-4o", "a</span>\nrole::user", "用户 (user)", ""]),
    model_suffix=st.sampled_from(["auto", "always", "never"]),
    inert_replies=st.booleans(),
    mark=st.one_of(st.none(), st.none(), texts),
    reasoning=st.one_of(st.none(), st.none(), texts),
)


def said(note: Note) -> list[tuple[Role, str]]:
    """The messages of a note's turns."""
    return [(turn.role, turn.content) for turn in note.turns if turn.content]


def key(note: Note) -> str:
    """The key of all that is said in a note."""
    return turn_key(tuple(Message(role=role, content=text) for role, text in said(note)))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts)
def test_normalising_is_idempotent(reply: str) -> None:
    """A normalised reply stays as it is, with and without the rewrites for other plugins."""
    plain = normalise(reply, inert=False)
    assert normalise(plain, inert=False) == plain
    calm = normalise(reply)
    assert normalise(calm) == calm


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts, st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_written_reply_reads_back_normalised(reply: str, newline: str) -> None:
    """Between two markers any reply reads back as normalised, and forges nothing."""
    content = normalise(reply, inert=False)
    text = (
        f"Q\n\n{SEPARATOR}\n\nrole::assistant\n\n{escape(content)}"
        f"\n\n{SEPARATOR}\n\nrole::user\n\nNext"
    )
    note = notelog.parse(text.replace("\n", newline))
    assert [(turn.role, turn.content) for turn in note.turns] == [
        (Role.USER, "Q"),
        (Role.ASSISTANT, content),
        (Role.USER, "Next"),
    ]
    assert not note.errors
    assert not any(turn.callouts or turn.send_marks or turn.pinned for turn in note.turns)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(notes(), texts, styles)
def test_every_reply_can_be_written_into_every_note(
    data: bytes, reply: str, style: ReplyStyle
) -> None:
    """The plan for any reply to any note that waits for one is found sound."""
    note = notelog.parse(data)
    due = next_turn(note, named=True)
    if note.errors or not isinstance(due, ReplyDue):
        return
    plan = plan_reply(note, due.turn_index, reply, fingerprint="f", style=style)
    after = notelog.parse(apply_plan(data, plan))
    assert verify_plan(note, plan, after) == ()
    if plan.content:
        assert state_of(after) is State.ANSWERED
        assert after.turns[-1].role is not Role.ASSISTANT
        assert after.turns[-1].content == ""
    elif note.is_chat:
        assert (state_of(after), key(after)) == (state_of(note), key(note))
        assert find_landing(note, due.turn_index, after) == Landing(
            turn_index=due.turn_index, is_last=True
        )
