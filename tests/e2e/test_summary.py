"""A summary of what is left out of a long chat: the real process, and a server that counts."""

from pathlib import Path
from typing import cast

import pytest
from program import Program
from scripted_server import RecordedRequest, Script, ScriptedServer, reply, reply_events, response

WINDOW = ("--context-window", "2400")
ASK = ("complete", "--summary", *WINDOW)
MARK = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
NOTE_LINE = "Roses and onions grow well beside each other in rain and sun, as my aunt says. "


def chat(turns: int = 24) -> bytes:
    """A chat of so many older turns and a question."""
    parts = [
        f"Question {n}: {NOTE_LINE}{MARK}assistant\n\nReply {n}: {NOTE_LINE * 3}"
        for n in range(turns)
    ]
    return (f"{MARK}user\n\n".join([*parts, "Which first?"]) + "\n").encode()


def said(request: RecordedRequest) -> list[dict[str, str]]:
    """The messages of a request."""
    return cast("list[dict[str, str]]", request.json()["messages"])


def is_summary(request: RecordedRequest) -> bool:
    """Whether a request asks for a summary."""
    return said(request)[0]["content"].startswith("Sum up the conversation")


def test_it_is_off_unless_wished(program: Program, vault: Path) -> None:
    """One request, and what is left out is left out; a note cannot switch it on."""
    note = vault / "chat.md"
    note.write_bytes(b"---\nsummary: true\n---\n" + chat())
    with ScriptedServer([reply("Roses.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", *WINDOW, note)
        assert (run.code, len(server.requests)) == (0, 1), run.err
    assert "left out" in run.err


def test_it_is_asked_once_and_sent_along(program: Program, vault: Path) -> None:
    """The summary stands in a system message; the same past is never summed up twice."""
    note = vault / "chat.md"
    note.write_bytes(chat())
    with ScriptedServer(
        [reply("They spoke of roses."), reply("Roses."), reply("Onions.")]
    ) as server:
        program.serve(server.base_url)
        run = program.run(*ASK, note)
        assert (run.code, len(server.requests)) == (0, 2), run.err
        first, second = server.requests
        assert is_summary(first)
        assert "Question 0" in said(first)[0]["content"]
        assert "Which first?" not in said(first)[0]["content"]
        assert said(second)[0]["role"] == "system"
        assert any("They spoke of roses." in item["content"] for item in said(second))
        left_out = [f"Question {n}:" for n in range(24)]
        sent = str(said(second))
        assert all(text in said(first)[0]["content"] or text in sent for text in left_out)
        run = program.run(*ASK, "--again", note)
        assert (run.code, len(server.requests)) == (0, 3), run.err
        assert any("They spoke of roses." in item["content"] for item in said(server.requests[2]))
    assert "They spoke" not in note.read_text(encoding="utf-8")


def test_it_goes_on_from_the_last_one(program: Program, vault: Path) -> None:
    """When the cut moves, only what was left out since is summed up, with the summary before."""
    note = vault / "chat.md"
    note.write_bytes(chat(24))
    with ScriptedServer([reply("SUM ONE."), reply("A."), reply("SUM TWO."), reply("B.")]) as server:
        program.serve(server.base_url)
        assert program.run(*ASK, note).code == 0
        note.write_bytes(chat(34))
        run = program.run(*ASK, note)
        assert (run.code, len(server.requests)) == (0, 4), run.err
        third = said(server.requests[2])[0]["content"]
        assert "SUM ONE." in third
        assert "Question 0:" not in third
        assert any("SUM TWO." in item["content"] for item in said(server.requests[3]))
        shown = program.run("show", "--as-sent", "--summary", *WINDOW, note)
    assert shown.code == 0


def test_show_has_the_kept_summary(program: Program, vault: Path) -> None:
    """The request that is shown holds the summary that is kept, and nothing is asked."""
    note = vault / "chat.md"
    note.write_bytes(chat())
    with ScriptedServer(
        [reply("They spoke of roses."), reply("A.", finish_reason="stop")]
    ) as server:
        program.serve(server.base_url)
        before = program.run("show", "--as-sent", "--summary", *WINDOW, note)
        assert program.run(*ASK, note).code == 0
        note.write_bytes(chat())
        after = program.run("show", "--as-sent", "--summary", *WINDOW, note)
        plain = program.run("show", "--as-sent", *WINDOW, note)
        assert len(server.requests) == 2
    assert "They spoke of roses." in after.out
    assert "They spoke of roses." not in before.out + plain.out


@pytest.mark.parametrize(
    "script",
    [
        reply("They spoke", finish_reason="length"),
        reply("word " * 1_000),
        response(*reply_events("")),
        response(*reply_events("They")[:2], end=False),
    ],
)
def test_what_is_no_summary_is_not_used(program: Program, vault: Path, script: Script) -> None:
    """The turn is asked without one, a sentence says why, and it is not asked for again."""
    note = vault / "chat.md"
    note.write_bytes(chat())
    with ScriptedServer([script, reply("Roses."), reply("Again.")]) as server:
        program.serve(server.base_url)
        run = program.run(*ASK, note)
        assert (run.code, len(server.requests)) == (0, 2), run.err
        assert not any("Summary of" in item["content"] for item in said(server.requests[1]))
        note.write_bytes(chat() + b"\nAnd then?\n")
        run = program.run(*ASK, note)
        assert (run.code, len(server.requests)) == (0, 3), run.err
    assert "without a summary" in run.err


def test_caps_count_it(program: Program, vault: Path) -> None:
    """It counts as a request, and takes none that the question itself needs."""
    note = vault / "chat.md"
    note.write_bytes(chat())
    with ScriptedServer([reply("A summary."), reply("Roses.")]) as server:
        program.serve(server.base_url, profile="[profiles.test.caps]\nrequests_per_hour = 2\n")
        assert program.run(*ASK, note).code == 0
        other = vault / "other.md"
        other.write_bytes(b"One more?\n")
        assert program.run("complete", other).code == 8
        assert len(server.requests) == 2
        program.serve(server.base_url, profile="[profiles.test.caps]\nrequests_per_hour = 3\n")
        other.write_bytes(chat(25))
        run = program.run(*ASK, other)
        assert "without a summary" in run.err
        assert is_summary(server.requests[0])
        assert not is_summary(server.requests[2])
