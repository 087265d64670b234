"""End marks that a person chose: the real watcher, files and journal, a server that counts."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from program import Program
from scripted_server import (
    RESET,
    STALL,
    ScriptedServer,
    Signal,
    Step,
    chunk,
    event,
    reply,
    response,
)
from watch_run import LONGEST_WAIT_S, QUICK, WatchRun

from notelog.errors import ConfigurationError, InDoubtError

OWN = f'{QUICK}end_marks = ["//", "done"]\n'
NONE = f"{QUICK}end_marks = []\n"
HR = '<hr class="__chatgpt_plugin">'
CHAT = (
    f"---\nnotelog: mark\n---\n\nWhat is tea?\n;;\n\n{HR}\n\nrole::assistant\n\nA leaf.\n\n"
    f"{HR}\n\nrole::user\n\n"
)


def last_messages(server: ScriptedServer) -> list[str]:
    """The last message of each request."""
    bodies = (cast("Any", request.json()) for request in server.requests)
    return [body["messages"][-1]["content"] for body in bodies]


def test_only_the_chosen_marks_are_answered(program: Program, vault: Path) -> None:
    """``;;`` is text and asks for nothing; each chosen mark does, and is not sent."""
    for name in ("usual", "slashes", "word"):
        (vault / f"{name}.md").write_text(f"{CHAT}And {name}?\n", "utf-8")
    with ScriptedServer([reply("done\n//\n;;"), reply("Two.")]) as server:
        program.serve(server.base_url, profile=OWN)
        with WatchRun(program, vault) as watch:
            how = watch.wait_for("notice", words="to send a message")
            assert str(how["message"]).endswith("or end it with a line `//`")
            (vault / "usual.md").write_text(f"{CHAT}And usual?\n\n;;\n", "utf-8")
            watch.wait_for("waiting", "usual.md")
            (vault / "slashes.md").write_text(f"{CHAT}And slashes?\n\n//\n", "utf-8")
            watch.wait_for("answered", "slashes.md")
            (vault / "word.md").write_text(f"{CHAT}And word?\ndone\n", "utf-8")
            watch.wait_for("answered", "word.md")
            assert watch.stop() == 0
    assert last_messages(server) == [
        "And slashes?",
        "And word?",
    ]
    assert "\n\\done\n\\//\n\\;;\n" in (vault / "slashes.md").read_text("utf-8")
    shown = cast(
        "list[Any]", program.run("show", "--json", vault / "slashes.md").fields["messages"]
    )
    assert [message["content"] for message in shown[-2:]] == ["And slashes?", "done\n//\n;;"]
    why = program.run("why", vault / "usual.md")
    assert "not marked as finished" in why.out
    assert "`//`" in why.out
    assert "`;;`" not in why.out


def test_without_marks_only_the_box_sends(program: Program, vault: Path) -> None:
    """With an empty list the mark is text, which is sent with the message below a ticked box."""
    (vault / "line.md").write_text(f"{CHAT}And line?\n\n;;\n", "utf-8")
    (vault / "box.md").write_text(f"{CHAT}And box?\n\n;;\n\n- [x] send\n", "utf-8")
    with ScriptedServer([reply("One.")]) as server:
        program.serve(server.base_url, profile=NONE)
        assert program.run("watch", "--once", vault).code == 0
    assert last_messages(server) == ["And box?\n\n;;"]


def test_what_is_in_doubt_is_not_asked_under_other_marks(program: Program, vault: Path) -> None:
    """Killed while it waits; with other marks nothing asks again by itself, renamed or not."""
    note = vault / "tea.md"
    note.write_text(f"{CHAT}And coffee?\n\n//\n\n- [x] send\n", "utf-8")
    begun = threading.Event()
    script: list[Step] = response(event(chunk("")), Signal(begun), STALL, end=False)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            watch.kill()
        for number, marks in enumerate((OWN, NONE, QUICK, OWN)):
            program.serve(server.base_url, profile=marks)
            (stands,) = cast("list[Any]", program.run("status", "--json", note).fields["turns"])
            assert stands["kind"] == "in-doubt"
            note = note.rename(vault / f"{number}.md")
            assert program.run("watch", "--once", vault).code in {0, InDoubtError.exit_code}
            done = program.run("complete", note)
            assert done.code != 0
            assert "may have been billed" in done.err
            assert "may have been billed" in program.run("why", note).out
            note.write_bytes(note.read_bytes() + b"\n")
    assert len(server.requests) == 1
    (turn,) = cast("list[Any]", program.run("log", "--json", note).fields["turns"])
    assert turn["state"] == "in-doubt"


@pytest.mark.parametrize("marks", ["", '[watch]\nend_marks = ["go"]\n'])
def test_nor_in_another_vault_under_other_marks(
    program: Program, vault: Path, tmp_path: Path, marks: str
) -> None:
    """The marks that it was asked under are known where its note is moved to, twice too."""
    note = vault / "tea.md"
    note.write_text(f"{CHAT}And coffee?\n\n//\n\n- [x] send\n", "utf-8")
    with ScriptedServer([[RESET], reply("Too much.")]) as server:
        program.serve(server.base_url, profile=OWN)
        assert program.run("complete", note).code == InDoubtError.exit_code
        program.serve(server.base_url, profile=marks)
        for name in ("one", "two"):
            (tmp_path / name / ".obsidian").mkdir(parents=True)
            note = note.rename(tmp_path / name / "moved.md")
            done = program.run("complete", note)
            assert done.code == InDoubtError.exit_code, done.err
    assert len(server.requests) == 1


def test_a_wrong_mark_stops_what_needs_it(program: Program, vault: Path) -> None:
    """A note that may hang on it is not read by a guess; what was asked is told all the same."""
    note = vault / "tea.md"
    note.write_text(f"{CHAT}And coffee?\n\n//\n", "utf-8")
    program.configure('[watch]\nend_marks = ["---"]\n')
    for command in ("show", "complete", "why"):
        done = program.run(command, note)
        assert done.code == ConfigurationError.exit_code
        assert "watch.end_marks: '---' cannot be a mark" in done.err
    assert program.run("status").code == 0
