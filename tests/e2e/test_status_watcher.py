"""``notelog status`` tells how the real watcher of a vault does: running, held, stopped, killed."""

import json
import os
import signal
import sys
from pathlib import Path
from shlex import quote
from typing import Any, cast

import pytest
from journal_records import write_turn
from program import Program, Run
from scripted_server import ScriptedServer, reply
from watch_run import QUICK, WatchRun

TICKED = b"---\nnotelog: mark\n---\n\nWhat is tea?\n\n- [x] send\n"


def watchers(run: Run) -> list[dict[str, Any]]:
    """What ``status --json`` tells of watchers."""
    return cast("list[dict[str, Any]]", run.fields["watchers"])


def make_old(program: Program, seconds: float) -> None:
    """Lets the last heartbeat be older than it is."""
    (path,) = (program.home / "state" / "watch").glob("*/heartbeat.json")
    beat = json.loads(path.read_bytes())
    beat["beat_at"] -= seconds
    path.write_bytes(json.dumps(beat).encode())
    os.utime(path, (beat["beat_at"], beat["beat_at"]))


def test_a_running_watcher_and_what_holds_it(program: Program, vault: Path) -> None:
    """Since when, how many notes, what waits and why; nothing of it needs the person."""
    program.serve("http://127.0.0.1:9/v1", profile=QUICK)
    with WatchRun(program, vault) as watch:
        refused = program.run("watch", vault)
        assert (refused.code, "notelog status" in refused.err) == (9, True)
        told = program.run("status", vault)
        assert told.code == 0
        assert f"watching: {vault.resolve()}" in told.out
        assert f"process {watch.process.pid}: 0 notes, 0 replies" in told.out
        assert "held" not in told.out
        assert "nothing needs you" in told.err
        program.run("pause", "2h")
        told = program.run("status", vault)
        assert "held: paused by you; notelog resume" in told.out
        assert "nothing is in doubt, kept or failed; a watcher is held" in told.err
        (vault / "tea\x1b[31m.md").write_bytes(TICKED)
        watch.wait_for("held", words="paused by you")
        told = program.run("status", vault / "tea\x1b[31m.md")
        assert "waiting: tea" in told.out
        assert "\x1b" not in told.out
        (watcher,) = watchers(program.run("status", "--json", vault))
        assert (watcher["state"], watcher["held"]) == (
            "running",
            "paused by you; notelog resume goes on",
        )
        assert watcher["heartbeat"]["waiting"] == ["tea\x1b[31m.md"]
        assert watch.stop() == 0
    run = program.run("status", "--json", vault)
    assert (run.code, watchers(run)) == (0, [])


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot suspend a process")
def test_a_watcher_that_is_silent(program: Program, vault: Path) -> None:
    """Suspended, it is told as silent with what to do, and the exit code says so."""
    program.serve("http://127.0.0.1:9/v1", profile=QUICK)
    with WatchRun(program, vault) as watch:
        os.kill(watch.process.pid, signal.SIGSTOP)
        assert program.run("status", vault).code == 0
        make_old(program, 100)
        told = program.run("status", vault)
        assert told.code == 3
        assert "gives no sign of life" in told.out
        assert f"end process {watch.process.pid} and start it again" in told.out
        assert f"notelog watch {quote(str(vault.resolve()))}" in told.out
        assert "something needs you (exit code 3)" in told.err
        run = program.run("status", "--json", vault)
        assert (watchers(run)[0]["state"], run.fields["needs_you"]) == ("silent", True)
        os.kill(watch.process.pid, signal.SIGCONT)
        assert watch.stop() == 0


def test_a_watcher_that_was_killed(program: Program, vault: Path) -> None:
    """It is told as dead until one is started again, wherever one looks from; others are not."""
    other = vault.with_name("other")
    other.mkdir()
    program.serve("http://127.0.0.1:9/v1", profile=QUICK)
    with WatchRun(program, vault) as watch:
        watch.kill()
    for place in (vault, vault.parent):
        run = program.run("status", "--json", place)
        assert (run.code, [item["state"] for item in watchers(run)]) == (3, ["died"])
    assert f"notelog watch {quote(str(vault.resolve()))}" in program.run("status", vault).out
    assert program.run("status", other).code == 0
    with WatchRun(program, vault) as watch:
        assert watch.stop() == 0
    assert program.run("status", vault).code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_what_the_day_took_stands_in_the_live_view(program: Program, vault: Path) -> None:
    """In a terminal the state tells what today's requests in this vault took."""
    from on_terminal import on_a_terminal

    (vault / "tea.md").write_bytes(TICKED)
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"price = [1000, 1000]\n{QUICK}")
        code, shown = on_a_terminal(program, "watch", "--once", vault)
    assert code == 0
    (usage,) = cast("list[Any]", program.run("usage", "--json", cwd=vault).fields["rows"])
    assert f"1 reply · today {usage['costs'][0]['amount']:.4f} USD" in shown


def test_what_is_in_doubt_comes_first(program: Program, vault: Path) -> None:
    """Money in doubt and a reply that is kept are more urgent than a dead watcher; a cap is not."""
    note = vault / "a.md"
    note.write_bytes(b"What is a note?\n")
    program.serve("http://127.0.0.1:9/v1", profile=QUICK)
    with WatchRun(program, vault) as watch:
        watch.kill()
    for end, code in (("failed", 3), ("received", 9), ("in-doubt", 10)):
        write_turn(program, note, end)
        assert program.run("status", vault).code == code


@pytest.mark.skipif(sys.platform == "win32", reason="no hidden folders by name")
def test_a_note_of_a_watched_folder_that_is_no_vault_of_obsidians(
    program: Program, tmp_path: Path
) -> None:
    """What was asked for a note below a watched folder is found, with the note or its folder."""
    folder = tmp_path / "plain"
    note = folder / "deep" / "tea.md"
    note.parent.mkdir(parents=True)
    note.write_bytes(TICKED)
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, folder) as watch:
            watch.wait_for("answered", "deep/tea.md")
            for place in (note, note.parent, folder):
                run = program.run("status", "--json", place)
                assert [item["vault"] for item in watchers(run)] == [str(folder.resolve())]
                assert [item["path"] for item in cast("list[Any]", run.fields["vaults"])] == [
                    str(folder.resolve())
                ]
            assert watch.stop() == 0
    assert len(cast("list[Any]", program.run("log", "--json", note).fields["turns"])) == 1
