"""The answered turn is found again in a note that changed while the model answered."""

import pytest

import notelog
from notelog.core.edit import apply_plan
from notelog.core.landing import Gone, Landing, ReplyStyle, find_landing, plan_reply, verify_plan
from notelog.core.records import turn_key

HR = '<hr class="__chatgpt_plugin">'
ASK = f"\n\n{HR}\n\nrole::user\n\n"
SAY = f"\n\n{HR}\n\nrole::assistant\n\n"
CHAT = f"Q1{SAY}A1{ASK}Q2"


def found(new: str, old: str = CHAT, turn_index: int = 2) -> Landing | Gone:
    """Where the answered turn stands in the newer note."""
    return find_landing(notelog.parse(old), turn_index, notelog.parse(new))


@pytest.mark.parametrize(
    ("new", "turn_index", "is_last"),
    [
        (CHAT, 2, True),
        (CHAT.replace("\n", "\r\n"), 2, True),
        (f"---\ntitle: added\n---\n{CHAT}  \n\n\n", 2, True),
        (f"{CHAT}\n\n- [x] send\n\n> [!notelog] asking\n", 2, True),
        (f"{CHAT}{SAY}", 2, True),
        (f"%% a note to myself %%\n\n{CHAT}", 2, True),
        (f"Q1{ASK}{SAY}A1{ASK}Q2", 3, True),
        (f"{CHAT}{ASK}more", 2, False),
        (f"{CHAT}{SAY}another answer{ASK}", 2, False),
    ],
)
def test_the_turn_is_found_by_what_is_said(new: str, turn_index: int, *, is_last: bool) -> None:
    """Marks, metadata, blanks, settings and empty turns do not hide it; newer text is told."""
    assert found(new) == Landing(turn_index=turn_index, is_last=is_last)


@pytest.mark.parametrize(
    "new", ["", "Q1", f"{CHAT} and more", CHAT.replace("A1", "A2"), CHAT.replace("Q1", "Q0")]
)
def test_nothing_is_guessed_where_it_is_gone(new: str) -> None:
    """A changed or missing message, or one above it, means that the turn is gone."""
    assert isinstance(found(new), Gone)


def test_the_line_that_closed_its_block_does_not_hide_it() -> None:
    """A question whose open fence was closed by a mark is still the same question."""
    data = f"{CHAT}\n\n```py\nopen".encode()
    note = notelog.parse(data)
    plan = plan_reply(note, 2, "", fingerprint="", style=ReplyStyle(mark="it failed"))
    after = notelog.parse(apply_plan(data, plan))
    assert find_landing(note, 2, after) == Landing(turn_index=2, is_last=True)


@pytest.mark.parametrize(
    "below", ["\u3000\n", "\u2028", "\n\x0c\n\n\u3000\n", "\u3000\r\n\u200b\r\n"]
)
@pytest.mark.parametrize("question", ["Q1", "Q1\n\u3000", "```\nopen\n\u3000"])
def test_lines_that_show_nothing_take_no_part(question: str, below: str) -> None:
    """A reply goes to an empty marker above such lines, and its question is known below it."""
    data = f"{question}{SAY}{below}".encode()
    note = notelog.parse(data)
    plan = plan_reply(note, 0, "A\n\n\u3000\n", fingerprint="", style=ReplyStyle())
    after = notelog.parse(apply_plan(data, plan))
    assert (plan.content, verify_plan(note, plan, after)) == ("A", ())
    assert turn_key(note.conversation) == turn_key(after.conversation[:1])
