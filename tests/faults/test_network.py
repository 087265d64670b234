"""The network matrix: what every misbehaviour of a server leads to, and how often it was asked."""

import threading
from typing import Literal

import pytest
from asking import asked, endpoint_for, question
from hostile_servers import CUT, DOUBTFUL, END, ENDS, FINAL, OVERFLOWS, START, WINDOWS
from scripted_server import (
    STALL,
    Script,
    ScriptedServer,
    Signal,
    Step,
    reply,
    response,
    status,
)

from notelog.core.reply import ReplyState
from notelog.errors import (
    ConfigurationError,
    ContextOverflowError,
    InDoubtError,
    KeyUnavailableError,
    ProviderRefusedError,
    ProviderUnavailableError,
)


@pytest.mark.parametrize(("name", "script"), DOUBTFUL, ids=[name for name, _ in DOUBTFUL])
def test_a_paid_request_that_left_is_in_doubt(name: str, script: Script) -> None:
    """A request that left and brought no word is in doubt, and was sent once."""
    with ScriptedServer([script, reply("never")]) as server:
        came = asked(endpoint_for(server.base_url, read_timeout_s=0.2))
    assert isinstance(came.error, InDoubtError)
    assert came.error.message
    assert came.reply.text == ""
    assert len(server.requests) == 1


@pytest.mark.parametrize(("name", "script"), DOUBTFUL[:12], ids=[name for name, _ in DOUBTFUL[:12]])
def test_a_free_server_knows_no_doubt(name: str, script: Script) -> None:
    """A server that costs nothing is asked again, and then answers."""
    with ScriptedServer([script, reply("at last")]) as server:
        came = asked(endpoint_for(server.base_url, read_timeout_s=0.2, billed=False))
    assert came.error is None
    assert came.reply.text == "at last"
    assert len(server.requests) == 2


def test_a_free_server_is_not_asked_for_ever() -> None:
    """A free server that never answers is given up after a few attempts."""
    with ScriptedServer([status(500)] * 9) as server:
        came = asked(endpoint_for(server.base_url, billed=False))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "billed" not in came.error.message
    assert len(server.requests) == 3


@pytest.mark.parametrize("billed", [True, False])
@pytest.mark.parametrize(("name", "script"), CUT, ids=[name for name, _ in CUT])
def test_what_arrived_before_a_cut_is_kept(
    name: str,
    script: Script,
    billed: bool,  # noqa: FBT001  # a parameter of the table
) -> None:
    """Text that arrived before the end is a reply cut short with a reason, never asked anew."""
    with ScriptedServer([script, reply("never")]) as server:
        came = asked(endpoint_for(server.base_url, read_timeout_s=0.2, billed=billed))
    assert came.reply.text == "Hello"
    assert came.reply.state is ReplyState.CUT
    assert came.reply.fault
    assert len(server.requests) == 1


@pytest.mark.parametrize(("script", "reason"), FINAL)
@pytest.mark.parametrize("billed", [True, False])
def test_a_complete_no_is_final(
    script: Script,
    reason: str,
    billed: bool,  # noqa: FBT001  # a parameter of the table
) -> None:
    """A complete answer that says no is a refusal with its reason, asked once, with a hint."""
    with ScriptedServer([script, reply("never")]) as server:
        came = asked(endpoint_for(server.base_url, billed=billed))
    assert isinstance(came.error, ProviderRefusedError)
    assert came.error.reason == reason
    assert came.error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [429, 503, 529])
def test_a_busy_server_is_asked_again(code: int) -> None:
    """Busy is unbilled: asked again after the time the server names, and the person is told."""
    busy = status(code, headers={"Retry-After": "7"})
    with ScriptedServer([busy, reply("Hello")]) as server:
        came = asked(endpoint_for(server.base_url, deadline_s=100))
    assert came.error is None
    assert came.reply.state is ReplyState.COMPLETE
    assert came.reply.text == "Hello"
    assert came.waited_s == pytest.approx(7.0)
    assert any("trying again in 7 s" in notice for notice in came.notices)
    assert len(server.requests) == 2


def test_a_date_in_retry_after_counts_by_the_clock_of_the_server() -> None:
    """An HTTP date is a wait from the server's own Date."""
    headers = {
        "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
        "Retry-After": "Sun, 06 Nov 1994 08:49:41 GMT",
    }
    with ScriptedServer([status(503, headers=headers), reply("Hello")]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.waited_s == pytest.approx(4.0)


def test_a_wait_that_is_too_long_is_not_waited_for() -> None:
    """A server that asks for an hour is given up at once, and the hint says how long it asks."""
    busy = status(429, headers={"Retry-After": "3600"})
    with ScriptedServer([busy, reply("never")]) as server:
        came = asked(endpoint_for(server.base_url))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "60 min" in came.error.hint
    assert came.waited_s == 0
    assert len(server.requests) == 1


def test_a_server_that_stays_busy_is_given_up() -> None:
    """Four requests in all, with growing waits between."""
    with ScriptedServer([status(503)] * 9) as server:
        came = asked(endpoint_for(server.base_url))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "4 attempts" in came.error.message
    assert len(server.requests) == 4
    assert came.waited_s < 20


def test_a_server_that_is_not_there() -> None:
    """A refused connection is unbilled, tried three times, and named."""
    with ScriptedServer([]) as server:
        address = server.base_url
    came = asked(endpoint_for(address))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "refuses the connection" in came.error.message
    assert len(came.notices) == 2


def test_a_tls_handshake_that_fails() -> None:
    """A server that speaks no TLS never saw a request: unavailable, not in doubt."""
    with ScriptedServer([reply("never")]) as server:
        came = asked(endpoint_for(f"https://127.0.0.1:{server.port}/v1"))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "TLS" in came.error.message
    assert server.requests == []


def test_a_tls_handshake_that_stalls() -> None:
    """Silence before the request leaves is a connect timeout: unbilled."""
    listener = ScriptedServer([])  # accepts into its backlog and never says a word
    with listener:
        listener._stopping.set()
        listener._threads[0].join()
        address = f"https://127.0.0.1:{listener.port}/v1"
        came = asked(endpoint_for(address, connect_timeout_s=0.1))
    assert isinstance(came.error, ProviderUnavailableError)
    assert "connect_timeout_s" in came.error.message


def test_a_slow_drip_ends_at_the_deadline() -> None:
    """Bytes that keep coming do not keep a request alive past its deadline."""
    script = response(START, *[b": drip\n"] * 3, framing="close")
    held = threading.Event()
    drip: list[Step] = [*script]
    with ScriptedServer([_dripping(drip, held), reply("never")]) as server:
        came = asked(endpoint_for(server.base_url, read_timeout_s=5, deadline_s=0.3))
        held.set()
    assert isinstance(came.error, InDoubtError)
    assert "deadline" in came.error.message
    assert came.reply.text == "Hello"
    assert len(server.requests) == 1


def _dripping(steps: list[Step], stop: threading.Event) -> Script:
    yield from steps
    while not stop.wait(0.02):
        yield b": drip\n"


def test_a_wish_to_stop_is_seen_while_nothing_arrives() -> None:
    """Ctrl-C in the middle of a silent stream ends it soon, and what arrived is kept."""
    stopping = threading.Event()
    with ScriptedServer([response(START, STALL)]) as server:
        timer = threading.Timer(0.1, stopping.set)
        timer.start()
        came = asked(endpoint_for(server.base_url), cancelled=stopping.is_set)
        timer.join()
    assert came.error is None
    assert came.reply.text == "Hello"
    assert came.reply.state is ReplyState.INTERRUPTED
    assert len(server.requests) == 1


def test_the_connection_is_closed_when_the_person_stops() -> None:
    """The server sees the end of the connection, so that it stops generating."""
    begun = threading.Event()
    with ScriptedServer([response(START, Signal(begun), STALL)]) as server:
        asked(endpoint_for(server.base_url), cancelled=begun.is_set)
        server._threads[-1].join(5)
        assert not server._threads[-1].is_alive()


@pytest.mark.parametrize(("name", "script", "state", "text"), ENDS, ids=[row[0] for row in ENDS])
def test_how_a_reply_ends(name: str, script: Script, state: ReplyState, text: str) -> None:
    """Every way to end a reply has its state, and only stop with text is a whole reply."""
    with ScriptedServer([script]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.error is None
    assert came.reply.state is state
    assert came.reply.text == text
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["deepseek", "openrouter", "think", "think to the end"])
def test_reasoning_is_kept_apart(name: str) -> None:
    """Reasoning is never text, whichever way a server sends it."""
    script = next(script for row, script, _, _ in ENDS if row == name)
    with ScriptedServer([script]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.reply.reasoning == "hm"


def test_a_server_that_lingers_after_the_end_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a finish_reason only a short time is left for the figures; the reply is whole."""
    monkeypatch.setattr("notelog.adapters.openai_chat.AFTER_END_S", 0.1)
    with ScriptedServer([response(START, END, STALL)]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.error is None
    assert came.reply.state is ReplyState.COMPLETE


@pytest.mark.parametrize(("message", "window"), [*zip(OVERFLOWS, WINDOWS, strict=True)])
def test_an_overflow_carries_its_figures(message: str, window: int) -> None:
    """An overflow is recognised in each server's words, with the window that it names."""
    with ScriptedServer([status(400, {"error": {"message": message}})]) as server:
        came = asked(endpoint_for(server.base_url))
    assert isinstance(came.error, ContextOverflowError)
    assert came.error.window == window
    assert came.error.body == message
    assert len(server.requests) == 1


def test_the_overflow_of_llama_cpp() -> None:
    """The figures of llama.cpp are fields beside the message; its code is a number."""
    body = {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 900,
            "n_ctx": 512,
        }
    }
    with ScriptedServer([status(400, body)]) as server:
        came = asked(endpoint_for(server.base_url))
    assert isinstance(came.error, ContextOverflowError)
    assert (came.error.window, came.error.prompt_tokens) == (512, 900)


def _rejecting(parameter: str, message: str) -> Script:
    return status(400, {"error": {"message": message, "param": parameter, "code": "unsupported"}})


def test_a_rejected_parameter_is_corrected_twice_at_most() -> None:
    """Two corrections, each said, each unbilled; the third rejection is final."""
    rejections = [
        _rejecting("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead."),
        _rejecting("temperature", "Unsupported value: 'temperature' does not support 0.2."),
        _rejecting("top_p", "Unsupported parameter: 'top_p'"),
    ]
    request = question(max_tokens=9, temperature=0.2, top_p=0.5)
    with ScriptedServer([*rejections, reply("never")]) as server:
        came = asked(endpoint_for(server.base_url), request)
    assert isinstance(came.error, ProviderRefusedError)
    assert len(server.requests) == 3
    last = server.requests[-1].json()
    assert last["max_completion_tokens"] == 9
    assert "max_tokens" not in last
    assert "temperature" not in last
    assert last["top_p"] == 0.5
    assert len(came.notices) == 2


def test_stream_options_are_left_out_where_a_server_forbids_them() -> None:
    """FastAPI's list of places names the parameter; the reply comes without it."""
    forbidden = {"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}
    with ScriptedServer([status(422, {"detail": [forbidden]}), reply("Hello")]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.reply.text == "Hello"
    assert "stream_options" in server.requests[0].json()
    assert "stream_options" not in server.requests[1].json()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "ftp://127.0.0.1/v1",
        "127.0.0.1:1234/v1",
        "https://user:secret@example.com/v1",
        "https://example.com/v1?key=1",
        "https://exa mple.com/v1",
        "https://example.com\r\n/v1",
        "https://",
        "https://[::1/v1",
        "https://example.com:99999/v1",
        "http://[fe80::1]/v1",
        "http://localhost@example.com/v1",
        "http://example.com\\@127.0.0.1/v1",
        "",
    ],
)
def test_an_address_that_may_not_be_asked(address: str) -> None:
    """A key goes nowhere in the clear and nowhere by a trick: refused before anything leaves."""
    came = asked(endpoint_for(address))
    assert isinstance(came.error, ConfigurationError)
    assert "secret" not in str(came.error)


@pytest.mark.parametrize("key", ["sk one", "sk\n", "sk-\r\nX-Evil: 1", "ключ", "“sk-1”"])
def test_a_key_that_is_none(key: str) -> None:
    """A key with a blank or a line end is refused before anything leaves, and is not shown."""
    with ScriptedServer([]) as server:
        came = asked(endpoint_for(server.base_url, key=key))
    assert isinstance(came.error, KeyUnavailableError)
    assert key not in str(came.error)
    assert server.connections == 0


def test_a_setting_that_is_no_number() -> None:
    """A number that JSON cannot express is refused before anything leaves."""
    with ScriptedServer([]) as server:
        came = asked(endpoint_for(server.base_url), question(temperature=float("nan")))
    assert isinstance(came.error, ConfigurationError)
    assert server.connections == 0


def test_a_fresh_connection_for_each_turn() -> None:
    """Two turns use two connections."""
    with ScriptedServer([reply("one"), reply("two")]) as server:
        asked(endpoint_for(server.base_url))
        asked(endpoint_for(server.base_url))
    assert server.connections == 2


Framing = Literal["chunked", "close", "length"]


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_a_reply_of_many_parts_is_whole(framing: Framing) -> None:
    """Five thousand parts arrive in order with either framing."""
    words = " ".join(f"w{number}" for number in range(5_000))
    with ScriptedServer([reply(words, framing=framing)]) as server:
        came = asked(endpoint_for(server.base_url))
    assert came.reply.text == words
    assert came.reply.usage is not None
