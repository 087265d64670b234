"""Bad input gives a sentence with place and way out, and the note stays byte for byte."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from program import Program, Run
from scripted_server import ScriptedServer, reply, status

SEPARATOR = b'<hr class="__chatgpt_plugin">'
ALIAS_BOMB = b"---\na: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\nQ\n"
DEEP = b"---\na: " + b"[" * 200 + b"]" * 200 + b"\n---\nQ\n"
LARGE = b"---\nmodel: m\n" + b"# fill\n" * 10_000 + b"---\nQ\n"

NOTES = {
    "not UTF-8": (b"hello\n\xff\xfe\n", 4, ("offset 6", ":2:", "UTF-8")),
    "unknown role": (b"Q\n\n" + SEPARATOR + b"\n\nrole::bot\n\nhi\n", 4, (":5:", "'bot'")),
    "broken YAML": (b"---\nmodel: [a\n---\nQ\n", 4, (":3:", "front matter")),
    "full-width colon": ("---\nmodel：m\n---\nQ\n".encode(), 4, (":2:", "full-width")),
    "a key twice": (b"---\nmodel: a\nmodel: b\n---\nQ\n", 4, (":3:", "second time")),
    "alias bomb": (ALIAS_BOMB, 4, (":2:", "front matter")),
    "deep nesting": (DEEP, 4, (":2:", "front matter")),
    "front matter too large": (LARGE, 4, ("front matter", "64 KiB")),
    "wrong setting": (b"---\nmodel: m\ntemperature: 9\n---\nQ\n", 4, (":3:", "temperature")),
    "unknown profile": (b"---\nprofile: tset\n---\nQ\n", 3, ("tset", "test")),
    "provider without a profile": (b"---\nmodel: acme@x\n---\nQ\n", 3, ("acme",)),
    "too large a question": (b"word " * 20_000, 4, ("8,192",)),
}


def checked(program: Program, note: Path, *arguments: str) -> Run:
    """Completes a note that must be refused; the file must not change in any way."""
    before = (note.read_bytes(), note.stat().st_mtime_ns)
    run = program.run("complete", *arguments, note)
    assert (note.read_bytes(), note.stat().st_mtime_ns) == before
    assert "Traceback" not in run.err
    assert "defect" not in run.err
    return run


@pytest.mark.parametrize("name", NOTES)
def test_a_note_that_cannot_be_sent(program: Program, vault: Path, name: str) -> None:
    """The sentence names the path, the line and the cause; nothing is sent."""
    data, code, words = NOTES[name]
    note = vault / "笔记.md"
    note.write_bytes(data)
    with ScriptedServer([reply("No.")]) as server:
        program.serve(server.base_url)
        run = checked(program, note)
    assert run.code == code, run.err
    assert str(note) in run.err
    for word in words:
        assert word in run.err
    assert server.connections == 0


@pytest.mark.parametrize("data", [b"", b" \n\n", b"---\nmodel: m\n---\n", SEPARATOR + b"\n" * 3])
def test_an_empty_note_has_nothing_to_do(program: Program, vault: Path, data: bytes) -> None:
    """A note without a question is no error: exit 0, a sentence, no request."""
    note = vault / "empty.md"
    note.write_bytes(data)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = checked(program, note)
    assert (run.code, server.connections) == (0, 0)
    assert "empty.md" in run.err


def make_fifo(path: Path) -> None:
    """A named pipe that nobody writes to."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """A socket file."""
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def make_loop(path: Path) -> None:
    """A symlink to itself."""
    path.symlink_to(path.name)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "a folder, not a note"),
    "a named pipe": (make_fifo, "a named pipe"),
    "a socket": (make_socket, "a socket"),
    "missing": (lambda path: None, "no such note"),  # one signature for all
    "a broken symlink": (lambda path: path.symlink_to("nowhere.md"), "nothing is there"),
    "a symlink loop": (make_loop, "circle"),
    "over the size limit": (lambda path: path.write_bytes(b"x" * 9_000_000), "8,388,608"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_note(program: Program, vault: Path, kind: str) -> None:
    """Whatever is no readable note is refused at once, with what it is and a way out."""
    make, words = KINDS[kind]
    path = vault / "note.md"
    make(path)
    program.configure('default_profile = "openai"\n')
    for command in ("complete", "show"):
        run = program.run(command, path, timeout=20)
        assert run.code == 4
        assert words in run.err
        assert str(path) in run.err
        assert run.err.count("\n") == 2


def test_a_read_only_note_is_refused_before_anything_is_sent(program: Program, vault: Path) -> None:
    """Also root, whom permissions do not stop, is told that the note is read-only."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    note.chmod(0o444)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = checked(program, note)
    assert (run.code, server.connections) == (4, 0)
    assert "read-only" in run.err


def test_a_missing_key_is_told_with_its_variable(program: Program, vault: Path) -> None:
    """Without a key nothing is sent, and the variable that would hold it is named."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    program.configure('default_profile = "deepseek"\n')
    run = checked(program, note)
    assert run.code == 3
    assert "DEEPSEEK_API_KEY" in run.err


def test_no_profile_at_all(program: Program, vault: Path) -> None:
    """Without any configuration the ways to get one are named; the local model is not used."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    run = checked(program, note)
    assert run.code == 3
    for word in ("OPENAI_API_KEY", "notelog init", "--profile local"):
        assert word in run.err


def test_a_wrong_key(program: Program, vault: Path) -> None:
    """A 401 says where the key came from, and never the key, even if the server echoes it."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    said = {"error": {"message": "wrong key sk-test-canary"}}
    with ScriptedServer([status(401, said)]) as server:
        program.serve(server.base_url)
        run = checked(program, note)
    assert run.code == 5
    assert "TEST_KEY" in run.err
    assert "canary" not in run.err + run.out


def test_a_url_in_a_note_is_never_contacted(program: Program, vault: Path) -> None:
    """A note cannot name where its text goes: exit 3, and the address is not even looked at."""
    note = vault / "note.md"
    with ScriptedServer([reply("Mine.")]) as canary, ScriptedServer([reply("No.")]) as server:
        program.serve(server.base_url)
        for key in ("url", "openaiUrl", "ollamaUrl"):
            note.write_bytes(f"---\n{key}: {canary.base_url}\n---\nQ\n".encode())
            run = checked(program, note)
            assert run.code == 3
            assert key in run.err
        assert (canary.connections, server.connections) == (0, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('defualt_profile = "x"\n', ("config.toml:1", "default_profile")),
        ("note_size_limit_bytes = true\n", ("config.toml:1", "note_size_limit_bytes")),
        ('[profiles.x]\nbase_url = "http://example.org/v1"\n', ("config.toml:2", "https")),
        ("default_profile = \n", ("config.toml:1",)),
    ],
)
def test_a_wrong_configuration(
    program: Program, vault: Path, text: str, words: tuple[str, ...]
) -> None:
    """A mistake in config.toml is told with its line; a slip in a key with the right one."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    program.configure(text)
    run = checked(program, note)
    assert run.code == 3
    for word in words:
        assert word in run.err


def test_a_key_file_that_others_can_read(program: Program, vault: Path) -> None:
    """Such a file is refused with the command that mends it; its content is not shown."""
    note, key = vault / "note.md", program.home / "config" / "key.txt"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("Fine.")]) as server:
        program.configure(
            f'default_profile = "t"\n[profiles.t]\nbase_url = "{server.base_url}"\n'
            'model = "m"\ncontext_window = 8192\nkey_file = "key.txt"\n'
        )
        key.write_bytes("\ufeffsk-file-canary\r\n".encode())
        key.chmod(0o644)
        run = checked(program, note)
        assert run.code == 3
        assert "600" in run.err
        assert "canary" not in run.err
        key.chmod(0o600)
        assert program.run("complete", note).code == 0
    assert server.requests[0].headers["authorization"] == "Bearer sk-file-canary"


def test_every_refusal_is_json_too(program: Program, vault: Path) -> None:
    """With --json each failing command prints one object with code, line and message."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n\n" + SEPARATOR + b"\n\nrole::bot\n\nhi\n")
    for arguments, code in (
        (("show", "--json", note), 4),
        (("complete", "--json", note), 4),
        (("show", "--json", vault / "none.md"), 4),
        (("model", "path", "--json"), 2),
        (("config", "show", "--json", "--nonsense"), 2),
    ):
        run = program.run(*arguments)
        assert run.code == code, arguments
        errors = cast("list[dict[str, object]]", run.fields["errors"])
        assert {"code", "line", "message"} <= set(errors[0])


def test_hostile_names_do_not_reach_a_terminal(program: Program, tmp_path: Path) -> None:
    """Escape and bidi characters in names, notes and servers' words are spelt out."""
    vault = tmp_path / "v\x1b[31m\u202e"
    vault.mkdir()
    note = vault / "n\x07.md"
    note.write_bytes("Q \x1b]0;title\x07 \u202e\n".encode())
    said = {"error": {"message": "no \x1b[2J\u202e such thing"}}
    with ScriptedServer([status(400, said), reply("a\x1b[31mb\u202e")]) as server:
        program.serve(server.base_url)
        runs = [
            program.run("complete", note),
            program.run("complete", note),
            program.run("show", note),
            program.run("show", "--json", note),
            program.run("check", vault),
        ]
    shown = "".join(run.out + run.err for run in runs)
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "\\x1b" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_journal_that_cannot_grow_sends_nothing(program: Program, vault: Path) -> None:
    """Where the intent cannot be kept nothing is sent."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    state = program.home / "state"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"a file where the folder belongs")
    with ScriptedServer([reply("No.")]) as server:
        program.serve(server.base_url)
        run = checked(program, note)
    assert (run.code, server.connections) == (3, 0)
    assert str(state) in run.err


def test_a_reader_that_has_gone_is_no_error(program: Program, vault: Path) -> None:
    """``notelog check | head -1`` ends quietly."""
    for number in range(400):
        (vault / f"{number}.md").write_bytes(b"Q\n\n" + SEPARATOR + b"\n\nrole::user\n\nmore\n")
    with program.start("check", "--all", vault) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read().decode()
        process.wait(timeout=30)
    assert "Traceback" not in err
    assert "defect" not in err
