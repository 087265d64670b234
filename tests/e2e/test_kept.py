"""``notelog deliver``, ``undo`` and ``retry``: the real process against a scripted server."""

import os
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from journal_records import TEXT, write_turn
from program import Program
from scripted_server import (
    ScriptedServer,
    Signal,
    Wait,
    reply,
    reply_events,
    response,
    status,
)

QUESTION = b"What is a note?\n"
HEAD = b'\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n\n'
TAIL = b'\n\n<hr class="__chatgpt_plugin">\n\nrole::user\n\n'
ANSWERED = QUESTION + HEAD + b"Paid \xe5\x9b\x9e\xe5\xa4\x8d." + TAIL
NEWER = b'\n<hr class="__chatgpt_plugin">\n\nrole::user\n\nAnd now?\n'


@pytest.fixture
def note(vault: Path) -> Path:
    """A note with a question."""
    path = vault / "问题 note.md"
    path.write_bytes(QUESTION)
    return path


@contextmanager
def kept_reply(program: Program, note: Path, newer: bytes) -> Generator[ScriptedServer]:
    """A reply that is kept since its note became another one while it came."""
    sent, go = Event(), Event()
    late = response(
        *reply_events("Paid 回复.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:]
    )
    with ScriptedServer([late, reply("A second one.")]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        note.write_bytes(newer)
        go.set()
        _, err = process.communicate(timeout=30)
        assert process.returncode == 9
        assert b"notelog deliver" in err
        assert note.read_bytes() == newer
        yield server
        assert len(server.requests) <= 2


def answered(program: Program, note: Path) -> None:
    """Lets the note be answered."""
    with ScriptedServer([reply("Paid 回复.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0


def test_a_kept_reply_goes_above_newer_text(program: Program, note: Path) -> None:
    """Directly below its question, and every byte of the newer text stays below it."""
    newer = QUESTION + NEWER
    with kept_reply(program, note, newer) as server:
        run = program.run("deliver", note)
        again = program.run("deliver", note)
        assert (run.code, again.code, len(server.requests)) == (0, 0, 1)
    assert note.read_bytes() == QUESTION + HEAD + "Paid 回复.\n".encode() + NEWER
    assert "below its question" in run.err
    assert "no reply is kept" in again.err
    assert program.run("status", note).code == 0


def test_a_kept_reply_is_never_put_anywhere_by_guess(program: Program, note: Path) -> None:
    """Where the question was changed the note is left alone, and what can be done is said."""
    newer = b"What is a note, really?\n"
    with kept_reply(program, note, newer) as server:
        run = program.run("deliver", note)
        assert run.code == 9
        assert "--print" in run.err
        assert "--at-end" in run.err
        assert note.read_bytes() == newer
        printed = program.run("deliver", "--print", note)
        assert (printed.code, printed.out) == (0, "Paid 回复.\n")
        assert note.read_bytes() == newer
        at_end = program.run("deliver", "--at-end", note)
        assert (at_end.code, len(server.requests)) == (0, 1)
        data = note.read_bytes().decode()
        assert data.startswith(newer.decode() + "\n> [!notelog] The reply to “What is a note?”")
        assert data.endswith("> Paid 回复.\n")
        shown = program.run("show", "--json", note).fields
        assert "Paid" not in str(shown["messages"])
        assert program.run("deliver", note).err.startswith(f"{note}: no reply is kept")


def test_a_hard_linked_note_takes_it_at_its_end(program: Program, note: Path) -> None:
    """Where only the end can be changed, --at-end puts it there and both names keep the note."""
    newer = QUESTION + NEWER
    with kept_reply(program, note, newer):
        note.with_name("twin.md").hardlink_to(note)
        run = program.run("deliver", note)
        assert run.code == 4
        assert "--at-end" in run.err
        assert note.read_bytes() == newer
        assert program.run("deliver", "--at-end", note).code == 0
    data = note.read_bytes()
    assert data.startswith(newer)
    assert data == note.with_name("twin.md").read_bytes()
    assert "Paid 回复.".encode() in data


@pytest.mark.parametrize("typed", [b"", b"and more\n"])
def test_a_reply_that_was_saved_over_is_put_back(
    program: Program, note: Path, typed: bytes
) -> None:
    """An editor with a stale text took it out; it is here, and costs nothing."""
    stale = b"---\nnotelog: mark\n---\n\n" + QUESTION + b"\n- [x] send\n"
    note.write_bytes(stale)
    answered(program, note)
    whole = note.read_bytes()
    assert "no reply is kept" in program.run("deliver", note).err
    assert program.run("log", note).out.strip().endswith("in the note")
    note.write_bytes(stale + typed)
    assert program.run("log", note).out.strip().endswith("kept")
    assert "Paid 回复." in program.run("deliver", "--print", note).out
    assert program.run("deliver", note).code == 0
    assert note.read_bytes().replace(typed, b"").split() == whole.split()
    assert "no reply is kept" in program.run("deliver", note).err
    assert program.run("undo", note).code == 0
    assert "no reply is kept" in program.run("deliver", note).err


def test_only_one_reply_can_be_chosen(program: Program, note: Path) -> None:
    """A number that is not there is said, and nothing is written."""
    newer = QUESTION + NEWER
    with kept_reply(program, note, newer):
        run = program.run("deliver", "--reply", "7", note)
        assert run.code == 9
        assert note.read_bytes() == newer
        assert program.run("deliver", "--reply", "1", note).code == 0


def test_undo_gives_the_note_back(program: Program, note: Path) -> None:
    """Byte for byte what it was, and nothing puts the reply in again by itself."""
    answered(program, note)
    assert note.read_bytes() == ANSWERED
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("undo", note)
        assert run.code == 0
        assert note.read_bytes() == QUESTION
        for command in ("complete", "deliver", "retry"):
            program.run(command, note)
            assert note.read_bytes() == QUESTION
        assert server.connections == 0
        twice = program.run("undo", note)
    assert twice.code == 9
    assert "already" in twice.err
    advised = shlex.split(run.err.rpartition("journal: ")[2])
    assert advised == ["notelog", "log", "--reply", "1", str(note)]
    assert program.run(*advised[1:]).out == "Paid 回复.\n"


def test_undo_in_a_note_with_two_names(program: Program, note: Path) -> None:
    """A reply at its end is taken away in place, so both names stay one note; else it is told."""
    answered(program, note)
    twin = note.with_name("twin.md")
    twin.hardlink_to(note)
    note.write_bytes(ANSWERED + b"Next?\n")
    run = program.run("undo", note)
    assert run.code == 4
    assert "by hand" in run.err
    assert note.read_bytes() == ANSWERED + b"Next?\n"
    note.write_bytes(ANSWERED)
    with twin.open("rb"):
        run = program.run("undo", note)
    assert run.code == 4
    assert "has it open" in run.err
    assert note.read_bytes() == ANSWERED
    assert program.run("undo", note).code == 0
    assert note.read_bytes() == twin.read_bytes() == QUESTION
    assert note.samefile(twin)


def test_undo_leaves_what_was_typed_since(program: Program, note: Path) -> None:
    """The next question stays as a message of its own."""
    answered(program, note)
    note.write_bytes(ANSWERED + "下一个 question?\n".encode())
    run = program.run("undo", "--json", note)
    assert (run.code, run.fields["typed_text_stays"]) == (0, True)
    assert note.read_bytes() == QUESTION.rstrip() + TAIL + "下一个 question?\n".encode()


def test_undo_refuses_what_was_changed(program: Program, note: Path) -> None:
    """A reply of which a letter was changed is left alone, and exit code 9 says so."""
    answered(program, note)
    changed = note.read_bytes().replace(b"Paid", b"paid")
    note.write_bytes(changed)
    run = program.run("undo", note)
    assert run.code == 9
    assert "as it was written" in run.err
    assert note.read_bytes() == changed


def test_undo_keeps_what_the_file_is(program: Program, note: Path) -> None:
    """Mode and a symlink stay, and nothing is left beside the note."""
    answered(program, note)
    note.chmod(0o640)
    link = note.parent.parent / "link.md"
    link.symlink_to(note)
    assert program.run("undo", link).code == 0
    assert note.read_bytes() == QUESTION
    assert note.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(note.parent)) == [".obsidian", note.name]  # noqa: PTH208  # hidden


def test_undo_takes_an_earlier_reply(program: Program, note: Path) -> None:
    """With its number any reply can be taken out; the later turns stay."""
    with ScriptedServer([reply("One."), reply("Two.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        note.write_bytes(note.read_bytes() + b"Second?\n")
        program.run("complete", note)
    before = note.read_bytes()
    assert program.run("undo", "--reply", "1", note).code == 0
    after = note.read_bytes()
    assert b"One." in before
    assert b"One." not in after
    assert after.endswith(before[before.index(b"Second?") :])


def test_a_reply_into_the_way_of_a_block_is_undone(program: Program, vault: Path) -> None:
    """A fence that was closed for the reply is open again afterwards."""
    note = vault / "fence.md"
    note.write_bytes(b"```python\nprint(1)\n")
    answered(program, note)
    assert b"print(1)\n```\n" in note.read_bytes()
    assert program.run("undo", note).code == 0
    assert note.read_bytes() == b"```python\nprint(1)\n"


def test_retry_asks_anew_what_is_in_doubt(program: Program, note: Path) -> None:
    """It is the person's word: one more request, and the reply is in the note."""
    with ScriptedServer([status(500), reply("At last.")]) as server:
        program.serve(server.base_url)
        first = program.run("complete", note)
        assert first.code == 10
        assert "notelog retry" in first.err
        assert program.run("complete", note).code == 10
        assert len(server.requests) == 1
        assert program.run("retry", note).code == 0
        assert len(server.requests) == 2
        refused = program.run("retry", note)
        assert (refused.code, len(server.requests)) == (9, 2)
    assert b"At last." in note.read_bytes()
    assert "neither in doubt nor failed" in refused.err


def test_retry_sends_nothing_else(program: Program, note: Path) -> None:
    """A question that was never asked, or whose reply was taken out, is not asked by it."""
    with ScriptedServer([reply("Once.")]) as server:
        program.serve(server.base_url)
        assert program.run("retry", note).code == 9
        assert server.connections == 0
        program.run("complete", note)
        note.write_bytes(QUESTION)
        run = program.run("retry", note)
        assert (run.code, len(server.requests)) == (9, 1)
        assert str(note) in run.err


def test_retry_of_a_kept_reply_delivers_it(program: Program, note: Path) -> None:
    """What is here already is put in, and not asked for."""
    with kept_reply(program, note, QUESTION + NEWER) as server:
        note.write_bytes(QUESTION)
        assert program.run("retry", note).code == 0
        assert len(server.requests) == 1
    assert note.read_bytes() == ANSWERED


def test_another_model_does_not_pay_again(program: Program, note: Path) -> None:
    """Changing the default model, or the profile's, while a turn is in doubt sends nothing."""
    with ScriptedServer([status(500)]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 10
        for options in (("-m", "other"), ("--max-tokens", "5"), ("--temperature", "1")):
            assert program.run("complete", *options, note).code == 10
        configured = (program.home / "config" / "config.toml").read_bytes().decode()
        program.configure(configured.replace('model = "m"', 'model = "another"'))
        assert program.run("complete", note).code == 10
        assert len(server.requests) == 1


def test_deliver_puts_in_the_part_that_came(program: Program, note: Path) -> None:
    """What a killed program had received of a reply goes in, marked, and nothing is sent."""
    write_turn(program, note, "part", text="One two")
    assert program.run("status", note).code == 10
    assert program.run("deliver", note).code == 0
    data = note.read_bytes()
    assert data.startswith(QUESTION + HEAD + b"One two\n\n> [!notelog] the reply was cut off")
    assert b"the box" not in data, "there is none below what deliver puts in"
    assert program.run("status", note).code == 0


def test_deliver_finishes_what_a_crash_left(program: Program, note: Path) -> None:
    """A reply of which only the first bytes are in the note gets its rest; status tells before."""
    write_turn(program, note, "landing")
    whole = QUESTION + HEAD + TEXT.encode() + TAIL
    note.write_bytes(whole[:40])
    told = program.run("status", note)
    assert (told.code, note.read_bytes()) == (9, whole[:40])
    assert "half in the note" in told.out
    run = program.run("deliver", note)
    assert (run.code, note.read_bytes()) == (0, whole)
    assert "was in the note already" in run.err


def test_a_newer_reply_is_told_from_an_older_one(program: Program, note: Path) -> None:
    """Of two attempts at a question only the last one's reply is offered."""
    write_turn(program, note, "received", text="Old.")
    write_turn(program, note, "received", text="New.")
    assert program.run("deliver", "--print", note).out == "New.\n"
    assert program.run("deliver", note).code == 0
    assert b"New." in note.read_bytes()
    assert b"Old." not in note.read_bytes()


def test_undo_of_another_answer_brings_the_earlier_one_back(program: Program, note: Path) -> None:
    """A reply that took the place of an earlier one goes, and the note is what it was before."""
    with ScriptedServer([reply("One.\n\nLine."), reply("Two."), reply("Three.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        states = [note.read_bytes()]
        for _ in range(2):
            assert program.run("again", note).code == 0
            states.append(note.read_bytes())
    typed = b"Next?\n"
    note.write_bytes(states[2] + typed)
    run = program.run("undo", note)
    assert run.code == 0
    assert "the earlier reply is back" in run.err
    assert note.read_bytes() == states[1] + typed
    assert program.run("undo", "--reply", "2", note).code == 0
    assert note.read_bytes() == states[0] + typed


def test_a_kept_other_answer_takes_its_place(program: Program, note: Path) -> None:
    """A second answer that is kept goes where the first one stands, and folds it."""
    answered(program, note)
    write_turn_again(program, note)
    assert program.run("deliver", note).code == 0
    data = note.read_bytes()
    assert data.count(b"role::assistant") == 1
    assert TEXT.encode() in data
    assert "> Paid 回复.".encode() in data


def test_no_second_answer_stands_below_a_question(program: Program, note: Path) -> None:
    """Where the first answer has newer text below it, the second is offered, and not put in."""
    answered(program, note)
    write_turn_again(program, note)
    newer = note.read_bytes() + b"Next?\n"
    note.write_bytes(newer)
    run = program.run("deliver", note)
    assert (run.code, note.read_bytes()) == (9, newer)
    assert "--at-end" in run.err


def write_turn_again(program: Program, note: Path) -> None:
    """Another reply to the question of an answered note came, and is kept."""
    after = note.read_bytes()
    note.write_bytes(QUESTION)
    write_turn(program, note, "received")
    note.write_bytes(after)


def test_the_same_words_elsewhere_are_not_the_reply(program: Program, note: Path) -> None:
    """A reply that a crash kept out of the note goes in, though an earlier one reads the same."""
    write_turn(program, note, "received")
    assert program.run("deliver", note).code == 0
    with note.open("ab") as file:
        file.write(b"And once more?\n")
    write_turn(program, note, "landing")
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
        assert (run.code, server.connections) == (0, 0), run.err
    assert note.read_bytes().count(TEXT.encode()) == 2
