"""A vLLM server counts its prompts itself; others are asked once a day."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program
from scripted_server import ScriptedServer, Step, reply, response

from notelog.adapters.silent_servers import HOLDS_S, SilentServers
from notelog.adapters.vllm_figures import VllmFigures
from notelog.core.settings import KeySource, Profile
from notelog.ports.servers import Endpoint

MODELS = b'{"object": "list", "data": [{"id": "m", "owned_by": "vllm", "max_model_len": 1024}]}'
PLAIN = b'{"object": "list", "data": [{"id": "m"}]}'


def json_answer(body: bytes) -> list[Step]:
    """A 200 answer."""
    return response(body, headers={"Content-Type": "application/json"}, framing="length")


@pytest.fixture
def vllm() -> Iterator[ScriptedServer]:
    """A server that counts 700 tokens, whatever the prompt."""
    tokens = b'{"count": 700, "max_model_len": 1024, "tokens": [1, 2], "token_strs": null}'
    routes = {"/v1/models": json_answer(MODELS), "/tokenize": json_answer(tokens)}
    with ScriptedServer([reply("Yes.")], routes=routes) as server:
        yield server


def endpoint_of(server: ScriptedServer) -> Endpoint:
    """The server as a profile that is not billed."""
    profile = Profile(name="v", base_url=server.base_url, key=KeySource(), billed=False)
    return Endpoint(profile=profile, base_url=server.base_url, key="k")


def figures(folder: Path) -> VllmFigures:
    """Its figures, with what is remembered in a folder."""
    silent = SilentServers(str(folder), now=lambda: 1_000.0)
    return VllmFigures(silent.known, silent.keep)


def test_window_and_count_are_the_servers(vllm: ScriptedServer, tmp_path: Path) -> None:
    """The window is that of its models, the count that of its tokenizer."""
    asking = figures(tmp_path)
    messages = [{"role": "user", "content": "q"}]
    assert asking.window(endpoint_of(vllm)) == 1_024
    assert (
        asking.prompt_tokens(endpoint_of(vllm), {"model": "m", "messages": messages, "seed": 1})
        == 700
    )
    assert vllm.routed[-1].json() == {"model": "m", "messages": messages}


def test_a_server_of_another_kind_is_asked_once(tmp_path: Path) -> None:
    """That it tells no window is remembered on disk, for a day."""
    with ScriptedServer([], routes={"/v1/models": json_answer(PLAIN)}) as server:
        for _ in range(3):
            assert figures(tmp_path).window(endpoint_of(server)) is None
        assert len(server.routed) == 1
        origin = server.base_url.removesuffix("/v1").replace("127.0.0.1", "localhost")
    for age, known in ((0.0, True), (HOLDS_S - 1, True), (HOLDS_S, False), (-5.0, False)):
        servers = SilentServers(str(tmp_path), now=lambda age=age: 1_000.0 + age)  # type: ignore[misc]  # a default argument
        assert (origin in servers.known()) is known


def test_a_server_that_is_down_is_asked_again(tmp_path: Path) -> None:
    """No answer is no sign of another kind of server."""
    with ScriptedServer([]) as server:
        endpoint = endpoint_of(server)
    assert figures(tmp_path).window(endpoint) is None
    assert SilentServers(str(tmp_path), now=lambda: 1_000.0).known() == frozenset()


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a": "b"}', b"\xff", b'{"a": []}'])
def test_a_damaged_memory_is_none(tmp_path: Path, data: bytes) -> None:
    """Whatever is in the file, nothing fails and the next is kept."""
    (tmp_path / "silent-servers.json").write_bytes(data)
    servers = SilentServers(str(tmp_path), now=lambda: 1.0)
    assert servers.known() == frozenset()
    servers.keep("http://a")
    assert servers.known() == {"http://a"}


def test_a_long_note_is_fitted_by_the_servers_count(vllm: ScriptedServer, tmp_path: Path) -> None:
    """``complete`` asks the server to count before it asks it to answer."""
    program = Program(tmp_path / "home")
    note = tmp_path / "note.md"
    note.write_bytes(b"role::user\n\n" + b"A question of many words. " * 80 + b"\n")
    program.serve(vllm.base_url, profile="billed = false\n")
    run = program.run("complete", "--context-window", "1000", note)
    assert run.code == 0, run.err
    assert [item.target for item in vllm.routed] == ["/v1/models", "/tokenize"]
    assert len(vllm.requests) == 1


def test_a_billed_profile_is_asked_nothing_but_to_answer(
    vllm: ScriptedServer, tmp_path: Path
) -> None:
    """Where requests cost money only the one for the reply is made."""
    program = Program(tmp_path / "home")
    note = tmp_path / "note.md"
    note.write_bytes(b"role::user\n\n" + b"A question of many words. " * 80 + b"\n")
    program.serve(vllm.base_url)
    assert program.run("complete", "--context-window", "1000", note).code == 0
    assert vllm.routed == []
