"""A server that says "too long": the real process asks it again, smaller, and remembers."""

import json
import signal
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from program import Program
from scripted_server import (
    STALL,
    RecordedRequest,
    Script,
    ScriptedServer,
    Signal,
    event,
    reply,
    response,
    status,
)

from notelog.core.trim import LEFT_OUT_NOTICE

SEPARATOR = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
SYSTEM = "You are a careful gardener."
QUESTION = "Which of them should I plant first, 朋友?"
TURNS = 30


def chat(question: str = QUESTION, *, head: str = "") -> str:
    """A long chat: a system message, older turns of about 60 tokens each, the question."""
    old = [
        f"{role}\n\n{number}. {'Roses and onions grow well here. ' * 8}"
        for number in range(TURNS)
        for role in ("user", "assistant")
    ]
    front = f"---\n{head}system_commands: ['{SYSTEM}']\n---\n\n"
    return front + SEPARATOR.join(["Hello.", *old, f"user\n\n{question}\n"])


def refused(message: str, code: int = 400) -> Script:
    """A refusal in a server's words."""
    return status(code, {"error": {"message": message, "type": "invalid_request_error"}})


def openai_words(window: int, prompt: int) -> Script:
    """OpenAI's refusal of a prompt."""
    return refused(
        f"This model's maximum context length is {window} tokens. However, your messages resulted"
        f" in {prompt} tokens. Please reduce the length of the messages."
    )


BLIND = refused("Your input exceeds the context window of this model.")


def contents(request: RecordedRequest) -> list[str]:
    """What the messages of a request say."""
    return [item["content"] for item in cast("list[dict[str, str]]", request.json()["messages"])]


def assert_smaller(requests: Sequence[RecordedRequest]) -> None:
    """Each request is a part of the one before, with the system message and the question."""
    for before, after in pairwise(requests):
        assert len(after.body) < len(before.body)
        left = iter(contents(before))
        assert all(item in left for item in contents(after) if item != LEFT_OUT_NOTICE)
    for request in requests:
        assert contents(request)[0] == SYSTEM
        assert contents(request)[-1] == QUESTION


@pytest.fixture
def note(vault: Path) -> Path:
    """A note whose chat is long."""
    path = vault / "garden.md"
    path.write_bytes(chat().encode())
    return path


def test_window_and_ratio_are_learned_and_remembered(
    program: Program, vault: Path, note: Path
) -> None:
    """One further request fits; the next note is fitted to the window without a refusal."""
    with ScriptedServer([openai_words(2_000, 4_400), reply("Onions."), reply("Yes.")]) as server:
        program.serve(server.base_url, profile="max_tokens = 300\n")
        config = program.home / "config" / "config.toml"
        config.write_bytes(config.read_bytes().replace(b"context_window = 8192\n", b""))
        run = program.run("complete", note)
        assert (run.code, run.out) == (0, "Onions.\n")
        assert "window is 2,000 tokens: left out" in run.err
        assert run.err.count("asked again") == 1
        assert_smaller(server.requests)
        (state,) = (program.home / "state").glob("learned.json")
        assert "onions" not in state.read_bytes().decode().lower()
        second = vault / "second.md"
        second.write_bytes(chat().encode())
        dry = program.run("complete", "--dry-run", second)
        assert "2,000 tokens (learned from the server on " in dry.out
        assert program.run("complete", second).code == 0
    assert len(server.requests) == 3
    assert len(server.requests[2].body) < len(server.requests[0].body)
    assert contents(server.requests[2])[-1] == QUESTION


def test_configuration_and_front_matter_win_over_what_was_learned(
    program: Program, vault: Path, note: Path
) -> None:
    """A window that the person sets is used, whatever the server said before."""
    with ScriptedServer([openai_words(2_000, 4_400), reply("Onions.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0
    assert "8,192 tokens (profile test)" in program.run("complete", "--dry-run", again(vault)).out
    own = again(vault, head="context_window: 3000\n")
    assert "3,000 tokens (front matter:2)" in program.run("complete", "--dry-run", own).out


def again(vault: Path, *, head: str = "") -> Path:
    """Another note with the chat."""
    path = vault / "again.md"
    path.write_bytes(chat(head=head).encode())
    return path


def test_only_the_reply_is_lowered(program: Program, vault: Path) -> None:
    """The error of the first seed: nothing is left out, and max_tokens is what has room."""
    note = vault / "seed.md"
    note.write_bytes(chat(head="max_tokens: 3000\n").encode())
    words = (
        "This model's maximum context length is 6000 tokens, However, you requested 7382 tokens"
        "(4382 in the messages, 3000 in the completion)."
    )
    with ScriptedServer([refused(words), reply("Onions.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--json", note)
    assert run.code == 0
    first, second = (request.json() for request in server.requests)
    assert first["messages"] == second["messages"]
    assert first["max_tokens"] == 3_000
    assert 1_600 <= cast("int", second["max_tokens"]) <= 6_000 - 4_382
    plan = cast("dict[str, object]", run.fields["plan"])
    assert plan["prompt_tokens"] == 4_382
    assert plan["window"] == 6_000
    assert plan["completion_tokens"] == second["max_tokens"]


def test_two_further_requests_at_most(program: Program, note: Path) -> None:
    """After the third refusal it is final: exit 5, the note as it was, nothing in doubt."""
    before = note.read_bytes()
    with ScriptedServer([BLIND, BLIND, BLIND, reply("never")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 5
    assert len(server.requests) == 3
    assert_smaller(server.requests)
    assert note.read_bytes() == before
    with ScriptedServer([reply("At last.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0


def test_without_figures_about_seven_tenths_are_sent(program: Program, note: Path) -> None:
    """A refusal without any figure is met by a guess."""
    with ScriptedServer([BLIND, reply("Onions.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 0
    first, second = (len(request.body) for request in server.requests)
    assert 0.4 * first < second <= 0.72 * first
    assert "too long: left out" in run.err
    assert not (program.home / "state" / "learned.json").exists()


def test_a_bound_and_then_a_count(program: Program, note: Path) -> None:
    """A lower bound teaches the window; the count after it the ratio."""
    words = (
        "This model's maximum context length is 2048 tokens. However, you requested 1 output tokens"
        " and your prompt contains at least 2048 input tokens, for a total of at least 2049 tokens."
    )
    with ScriptedServer([refused(words), openai_words(2_048, 2_300), reply("Yes.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 0
    assert len(server.requests) == 3
    assert_smaller(server.requests)
    assert run.err.count("window is 2,048 tokens") == 2


def test_a_question_that_does_not_fit_the_window_is_said(program: Program, vault: Path) -> None:
    """Where system message and question alone are too much nothing further is sent."""
    note = vault / "long.md"
    note.write_bytes(chat("Why? " * 2_000).encode())
    with ScriptedServer([openai_words(1_000, 6_500), reply("never")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--json", note)
    assert run.code == 4
    (error,) = cast("list[dict[str, object]]", run.fields["errors"])
    assert error["code"] == "too-large"
    assert error["path"] == str(note)
    assert len(server.requests) == 1
    with ScriptedServer([reply("Because.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0  # it is not in doubt


@pytest.mark.parametrize(
    ("script", "code", "requests"),
    [
        (refused("Limit 6000 tokens per minute (TPM), Requested 7000", 413), 5, 1),
        (refused("maximum context length is 2000 tokens", 500), 10, 1),
        (
            response(event({"error": {"code": 400, "message": "maximum context length is 9"}})),
            5,
            1,
        ),
    ],
    ids=["rate limit", "in doubt", "in the stream"],
)
def test_what_is_not_asked_again(
    program: Program, note: Path, script: Script, code: int, requests: int
) -> None:
    """Rate limits, what may have been billed, and a reply that had begun where that costs."""
    with ScriptedServer([script, reply("never")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == code
    assert len(server.requests) == requests


def test_a_free_server_may_say_it_in_the_stream(program: Program, note: Path) -> None:
    """LM Studio says it in place of the first part, with status 200 and no code."""
    words = (
        "Trying to keep the first 4400 tokens when context the overflows. However, the model is"
        " loaded with context length of only 2048 tokens, which is not enough."
    )
    script = response(event({"error": {"message": words}}))
    routes = {"/v1/models": status(404, {})}
    with ScriptedServer([script, reply("Onions.")], routes=routes) as server:
        program.serve(server.base_url, profile="billed = false\n")
        assert program.run("complete", note).code == 0
    assert_smaller(server.requests)
    assert len(server.requests) == 2


def test_a_kill_between_the_requests_leaves_it_in_doubt(program: Program, note: Path) -> None:
    """Whoever dies while the second request is out has sent it: it is not asked again."""
    out = threading.Event()
    scripts: list[Script] = [openai_words(2_000, 4_400), [Signal(out), STALL], reply("never")]
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        with process:
            assert out.wait(30)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
        run = program.run("complete", note)
    assert run.code == 10
    assert len(server.requests) == 2


def test_a_reply_limit_is_kept(program: Program, vault: Path) -> None:
    """A server's own limit of a reply is used, and remembered for the next note."""
    note = vault / "short.md"
    note.write_bytes(b"---\nmax_tokens: 5000\n---\n\nWhy?\n")
    words = "max_tokens is too large: 5000. This model supports at most 1000 completion tokens."
    with ScriptedServer([refused(words), reply("So."), reply("So.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0
        second = vault / "second.md"
        second.write_bytes(b"---\nmax_tokens: 5000\n---\n\nWhy not?\n")
        assert program.run("complete", second).code == 0
    asked = [request.json()["max_tokens"] for request in server.requests]
    assert asked == [5_000, 1_000, 1_000]
    figures = json.loads((program.home / "state" / "learned.json").read_bytes())
    assert figures["figures"][0]["output_limit"] == 1_000


def test_what_was_learned_is_shown(program: Program, note: Path) -> None:
    """``model show`` tells the window, its server, its day, and what holds at a profile."""
    with ScriptedServer([openai_words(2_000, 4_400), reply("Onions.")]) as server:
        program.serve(server.base_url)
        config = program.home / "config" / "config.toml"
        config.write_bytes(config.read_bytes().replace(b"context_window = 8192\n", b""))
        assert program.run("complete", note).code == 0
        origin = f"http://localhost:{server.port}"
    general = program.run("model", "show", "m").out
    assert "window:        8,192 tokens" in general
    assert f"learned:       {origin}: window 2,000 tokens" in general
    assert "its refusal of a prompt of 4,400 tokens" in general
    at_profile = program.run("model", "show", "m", "--profile", "test").out
    assert "window:        2,000 tokens" in at_profile
    assert "learned from the server on " in at_profile
    fields = program.run("model", "show", "m", "-p", "test", "--json").fields
    (learned,) = cast("list[dict[str, object]]", fields["learned"])
    assert (learned["server"], learned["window"]) == (origin, 2_000)
    assert fields["context_window"] == 2_000
    elsewhere = program.run("model", "show", "m", "--profile", "openai", "--json").fields
    assert (elsewhere["learned"], elsewhere["context_window"]) == ([], 8_192)
    assert program.run("model", "show", "m", "--profile", "nobody").code == 3
