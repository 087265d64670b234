"""Rarer bad input: damaged files, places that cannot be used, output that cannot be written."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from program import Program, Run
from scripted_server import STALL, ScriptedServer, Signal, Wait, reply, reply_events, response

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = '<hr class="__chatgpt_plugin">'
CHAT = f"Q\n\n{MARK}\n\nrole::user\n\nMore?\n".encode()


def refused(program: Program, note: Path, *words: str, code: int) -> Run:
    """Completes a note that must be refused without a request, and stay as it is."""
    before = (note.read_bytes(), note.stat().st_mtime_ns)
    with ScriptedServer([reply("No.")]) as server:
        if not (program.home / "config").exists():
            program.serve(server.base_url)
        run = program.run("complete", note)
    assert (note.read_bytes(), note.stat().st_mtime_ns) == before
    assert (run.code, server.connections) == (code, 0), run.err
    assert "defect" not in run.err
    for word in words:
        assert word in run.err
    return run


def write(vault: Path, data: bytes = b"Q\n", name: str = "笔记.md") -> Path:
    """A note."""
    note = vault / name
    note.write_bytes(data)
    return note


@pytest.mark.parametrize("kind", ["in the vault", "under a file", "corrupt journal"])
def test_a_state_folder_that_cannot_be_used(program: Program, vault: Path, kind: str) -> None:
    """Where a turn cannot be recorded nothing is sent, and the place is named."""
    note = write(vault)
    folder = vault / "state"
    if kind == "under a file":
        folder = program.home / "file" / "state"
        folder.parent.parent.mkdir(parents=True)
        folder.parent.write_bytes(b"")
    if kind == "corrupt journal":
        folder = program.home / "state"
        with ScriptedServer([reply("Yes.")]) as server:
            program.serve(server.base_url)
            assert program.run("complete", write(vault, name="first.md")).code == 0
        for journal in folder.rglob("*.sqlite3*"):
            journal.write_bytes(b"no database " * 1000)
    moved = Program(program.home, {"NOTELOG_STATE_DIR": str(folder)})
    refused(moved, note, str(folder), code=3)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("limit_bytes", [0, 4096])
def test_no_room_for_the_journal(program: Program, vault: Path, limit_bytes: int) -> None:
    """A disk on which the journal cannot grow stops the turn before it is sent."""
    import resource

    note = write(vault)
    with ScriptedServer([reply("No.")]) as server:
        program.serve(server.base_url)
        done = subprocess.run(
            [sys.executable, "-m", "notelog", "complete", str(note)],
            env={"TEST_KEY": "sk-test-canary", **program.environment},
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes)
            ),
            timeout=60,
            check=False,
        )
    assert (done.returncode, server.connections) == (3, 0)
    assert b"journal" in done.stderr
    assert note.read_bytes() == b"Q\n"


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ('key_command = ["false"]', "exit code 1"),
        ('key_command = ["/nowhere/key"]', "'key'"),
        ('key_file = "/nowhere/key"', "/nowhere/key"),
        ('key_environment = "NOT_SET"', "NOT_SET"),
    ],
)
def test_a_key_that_cannot_be_had(program: Program, vault: Path, source: str, word: str) -> None:
    """Whatever the source of the key, its failure is told and nothing is sent."""
    program.configure(
        'default_profile = "t"\n[profiles.t]\nbase_url = "http://127.0.0.1:9/v1"\n'
        f'model = "m"\ncontext_window = 8192\n{source}\n'
    )
    refused(program, write(vault), word, code=3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'default_profile = "\xff"\n', ("config.toml:1", "UTF-8")),
        (b"\n\n[profiles.x]\nbase_url = 3\n", ("config.toml:4", "base_url")),
        (b'default_profile = "\\u001b[31mred"\n', ("config.toml:1", "[31mred")),
    ],
)
def test_a_broken_configuration(
    program: Program, vault: Path, data: bytes, words: tuple[str, ...]
) -> None:
    """The line is named, and no control character of the file reaches the terminal."""
    program.configure("")
    (program.home / "config" / "config.toml").write_bytes(data)
    run = refused(program, write(vault), *words, code=3)
    assert "\x1b" not in run.err


def test_a_vault_with_loops_and_strange_files(program: Program, vault: Path) -> None:
    """Check goes through a vault whatever lies in it, and groups what needs attention."""
    for number in range(12):
        write(vault, b"---\nmax_tokens: 300\nmodel: m\n---\n" + CHAT, f"old {number:02}.md")
    (vault / "loop.md").symlink_to("loop.md")
    (vault / "round").symlink_to(vault)
    os.mkfifo(vault / "pipe.md")
    (vault / "folder.md").mkdir()
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("check", vault)
        whole = program.run("check", "--all", vault)
        single = program.run("check", vault / "pipe.md")
    assert run.code == 4
    assert "in error, not sent: 2 notes" in run.out
    assert "max_tokens is 300: longer replies will be cut: 12 places" in run.out
    assert run.out.count("raise it") == 1
    assert "and 2 more: --all lists them" in run.out
    assert "--all" not in whole.out
    assert whole.out.count("old 11.md:2") == 1
    assert (single.code, "a named pipe" in single.out) == (4, True)


def test_what_is_not_configured_is_said_once(program: Program, vault: Path) -> None:
    """Without any configuration check says so in its summary, not under every note."""
    for number in range(3):
        write(vault, CHAT, f"{number}.md")
    run = program.run("check", vault)
    assert (run.code, "no profile" in run.out) == (0, False)
    assert run.err.count("no profile is chosen") == 1
    options = {"--profile NAME", "--profile local"}
    assert all(f"notelog init {option}" in run.err for option in options)
    assert run.err.count("--profile") == len(options)  # check itself has no such option
    assert "3 chats cannot be sent yet" in run.err


def test_a_size_limit_of_ones_own(program: Program, vault: Path) -> None:
    """The configured limit holds for complete, and for show where it allows more."""
    note = write(vault, b"word\n" * 1_800_000)
    assert program.run("show", note).code == 4
    program.configure("note_size_limit_bytes = 10_000_000\n")
    assert program.run("show", "--json", note).code == 0
    program.configure("note_size_limit_bytes = 100\n")
    refused(program, note, "100 are allowed", code=4)


def test_words_that_are_no_text(program: Program, vault: Path) -> None:
    """A question in bytes of another encoding makes no note."""
    run = program.run("new", vault / "new", os.fsdecode("你好".encode("gbk")))
    assert (run.code, (vault / "new.md").exists()) == (2, False)
    assert "UTF-8" in run.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written(program: Program, vault: Path) -> None:
    """What show prints is missed; complete puts a paid reply into the note all the same."""
    note = write(vault)
    with ScriptedServer([reply("Kept.")]) as server, Path("/dev/full").open("wb") as full:
        program.serve(server.base_url)

        def run_into_full(command: str) -> "subprocess.CompletedProcess[bytes]":
            return subprocess.run(
                [sys.executable, "-m", "notelog", command, str(note)],
                env={"TEST_KEY": "sk-test-canary", **program.environment},
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=60,
                check=False,
            )

        shown = run_into_full("show")
        completed = run_into_full("complete")
    assert shown.returncode == 1
    assert b"cannot be written" in shown.stderr
    assert b"Kept." in note.read_bytes()
    assert b"defect" not in completed.stderr


def leave(process: "subprocess.Popen[bytes]") -> None:
    """The reader of the reply goes away."""
    assert process.stdout is not None
    process.stdout.close()


def hang_up(process: "subprocess.Popen[bytes]") -> None:
    """The terminal is closed."""
    process.send_signal(signal.SIGHUP)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
@pytest.mark.parametrize(
    ("end", "code", "kept"), [(leave, 0, b"One two three"), (hang_up, 130, b"One")]
)
def test_a_reader_that_goes_in_mid_reply(
    program: Program,
    vault: Path,
    end: "Callable[[subprocess.Popen[bytes]], None]",
    code: int,
    kept: bytes,
) -> None:
    """What was paid for is in the note: all of it, or what had come when the terminal closed."""
    note = write(vault)
    sent, go = Event(), Event()
    events = reply_events("One two three")
    rest = (STALL,) if end is hang_up else tuple(events[2:])
    with ScriptedServer([response(*events[:2], Signal(sent), Wait(go), *rest)]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        assert process.stdout is not None
        assert process.stdout.read(3) == b"One"
        end(process)
        go.set()
        assert process.stderr is not None
        err = process.stderr.read()
        assert process.wait(30) == code, err
        process.stderr.close()
        process.stdout.close()
    assert kept in note.read_bytes()
    assert b"defect" not in err


def test_why_of_a_name_that_is_no_note(program: Program, vault: Path) -> None:
    """A misspelt name is not there, one without .md is completed, a folder is no note."""
    (vault / "tea.md").write_bytes(b"What is tea?\n")
    (vault / "tea.txt").write_bytes(b"What is tea?\n")
    (vault / "Chats").mkdir()
    for name, words in {
        "coffee": ("there is no such note", "look at its spelling"),
        "tea": ("there is no such note", "tea.md?"),
        "Chats": ("a folder, not a note", "name a note inside it"),
    }.items():
        run = program.run("why", vault / name)
        assert (run.code, run.out) == (4, "")
        assert all(word in run.err for word in words)
    run = program.run("why", vault / "tea.txt")
    assert (run.code, "does not end in .md" in run.out) == (0, True)
