"""Asking real sockets for a list of models: every cause has its name, and the key stays at home."""

import logging
import traceback

import pytest
from asking import KEY, endpoint_for
from scripted_server import RESET, STALL, Script, ScriptedServer, gzipped, response, status

from notelog.adapters.model_lists import ServerModels
from notelog.core.model_list import ModelList
from notelog.errors import NotelogError, ProviderRefusedError, ProviderUnavailableError

LIST = {"object": "list", "data": [{"id": "m"}, {"id": "n"}]}
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


def refused(script: Script, deadline_s: float = 60.0) -> NotelogError:
    """The error of asking a server that plays a script."""
    with ScriptedServer([script]) as server, pytest.raises(NotelogError) as caught:
        ServerModels().models(endpoint_for(server.base_url, deadline_s=deadline_s))
    assert len(server.requests) == 1
    return caught.value


def test_a_list() -> None:
    """One GET with the key in its header; the names and the server's clock come back."""
    with ScriptedServer([status(200, LIST, headers={"Date": DATE})]) as server:
        listed = ServerModels().models(endpoint_for(server.base_url))
    assert listed == ModelList(names=("m", "n"), server_time=1_700_000_000.0)
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_a_list_may_come_packed_or_without_a_date() -> None:
    """Gzip is taken; without a Date there is no word on the clock."""
    with ScriptedServer([gzipped([b'{"data": [{"id": "m"}]}'])]) as server:
        listed = ServerModels().models(endpoint_for(server.base_url))
    assert listed == ModelList(names=("m",))


def test_azure_gets_its_version_and_header() -> None:
    """``api-version`` and ``api-key``, as with every request to it."""
    with ScriptedServer([status(200, LIST)]) as server:
        ServerModels().models(endpoint_for(server.base_url, api_version="2024-10-21"))
    (request,) = server.requests
    assert request.target == "/v1/models?api-version=2024-10-21"
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers


def test_anthropic_gets_its_own_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list is behind other headers than its chat; the key is in one place all the same."""
    monkeypatch.setattr("notelog.adapters.model_lists._ANTHROPIC_HOST", "127.0.0.1")
    with ScriptedServer([status(200, LIST)]) as server:
        ServerModels().models(endpoint_for(server.base_url))
    (request,) = server.requests
    assert request.target == "/v1/models?limit=1000"
    assert request.headers["x-api-key"] == KEY
    assert "authorization" not in request.headers
    assert request.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, "does not accept the key"),
        (402, "no credit left"),
        (403, "refuses this request"),
        (404, "knows no such address"),
        (418, "refused the request"),
    ],
)
def test_refusals(code: int, words: str) -> None:
    """A complete answer that says no keeps its status."""
    error = refused(status(code))
    assert isinstance(error, ProviderRefusedError)
    assert error.status == code
    assert words in error.message


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (status(500), "answered 500"),
        (status(503), "is busy"),
        (status(429), "is busy"),
        (status(200, "<html>welcome</html>"), "no model server"),
        (status(200, {"error": {"message": "x"}}), "no model server"),
        (status(200, b"["), "no model server"),
        (response(b"{", RESET), "was cut"),
        (response(b"{", end=False), "was cut"),
        ([RESET], "was cut"),
        (gzipped([b"\0" * (20 << 20)]), "more than any list"),
        (response(b"x", headers={"Content-Encoding": "br"}), "packed in a way"),
    ],
)
def test_no_answer(script: Script, words: str) -> None:
    """Nothing was generated: nothing is in doubt, and nobody is told of a bill."""
    error = refused(script)
    assert isinstance(error, ProviderUnavailableError)
    assert words in error.message
    assert error.hint
    assert "billed" not in error.message
    assert "--again" not in error.hint


@pytest.mark.parametrize("script", [[STALL], response(b"[", STALL)])
def test_a_server_that_does_not_end(script: Script) -> None:
    """All of it has one time limit, the profile's where that is shorter."""
    error = refused(script, deadline_s=0.2)
    assert isinstance(error, ProviderUnavailableError)
    assert "no whole answer in 0.2 s" in error.message


def test_a_redirect_is_not_followed() -> None:
    """Its target is named, and nobody asks there."""
    with ScriptedServer([]) as elsewhere:
        error = refused(status(307, headers={"Location": f"{elsewhere.base_url}/models"}))
        assert elsewhere.connections == 0
    assert isinstance(error, ProviderRefusedError)
    assert f":{elsewhere.port}/" in error.message


def test_tls_to_a_plain_port() -> None:
    """The cause is named, and no byte of the request has left."""
    with ScriptedServer([]) as server, pytest.raises(ProviderUnavailableError) as caught:
        ServerModels().models(endpoint_for(server.base_url.replace("http:", "https:")))
    assert "TLS handshake" in caught.value.message
    assert server.requests == []


ECHO = {"error": {"message": f"Incorrect API key provided: {KEY}"}}


@pytest.mark.parametrize(
    "script",
    [
        status(200, {"data": [{"id": f"model-{KEY}"}, {"id": "m"}]}),
        status(401, ECHO),
        status(500, ECHO),
        status(200, ECHO),
        status(404, f"no {KEY}"),
        status(302, headers={"Location": f"https://elsewhere.example/?key={KEY}"}),
        response(b"x", headers={"Content-Encoding": KEY}),
    ],
)
def test_the_key_is_shown_nowhere(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a server sends back, no list, error, traceback or log holds the key."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with ScriptedServer([script]) as server:
        try:
            shown.append(repr(ServerModels().models(endpoint_for(server.base_url))))
        except NotelogError as error:
            shown += [error.hint, *traceback.format_exception(error)]
    assert len(server.requests) == 1
    assert KEY not in "\n".join([caplog.text, *shown])
