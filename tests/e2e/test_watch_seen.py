"""What a person sees of ``notelog watch``: the running count, the desktop, events that fail."""

import os
import sys
import threading
from pathlib import Path

import pytest
from on_terminal import terminal
from program import Program
from scripted_server import ScriptedServer, Step, Wait, chunk, event, reply, response, usage_chunk
from watch_run import LONGEST_WAIT_S, QUICK, WatchRun, in_place

MARKED = b"---\nnotelog: mark\n---\n\nWhat is tea?\n\n- [x] send\n"


def test_tokens_are_counted_while_a_reply_comes(program: Program, vault: Path) -> None:
    """The live view tells about how many tokens came, and the server's own count in the end."""
    note = vault / "tea.md"
    note.write_bytes(MARKED)
    counted, ended = threading.Event(), threading.Event()
    part = event(chunk("茶" * 400))
    end = [event(chunk(finish_reason="stop")), event(usage_chunk(completion=417))]
    script: list[Step] = response(part, Wait(counted), *end, Wait(ended), event("[DONE]"))
    with ScriptedServer([script]) as server:
        program.serve(server.base_url, profile=QUICK)
        with terminal(program, "watch", "--auto", "x/**", vault) as screen:
            screen.read_to("about 300 tokens")
            counted.set()
            screen.read_to("test · 417 tokens")
            ended.set()
            screen.read_to("417 out")
            screen.type("\x03")
            assert screen.read_all() == 0
    assert b"role::assistant" in note.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="notify-send is Linux's")
@pytest.mark.parametrize("works", [True, False])
def test_the_desktop_tells_of_a_reply(program: Program, vault: Path, *, works: bool) -> None:
    """With ``watch.notify`` it gets a name and an outcome; where it fails that is told once."""
    folder = program.home / "bin"
    folder.mkdir(parents=True)
    end = "exit 0" if works else "echo no desktop >&2; exit 1"
    script = f'#!/bin/sh\nprintf "%s\\0" "$@" >> "{program.home}/said"\n{end}\n'
    (folder / "notify-send").write_bytes(script.encode())
    (folder / "notify-send").chmod(0o755)
    loud = Program(program.home, {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
    with ScriptedServer([reply("canary reply"), reply("canary reply")]) as server:
        loud.serve(server.base_url, profile=f"{QUICK}notify = true\n")
        with WatchRun(loud, vault) as watch:
            for name in ("$(touch x).md", "b.md"):
                in_new(vault / name)
                watch.wait_for("answered", name)
                if not works and name != "b.md":
                    watch.wait_for("warning", words="no desktop notices from now on: notify-send")
            assert watch.stop() == 0
        kinds = [str(line["kind"]) for line in watch.seen]
    said = (program.home / "said").read_bytes().decode()
    first = "--app-name=notelog\0--\0notelog: $(touch x).md\0answered\0"
    assert said.startswith(first)
    assert "canary" not in said
    assert said.count("notelog: ") == (2 if works else 1)
    assert kinds.count("warning") == (0 if works else 1)


def test_the_desktop_is_left_alone_where_nobody_wants_it(program: Program, vault: Path) -> None:
    """Without ``watch.notify`` no program is looked for, and nothing is said of one."""
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            in_new(vault / "tea.md")
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert "warning" not in [line["kind"] for line in watch.seen]


def in_new(note: Path) -> None:
    """Saves a marked chat."""
    note.write_bytes(MARKED)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify tells of names, and of no other link")
def test_a_change_that_the_system_does_not_tell_of(
    program: Program, vault: Path, tmp_path: Path
) -> None:
    """A note that is saved by another link of its file is found, and then looked for often."""
    other = tmp_path / "other.md"
    other.write_bytes(MARKED.replace(b"[x]", b"[ ]"))
    (vault / "tea.md").hardlink_to(other)
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}scan_s = 1\n")
        with WatchRun(program, vault) as watch:
            watch.wait_for("waiting", "tea.md")
            in_place(other, other.read_bytes().replace(b"tea", b"coffee"))
            watch.wait_for("warning", "tea.md", "the system did not tell of a change")
            in_place(other, MARKED)
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert b"A leaf." in other.read_bytes()


def test_events_that_come_are_not_doubted(program: Program, vault: Path) -> None:
    """Where events come, scans that find changes as well find no fault with them."""
    note = vault / "tea.md"
    note.write_bytes(MARKED.replace(b"[x]", b"[ ]"))
    with ScriptedServer([reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}scan_s = 1\n")
        with WatchRun(program, vault) as watch:
            stop = threading.Event()
            saver = threading.Thread(target=keep_saving, args=(note, stop))
            saver.start()
            stop.wait(8)
            stop.set()
            saver.join(LONGEST_WAIT_S)
            in_place(note, MARKED)
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert "warning" not in [line["kind"] for line in watch.seen]


def keep_saving(note: Path, stop: threading.Event) -> None:
    """Saves a note again and again, a little longer each time."""
    text = MARKED.replace(b"[x]", b"[ ]")
    while not stop.wait(0.05):
        text = text.replace(b"tea?", b"tea??", 1)
        in_place(note, text)


def test_a_plugin_that_is_enabled_while_it_runs(program: Program, vault: Path) -> None:
    """Empty markers are the ChatGPT MD plugin's from then on, and notelog's again without it."""
    plugins = vault / ".obsidian" / "community-plugins.json"
    text = 'What is {}?\n\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n'
    with ScriptedServer([reply("A leaf."), reply("A leaf.")]) as server:
        program.serve(server.base_url, profile=f"{QUICK}marker = true\n")
        with WatchRun(program, vault) as watch:
            (vault / "tea.md").write_text(text.format("tea"))
            watch.wait_for("answered", "tea.md")
            for saved in (b'["chatgpt-md"]', b'["chatg'):
                plugins.write_bytes(saved)
                note = vault / f"{len(saved)}.md"
                note.write_text(text.format(len(saved)))
                watch.wait_for("waiting", note.name, "is not marked as finished")
                assert "is not marked" in program.run("why", note).out or saved[-1:] != b"]"
            plugins.write_bytes(b"[]")
            (vault / "mate.md").write_text(text.format("mate"))
            watch.wait_for("answered", "mate.md")
            assert watch.stop() == 0
    assert len(server.requests) == 2
    told = [str(line["message"]) for line in watch.seen if "ChatGPT MD" in str(line["message"])]
    assert [" is enabled in this vault" in item for item in told] == [True, False]


def test_what_is_excluded_in_obsidian_while_it_runs(program: Program, vault: Path) -> None:
    """The list is read at each look through the vault; one that is being saved changes nothing."""
    excluded = vault / ".obsidian" / "app.json"
    mine = vault / "Journal" / "mine.md"
    mine.parent.mkdir()
    with ScriptedServer([reply("A leaf.") for _ in range(6)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault, "--poll") as watch:

            def answered(note: Path) -> None:
                note.write_bytes(MARKED.replace(b"tea", str(len(server.requests)).encode()))
                watch.wait_for("answered", note.relative_to(vault).as_posix())

            for number, saved in enumerate([b'{"userIgnoreFilters": ["Journal/"]}', b'{"userIg']):
                excluded.write_bytes(saved)
                answered(vault / f"{number}.md")  # the next look is one that began after that
                mine.write_bytes(MARKED.replace(b"tea", saved[:4]))
                answered(vault / f"{number} more.md")
            excluded.write_bytes(b"{}")
            answered(vault / "last.md")
            answered(mine)
            assert watch.stop() == 0
    assert len(server.requests) == 6
