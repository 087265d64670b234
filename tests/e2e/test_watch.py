"""``notelog watch`` as its user meets it: the real program, real files, a server that counts."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_records import wait_for_parts, write_turn
from program import Program, Run
from scripted_server import (
    STALL,
    ScriptedServer,
    Signal,
    Step,
    Wait,
    chunk,
    event,
    reply,
    reply_events,
    response,
    status,
)
from watch_run import LONGEST_WAIT_S, QUICK, SAVES, UNTICKED, WatchRun

from notelog.core.device import render_pin


def unticked(note: Path, question: str = "What is tea?") -> bytes:
    """Writes a chat whose box is not ticked, and gives its bytes with the tick."""
    note.write_bytes(UNTICKED.format(question).encode())
    return note.read_bytes().replace(b"[ ]", b"[x]")


@pytest.mark.parametrize("style", SAVES)
@pytest.mark.parametrize("mode", ["events", "--poll"])
def test_a_ticked_note_is_answered_however_it_is_saved(
    program: Program, vault: Path, style: str, mode: str, needed: Callable[[str], None]
) -> None:
    """Saved in place, by rename, by sync tools, by sed and by git: asked once, answered."""
    if style in {"rsync", "git checkout"}:
        needed(style.partition(" ")[0])
    note = vault / "tea.md"
    ticked = unticked(note)
    with ScriptedServer([reply("A leaf."), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault, *(["--poll"] if mode == "--poll" else [])) as watch:
            SAVES[style](note, ticked)
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    text = note.read_bytes()
    assert text.startswith(ticked)
    assert b"A leaf." in text
    assert len(server.requests) == 1


def test_what_is_typed_below_while_the_reply_arrives_stays(program: Program, vault: Path) -> None:
    """Text saved below the mark meanwhile is a message of its own after, below the reply."""
    note = vault / "tea.md"
    note.write_bytes(UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode())
    begun, typed = threading.Event(), threading.Event()
    first, *rest = reply_events("A leaf.")
    script: list[Step] = response(first, Signal(begun), Wait(typed), *rest)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            with note.open("ab") as file:
                file.write("and one more thing, 还有一点\n".encode())
            typed.set()
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    told = program.run("show", note).out
    assert "[2] assistant" in told
    assert "A leaf." in told
    assert "[3] user" in told
    assert note.read_bytes().endswith("and one more thing, 还有一点\n\n- [ ] send\n".encode())
    assert len(server.requests) == 1


@pytest.mark.parametrize("now", ["", UNTICKED.format("What is coffee?")])
@pytest.mark.parametrize("noticed", [True, False])
def test_a_new_note_under_the_old_name_changes_nothing(
    program: Program, vault: Path, now: str, *, noticed: bool
) -> None:
    """``Untitled`` is given a name while it is asked, and another ``Untitled`` made at once."""
    note, new = vault / "Untitled.md", vault / "green tea.md"
    ticked = unticked(note)
    begun, renamed = threading.Event(), threading.Event()
    first, *rest = reply_events("A leaf.")
    script: list[Step] = response(first, Signal(begun), Wait(renamed), *rest)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            note.write_bytes(ticked)
            assert begun.wait(LONGEST_WAIT_S)
            note.rename(new)
            if noticed:
                watch.wait_for("notice", "green tea.md", "renamed")
            note.write_bytes(now.encode())
            if not noticed:
                watch.wait_for("notice", "green tea.md", "renamed")
            renamed.set()
            watch.wait_for("answered", "green tea.md")
            assert watch.stop() == 0
    assert b"A leaf." in new.read_bytes()
    assert note.read_bytes() == now.encode()
    assert len(server.requests) == 1
    assert program.run("status", vault).code == 0
    assert program.run("undo", new).code == 0
    assert new.read_bytes() == ticked


@pytest.mark.parametrize("noticed", [True, False])
def test_a_note_that_is_renamed_in_mid_request_gets_its_reply(
    program: Program, vault: Path, *, noticed: bool
) -> None:
    """Under its new name, at once, for nothing; whether or not that is seen before the end."""
    note, new = vault / "tea.md", vault / "green tea.md"
    note.write_bytes(UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode())
    begun, renamed = threading.Event(), threading.Event()
    first, *rest = reply_events("A leaf.")
    script: list[Step] = response(first, Signal(begun), Wait(renamed), *rest)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            note.rename(new)
            if noticed:
                line = watch.wait_for("notice", "green tea.md", "renamed")
                assert "tea.md" in str(line["message"])
            renamed.set()
            watch.wait_for("answered", "green tea.md")
            assert watch.stop() == 0
        failed = [line for line in watch.seen if line["kind"] == "failed"]
    assert b"A leaf." in new.read_bytes()
    assert len(server.requests) == 1
    assert [path.name for path in vault.glob("*.md")] == ["green tea.md"]
    if noticed:
        assert failed == []
    assert all("the reply is kept" in str(line["message"]) for line in failed)


def test_killed_in_mid_stream_it_lands_what_came_and_asks_nothing(
    program: Program, vault: Path
) -> None:
    """Kill -9 while the reply arrives; the next watcher lands the part, marked, for nothing."""
    note = vault / "tea.md"
    note.write_bytes(UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode())
    begun = threading.Event()
    parts = [event(chunk("A leaf ")), *[event(chunk("of leaves "))] * 3]
    script: list[Step] = response(*parts, Signal(begun), STALL, end=False)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            wait_for_parts(program)
            watch.kill()
        with WatchRun(program, vault) as watch:
            watch.wait_for("failed", "tea.md")
            assert watch.stop() == 0
    assert b"A leaf of leaves" in note.read_bytes()
    assert b"> [!notelog]" in note.read_bytes()
    assert len(server.requests) == 1


def test_a_second_watcher_is_refused(program: Program, vault: Path) -> None:
    """Another watcher of the vault on this machine says who has it, and ends with 9."""
    with ScriptedServer([]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            second = program.run("watch", vault)
            assert second.code == 9
            assert f"process {watch.process.pid}" in second.err
            watch.kill()
        with WatchRun(program, vault) as watch:
            assert watch.stop() == 0


def test_a_tick_in_a_copy_is_told_there_and_taken_back(program: Program, vault: Path) -> None:
    """The copy of an answered note: one line and one callout, which goes when the box does."""
    note, copy = vault / "tea.md", vault / "tea, to go on.md"
    note.write_bytes(UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode())
    with ScriptedServer([reply("A leaf."), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            watch.wait_for("answered", "tea.md")
            before = note.read_bytes().replace(b"- [ ] send", b"- [x] again")
            copy.write_bytes(before)
            watch.wait_for("failed", copy.name, "this note is a copy")
            assert copy.read_bytes().startswith(before)
            assert copy.read_bytes().count(b"> [!notelog]") == 1
            copy.write_bytes(copy.read_bytes().replace(b"[x] again", b"[ ] again"))
            watch.wait_for("notice", copy.name, "taken out")
            assert copy.read_bytes() == before.replace(b"[x] again", b"[ ] again")
            assert watch.stop() == 0
        failed = [line for line in watch.seen if line["kind"] == "failed"]
    assert (len(failed), len(server.requests)) == (1, 1)


def test_passes_ask_a_refused_question_once(program: Program, vault: Path) -> None:
    """By a timer: each pass tells of it, and none asks until the configuration is another."""
    note = vault / "tea.md"
    note.write_bytes(UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode())
    with ScriptedServer([status(400), reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        for _ in range(2):
            run = program.run("watch", "--once", vault)
            assert run.code == 5
            held = note.read_bytes()
        assert "nothing was sent" in run.out
        assert (len(server.requests), held.count(b"> [!notelog]")) == (1, 1)
        assert "refused this question before" in program.run("why", note).out
        assert "when the note or its profile is another" in program.run("status", note).out
        program.serve(server.base_url, profile=f"max_tokens = 9\n{QUICK}")
        assert program.run("watch", "--once", vault).code == 0
    assert b"A leaf." in note.read_bytes()
    assert note.read_bytes().count(b"> [!notelog]") == 0


def test_what_a_pass_leaves_the_next_one_answers(program: Program, vault: Path) -> None:
    """Without a mark, too: after a pause, beyond five notes, and however long a server is away."""
    auto = "---\nnotelog: auto\n---\n\nWhat is {}?\n"
    with ScriptedServer([reply("A leaf.")] * 9) as server:
        program.serve(server.base_url, profile=QUICK)

        def pass_once() -> Run:
            return program.run("watch", "--once", vault)

        (vault / "first.md").write_text(auto.format("left") + "\n- [x] send\n", "utf-8")
        program.run("pause", "--vault", vault)
        assert "paused by you" in pass_once().out  # also after a first pass that left something
        (vault / "first.md").unlink()
        for number in range(7):
            (vault / f"{number}.md").write_text(auto.format(number), "utf-8")
        assert "paused by you" in pass_once().out
        program.run("resume")
        assert [len(server.requests) for _ in range(2) if pass_once().code == 0] == [5, 7]
        (vault / "late.md").write_text(auto.format("late"), "utf-8")
        program.serve("http://127.0.0.1:9/v1", profile=QUICK)
        assert [pass_once().code for _ in range(3)] == [6, 6, 6]
        program.serve(server.base_url, profile=QUICK)
        assert (pass_once().code, pass_once().code) == (0, 0)
    assert len(server.requests) == 8


def test_a_server_that_hangs_holds_no_other_note_up(program: Program, vault: Path) -> None:
    """While one note's server says nothing, others are answered; SIGTERM still ends it."""
    first, second = vault / "first.md", vault / "second.md"
    asked = threading.Event()
    with ScriptedServer([[Signal(asked), STALL], reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}grace_s = 0.1\n")
        with WatchRun(program, vault) as watch:
            first.write_bytes(unticked(first))
            assert asked.wait(LONGEST_WAIT_S)
            second.write_bytes(unticked(second, "And coffee?"))
            watch.wait_for("answered", "second.md")
            assert watch.stop() == 0
    assert len(server.requests) == 2


def test_a_refusal_is_said_in_the_note(program: Program, vault: Path) -> None:
    """A model that does not exist leaves one callout with cause and next step, and asks once."""
    note = vault / "tea.md"
    with ScriptedServer([status(404), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            note.write_bytes(unticked(note))
            watch.wait_for("failed", "tea.md")
            note.write_bytes(note.read_bytes())
            other = vault / "other.md"
            other.write_bytes(UNTICKED.format("hm").encode())
            watch.wait_for("waiting", "other.md")
            watch.stop()
    assert note.read_bytes().count(b"> [!notelog]") == 1
    assert len(server.requests) == 1


def test_a_vault_that_goes_away_and_comes_back(program: Program, vault: Path) -> None:
    """The vault unplugged and back: it says so, and answers what is marked afterwards."""
    away = vault.with_name("away")
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}scan_s = 1\n")
        with WatchRun(program, vault) as watch:
            vault.rename(away)
            watch.wait_for("warning", words="not there")
            away.rename(vault)
            watch.wait_for("notice", words="there again")
            note = vault / "tea.md"
            note.write_bytes(unticked(note))
            watch.wait_for("answered", "tea.md")
            watch.stop()
    assert len(server.requests) == 1


def test_pause_resume_why_and_the_heartbeat(program: Program, vault: Path) -> None:
    """``pause`` holds what is marked, ``why`` says so, ``resume`` answers it at once."""
    note = vault / "tea.md"
    ticked = unticked(note)
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        before = program.run("why", note)
        assert "the box in line 7 is empty; tick it to send" in before.out
        with WatchRun(program, vault) as watch:
            assert program.run("pause", "2h").code == 0
            note.write_bytes(ticked)
            watch.wait_for("held", words="paused by you")
            assert "it waits: paused by you" in program.run("why", note).out
            assert program.run("resume").code == 0
            watch.wait_for("answered", "tea.md")
            watch.stop()
    assert len(server.requests) == 1


def test_why_knows_which_watcher_has_a_note(program: Program, vault: Path) -> None:
    """Also one of a folder around the note's vault; a note that is a symlink is where it is."""
    inner = vault / "My Notes" / "tea.md"
    (inner.parent / ".obsidian").mkdir(parents=True)
    outside = program.home / "elsewhere.md"
    linked = vault / "linked.md"
    linked.symlink_to(outside)
    program.serve("http://127.0.0.1:9/v1", profile=QUICK)
    ticked = unticked(outside), unticked(inner)
    with WatchRun(program, vault) as watch:
        program.run("pause")
        for note, data in zip((linked, inner), ticked, strict=True):
            assert "tick it to send" in program.run("why", note).out
            note.write_bytes(data)
        watch.wait_for("held")
        assert "it waits: paused by you" in program.run("why", inner).out
        assert "it will be answered" in program.run("why", linked).out
        paused = program.run("pause", "--vault", inner.parent)
        assert f"the watcher of {vault} answers its notes all the same" in paused.err
        assert "answers its notes" not in program.run("pause", "--vault", vault).err
        assert "paused for 90 s" in program.run("pause", "90").err
        assert watch.stop() == 0
    assert f"start it: notelog watch '{inner.parent}'\n" in program.run("why", inner).out


@pytest.mark.parametrize("end", ["received", "part"])
def test_the_vaults_in_a_watched_folder_are_its_own(
    program: Program, vault: Path, end: str
) -> None:
    """What a crash left for their notes goes in, and their requests count for the hour."""
    inner = vault / "My Notes"
    (inner / ".obsidian").mkdir(parents=True)
    note, other = inner / "tea.md", inner / "coffee.md"
    note.write_bytes(unticked(note))
    write_turn(program, note, end)
    os.utime(note, (1e9, 1e9))
    with ScriptedServer([reply("Too much.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}asks_per_hour = 1\n")
        with WatchRun(program, vault) as watch:
            watch.wait_for("answered" if end == "received" else "failed", "My Notes/tea.md")
            other.write_bytes(unticked(other))
            watch.wait_for("held", words="1 request")
            assert watch.stop() == 0
    assert b"role::assistant" in note.read_bytes()
    assert len(server.requests) == 0


def test_a_note_that_the_hour_holds_back_says_so(program: Program, vault: Path) -> None:
    """A pass that may ask no more says in the note when it is asked."""
    notes = vault / "tea.md", vault / "coffee.md"
    for note in notes:
        note.write_bytes(unticked(note))
    before = notes[0].read_bytes()
    with ScriptedServer([reply("A leaf."), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}asks_per_hour = 1\n")
        assert program.run("watch", "--once", vault).code == 0
    assert len(server.requests) == 1
    (held,) = (data for note in notes if b"A leaf." not in (data := note.read_bytes()))
    assert held.startswith(before + b"\n> [!notelog] 1 requests in an hour are the most ")
    assert held.count(b"[!notelog]") == 1


def test_once_answers_and_ends(program: Program, vault: Path) -> None:
    """``--once`` answers what is marked and ends; a second pass asks nothing."""
    note = vault / "tea.md"
    note.write_bytes(unticked(note))
    (vault / "no chat.md").write_bytes(b"words\n")
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        assert program.run("watch", "--once", vault).code == 0
        assert b"A leaf." in note.read_bytes()
        assert program.run("watch", "--once", vault).code == 0
    assert len(server.requests) == 1


def test_a_watcher_collects_garbage(program: Program, vault: Path) -> None:
    """A short command leaves what lies in circles; a watcher that did would grow for months."""
    order = (
        "import gc, sys; from notelog.__main__ import run; gc.disable(); "
        "run(['watch', '--once', sys.argv[1]]); sys.exit(0 if gc.isenabled() else 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", order, vault], env=program.environment, check=False
    )
    assert done.returncode == 0


def test_an_older_kept_reply_asks_for_nothing(program: Program, vault: Path) -> None:
    """A note without a mark is not asked for, though a reply to an earlier attempt is kept."""
    note = vault / "a.md"
    unticked(note)
    write_turn(program, note, "received")
    write_turn(program, note, "failed")
    with ScriptedServer([reply("Not asked for.")]) as server:
        program.serve(server.base_url)
        assert program.run("watch", "--once", vault).code == 0
        assert server.connections == 0


def test_take_over_names_this_machine(program: Program, vault: Path) -> None:
    """``--take-over`` writes a note that names this machine; another one then only looks on."""
    desk, laptop = program, Program(program.home.with_name("laptop"))
    note = vault / "tea.md"
    with ScriptedServer([reply("A leaf.")]) as server:
        desk.serve(server.base_url, profile=f'{QUICK}device = "desk"\n')
        laptop.serve(server.base_url, profile=f'{QUICK}device = "laptop"\n')
        with (
            WatchRun(laptop, vault) as looking,
            WatchRun(desk, vault, "--take-over") as answering,
        ):
            note.write_bytes(unticked(note))
            answering.wait_for("answered", "tea.md")
            looking.wait_for("held", words="'desk'")
            answering.stop()
            looking.stop()
    assert "answered by: desk" in (vault / "notelog device.md").read_bytes().decode()
    assert len(server.requests) == 1


def test_take_over_beside_a_watcher_that_runs(program: Program, vault: Path) -> None:
    """It writes the note and ends; the watcher answers from then on."""
    note = vault / "tea.md"
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f'{QUICK}device = "desk"\n')
        (vault / "notelog device.md").write_bytes(render_pin("laptop").encode())
        with WatchRun(program, vault) as watch:
            note.write_bytes(unticked(note))
            watch.wait_for("held", words="'laptop'")
            taken = program.run("watch", vault, "--take-over")
            assert (taken.code, "goes on" in taken.out) == (0, True)
            watch.wait_for("answered", "tea.md")
            assert program.run("watch", vault).code == 9
            watch.stop()
    assert len(server.requests) == 1


def test_the_marker_of_chatgpt_md_is_left_to_the_plugin(program: Program, vault: Path) -> None:
    """With ``watch.marker`` an empty marker asks, but not where that plugin is enabled."""
    note = vault / "tea.md"
    text = 'q\n\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n'
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}marker = true\n")
        note.write_bytes(text.encode())
        (vault / ".obsidian" / "community-plugins.json").write_bytes(b'["chatgpt-md"]')
        first = program.run("watch", "--once", vault)
        assert "the ChatGPT MD plugin is enabled" in first.out
        assert server.requests == []
        (vault / ".obsidian" / "community-plugins.json").write_bytes(b"[]")
        assert program.run("watch", "--once", vault).code == 0
    assert b"A leaf." in note.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="the queue of inotify is Linux's")
def test_events_that_the_system_lost_are_made_up_for(program: Program, vault: Path) -> None:
    """While the watcher is stopped more happens than the system's queue holds: it is all found."""
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_bytes())
    note, noise = vault / "tea.md", vault / "noise.txt"
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            os.kill(watch.process.pid, signal.SIGSTOP)
            other = noise.with_suffix(".old")
            noise.write_bytes(b"")
            for _ in range(queue // 2 + 100):  # each renaming makes two events
                noise.rename(other)
                other.rename(noise)
            note.write_bytes(unticked(note))
            os.kill(watch.process.pid, signal.SIGCONT)
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert len(server.requests) == 1


@pytest.mark.local_model
def test_the_real_local_model_answers(program: Program, vault: Path, models_folder: Path) -> None:
    """A ticked note is answered by the real model on this machine, without any server set up."""
    note = vault / "tea.md"
    ticked = unticked(note, "Say one word.")
    local = Program(program.home, {"NOTELOG_CACHE_DIR": str(models_folder.parent)})
    local.configure('default_profile = "local"\n[profiles.local]\nmax_tokens = 16\n' + QUICK)
    with WatchRun(local, vault) as watch:
        SAVES["in place"](note, ticked)
        told = watch.wait_for_reply("tea.md")
        assert told["model"] == "SmolLM2-135M-Instruct"
        assert watch.stop() == 0
    assert note.read_bytes().startswith(ticked)
    assert b"role::assistant" in note.read_bytes()
