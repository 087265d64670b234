"""A turn is not paid for twice without the user's word."""

from dataclasses import replace

import pytest

from notelog.app.history import reply_waiting
from notelog.core.records import Intent, TurnRecord, TurnState
from notelog.core.reply import Reply, ReplyState
from notelog.errors import ConflictError, InDoubtError, NotelogError

INTENT = Intent(
    turn_key="k", note="n", vault="v", profile="p", model="m", prompt_tokens=1, prompt="q"
)
REPLY = Reply(
    text="hello",
    reasoning="",
    state=ReplyState.COMPLETE,
    finish_reason="stop",
    usage=None,
    model="m",
)


def record(state: TurnState, reply: Reply | None = None) -> TurnRecord:
    """A first attempt in ``state``."""
    return TurnRecord(
        record_id=1, attempt=1, intent=INTENT, state=state, started_at=0.0, reply=reply
    )


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (TurnState.SENT, InDoubtError),
        (TurnState.IN_DOUBT, InDoubtError),
        (TurnState.DELIVERED, ConflictError),
        (TurnState.ABANDONED, ConflictError),
    ],
)
def test_what_may_have_been_paid_needs_the_users_word(
    state: TurnState, error: type[NotelogError]
) -> None:
    """A billed turn that was sent or answered before is asked again only with retry or --again."""
    with pytest.raises(error, match=r"before") as raised:
        reply_waiting(record(state), again=False, billed=True)
    assert ("notelog retry" if error is InDoubtError else "--again") in raised.value.hint
    assert reply_waiting(record(state), again=True, billed=True) is None
    assert reply_waiting(record(state), again=False, billed=False) is None


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", "no whole answer was seen: it may have been billed"),
        ("p answered 500; it may have been billed", "seen (p answered 500): it may have been"),
        ("the program ended", "seen (the program ended): it may have been billed"),
    ],
)
def test_what_may_have_been_billed_is_told_once(reason: str, told: str) -> None:
    """A reason that says so itself is not repeated."""
    doubtful = replace(record(TurnState.IN_DOUBT), reason=reason)
    with pytest.raises(InDoubtError) as raised:
        reply_waiting(doubtful, again=False, billed=True)
    assert told in raised.value.message
    assert raised.value.message.count("billed") == 1


def test_a_reply_that_is_here_is_not_asked_again() -> None:
    """A received reply that is in no note yet is delivered, free of charge or not."""
    kept = record(TurnState.RECEIVED, REPLY)
    assert reply_waiting(kept, again=False, billed=True) is kept
    assert reply_waiting(kept, again=False, billed=False) is kept


def test_an_unbilled_failure_is_simply_asked_again() -> None:
    """A refusal before any model ran needs no --again."""
    assert reply_waiting(record(TurnState.FAILED), again=False, billed=True) is None
    assert reply_waiting(record(TurnState.INTENT), again=False, billed=True) is None
    assert reply_waiting(None, again=False, billed=True) is None


def test_a_paid_reply_without_text_needs_the_users_word() -> None:
    """An empty or filtered reply was paid for: asking anew takes --again."""
    empty = replace(REPLY, text="", state=ReplyState.EMPTY)
    with pytest.raises(ConflictError, match="nothing to write"):
        reply_waiting(record(TurnState.FAILED, empty), again=False, billed=True)


def test_a_part_that_is_kept_from_the_note_needs_the_users_word() -> None:
    """By setting it is only in the journal: it goes on, or is asked anew, by command."""
    part = replace(REPLY, state=ReplyState.LENGTH)
    with pytest.raises(ConflictError, match="ended early") as raised:
        reply_waiting(record(TurnState.FAILED, part), again=False, billed=True)
    assert "--continue" in raised.value.hint


def test_the_part_of_a_reply_that_a_crash_left_is_delivered() -> None:
    """What arrived of a paid reply before a crash goes into the note; a free one is asked again."""
    cut = record(TurnState.IN_DOUBT, replace(REPLY, state=ReplyState.CUT, finish_reason=""))
    assert reply_waiting(cut, again=False, billed=True) is cut
    assert reply_waiting(cut, again=False, billed=False) is None
    assert reply_waiting(cut, again=True, billed=True) is None
