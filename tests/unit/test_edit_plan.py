"""Where replies, marks and headers go in notes of every style."""

import pytest

import notelog
from notelog.core.edit import EditPlan, Insertion, Withdrawal, apply_plan
from notelog.core.landing import ReplyStyle, plan_reply, verify_plan
from notelog.core.turn import ReplyDue, State, next_turn, state_of

HR = '<hr class="__chatgpt_plugin">'
CHAT = f"Q1\n\n{HR}\n\nrole::assistant\n\nA1\n\n{HR}\n\nrole::user\n\nQ2"
OTHER_HR = "<HR class='__chatgpt_plugin' />"
SAY = f"\n\n{HR}\n\nrole::assistant\n\n"
ASK = f"\n\n{HR}\n\nrole::user\n\n"
ANSWER = f"{SAY}A{ASK}"


def written(before: str, reply: str = "A", style: ReplyStyle | None = None) -> str:
    """The note after a reply, found sound and, where the reply has text, answered."""
    data = before.encode()
    note = notelog.parse(data)
    due = next_turn(note, named=True)
    assert isinstance(due, ReplyDue)
    used = style or ReplyStyle(model="m")
    plan = plan_reply(note, due.turn_index, reply, fingerprint="f", style=used)
    after = apply_plan(data, plan)
    assert verify_plan(note, plan, notelog.parse(after)) == ()
    assert (state_of(notelog.parse(after)) is State.ANSWERED) is bool(plan.content)
    return after.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{CHAT}{ASK}", f"{CHAT}{ANSWER}"),
        (f"{CHAT}{ASK}%% footer %%\n", f"{CHAT}{SAY}A{ASK}%% footer %%\n"),
        (f"{CHAT}\n\n{HR}\n\nrole::assistant", f"{CHAT}{ANSWER}"),
        (f"{CHAT}{SAY}\n\n", f"{CHAT}{SAY}\n\nA{ASK}"),
        (f"{CHAT}\n\n{HR}\n\nrole::assistant{ASK}", f"{CHAT}{ANSWER}"),
        (f"{CHAT}\n    ", f"{CHAT}\n    {ANSWER[1:]}"),
        (f"{CHAT}\n\n%% hidden %%", f"{CHAT}\n\n%% hidden %%{ANSWER}"),
        (
            f"{CHAT}\n\n{HR}\n\nrole::system\n\nBe brief.",
            f"{CHAT}\n\n{HR}\n\nrole::system\n\nBe brief.{ANSWER}",
        ),
        (f"{CHAT}\n\n^block-id\n", f"{CHAT}\n\n^block-id{ANSWER}"),
        (f"{CHAT}\n\n;;\n", f"{CHAT}\n\n;;{ANSWER}"),
        ("---\nmodel: x\n---\nQ", f"---\nmodel: x\n---\nQ{ANSWER}"),
        ("Q\n\n---\n", f"Q\n\n---{ANSWER}"),
        (CHAT.replace("\n", "\r"), f"{CHAT}{ANSWER}".replace("\n", "\r")),
        (CHAT.replace(HR, OTHER_HR), f"{CHAT}{ANSWER}".replace(HR, OTHER_HR)),
        (CHAT.replace("role::", "## role::"), f"{CHAT}{ANSWER}".replace("role::", "## role::")),
        (CHAT.replace("role::", " role::"), f"{CHAT}{ANSWER}".replace("role::", " role::")),
        (f"{CHAT}\n\n- [x] 发送{ASK}", f"{CHAT}\n\n- [x] 发送{ANSWER}\n\n- [ ] 发送\n"),
        (f"{CHAT}\n\n- [x] retry\n", f"{CHAT}\n\n- [x] retry{ANSWER}"),
        (
            f"{CHAT}\n\n- [x] again\n- [x] pin\n- [x] send\n",
            f"{CHAT}\n\n- [x] again\n- [x] pin\n- [x] send{ANSWER}\n\n- [ ] send\n",
        ),
        (f"{CHAT}\n\n- a\n\t- [x] send", f"{CHAT}\n\n- a\n\t- [x] send{ANSWER}\n\n- [ ] send\n"),
        (f"{CHAT}\n\n- [x] send{ASK}- [ ] send\n", f"{CHAT}\n\n- [x] send{ANSWER}- [ ] send\n"),
        (f"{CHAT}\n\n```py\nopen", f"{CHAT}\n\n```py\nopen\n```{ANSWER}"),
        (f"{CHAT}\n\n<!-- open\n", f"{CHAT}\n\n<!-- open\n-->{ANSWER}"),
        (f"{CHAT}\n\n$$\nopen", f"{CHAT}\n\n$$\nopen\n$${ANSWER}"),
        (f"{CHAT}\n\n<pre>\nopen", f"{CHAT}\n\n<pre>\nopen\n</pre>{ANSWER}"),
        (f"{CHAT}\n\n%%\nopen", f"{CHAT}\n\n%%\nopen{ANSWER}"),
        (
            f"{CHAT}\n\n=begin-chatgpt-md-comment\nopen",
            f"{CHAT}\n\n=begin-chatgpt-md-comment\nopen{ANSWER}",
        ),
    ],
)
def test_a_reply_goes_where_a_person_expects_it(before: str, after: str) -> None:
    """Headers, blank lines, checkboxes and closing lines are added as the note's style asks."""
    assert written(before) == after


def test_a_footer_below_an_empty_assistant_marker_stays_below_the_reply() -> None:
    """Hidden text in the empty assistant turn stands under the reply, the header at the end."""
    before = f"{CHAT}\n\n{HR}\n\nrole::assistant\n\n%% footer %%\n"
    after = written(before)
    assert after == (
        f"{CHAT}\n\n{HR}\n\nrole::assistant\n\nA\n\n%% footer %%\n\n{HR}\n\nrole::user\n\n"
    )


@pytest.mark.parametrize(
    ("setting", "model", "suffix"),
    [
        ("auto", "m", ""),
        ("never", "m", ""),
        ("always", "m", '<span style="font-size: small;"> (m)</span>'),
        ("always", "a<b>\n(c)", '<span style="font-size: small;"> (abc)</span>'),
        ("always", "", ""),
    ],
)
def test_the_suffix_follows_setting_and_note(setting: str, model: str, suffix: str) -> None:
    """A note without suffixes gets one only on demand, and no name can break out of it."""
    after = written(CHAT, style=ReplyStyle(model=model, model_suffix=setting))
    assert f"\nrole::assistant{suffix}\n\nA\n" in after


def test_a_partial_reply_is_followed_by_a_callout_that_is_not_sent() -> None:
    """What arrived stays in the assistant's turn; the mark below it is metadata."""
    after = written(CHAT, "part", ReplyStyle(mark="it was cut\nask again"))
    assert "part\n\n> [!notelog] it was cut\n> ask again\n\n<hr" in after
    turn = notelog.parse(after).turns[-2]
    assert (turn.content, len(turn.callouts)) == ("part", 1)


def test_below_an_older_open_fence_the_other_kind_is_used_and_nothing_else_changes() -> None:
    """A cut reply far above is not closed by this one, whose rules in code stay as they are."""
    before = f"Q1{SAY}```py\ncut{ASK}Q2"
    after = written(before, "```yaml\n---\na: b\n```")
    assert after == f"{before}{SAY}~~~yaml\n---\na: b\n~~~{ASK}"


@pytest.mark.parametrize("reply", ["\u3000", "\u00a0\n\u200b", "\ufeff"])
def test_a_reply_that_shows_nothing_is_none(reply: str) -> None:
    """Blanks of any script are no reply: only the mark is left."""
    after = written(f"{CHAT}\n", reply, ReplyStyle(mark="nothing came"))
    assert after == f"{CHAT}\n\n> [!notelog] nothing came\n"


def test_a_mark_without_a_reply_leaves_the_question_due() -> None:
    """Where nothing arrived only a callout is left below the question."""
    after = written(f"{CHAT}\n", "\n \n", ReplyStyle(mark="nothing came"))
    assert after == f"{CHAT}\n\n> [!notelog] nothing came\n"
    note = notelog.parse(after)
    assert state_of(note) is State.DUE
    assert note.turns[-1].content == "Q2"


def test_nothing_is_planned_for_nothing() -> None:
    """An empty reply without a mark leaves the note alone."""
    assert written(CHAT, "") == CHAT


def test_reasoning_is_folded_and_never_sent() -> None:
    """The model's reasoning stands above the reply in a folded callout that is metadata."""
    after = written(CHAT, "A", ReplyStyle(reasoning="so %% what\n\n=begin-chatgpt-md-comment"))
    assert "\n> [!notelog]- Reasoning\n> so %\\% what\n>\n> =begin\\-chat" in after
    assert notelog.parse(after).turns[-2].content == "A"


@pytest.mark.parametrize(
    ("before", "reply"),
    [
        (f"Q\n\n{HR}\n\nrole::assistant\n\n```py\ncut\n\n{HR}\n\nrole::user\n\nQ2", "```\nx\n```"),
        (f"Q\n\n{HR}\n\nrole::assistant\n\n<!-- cut\n\n{HR}\n\nrole::user\n\nQ2", "a --> b"),
        (f"Q\n\n{HR}\n\nrole::assistant\n\n$$\ncut\n\n{HR}\n\nrole::user\n\nQ2", "$$\nx\n$$"),
        ("---\nkey: an open thought\n\nQ", "a\n\n---\n\nb"),
        (f"---\nan open thought\n\n{HR}\n\nrole::user\n\nQ", "a\n---\nb"),
    ],
)
def test_a_block_left_open_above_makes_the_reply_give_way(before: str, reply: str) -> None:
    """A reply that would close a block far above is worded more guardedly, and written."""
    assert written(before, reply).startswith(before)


def test_a_note_that_becomes_a_chat_keeps_what_it_says() -> None:
    """A lone marker line in a note that is no chat does not keep the reply out."""
    assert written("Hello\n\nrole::user\n\nWhat?").endswith(ANSWER)


def test_a_reply_above_newer_text_adds_no_header() -> None:
    """Newer text below the answered turn stays as it is, and gets no empty turn above it."""
    data = f"Q1\n\n{HR}\n\nrole::user\n\nQ2\n".encode()
    note = notelog.parse(data)
    plan = plan_reply(note, 0, "A", fingerprint="f", style=ReplyStyle())
    after = apply_plan(data, plan)
    assert verify_plan(note, plan, notelog.parse(after)) == ()
    assert after.decode() == (f"Q1\n\n{HR}\n\nrole::assistant\n\nA\n\n{HR}\n\nrole::user\n\nQ2\n")


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (EditPlan(fingerprint="", size=0, insertions=(), turn_index=2, content="A"), "the reply"),
        (
            EditPlan(
                fingerprint="",
                size=0,
                insertions=(Insertion(offset=len(CHAT), data=b" more"),),
                turn_index=2,
            ),
            "message 3",
        ),
        (
            EditPlan(
                fingerprint="",
                size=0,
                insertions=(Insertion(offset=len(CHAT), data=ANSWER.encode()),),
                turn_index=2,
            ),
            "+1 other messages",
        ),
    ],
)
def test_the_verifier_finds_what_a_plan_does_beyond_its_word(plan: EditPlan, problem: str) -> None:
    """A missing reply, a changed message and a further one are all found."""
    note = notelog.parse(CHAT)
    data = CHAT.encode() + b"".join(item.data for item in plan.insertions)
    assert problem in " ".join(verify_plan(note, plan, notelog.parse(data)))


def test_the_verifier_finds_lost_bytes() -> None:
    """A note that lacks a byte it had is never written."""
    plan = EditPlan(fingerprint="", size=0, insertions=(), turn_index=2)
    problems = verify_plan(notelog.parse(CHAT), plan, notelog.parse(CHAT.replace("A1", "A")))
    assert "bytes of the note would be lost or moved" in problems


def test_applying_takes_out_only_what_is_as_it_was() -> None:
    """A withdrawal takes out its own bytes, and a changed place is refused."""
    plan = EditPlan(
        fingerprint="",
        size=5,
        insertions=(Insertion(offset=1, data=b"X"),),
        withdrawals=(Withdrawal(offset=1, data=b"bc", record_id=1),),
    )
    assert apply_plan(b"abcde", plan) == b"aXde"
    with pytest.raises(ValueError, match="was changed"):
        apply_plan(b"abxde", plan)
    with pytest.raises(ValueError, match="5 bytes"):
        apply_plan(b"abcd", plan)
