"""``notelog complete`` with less memory than it needs, at many limits."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from program import Program
from scripted_server import ScriptedServer, reply

LIMITED = (
    "import os, resource, sys\n"
    "most = int(sys.argv[1]) << 20\n"
    "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)
QUESTION = b"Roses are red, violets are blue. " * 60_000 + b"\n\nWhat is a note?\n"
ANSWER = "One two three. " * 500


def configure(program: Program, server: ScriptedServer) -> None:
    """A model with room for the whole question, and a watcher that need not wait."""
    program.configure(
        f'default_profile = "test"\n[profiles.test]\nbase_url = "{server.base_url}"\n'
        'model = "m"\ncontext_window = 8_000_000\nkey_environment = "TEST_KEY"\n'
        "[watch]\nsync_wait_s = 0\nsync_spread_s = 0\n"
    )


@pytest.mark.parametrize("limit_mb", [45, 66, 84, 102])
def test_a_limit_of_memory(program: Program, vault: Path, limit_mb: int) -> None:
    """It ends with a sentence, never as a defect; nothing is lost or paid for twice."""
    note = vault / "long.md"
    note.write_bytes(QUESTION)
    small = replace(program, within=(sys.executable, "-c", LIMITED, str(limit_mb)))
    with ScriptedServer([reply(ANSWER), reply("A second one.")]) as server:
        configure(program, server)
        run = small.run("complete", note)
        assert "Traceback" not in run.err
        assert "defect" not in run.err
        assert run.code in {0, 1, 6, 10}, run.err
        assert run.code == 0 or "memory" in run.err or run.code == 6
        after = program.run("complete", note)
    assert note.read_bytes().startswith(QUESTION)
    assert after.code in {0, 7, 10}, after.err
    assert len(server.requests) <= 1
    added = note.read_bytes()[len(QUESTION) :]
    assert after.code != 0 or ANSWER.strip().encode() in added
    assert (b"One two three." in added) == (after.code != 10)
    assert (b"> [!notelog]" in added) == (after.code == 7)


@pytest.mark.parametrize("limit_mb", [72, 108])
def test_a_watcher_under_a_limit_of_memory(program: Program, vault: Path, limit_mb: int) -> None:
    """It says which note was not answered and why, and its exit code is that of the command."""
    note = vault / "long.md"
    note.write_bytes(b"---\nnotelog: mark\n---\n\n" + QUESTION + b"\n- [x] send\n")
    before = note.read_bytes()
    small = replace(program, within=(sys.executable, "-c", LIMITED, str(limit_mb)))
    with ScriptedServer([reply(ANSWER)]) as server:
        configure(program, server)
        run = small.run("watch", "--once", vault)
    assert "Traceback" not in run.out + run.err
    if run.code:  # what a limit allows is another thing on each system
        assert run.code == 1
        assert "there is not enough memory" in run.out + run.err
        assert note.read_bytes() == before
    else:
        assert ANSWER.strip().encode() in note.read_bytes()
