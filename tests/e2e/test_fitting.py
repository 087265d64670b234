"""A conversation that is too long for its window: what is sent of it, and what a person sees."""

import json
import re
from pathlib import Path
from typing import cast

import pytest
from program import Program
from scripted_server import RecordedRequest, ScriptedServer, reply

from notelog.core.trim import LEFT_OUT_NOTICE

SEPARATOR = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
SYSTEM = "You are a careful gardener."
QUESTION = "Which of them should I plant first, 朋友?"
OLD = [
    f"{role}\n\n{number}. {'Roses and onions grow well here. ' * 8}"
    for number in range(20)
    for role in ("user", "assistant")
]


def chat(*turns: str) -> bytes:
    """A note with a system message and turns, the first of them the user's."""
    front = f"---\nsystem_commands: ['{SYSTEM}']\n---\n\n"
    return (front + SEPARATOR.join(["Hello.", *turns]) + "\n").encode()


def long_chat() -> bytes:
    """Some forty messages of about sixty tokens each, and a question."""
    return chat("assistant\n\nHello.", *OLD, f"user\n\n{QUESTION}")


def contents(request: RecordedRequest) -> list[str]:
    """What the messages of a request say."""
    return [item["content"] for item in cast("list[dict[str, str]]", request.json()["messages"])]


@pytest.fixture
def note(vault: Path) -> Path:
    """A note whose chat is long."""
    path = vault / "garden.md"
    path.write_bytes(long_chat())
    return path


@pytest.mark.parametrize("told", [True, False])
def test_the_model_is_told_that_turns_are_left_out(
    program: Program, note: Path, *, told: bool
) -> None:
    """A system message of notelog's stands below the note's own, unless it is switched off."""
    with ScriptedServer([reply("Onions.")]) as server:
        program.serve(server.base_url)
        config = program.home / "config" / "config.toml"
        config.write_bytes(
            config.read_bytes() + f"[context]\nnotice = {str(told).lower()}\n".encode()
        )
        shown = program.run("show", "--as-sent", "--json", "--context-window", "1500", note)
        run = program.run("complete", "--context-window", "1500", note)
    assert run.code == 0
    sent = contents(server.requests[0])
    assert sent[0] == SYSTEM
    assert (sent[1] == LEFT_OUT_NOTICE) == told
    assert sent.count(LEFT_OUT_NOTICE) == told
    assert sent[-1] == QUESTION
    assert re.search(
        r"left out to fit the window: \d+ messages \(lines 5-\d+, about [\d,]+ tok", run.err
    )
    plan = cast("dict[str, object]", shown.fields["plan"])
    assert plan["notice"] == (LEFT_OUT_NOTICE if told else None)
    request = cast("dict[str, object]", shown.fields["request"])
    assert request["messages"] == server.requests[0].json()["messages"]


def test_the_note_is_told_only_if_asked(program: Program, note: Path) -> None:
    """With mark_left_out a callout below the reply says what was left out; it is never sent."""
    with ScriptedServer([reply("Onions."), reply("Roses.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--context-window", "1500", note)
        assert b"[!notelog]" not in note.read_bytes()
        config = program.home / "config" / "config.toml"
        config.write_bytes(config.read_bytes() + b"[context]\nmark_left_out = true\n")
        note.write_bytes(note.read_bytes() + b"And then?\n")
        run = program.run("complete", "--context-window", "1500", note)
        assert run.code == 0
    text = note.read_bytes().decode()
    assert re.search(r"> \[!notelog\] Left out to fit the window: \d+ messages \(lines 5-", text)
    assert "Left out" not in program.run("show", note).out


def test_a_question_that_is_too_large_stops_with_the_ways_out(
    program: Program, vault: Path
) -> None:
    """The error has the figures, the biggest message with its place, and what can be done."""
    note = vault / "big.md"
    note.write_bytes(chat("assistant\n\nHi.", "user\n\n" + "一篇很长的文章。\n" * 4_000))
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code != 0
    assert not server.requests
    assert "must be sent, and a window of 8,192 leaves 7,151 for the prompt" in run.err
    assert "the biggest part is the user message in lines 17-4016" in run.err
    for way in ("larger window", "--shorten", "--map-reduce"):
        assert way in run.err
    assert note.read_bytes().count("一篇".encode()) == 4_000


@pytest.mark.parametrize("configured", [True, False])
def test_a_question_is_shortened_where_it_is_asked_for(
    program: Program, vault: Path, *, configured: bool
) -> None:
    """Beginning and end are sent with a marker; the note keeps all of it; the person is told."""
    note = vault / "big.md"
    text = "First line.\n" + "一篇很长的文章。\n" * 4_000 + "Last line?"
    note.write_bytes(chat(*OLD[1:4], f"user\n\n{text}"))
    before = note.read_bytes()
    with ScriptedServer([reply("Yes.")]) as server:
        program.serve(server.base_url)
        if configured:
            config = program.home / "config" / "config.toml"
            config.write_bytes(config.read_bytes() + b"[context]\nshorten = true\n")
        option = () if configured else ("--shorten",)
        shown = program.run("show", "--as-sent", *option, note)
        table = program.run("tokens", *option, note)
        run = program.run("complete", *option, note)
        refused = program.run("complete", "--again", "--no-shorten", note)
    assert run.code == 0, run.err
    assert refused.code == 4
    assert "--shorten" in refused.err
    sent = contents(server.requests[0])
    assert sent[:2] == [SYSTEM, LEFT_OUT_NOTICE]
    assert sent[-1].startswith("First line.\n")
    assert sent[-1].endswith("\nLast line?")
    assert len(re.findall(r"\n\n\[… [\d,]+ of [\d,]+ tokens left out …\]\n\n", sent[-1])) == 1
    assert note.read_bytes().startswith(before)
    assert "left out to fit the window: 4 messages" in run.err
    assert "the middle of a message (lines 29-4030, about" in run.err
    assert sent[-1] in shown.out
    assert "---- left out: 4 messages, lines 5-" in shown.out
    assert "is shortened to its beginning and end" in table.out


def test_a_system_prompt_is_never_shortened(program: Program, vault: Path) -> None:
    """Where it fills the window, shortening is neither done nor offered."""
    note = vault / "rules.md"
    rules = "Rule after rule. " * 3_000
    note.write_bytes(f"---\nsystem_commands: ['{rules}']\n---\n\nHello?\n".encode())
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        runs = [program.run("complete", *option, note) for option in ((), ("--shorten",))]
    assert not server.requests
    for run in runs:
        assert run.code != 0
        assert "the biggest part is the system message" in run.err
        assert "--shorten" not in run.err
        assert "--map-reduce" not in run.err


def test_every_turn_has_its_fate_in_json(program: Program, note: Path) -> None:
    """The plan's turns and the table's messages say the same of every message."""
    program.serve("http://127.0.0.1:9/v1")
    window = ("--json", "--context-window", "1500")
    shown = program.run("show", "--as-sent", *window, note).fields
    table = program.run("tokens", *window, note).fields
    turns = cast("list[dict[str, object]]", cast("dict[str, object]", shown["plan"])["turns"])
    (tally,) = cast("list[dict[str, object]]", table["inputs"])
    rows = cast("list[dict[str, object]]", tally["messages"])
    assert [turn["fate"] for turn in turns] == [row["fate"] for row in rows]
    assert [turn["sent_tokens"] for turn in turns] == [row["sent_tokens"] for row in rows]
    assert len(turns) == len(OLD) + 4
    assert {turn["fate"] for turn in turns} == {"kept", "left out"}
    assert json.dumps(turns).count("older than what fits the window") > 10
