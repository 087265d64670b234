"""A reply to a question below whose send mark was typed on: it goes above what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import notelog
from notelog.core.edit import EditPlan, apply_plan
from notelog.core.landing import Landing, ReplyStyle, plan_reply, typed_below, verify_plan
from notelog.core.note import Note
from notelog.core.records import turn_key
from notelog.core.turn import ReplyDue, next_turn

HR = '<hr class="__chatgpt_plugin">'
ASK = f"\n\n{HR}\n\nrole::user\n\n"
SAY = f"\n\n{HR}\n\nrole::assistant\n\n"
CHAT = f"Q1{SAY}A1{ASK}Q2"
MARKS = ("\n\n- [x] send\n", "\n\n* [x] 发送\n", "\n\n;;\n", "\n；；\n", "\n- item\n  - [x] send\n")
TAILS = (
    "more",
    "\n\nand more\n",
    "\n- [ ] send\n",
    "\n# A heading\n\n中文\n",
    "\n```py\nopen",
    "\n%% hidden %%\n\nshown\n",
    "\n;;\n\nmore\n;;\n",
    "\nQ2\n",
)


def key_of(text: str) -> str:
    """The key of the question that a note ends with."""
    due = next_turn(notelog.parse(text))
    assert isinstance(due, ReplyDue)
    return turn_key(due.conversation)


def said(text: str) -> list[tuple[str, str]]:
    """What a note says."""
    return [(str(item.role), item.content) for item in notelog.parse(text).conversation]


def plan_between(note: Note, place: Landing) -> EditPlan:
    """A plan that puts the reply above what was typed on."""
    return plan_reply(
        note,
        place.turn_index,
        "A2",
        fingerprint="",
        style=ReplyStyle(),
        split_at=place.split_at,
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("mark", MARKS)
def test_the_reply_stands_between(mark: str, tail: str, newline: str) -> None:
    """What was asked, the reply, and what was typed are three messages, and no byte is lost."""
    asked = (CHAT + mark).replace("\n", newline)
    data = (CHAT + mark + tail).replace("\n", newline).encode()
    note = notelog.parse(data)
    place = typed_below(note, key_of(asked), "Q2")
    if said(data.decode()) == said(asked):
        return  # nothing was typed but marks: it is the very same question
    assert place is not None
    plan = plan_between(note, place)
    new = apply_plan(data, plan)
    assert verify_plan(note, plan, notelog.parse(new)) == ()
    told = said(new.decode())
    assert told[:2] == said(asked)[:2]
    assert told[3] == ("assistant", "A2")
    assert [role for role, _ in told] == ["user", "assistant", "user", "assistant", "user"]
    for item in reversed(plan.insertions):
        end = new.rindex(item.data)
        new = new[:end] + new[end + len(item.data) :]
    assert new == data


@pytest.mark.parametrize("label", ["again", "retry"])
def test_a_box_for_another_answer_is_not_handed_on(label: str) -> None:
    """What was typed gets a box to send it, and none that would be a word to pay anew."""
    data = f"{CHAT}\n\n- [x] {label}\n\nmore".encode()
    note = notelog.parse(data)
    place = typed_below(note, key_of(f"{CHAT}\n\n- [x] {label}\n"), "Q2")
    assert place is not None
    plan = plan_between(note, place)
    assert b"[ ]" not in apply_plan(data, plan)


@pytest.mark.parametrize(
    "text",
    [
        f"{CHAT}\n\nmore",
        f"{CHAT}, or so\n\n- [x] send\n\nmore",
        f"{CHAT}\n\n- [x] send\n\nmore{SAY}A2{ASK}",
        f"{CHAT}\n\n- [x] send\n\nmore{ASK}again",
        f"Q0{SAY}A1{ASK}Q2\n\n- [x] send\n\nmore",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    """Without a mark below it, changed, or not the last message: the question is not found."""
    assert typed_below(notelog.parse(text), key_of(f"{CHAT}\n\n- [x] send\n"), "Q2") is None


def test_the_new_message_gets_the_box() -> None:
    """What was typed can be sent by a tick, as it would be below the reply."""
    data = f"{CHAT}\n\n- [x] send\n\nmore\n".encode()
    note = notelog.parse(data)
    place = typed_below(note, key_of(f"{CHAT}\n\n- [x] send\n"), "Q2")
    assert place is not None
    plan = plan_reply(note, 2, "A2", fingerprint="", style=ReplyStyle(), split_at=place.split_at)
    assert apply_plan(data, plan).decode() == (
        f"{CHAT}\n\n- [x] send\n{SAY[1:]}A2\n{ASK[1:]}\nmore\n\n- [ ] send\n"
    )


_PIECES = ["\n", " ", "- [x] send", ";;", "```", "%%", "> [!notelog] x", "text", "字", "- ", "$$"]


@given(
    st.sampled_from(MARKS),
    st.lists(st.sampled_from([*_PIECES, HR, "role::user"])).map("".join),
    st.text("ab\n`*", min_size=1),
)
def test_it_reads_back_whatever_was_typed(mark: str, tail: str, reply: str) -> None:
    """Where the question is found, the reply can be put there, whatever stands below."""
    text = f"{CHAT}{mark}{tail}"
    note = notelog.parse(text)
    place = typed_below(note, key_of(f"{CHAT}{mark}"), "Q2")
    if place is None or not reply.strip():
        return
    plan = plan_reply(
        note,
        place.turn_index,
        reply,
        fingerprint="",
        style=ReplyStyle(),
        split_at=place.split_at,
    )
    new = notelog.parse(apply_plan(text.encode(), plan))
    assert verify_plan(note, plan, new) == ()
