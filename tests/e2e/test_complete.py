"""``notelog complete``, the real process against a scripted server."""

import os
import signal
import stat
import time
from pathlib import Path
from shlex import quote
from threading import Event
from typing import Any, cast

import pytest
from program import Program
from scripted_server import (
    RESET,
    STALL,
    ScriptedServer,
    Signal,
    Wait,
    chunk,
    event,
    reply,
    reply_events,
    response,
    status,
)

QUESTION = b"What is a note?\n"
HEAD = b'\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n\n'
TAIL = b'\n\n<hr class="__chatgpt_plugin">\n\nrole::user\n\n'


def write_note(vault: Path, data: bytes = QUESTION, name: str = "问题 note.md") -> Path:
    """A note with a question."""
    note = vault / name
    note.write_bytes(data)
    return note


def wait_until_kept(state: Path, text: bytes) -> None:
    """Waits until the journal's files hold a text."""
    for _ in range(200):
        if any(text in path.read_bytes() for path in state.rglob("*") if path.is_file()):
            return
        time.sleep(0.05)
    pytest.fail("the journal never held the part")


def test_a_reply_is_shown_and_written(program: Program, vault: Path) -> None:
    """The reply goes to standard output and into the note, the figures to standard error."""
    note = write_note(vault)
    with ScriptedServer([reply("A short text.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert (run.code, run.out) == (0, "A short text.\n")
    assert note.read_bytes() == QUESTION + HEAD + b"A short text." + TAIL
    assert "7 tokens in, 3 out" in run.err
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer sk-test-canary"
    body = request.json()
    assert body["messages"] == [{"role": "user", "content": "What is a note?"}]
    assert body["model"] == "m"


def test_an_answered_note_is_left_alone(program: Program, vault: Path) -> None:
    """A second run finds nothing to do, sends nothing and exits 0."""
    note = write_note(vault)
    with ScriptedServer([reply("Yes.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        after = note.read_bytes()
        run = program.run("complete", note)
    assert (run.code, len(server.requests)) == (0, 1)
    again = f"ask it anew: notelog again {quote(str(note))}\n"
    assert f"already answered\n  write on below it, or {again}" in run.err
    assert note.read_bytes() == after


def test_json_tells_all(program: Program, vault: Path) -> None:
    """``--json`` prints one envelope: outcome, reply, usage, where it was inserted."""
    note = write_note(vault)
    with ScriptedServer([reply("Sure.")]) as server:
        program.serve(server.base_url)
        fields = program.run("complete", "--json", note).fields
    assert fields["notelog"] == 1
    assert fields["outcome"] == "answered"
    assert fields["reply"] == "Sure."
    assert cast("dict[str, Any]", fields["usage"])["prompt_tokens"] == 7
    assert fields["inserted"] == {"line": 7}
    assert note.read_bytes().split(b"\n")[6] == b"Sure."


def test_dry_run_sends_and_writes_nothing(program: Program, vault: Path) -> None:
    """``--dry-run`` shows the plan; no request, no byte, no state."""
    note = write_note(vault)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--dry-run", note)
    assert run.code == 0
    assert "test" in run.out
    assert "m" in run.out
    assert server.connections == 0
    assert note.read_bytes() == QUESTION
    assert not (program.home / "state").exists()


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (status(401), 5, "key"),
        (status(404), 5, "404"),
        (status(402), 5, "402"),
        (status(301, headers={"Location": "http://127.0.0.1:9/v1"}), 5, "redirect"),
        (status(500), 10, "billed"),
        (response(*reply_events("x")[:1], event("[DONE]")), 10, "billed"),
    ],
)
def test_no_reply_leaves_the_note_alone(
    program: Program, vault: Path, script: list[Any], code: int, words: str
) -> None:
    """Without a reply the note is byte for byte what it was, and the cause is said."""
    note = write_note(vault)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == code
    assert words in run.err.lower()
    assert len(server.requests) == 1
    assert note.read_bytes() == QUESTION
    assert "sk-test-canary" not in run.err + run.out


def test_what_is_in_doubt_is_asked_again_only_by_word(program: Program, vault: Path) -> None:
    """After an unclear failure complete refuses until --again, and then pays once."""
    note = write_note(vault)
    with ScriptedServer([status(500), reply("At last.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 10
        second = program.run("complete", note)
        assert (second.code, len(server.requests)) == (10, 1)
        assert f"notelog retry {quote(str(note))} asks anew" in second.err
        third = program.run("complete", "--again", note)
    assert (third.code, len(server.requests)) == (0, 2)
    assert b"At last." in note.read_bytes()


def test_a_free_server_is_simply_asked_again(program: Program, vault: Path) -> None:
    """A profile with billed = false knows no doubt."""
    note = write_note(vault)
    with ScriptedServer([response(*reply_events("x")[:1], RESET)] * 9) as server:
        program.serve(server.base_url, profile="billed = false\n")
        assert program.run("complete", note).code == 6
    with ScriptedServer([reply("Now.")]) as server:
        program.serve(server.base_url, profile="billed = false\n")
        assert program.run("complete", note).code == 0


def test_a_cut_reply_is_kept_and_marked(program: Program, vault: Path) -> None:
    """What arrived of a cut reply is in the note, with a callout that says so."""
    note = write_note(vault)
    with ScriptedServer([response(*reply_events("One two three")[:3], framing="close")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
        again = program.run("complete", note)
    assert run.code == 7
    data = note.read_bytes()
    assert data.startswith(QUESTION + HEAD + b"One two\n\n> [!notelog] ")
    assert (again.code, len(server.requests)) == (0, 1)
    shown = program.run("show", "--json", note).fields
    assert cast("list[Any]", shown["messages"])[1]["content"] == "One two"


def test_a_reply_at_the_limit_names_its_cause(program: Program, vault: Path) -> None:
    """finish_reason length exits 7 and names the setting and its line."""
    note = write_note(vault, b"---\nmodel: m\nmax_tokens: 3\n---\nhi\n")
    with ScriptedServer([reply("One two three", finish_reason="length")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 7
    assert "max_tokens" in run.err
    assert "3" in run.err
    assert b"> [!notelog]" in note.read_bytes()
    assert server.requests[0].json()["max_tokens"] == 3


def test_newer_text_below_wins(program: Program, vault: Path) -> None:
    """When the person asked on meanwhile, nothing is written and the reply is kept for free."""
    note = write_note(vault)
    sent, go = Event(), Event()
    script = response(*reply_events("Kept.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:])
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        newer = QUESTION + HEAD + b"Mine." + TAIL + b"And now?\n"
        note.write_bytes(newer)
        go.set()
        _, err = process.communicate(timeout=30)
        assert process.returncode == 9
        assert b"kept" in err
        assert note.read_bytes() == newer
        note.write_bytes(QUESTION + HEAD + b"Mine." + TAIL)
        offered = program.run("complete", note)
        assert (offered.code, len(server.requests)) == (0, 1)
        assert "a reply to an earlier question of this note is kept" in offered.err
        note.write_bytes(QUESTION)
        run = program.run("complete", note)
    assert (run.code, len(server.requests)) == (0, 1)
    assert note.read_bytes() == QUESTION + HEAD + b"Kept." + TAIL


def test_text_added_elsewhere_meanwhile_is_kept(program: Program, vault: Path) -> None:
    """When the note changed but the turn is still the last, the reply goes below it."""
    note = write_note(vault, b"---\ntags: []\n---\n" + QUESTION)
    sent, go = Event(), Event()
    script = response(*reply_events("Hello.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:])
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        newer = b"---\ntags: [chat]\n---\n" + QUESTION
        note.write_bytes(newer)
        go.set()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert note.read_bytes() == newer + HEAD + b"Hello." + TAIL


def test_ctrl_c_keeps_what_arrived(program: Program, vault: Path) -> None:
    """Ctrl-C exits 130; the part that came is in the note, marked."""
    note = write_note(vault)
    sent = Event()
    script = response(*reply_events("One two three")[:3], Signal(sent), STALL)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        assert process.stdout is not None
        assert process.stdout.read(3) == b"One"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    data = note.read_bytes()
    assert data.startswith(QUESTION + HEAD + b"One")
    assert b"> [!notelog]" in data


def test_ctrl_c_before_the_first_word(program: Program, vault: Path) -> None:
    """Ctrl-C while nothing has arrived leaves the note alone, exits 130, and is in doubt."""
    note = write_note(vault)
    sent = Event()
    with ScriptedServer([[Signal(sent), STALL]]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
        assert note.read_bytes() == QUESTION
        assert program.run("complete", note).code == 10
    assert len(server.requests) == 1


def test_a_reply_survives_a_kill_before_the_write(program: Program, vault: Path) -> None:
    """A whole reply that could not be written is delivered later without a request."""
    note = write_note(vault)
    sent, go = Event(), Event()
    script = response(*reply_events("Paid.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:])
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        note.chmod(0o444)
        go.set()
        process.communicate(timeout=30)
        assert process.returncode == 4
        assert note.read_bytes() == QUESTION
        note.chmod(0o644)
        assert program.run("complete", note).code == 0
    assert len(server.requests) == 1
    assert note.read_bytes() == QUESTION + HEAD + b"Paid." + TAIL


def test_nothing_private_is_readable_by_others(program: Program, vault: Path) -> None:
    """State files are 0600 and folders 0700 under any umask; the vault holds nothing new."""
    note = write_note(vault)
    before = os.umask(0)
    try:
        with ScriptedServer([reply("Private.")]) as server:
            program.serve(server.base_url)
            assert program.run("complete", note).code == 0
    finally:
        os.umask(before)
    state = program.home / "state"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [state, *state.rglob("*")]}
    assert modes
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes
    assert sorted(path.name for path in vault.iterdir()) == [".obsidian", note.name]


def test_a_key_is_never_in_the_journal(program: Program, vault: Path) -> None:
    """The key appears in the request and nowhere on disk."""
    note = write_note(vault)
    with ScriptedServer([reply("Fine.")]) as server:
        program.serve(server.base_url)
        program.run("-vv", "complete", note)
    files = [path for path in program.home.rglob("*") if path.is_file()]
    assert files
    assert not any(b"sk-test-canary" in path.read_bytes() for path in files)


def test_a_stalling_server_is_given_up(program: Program, vault: Path) -> None:
    """Silence beyond the read timeout is in doubt, and the note is untouched."""
    note = write_note(vault)
    with ScriptedServer([response(event(chunk("", role="assistant")), STALL)]) as server:
        program.serve(server.base_url, profile="read_timeout_s = 0.3\n")
        run = program.run("complete", note)
    assert run.code == 10
    assert note.read_bytes() == QUESTION
    assert len(server.requests) == 1


def test_a_server_that_is_down(program: Program, vault: Path) -> None:
    """A refused connection is unavailable (exit 6) and needs no --again afterwards."""
    note = write_note(vault)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
    run = program.run("complete", note)
    assert run.code == 6
    assert note.read_bytes() == QUESTION


def test_what_a_killed_program_had_received_is_delivered(program: Program, vault: Path) -> None:
    """After kill -9 in mid-reply the part that came goes into the note, marked, for free."""
    note = write_note(vault)
    first, second = Event(), Event()
    events = reply_events("One two three four")
    script = response(*events[:3], Signal(first), Wait(second), *events[3:4], STALL)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert first.wait(20)
        assert process.stdout is not None
        assert process.stdout.read(7) == b"One two"
        wait_until_kept(program.home / "state", b"One")
        process.kill()
        process.communicate(timeout=30)
        assert note.read_bytes() == QUESTION
        run = program.run("complete", note)
    assert (run.code, len(server.requests)) == (7, 1)
    assert note.read_bytes().startswith(QUESTION + HEAD + b"One")
    assert b"> [!notelog]" in note.read_bytes()


def test_an_emptied_journal_pays_nothing_twice(program: Program, vault: Path) -> None:
    """What is in doubt is not asked by a journal that knows nothing of it, until it is moved."""
    note = write_note(vault)
    with ScriptedServer([[RESET], reply("Anew.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 10
        (database,) = (program.home / "state").rglob("*.sqlite3")
        database.write_bytes(b"")
        for words in (("complete", note), ("watch", vault, "--once"), ("complete", note)):
            run = program.run(*words)
            assert run.code == 3, run.err
            assert "the journal was emptied" in run.err
            assert "move it away" in run.err
        told = program.run("status", note)
        assert told.code != 0
        assert "emptied" in told.out + told.err
        assert (note.read_bytes(), len(server.requests)) == (QUESTION, 1)
        database.unlink()
        assert program.run("complete", note).code == 0
    assert len(server.requests) == 2
