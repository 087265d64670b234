"""What ``notelog watch`` asks before it begins: of a backlog, and of a folder without marks."""

import os
from pathlib import Path

import pytest
from on_terminal import terminal
from program import Program
from scripted_server import ScriptedServer, reply
from watch_run import LONGEST_WAIT_S, QUICK, WatchRun

MARKED = "---\nnotelog: mark\n---\n\nWhat is {}?\n\n- [x] send\n"
LONG_AGO_S = 1_700_000_000


@pytest.fixture
def old(vault: Path) -> list[Path]:
    """Eight chats that were marked long ago, in a folder."""
    (vault / "Chats").mkdir()
    notes = [vault / "Chats" / f"{number}.md" for number in range(8)]
    for note in notes:
        note.write_bytes(MARKED.format(note.stem).encode())
        os.utime(note, (LONG_AGO_S, LONG_AGO_S))
    return notes


def test_a_backlog_without_a_yes_sends_nothing(
    program: Program, vault: Path, old: list[Path]
) -> None:
    """Where nobody can be asked it ends with 12, names tokens and price, and asks no server."""
    before = [note.read_bytes() for note in old]
    with ScriptedServer([reply("no")]) as server:
        program.serve(server.base_url, profile=QUICK)
        run = program.run("watch", "--once", "--backlog", vault)
    assert run.code == 12
    assert "8 requests (at most" in run.err
    assert "unpriced" in run.err
    assert "--yes" in run.err
    assert server.requests == []
    assert [note.read_bytes() for note in old] == before


def test_a_backlog_with_a_yes_answers_all(program: Program, vault: Path, old: list[Path]) -> None:
    """``--yes`` agrees beforehand: what it takes is shown, and every note is answered once."""
    with ScriptedServer([reply(f"answer {number}") for number in range(9)]) as server:
        program.serve(server.base_url, profile=f"price = [1.0, 2.0]\n{QUICK}")
        run = program.run("watch", "--once", "--backlog", "--yes", vault)
    assert run.code == 0, run.err
    assert "8 notes marked and not answered" in run.err
    assert "USD" in run.err
    assert len(server.requests) == 8
    assert all(b"answer" in note.read_bytes() for note in old)


@pytest.mark.parametrize(("typed", "code"), [("n\n", 12), ("\n", 12), ("\x03", 130)])
def test_a_no_in_the_terminal_sends_nothing(
    program: Program, vault: Path, old: list[Path], typed: str, code: int
) -> None:
    """No, Enter and Ctrl-C all end it before anything is sent, and before it watches."""
    with ScriptedServer([reply("no")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with terminal(program, "watch", "--once", "--backlog", vault) as screen:
            shown = screen.read_to("[y/N]")
            assert "8 notes marked and not answered" in shown
            screen.type(typed)
            assert screen.read_all() == code
    assert server.requests == []
    assert "watching" not in screen.plain
    assert b"role::" not in old[0].read_bytes()


def test_a_yes_in_the_terminal_answers_all(program: Program, vault: Path, old: list[Path]) -> None:
    """After a yes every note is answered."""
    with ScriptedServer([reply("yes indeed") for _ in range(9)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with terminal(program, "watch", "--once", "--backlog", vault) as screen:
            screen.read_to("[y/N]")
            screen.type("y\n")
            assert screen.read_all() == 0
    assert len(server.requests) == 8
    assert all(b"yes indeed" in note.read_bytes() for note in old)


def test_the_first_watch_offers_a_folder_once(
    program: Program, vault: Path, old: list[Path]
) -> None:
    """A folder that is chosen is answered without a mark, now and later; it is asked for once."""
    note = old[0]
    with ScriptedServer([reply("A leaf."), reply("A bean.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with terminal(program, "watch", vault) as screen:
            offer = screen.read_to("Enter for none):")
            assert "such as Chats" in offer
            assert "30 requests an hour" in offer
            assert "your provider may bill" in offer
            screen.type("../Chats\n")
            screen.read_to("there is no folder '../Chats' in the vault")
            screen.read_to("Enter for none):")
            screen.type("Chats/\n")
            screen.read_to("answered without a mark")
            note.write_bytes(b"---\nnotelog: mark\n---\nx\n")
            (vault / "Chats" / "new.md").write_bytes(b"---\nnotelog:\n---\nWhat is tea?\n")
            screen.read_to("new.md: ")
            screen.read_to("tokens in")
            screen.type("\x03")
            assert screen.read_all() == 0
        assert program.run("why", vault / "Chats" / "new.md").code == 0
        with terminal(program, "watch", vault) as screen:
            assert "Enter for none" not in screen.read_to("watching ")
            screen.read_to("Chats/**")
            screen.type("\x03")
            assert screen.read_all() == 0
    assert len(server.requests) == 1
    assert sorted(path.name for path in vault.iterdir()) == [".obsidian", "Chats"]


def test_enter_is_none_and_the_question_can_be_had_again(
    program: Program, vault: Path, old: list[Path]
) -> None:
    """Enter chooses no folder, which is remembered; ``--choose-auto`` asks anew."""
    assert old
    program.serve("http://127.0.0.1:1/v1", profile=QUICK)
    for arguments, asked in (((), True), ((), False), (("--choose-auto",), True)):
        with terminal(program, "watch", vault, *arguments) as screen:
            if asked:
                screen.read_to("Enter for none):")
                screen.type("\n")
            assert ("Asked once" in screen.read_to("watching ")) == asked or asked
            screen.read_to("to send a message")
            screen.type("\x03")
            assert screen.read_all() == 0
        assert ("Asked once" in screen.plain) == asked
        assert "answered without a mark," not in screen.plain


def test_nobody_is_asked_where_there_is_no_terminal(
    program: Program, vault: Path, old: list[Path]
) -> None:
    """A service, a pipe and ``--once`` watch without the question, and leave it for later."""
    assert old
    program.serve("http://127.0.0.1:1/v1", profile=QUICK)
    with WatchRun(program, vault) as watch:
        assert watch.stop() == 0
    run = program.run("watch", "--choose-auto", vault)
    assert (run.code, "nobody can answer it here" in run.err) == (2, True)
    with terminal(program, "watch", "--auto", "Chats/**", vault) as screen:
        assert "Asked once" not in screen.read_to("to send a message")
        screen.type("\x03")
        screen.process.wait(LONGEST_WAIT_S)
    with terminal(program, "watch", vault) as screen:
        screen.read_to("Asked once")


def test_without_a_server_the_start_says_so(program: Program, vault: Path) -> None:
    """Where nothing says which server answers, that is told before anybody ticks a box."""
    with WatchRun(program, vault) as watch:
        assert watch.stop() == 0
    (told,) = (line for line in watch.seen if line["kind"] == "warning")
    assert "no profile is chosen" in str(told["message"])
    assert "notelog init --profile" in str(told["hint"])


def test_the_vault_is_that_of_the_current_folder(program: Program, vault: Path) -> None:
    """Without VAULT the vault is the one around; outside of any, and for a file, it says so."""
    program.serve("http://127.0.0.1:1/v1")
    folder = vault / "Chats"
    folder.mkdir()
    run = program.run("watch", "--once", cwd=folder)
    assert (run.code, f"watching {vault}: 0 notes" in run.out) == (0, True)
    run = program.run("watch", "--once", cwd=vault.parent)
    assert (run.code, "lies in none" in run.err) == (2, True)
    note = vault / "tea.md"
    note.write_bytes(b"Q\n")
    run = program.run("watch", "--once", note)
    assert (run.code, "notelog complete NOTE" in run.err) == (2, True)
