"""Canaries: the key is in the header of its request and nowhere else, whatever happens."""

import logging
import traceback

import pytest
from asking import KEY, asked, endpoint_for, question
from scripted_server import (
    RESET,
    Script,
    ScriptedServer,
    chunk,
    completion,
    event,
    reply,
    response,
    status,
)

ECHO = {"error": {"message": f"Incorrect API key provided: {KEY}. Bearer {KEY}"}}
AMBIENT = {
    "OPENAI_API_KEY": "sk-ambient-key-0000",
    "OPENAI_ADMIN_KEY": "sk-ambient-admin-0000",
    "OPENAI_ORG_ID": "org-ambient",
    "OPENAI_PROJECT_ID": "proj-ambient",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/ambient",
    "OPENAI_CUSTOM_HEADERS": "X-Ambient: 1\nAuthorization: Bearer sk-ambient-header",
    "OPENAI_LOG": "debug",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
}
SCRIPTS: list[Script] = [
    reply("Hello"),
    status(401, ECHO),
    status(500, ECHO),
    status(429, {**ECHO, "code": "insufficient_quota"}),
    status(400, f"<p>{KEY}</p>"),
    status(307, headers={"Location": f"https://elsewhere.example/?key={KEY}"}),
    response(event(ECHO)),
    response(event(chunk("Hi")), event(ECHO)),
    response(event(chunk("Hi")), RESET),
    [RESET],
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_key_is_shown_nowhere(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    """Neither logs at DEBUG nor errors, tracebacks, reprs and notices hold the key or the note."""
    caplog.set_level(logging.DEBUG)
    with ScriptedServer([script]) as server:
        endpoint = endpoint_for(server.base_url)
        came = asked(endpoint)
    shown = [caplog.text, repr(endpoint), repr(came), *came.notices, came.reply.fault]
    if came.error is not None:
        shown += [came.error.hint, *traceback.format_exception(came.error)]
    assert KEY not in "\n".join(shown)
    assert "How are you" not in "\n".join(shown)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, headers, addresses and proxies of the environment reach no loopback server."""
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer([reply("Hello"), reply("Hello")]) as server:
        asked(endpoint_for(server.base_url))
        asked(endpoint_for(server.base_url, key=""))
    first, second = (request.headers for request in server.requests)
    assert first["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in second
    assert "ambient" not in repr(server.requests)
    assert set(first) == {
        "host",
        "content-length",
        "content-type",
        "accept",
        "accept-encoding",
        "user-agent",
        "authorization",
    }


def test_azure_takes_its_key_in_a_header_of_its_own() -> None:
    """With an api_version the key is in ``api-key`` and the version in the query."""
    with ScriptedServer([reply("Hello")]) as server:
        asked(endpoint_for(server.base_url, api_version="2026-01-01"))
    request = server.requests[0]
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers
    assert request.target == "/v1/chat/completions?api-version=2026-01-01"


def test_what_is_sent() -> None:
    """The body is exactly the request's, as UTF-8."""
    with ScriptedServer([reply("Hello"), completion("Hello")]) as server:
        asked(endpoint_for(server.base_url), question(max_tokens=9, temperature=0.5))
        asked(endpoint_for(server.base_url), question(stream=False))
    streamed, whole = (request.json() for request in server.requests)
    assert streamed == {
        "model": "scripted-model",
        "messages": [{"role": "user", "content": "How are you? 你好"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "stream" not in whole
    assert "你好".encode() in server.requests[0].body
