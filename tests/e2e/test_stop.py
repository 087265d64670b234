"""``notelog stop``: a request is stopped from another terminal."""

from pathlib import Path
from threading import Event

from program import Program
from scripted_server import STALL, ScriptedServer, Signal, chunk, event, response

QUESTION = b"Why?\n"


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


def test_a_note_that_was_renamed_meanwhile_is_stopped_by_its_new_name(
    program: Program, vault: Path
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
            assert "nothing is running" in program.run("stop", other).err
            stopped = program.run("stop", "--json", new)
            running.communicate(timeout=60)
    assert stopped.fields == {"notelog": 1, "running": True, "ended": True}
    assert program.run("deliver", new).code == 0
    assert b"\n\nHalf an answer\n" in new.read_bytes()
    assert len(server.requests) == 1


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
