from dataclasses import replace

from asking import FakeCompletions, asked, endpoint_for, question

from notelog.core.reply import ReplyDelta, ReplyState
from notelog.errors import (
    InDoubtError,
    InterruptedByUserError,
    ProviderUnavailableError,
)

PAID = endpoint_for("https://example.com/v1", deadline_s=100.0)
END = ReplyDelta(finish_reason="stop")
BUSY = ProviderUnavailableError("busy", busy=True)


def test_waiting_ends_when_the_person_wants_to_stop() -> None:
    """A wish to stop between two attempts is an interruption, and there is no second attempt."""
    fake = FakeCompletions([BUSY], [END])
    came = asked(PAID, completions=fake, cancelled=lambda: bool(fake.requests))
    assert isinstance(came.error, InterruptedByUserError)
    assert len(fake.requests) == 1


def test_the_deadline_covers_the_waits() -> None:
    """No wait is begun that would end after the deadline."""
    slow = ProviderUnavailableError("busy", busy=True, retry_after_s=99.9)
    fake = FakeCompletions([slow], [slow], [END])
    came = asked(PAID, completions=fake)
    assert isinstance(came.error, ProviderUnavailableError)
    assert len(fake.requests) == 2


def test_an_end_that_was_seen_outweighs_what_comes_after() -> None:
    """Doubt after a finish_reason is no doubt."""
    came = asked(PAID, completions=FakeCompletions([ReplyDelta(text="x"), END, InDoubtError("?")]))
    assert came.error is None
    assert came.reply.state is ReplyState.COMPLETE


def test_held_back_words_come_before_the_error() -> None:
    """What looked like the start of a tag is given when the stream breaks."""
    came = asked(PAID, completions=FakeCompletions([ReplyDelta(text="<thi"), InDoubtError("?")]))
    assert isinstance(came.error, InDoubtError)
    assert came.reply.text == "<thi"


def test_parameters_left_out_beforehand_are_said() -> None:
    """The person is told which settings the model does not take."""
    request = replace(question(), left_out=("temperature",))
    came = asked(PAID, request, completions=FakeCompletions([ReplyDelta(text="x"), END]))
    assert any("temperature" in notice for notice in came.notices)
