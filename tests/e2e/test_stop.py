"""``notelog stop``: a request is stopped from another terminal."""

from pathlib import Path
from threading import Event

import pytest
from program import Program
from scripted_server import STALL, ScriptedServer, Signal, chunk, event, reply, response, status

QUESTION = b"Why?\n"
NO_FIGURES = {path: status(404) for path in ("/v1/models", "/props", "/tokenize")}
LINE = "Roses and onions grow well beside each other in rain and sun, as my aunt says. "
TURN = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
LONG = "Summarise the text below.\n\n" + "\n\n".join(f"<{n}> {LINE * 3}" for n in range(85)) + "\n"
CHAT = f"{LINE * 3}{TURN}assistant\n\n{LINE * 3}{TURN}user\n\n" * 24 + "Which first?\n"


def test_a_running_request_is_stopped_and_its_part_kept(program: Program, vault: Path) -> None:
    """What had come is in the note with a mark; the stopped command ends as after Ctrl-C."""
    note = vault / "note.md"
    note.write_bytes(QUESTION)
    arrived = Event()
    script = response(event(chunk("Half an answer")), Signal(arrived), STALL)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        with program.start("complete", note) as running:
            assert arrived.wait(20)
            stopped = program.run("stop", note)
            _, err = running.communicate(timeout=20)
        assert (stopped.code, running.returncode) == (0, 130)
        assert b"stopped by you" in err
    assert "stopped; what had arrived is kept" in stopped.err
    data = note.read_bytes()
    assert data.startswith(QUESTION)
    assert b"\n\nHalf an answer\n\n> [!notelog] stopped by you" in data


@pytest.mark.parametrize("old_name_is_reused", [False, True])
def test_a_note_that_was_renamed_meanwhile_is_stopped_by_its_new_name(
    program: Program, vault: Path, *, old_name_is_reused: bool
) -> None:
    """What came goes into it; another note's request is let be."""
    note, other = vault / "note.md", vault / "other.md"
    note.write_bytes(QUESTION)
    other.write_bytes(b"Who?\n")
    arrived = Event()
    script = response(event(chunk("Half an answer")), Signal(arrived), STALL)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        with program.start("complete", note) as running:
            assert arrived.wait(60)
            new = note.rename(vault / "renamed.md")
            if old_name_is_reused:
                note.write_bytes(b"Who?\n")
            assert "nothing is running" in program.run("stop", other).err
            stopped = program.run("stop", "--json", new)
            running.communicate(timeout=60)
    assert stopped.fields == {"notelog": 1, "running": True, "ended": True}
    assert program.run("deliver", new).code == 0
    assert b"\n\nHalf an answer\n" in new.read_bytes()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "how"), [(LONG, ("--map-reduce", "--yes")), (CHAT, ("--summary",))]
)
def test_a_renamed_note_is_stopped_while_only_a_part_of_its_question_is_asked(
    program: Program, vault: Path, text: str, how: tuple[str, ...]
) -> None:
    """Before its last request, too, and another note's is let be; the same command goes on."""
    note, other = vault / "note.md", vault / "other.md"
    note.write_bytes(text.encode())
    other.write_bytes(b"Who?\n")
    arrived = Event()
    part = response(event(chunk("Half of one")), Signal(arrived), STALL)
    with ScriptedServer([part, *[reply("Whole.")] * 9], routes=NO_FIGURES) as server:
        program.serve(server.base_url, profile="billed = false\nrequests_at_once = 1\n")
        ask = ("complete", *how, "--context-window", "1600")
        with program.start(*ask, note) as running:
            assert arrived.wait(60)
            new = note.rename(vault / "renamed.md")
            assert "nothing is running" in program.run("stop", other).err
            stopped = program.run("stop", "--json", new)
            running.communicate(timeout=60)
            assert (running.returncode, len(server.requests)) == (130, 1)
        assert stopped.fields == {"notelog": 1, "running": True, "ended": True}
        assert new.read_bytes() == text.encode()
        run = program.run(*ask, new)
        assert run.code == 0, run.err
    assert b"Whole." in new.read_bytes()


def test_nothing_runs(program: Program, vault: Path) -> None:
    """Then that is said, and a later request is not stopped by it."""
    note = vault / "note.md"
    note.write_bytes(QUESTION)
    run = program.run("stop", note)
    assert run.code == 0
    assert "nothing is running" in run.err
    assert program.run("stop", "--json", note).fields == {
        "notelog": 1,
        "running": False,
        "ended": True,
    }
    assert note.read_bytes() == QUESTION


def test_a_waiting_request_is_stopped_unbilled(program: Program, vault: Path) -> None:
    """Between two attempts at a busy server nothing is in doubt."""
    note = vault / "note.md"
    note.write_bytes(QUESTION)
    asked = Event()
    busy = response(b"{}", Signal(asked), code=503, headers={"Retry-After": "30"}, framing="close")
    with ScriptedServer([busy]) as server:
        program.serve(server.base_url)
        with program.start("complete", note) as running:
            assert asked.wait(20)
            assert program.run("stop", note).code == 0
            _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert b"nothing was billed" in err
    assert note.read_bytes() == QUESTION
