"""What every implementation of the port ``Completions`` does: the fake one and the real one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from asking import FakeCompletions, endpoint_for, question, recorded
from scripted_server import LONGEST_WAIT_S, Script, ScriptedServer, reply_events, response, status

from notelog.adapters.openai_chat import OpenAIChat
from notelog.core.reply import ReplyBuilder, ReplyDelta, ReplyState
from notelog.errors import (
    InDoubtError,
    JournalError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Completions, Endpoint, Leaving

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
def _either(play: Play, *, real: bool) -> Iterator[tuple[Completions, Endpoint]]:
    if not real:
        yield FakeCompletions(play[1]), endpoint_for("https://fake.example/v1")
        return
    with ScriptedServer([play[0]]) as server:
        yield OpenAIChat(), endpoint_for(server.base_url)


def _stream(
    completions: Completions, endpoint: Endpoint, leaving: Leaving = recorded
) -> Iterator[ReplyDelta]:
    return completions.stream(question(), endpoint, cancelled=lambda: False, leaving=leaving)


def _text(play: Play, *, real: bool) -> ReplyBuilder:
    builder = ReplyBuilder()
    with _either(play, real=real) as (completions, endpoint):
        for delta in _stream(completions, endpoint):
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
        with _either(WHOLE, real=real) as (completions, endpoint):
            first = next(_stream(completions, endpoint))
        assert isinstance(first, ReplyDelta)

    @pytest.mark.parametrize("starts", [True, False])
    def test_nothing_leaves_unrecorded(self, *, real: bool, starts: bool) -> None:
        """Where what records the request raises, before or after it waits, none is made."""

        def leaving(meanwhile: Callable[[], None]) -> None:
            if starts:
                meanwhile()
            raise JournalError("the disk is full")

        with ScriptedServer([WHOLE[0]]) as server:
            completions = OpenAIChat() if real else FakeCompletions(WHOLE[1])
            endpoint = endpoint_for(server.base_url)
            with pytest.raises(JournalError):
                next(_stream(completions, endpoint, leaving=leaving))
            assert server.requests == []


def test_the_connection_is_made_meanwhile() -> None:
    """While a request is recorded its connection is made, and nothing is sent over it."""
    seen: list[tuple[int, int]] = []
    with ScriptedServer([WHOLE[0]]) as server:

        def leaving(meanwhile: Callable[[], None]) -> None:
            meanwhile()
            until = monotonic() + LONGEST_WAIT_S
            while not server.connections and monotonic() < until:
                sleep(0.001)
            seen.append((server.connections, len(server.requests)))

        list(_stream(OpenAIChat(), endpoint_for(server.base_url), leaving=leaving))
        assert seen == [(1, 0)]
        assert len(server.requests) == 1
