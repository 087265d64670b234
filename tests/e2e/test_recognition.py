"""A note and a vault are known again: renamed, moved, under two names, at another place."""

import shutil
from pathlib import Path
from threading import Event

import pytest
from journal_records import TEXT, write_turn
from program import Program
from scripted_server import ScriptedServer, Signal, Wait, reply, reply_events, response

QUESTION = b"What is a note?\n"


@pytest.fixture
def note(vault: Path) -> Path:
    """A note with a question."""
    path = vault / "sub" / "问题.md"
    path.parent.mkdir()
    path.write_bytes(QUESTION)
    return path


def refused(program: Program, note: Path) -> bool:
    """Whether a question in doubt is recognised: nothing is sent for it."""
    with ScriptedServer([reply("Paid twice.")]) as server:
        program.serve(server.base_url)
        code = program.run("complete", note).code
        return code == 10 and server.connections == 0


def test_renamed_in_mid_request(program: Program, note: Path) -> None:
    """The reply of a note that was renamed while it came goes in under the new name, for free."""
    sent, go = Event(), Event()
    late = response(*reply_events("Paid.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:])
    new = note.with_name("新 name.md")
    with ScriptedServer([late]) as server:
        program.serve(server.base_url)
        process = program.start("complete", note)
        assert sent.wait(20)
        note.rename(new)
        go.set()
        process.communicate(timeout=30)
        assert new.read_bytes() == QUESTION
        told = program.run("deliver", new)
        assert (told.code, len(server.requests)) == (0, 1)
    assert b"Paid." in new.read_bytes()
    assert program.run("undo", new).code == 0
    assert new.read_bytes() == QUESTION


def test_a_question_that_another_note_had_answered_is_asked_here(
    program: Program, note: Path
) -> None:
    """Whoever moves a question from one note to a new one wants an answer there."""
    new = note.with_name("new.md")
    with ScriptedServer([reply("A leaf."), reply("A leaf, again.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0
        note.write_bytes(b"other words\n")
        new.write_bytes(QUESTION)
        assert program.run("complete", new).code == 0
    assert b"A leaf, again." in new.read_bytes()
    assert len(server.requests) == 2


@pytest.mark.parametrize("command", ["deliver", "log", "undo"])
def test_a_renamed_note_keeps_its_past(program: Program, note: Path, command: str) -> None:
    """Each command knows what was asked under the old name."""
    write_turn(program, note, "received")
    if command == "undo":
        assert program.run("deliver", note).code == 0
    new = note.rename(note.with_name("renamed.md"))
    run = program.run(command, new)
    assert run.code == 0
    assert (TEXT.encode() in new.read_bytes()) is (command == "deliver")
    assert "kept" in run.out or command != "log"


def test_a_symlink_is_the_note(program: Program, note: Path, tmp_path: Path) -> None:
    """Through a link to the note, or to its folder, it is the same note."""
    write_turn(program, note, "in-doubt")
    link = tmp_path / "link.md"
    link.symlink_to(note)
    folder = tmp_path / "folder"
    folder.symlink_to(note.parent)
    for path in (link, folder / note.name):
        assert refused(program, path)
        assert program.run("status", path).code == 10


def test_a_symlink_left_at_the_old_place(program: Program, note: Path) -> None:
    """A note that was moved and left a link behind is the same note under both names."""
    write_turn(program, note, "in-doubt")
    new = note.rename(note.with_name("moved.md"))
    note.symlink_to(new)
    assert refused(program, new)
    assert refused(program, note)


def test_a_hard_link_is_the_note(program: Program, note: Path) -> None:
    """Two names of one file are one note: nothing is asked twice, and one process works on it."""
    write_turn(program, note, "in-doubt")
    twin = note.with_name("twin.md")
    twin.hardlink_to(note)
    assert refused(program, twin)
    assert refused(program, note)
    sent, go = Event(), Event()
    late = response(*reply_events("Once.")[:-3], Signal(sent), Wait(go), *reply_events("")[-3:])
    with ScriptedServer([late]) as server:
        program.serve(server.base_url)
        process = program.start("retry", note)
        assert sent.wait(20)
        assert program.run("retry", twin).code == 9
        go.set()
        process.communicate(timeout=30)
        assert len(server.requests) == 1
    assert b"Once." in twin.read_bytes()


def test_a_copy_is_another_note(program: Program, note: Path) -> None:
    """A copy beside the living note has no past."""
    write_turn(program, note, "in-doubt")
    copy = note.with_name("copy.md")
    copy.write_bytes(QUESTION)
    assert not refused(program, copy)


@pytest.mark.parametrize("way", ["rename", "other file system"])
def test_a_moved_vault(program: Program, note: Path, vault: Path, way: str) -> None:
    """A vault is known by device and inode; where they are others, by what was asked in it."""
    write_turn(program, note, "in-doubt")
    new = vault.with_name("搬家")
    if way == "rename":
        vault.rename(new)
    else:
        shutil.copytree(vault, new)  # other inodes, as on another disk
        shutil.rmtree(vault)
    moved = new / note.relative_to(vault)
    assert program.run("status", new).code == 10
    assert refused(program, moved)
    (path,) = (program.home / "state" / "journal").glob("*.sqlite3")
    assert path.exists()


def test_another_vault_is_not_taken_for_a_moved_one(program: Program, note: Path) -> None:
    """A vault with notes of the same names that ask something else has a journal of its own."""
    vault = note.parent.parent
    write_turn(program, note, "in-doubt")
    other = vault.with_name("other")
    (other / ".obsidian").mkdir(parents=True)  # before: an inode that is free is given out again
    shutil.rmtree(vault)
    new = other / note.relative_to(vault)
    new.parent.mkdir()
    new.write_bytes(b"Etwas ganz anderes?\n")
    assert program.run("status", other).code == 0
    with ScriptedServer([reply("Yes.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", new).code == 0
    assert len(list((program.home / "state" / "journal").glob("*.sqlite3"))) == 2


@pytest.mark.parametrize("way", ["moved", "moved from a vault that is gone", "made a vault"])
def test_a_note_that_came_into_another_vault(
    program: Program, note: Path, tmp_path: Path, way: str
) -> None:
    """A question in doubt stays so where its note is moved away, or its folder becomes a vault."""
    write_turn(program, note, "in-doubt")
    if way == "made a vault":
        (note.parent / ".obsidian").mkdir()
    else:
        (tmp_path / "other" / ".obsidian").mkdir(parents=True)
        vault, note = note.parent.parent, note.rename(tmp_path / "other" / "new.md")
        if way != "moved":
            shutil.rmtree(vault)
    assert refused(program, note)
    assert refused(program, note)


def test_a_kept_reply_follows_its_note_into_another_vault(
    program: Program, note: Path, tmp_path: Path
) -> None:
    """What was paid for goes into the note where it is now, once, and can be taken out there."""
    write_turn(program, note, "received")
    (tmp_path / "other" / ".obsidian").mkdir(parents=True)
    moved = note.rename(tmp_path / "other" / "new.md")
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        assert program.run("complete", moved).code == 0
        assert program.run("deliver", moved).code == 0
        assert server.connections == 0
    assert moved.read_bytes().count(TEXT.encode()) == 1
    assert program.run("undo", moved).code == 0
    assert moved.read_bytes() == QUESTION


def test_a_copy_in_another_vault_is_another_note(
    program: Program, note: Path, tmp_path: Path
) -> None:
    """A copy has no past while the note that it was made of is there."""
    write_turn(program, note, "in-doubt")
    (tmp_path / "other" / ".obsidian").mkdir(parents=True)
    copy = tmp_path / "other" / note.name
    copy.write_bytes(QUESTION)
    assert not refused(program, copy)
