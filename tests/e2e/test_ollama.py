"""Ollama: the window that it has loaded is asked for, and a prompt that it cut is found out."""

import json
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, cast

import pytest
from program import Program
from scripted_server import (
    STALL,
    RecordedRequest,
    ScriptedServer,
    Signal,
    Step,
    Wait,
    chunk,
    event,
    reply,
    response,
    status,
    usage_chunk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SEPARATOR = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
QUESTION = "Which of them should I plant first?"
LIST = "/api/ps"


def loaded(window: object, name: str = "qwen3:latest") -> list[Step]:
    """What Ollama says of the models that are loaded."""
    return status(200, {"models": [{"name": name, "model": name, "context_length": window}]})


@pytest.fixture
def note(vault: Path) -> Path:
    """A note whose chat has about 4,500 tokens."""
    old = [
        f"{role}\n\n{number}. {'Roses and onions grow well here. ' * 8}"
        for number in range(40)
        for role in ("user", "assistant")
    ]
    path = vault / "garden.md"
    path.write_bytes(SEPARATOR.join(["Hello.", *old, f"user\n\n{QUESTION}\n"]).encode())
    return path


def configure(program: Program, server: ScriptedServer, *, more: str = "") -> None:
    """The ready-made profile, at the scripted server."""
    program.configure(
        'default_profile = "ollama"\n[profiles.ollama]\n'
        f'base_url = "{server.base_url}"\nmodel = "qwen3"\n{more}'
    )


def sent(request: RecordedRequest) -> list[str]:
    """What the messages of a request say."""
    return [item["content"] for item in cast("list[dict[str, str]]", request.json()["messages"])]


@pytest.mark.parametrize(
    ("answer", "window"),
    [
        (loaded(2_048), 2_048),
        (loaded(16_384), 16_384),
        (loaded(2_048, "QWEN3:latest"), 2_048),
        (loaded(16_384, "qwen3:4b"), 4_096),
        (loaded(None), 4_096),
        (loaded(-3), 4_096),
        (status(200, {"models": []}), 4_096),
        (status(200, [1]), 4_096),
        (status(200, b"<html>"), 4_096),
        (status(404), 4_096),
        (status(301, headers={"Location": "http://127.0.0.1:9/"}), 4_096),
    ],
)
def test_the_loaded_window_is_fitted_to(
    program: Program, note: Path, answer: list[Step], window: int
) -> None:
    """A chat is fitted to the window that is loaded; where that is unknown, to 4,096 tokens."""
    with ScriptedServer([reply("Onions.")], routes={LIST: answer}) as server:
        configure(program, server)
        run = program.run("complete", "--json", note)
    assert run.code == 0
    plan = cast("Mapping[str, object]", run.fields["plan"])
    assert plan["window"] == window
    assert cast("int", plan["prompt_tokens"]) <= window
    (request,) = server.requests
    assert sent(request)[-1] == QUESTION
    (asked,) = server.routed
    assert (asked.method, asked.body) == ("GET", b"")


def test_a_larger_window_that_is_set_is_not_believed(program: Program, note: Path) -> None:
    """What is loaded is all there is, whatever the configuration says; it is told."""
    with ScriptedServer([reply("Onions.")], routes={LIST: loaded(2_048)}) as server:
        configure(program, server, more="context_window = 8192\n")
        run = program.run("complete", note)
    assert run.code == 0
    assert "window of 2,048 tokens" in run.err
    assert len(json.dumps(sent(server.requests[0]))) < 8_000


def test_a_smaller_window_that_is_set_holds(program: Program, note: Path) -> None:
    """A person may leave room."""
    with ScriptedServer([reply("Onions.")], routes={LIST: loaded(16_384)}) as server:
        configure(program, server, more="context_window = 1000\n")
        run = program.run("complete", "--json", note)
    assert cast("Mapping[str, object]", run.fields["plan"])["window"] == 1_000


def test_a_server_that_stalls_is_not_waited_for(program: Program, note: Path) -> None:
    """The list is waited for two seconds, then the chat is asked as if it were not there."""
    with ScriptedServer([reply("Onions.")], routes={LIST: [STALL]}) as server:
        configure(program, server)
        assert program.run("complete", note).code == 0
    assert len(server.requests) == 1


def test_nobody_else_is_asked_for_a_loaded_window(program: Program, note: Path) -> None:
    """Another profile's server is sent nothing but the chat."""
    with ScriptedServer([reply("Onions.")], routes={LIST: loaded(2_048)}) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0
    assert server.routed == []


def test_a_dry_run_asks_nobody(program: Program, note: Path) -> None:
    """Without a request there is no question for the window either."""
    with ScriptedServer([], routes={LIST: loaded(2_048)}) as server:
        configure(program, server)
        assert program.run("complete", "--dry-run", note).code == 0
    assert server.connections == 0


def reply_that_read(tokens: int, *, finish_reason: str = "stop") -> list[Step]:
    """A whole reply of a server that says how much of the prompt it read."""
    parts = [chunk("Onions."), chunk(finish_reason=finish_reason), usage_chunk(prompt=tokens)]
    return response(*map(event, parts), event("[DONE]"))


@pytest.mark.parametrize(("read", "cut"), [(900, True), (1_200, True), (2_400, False), (7, False)])
def test_a_prompt_that_was_cut_silently_is_found_out(
    program: Program, note: Path, *, read: int, cut: bool
) -> None:
    """The reply is kept, marked, told and no success; a server that does not count is let be."""
    before = note.read_bytes()
    routes = {LIST: loaded(4_096)}
    with ScriptedServer([reply_that_read(read)], routes=routes) as server:
        configure(program, server)
        run = program.run("complete", note)
    after = note.read_bytes().decode()
    assert after.encode().startswith(before)
    assert "Onions." in after
    assert run.code == (7 if cut else 0)
    assert (f"read only {read:,} of about " in run.err) is cut
    assert (f"> [!notelog] the server read only {read:,} of" in after) is cut
    if cut:
        assert not (program.home / "state" / "learned.json").exists()


def test_a_cut_prompt_is_told_beside_a_cut_reply(program: Program, note: Path) -> None:
    """A reply that ended at its limit says both."""
    with ScriptedServer([reply_that_read(900, finish_reason="length")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 7
    assert "limit" in run.err
    assert "read only 900" in run.err


@pytest.mark.parametrize("command", ["deliver", "complete"])
def test_a_cut_prompt_is_marked_however_late_its_reply_lands(
    program: Program, note: Path, command: str
) -> None:
    """What was found out when the reply came stays with it, though its figures are long gone."""
    before = note.read_bytes()
    sent, go = Event(), Event()
    late = reply_that_read(900)
    with ScriptedServer([[*late[:-1], Signal(sent), Wait(go), late[-1]]]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        note.write_bytes(b"Hello.\n")
        go.set()
        process.communicate(timeout=30)
        assert process.returncode == 9
        note.write_bytes(before)
        run = program.run(command, note)
    assert len(server.requests) == 1
    assert "> [!notelog] the server read only 900 of" in note.read_bytes().decode()
    assert "read only 900 of about " in run.err
    assert run.code == (7 if command == "complete" else 0)
