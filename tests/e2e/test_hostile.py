"""Hostile text from everywhere reaches neither a terminal nor a pipe nor a log as it is.

File names, notes, configuration and servers all say the same: set the window's title, go back to
the start of the line, turn the order of what follows. It is shown spelt out, or not at all.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from on_terminal import on_a_terminal
from program import Program
from scripted_server import Script, ScriptedServer, chunk, event, reply, response, status

EVIL = "\x1b]0;owned\x07\u202e\x9b2J\r\u2066"
NAME = f"no{EVIL}te.md"
SAID = f"the {EVIL} server says"
# What our own rendering may send: colours, cursor, erasing a line, returns that are not EVIL's.
OURS = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|[0-9]*A)|\r(?!\u2066)")
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CHAT = f"""---
model: {json.dumps(f"m{EVIL}")}
{json.dumps(f"key{EVIL}")}: {json.dumps(EVIL)}
---

Hello {EVIL}

<hr class="__chatgpt_plugin">

role::{EVIL}

x
"""
PLAIN = f"Hello {EVIL}\n\n- [ ] send {EVIL}\n"


@pytest.fixture
def note(vault: Path) -> Path:
    """A note that means no good by its name and by its text; only part of it is an error."""
    path = vault / f"a{EVIL}" / NAME
    path.parent.mkdir()
    path.write_bytes(PLAIN.encode())
    (path.parent / f"wrong{NAME}").write_bytes(CHAT.encode())
    return path


def harmless(written: str, *, rendered: bool = False) -> None:
    """Asserts that nothing in it steers a terminal or turns what is read."""
    rest = OURS.sub("", written) if rendered else written
    found = STEERING.search(rest)
    assert found is None, repr(rest[max(0, found.start() - 60) : found.start() + 20])


def configure(program: Program, base_url: str) -> None:
    """A configuration whose every free text means no good, for a server."""
    evil = json.dumps(f"x{EVIL}")
    program.configure(
        f'default_profile = "test"\nsystem_commands = [{evil}]\n'
        f'[profiles.test]\nbase_url = "{base_url}"\nmodel = {json.dumps(f"m{EVIL}")}\n'
        f'context_window = 8192\nkey_environment = "TEST_KEY"\nserves = [{evil}, "*"]\n'
        f'currency = "USD"\n[model_aliases]\n{evil} = {evil}\n'
    )


COMMANDS = [
    ["show", "NOTE"],
    ["show", "--as-sent", "NOTE"],
    ["show", "WRONG"],
    ["show", "--as-sent", "WRONG"],
    ["tokens", "NOTE"],
    ["tokens", "NOTE", "WRONG"],
    ["tokens", "--model", EVIL, "NOTE"],
    ["check", "VAULT"],
    ["check", "--all", "VAULT"],
    ["complete", "--dry-run", "NOTE"],
    ["complete", "--profile", EVIL, "NOTE"],
    ["complete", "--model", f"{EVIL}@{EVIL}", "NOTE"],
    ["complete", "WRONG"],
    ["complete", "MISSING"],
    ["again", "MISSING"],
    ["complete", "--continue", "NOTE"],
    ["why", "NOTE"],
    ["why", "WRONG"],
    ["watch", "--once", "VAULT"],
    ["service", "print", "--manager", "launchd", "VAULT"],
    ["service", "status", "VAULT"],
    ["stop", "NOTE"],
    ["stop", "MISSING"],
    ["config", "show", "--origin"],
    ["model", "show", EVIL],
    ["model", "show", "--profile", EVIL, EVIL],
    ["model", "remove", EVIL],
    ["model", "path", EVIL],
    ["new", "NOTE", EVIL],
    ["doctor", "--model", EVIL, "VAULT"],
    ["doctor", "--profile", EVIL, "MISSING"],
    [EVIL],
    [f"--{EVIL}"],
    ["complete", f"--{EVIL}", "NOTE"],
    ["completion", EVIL],
    ["config", EVIL],
    ["tokens", "--max-tokens", EVIL, "NOTE"],
]
PARTLY_JSON = {"show", "tokens", "check", "complete", "config show", "model show", "doctor"}


def words_of(command: Sequence[str], note: Path) -> list[str]:
    """A command line with its paths."""
    places = {
        "NOTE": str(note),
        "WRONG": str(note.with_name(f"wrong{NAME}")),
        "MISSING": str(note.with_name(f"missing{NAME}")),
        "VAULT": str(note.parents[1]),
    }
    return [places.get(word, word) for word in command]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:2])[:20])
def test_commands(program: Program, note: Path, command: list[str]) -> None:
    """Whatever a command says of hostile names, notes and settings can be looked at safely."""
    with ScriptedServer([], routes={"/v1/models": status(200, {"data": [{"id": SAID}]})}) as server:
        configure(program, server.base_url)
        words = words_of(command, note)
        run = program.run("-v", *words)
        assert "defect" not in run.err
        harmless(run.out + run.err)
        code, written = on_a_terminal(program, *words)
        assert code == run.code
        harmless(written, rendered=True)
        if PARTLY_JSON & {command[0], " ".join(command[:2])}:
            run = program.run(*words[:1], *words[1:], "--json")
            harmless(run.out + run.err)


ANSWERS: list[Script] = [
    reply(f"Here {EVIL} it is &#x202e; and <http://a/%E2%80%AE>"),
    response(event(chunk(f"part {EVIL}")), end=False),
    response(event(chunk("ok", finish_reason=f"odd{EVIL}")), event("[DONE]")),
    response(event({"error": {"message": SAID, "code": EVIL}})),
    *(
        status(code, {"error": {"message": SAID, "type": EVIL, "code": EVIL, "param": EVIL}})
        for code in (400, 401, 402, 403, 404, 413, 422, 500)
    ),
    status(400, {"error": {"message": f"maximum context length is 100 tokens {EVIL}"}}),
    status(500, f"<p>{SAID}</p>"),
    status(307, headers={"Location": f"https://a/{EVIL.encode('ascii', 'ignore').decode()[1:6]}"}),
    [f"HTTP/1.1 500 {EVIL.replace(chr(13), '')}\r\n\r\n".encode()],
    [f"{EVIL}\r\n\r\n".encode()],
]


@pytest.mark.parametrize("script", ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.parametrize("where", ["pipe", "terminal", "doctor"])
def test_servers(program: Program, note: Path, script: Script, where: str) -> None:
    """Whatever a server says, as a reply or instead of one, can be looked at safely."""
    with ScriptedServer([script] * 4) as server:
        configure(program, server.base_url)
        if where == "terminal":
            harmless(on_a_terminal(program, "-v", "complete", note)[1], rendered=True)
        else:
            words = ["-v", "complete", note] if where == "pipe" else ["-v", "doctor"]
            run = program.run(*words)
            assert "defect" not in run.err
            harmless(run.out + run.err)
    assert server.requests


@pytest.mark.skipif(os.name != "posix", reason="umask is POSIX's")
@pytest.mark.parametrize("umask", ["0000", "0777", "0177"])
def test_private_under_any_umask(tmp_path: Path, vault: Path, umask: str) -> None:
    """All that commands make outside the vault is this user's alone, and works with any umask."""
    shell = ("/bin/sh", "-c", f'umask {umask}; exec "$@"', "sh")
    program = Program(tmp_path / "home", within=shell)
    assert program.run("init").code == 0
    made = [program.home, *program.home.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600, 0o700}
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("A."), status(401)]) as server:
        program.serve(server.base_url)
        before = set(program.home.rglob("*"))
        assert program.run("complete", note).code == 0
        note.write_bytes(
            note.read_bytes() + b'\n<hr class="__chatgpt_plugin">\n\nrole::user\n\nB\n'
        )
        assert program.run("complete", note).code == 5
        assert program.run("tokens", note).code == 0
        assert program.run("doctor", "--offline", vault).code == 0
    made = sorted(set(program.home.rglob("*")) - before)
    modes = {path.relative_to(program.home): path.stat().st_mode & 0o777 for path in made}
    assert len(modes) > 5
    wrong = {
        str(path): oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if (program.home / path).is_dir() else 0o600)
    }
    assert wrong == {}
