"""A stream cut at every byte, with either framing."""

import pytest
from asking import asked, endpoint_for
from scripted_server import Framing, ScriptedServer, Step, chunk, event, response, usage_chunk

from notelog.core.reply import ReplyState
from notelog.errors import InDoubtError

TEXT = "Hé 你好 😀"
EVENTS = [
    event(chunk("<think>hm</think>Hé")),
    event(chunk(" 你")),
    event(chunk("好 😀")),
    event(chunk(finish_reason="stop")),
    event(usage_chunk()),
    event("[DONE]"),
]


def _wire(framing: Framing) -> bytes:
    steps: list[Step] = response(*EVENTS, framing=framing)
    return b"".join(step for step in steps if isinstance(step, bytes))


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_stream_cut_at_every_byte(framing: Framing) -> None:
    """Whatever byte is the last, the text is a prefix, whole only after a finish_reason.

    Without any word the request is in doubt; it is never sent twice.
    """
    wire = _wire(framing)
    end = wire.index(b'"finish_reason": "stop"')
    cuts = range(len(wire))
    with ScriptedServer([[wire[:cut]] for cut in cuts]) as server:
        for cut in cuts:
            came = asked(endpoint_for(server.base_url))
            assert TEXT.startswith(came.reply.text)
            if came.reply.state is ReplyState.COMPLETE:
                assert cut > end
                assert came.reply.text == TEXT
                assert came.error is None
            elif not came.reply.text:
                assert isinstance(came.error, InDoubtError)
            else:
                assert came.reply.state is ReplyState.CUT
                assert came.reply.fault
    assert len(server.requests) == len(wire)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_stream_in_single_bytes(framing: Framing) -> None:
    """Arriving byte by byte a reply is what it is in one piece."""
    wire = _wire(framing)
    with ScriptedServer([[wire[at : at + 1] for at in range(len(wire))]]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.reply.text == TEXT
    assert came.reply.reasoning == "hm"
    assert came.reply.state is ReplyState.COMPLETE
