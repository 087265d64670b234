"""What every implementation of the port ``Completions`` does: the fake one and the real one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from asking import FakeCompletions, endpoint_for, question
from scripted_server import Script, ScriptedServer, reply_events, response, status

from notelog.adapters.openai_chat import OpenAIChat
from notelog.core.reply import ReplyBuilder, ReplyDelta, ReplyState
from notelog.errors import (
    InDoubtError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Completions, Endpoint

Play = tuple[Script, Sequence[ReplyDelta | NotelogError]]
WORDS = [ReplyDelta(text="Hello"), ReplyDelta(text=" you")]
WHOLE: Play = (
    response(*reply_events("Hello you")),
    [*WORDS, ReplyDelta(finish_reason="stop")],
)
CUT: Play = (
    response(*reply_events("Hello you", finish_reason=None)),
    WORDS,
)
REFUSED: Play = (status(401), [ProviderRefusedError("no", status=401)])
BUSY: Play = (status(503), [ProviderUnavailableError("busy", busy=True)])
DOUBTFUL: Play = (status(500), [InDoubtError("who knows")])


@contextmanager
def _real(script: Script) -> Iterator[tuple[Completions, Endpoint]]:
    with ScriptedServer([script]) as server:
        yield OpenAIChat(), endpoint_for(server.base_url)


def _text(play: Play, *, real: bool, cancelled: Callable[[], bool] = lambda: False) -> ReplyBuilder:
    builder = ReplyBuilder()
    if not real:
        parts = FakeCompletions(play[1]).stream(
            question(), endpoint_for("https://fake.example/v1"), cancelled=cancelled
        )
        for delta in parts:
            builder.add(delta)
        return builder
    with _real(play[0]) as (completions, endpoint):
        for delta in completions.stream(question(), endpoint, cancelled=cancelled):
            builder.add(delta)
    return builder


@pytest.mark.parametrize("real", [False, True], ids=["fake", "real"])
class TestCompletions:
    """The contract."""

    def test_a_whole_reply(self, *, real: bool) -> None:
        """All parts come in order, and the last says why it ended."""
        reply = _text(WHOLE, real=real).finish()
        assert (reply.text, reply.state) == ("Hello you", ReplyState.COMPLETE)

    def test_a_reply_without_an_end(self, *, real: bool) -> None:
        """A stream that just ends raises nothing: the missing finish_reason tells."""
        reply = _text(CUT, real=real).finish()
        assert (reply.text, reply.state) == ("Hello you", ReplyState.CUT)

    @pytest.mark.parametrize(
        ("play", "kind"),
        [
            (REFUSED, ProviderRefusedError),
            (BUSY, ProviderUnavailableError),
            (DOUBTFUL, InDoubtError),
        ],
    )
    def test_an_error(self, *, real: bool, play: Play, kind: type[NotelogError]) -> None:
        """A refusal, a busy server and a doubtful answer each have their error."""
        with pytest.raises(kind):
            _text(play, real=real)

    def test_an_abandoned_stream(self, *, real: bool) -> None:
        """A caller may stop listening after the first part."""
        if real:
            with _real(WHOLE[0]) as (completions, endpoint):
                first = next(completions.stream(question(), endpoint, cancelled=lambda: False))
        else:
            fake = FakeCompletions(WHOLE[1])
            endpoint = endpoint_for("https://fake.example/v1")
            first = next(fake.stream(question(), endpoint, cancelled=lambda: False))
        assert isinstance(first, ReplyDelta)
