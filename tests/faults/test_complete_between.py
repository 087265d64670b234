"""What a person, or a sync, does between the kill of a completion and the next run."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from ordeal import APPENDED, FIRST, FULL, SECOND, Ordeal
from scripted_server import STALL, Signal, chunk, event, response
from syscalls import Call

BEFORE_WRITE = Call("write", 1, 0, "", "note", names_note=True)
AFTER_WRITE = Call("fsync", 1, 0, "", "note", names_note=True)

pytestmark = pytest.mark.usefixtures("strace")


@contextmanager
def killed(folder: Path, call: Call) -> Iterator[Ordeal]:
    """A note whose reply is in the journal, and in the note or not; the program was killed."""
    with Ordeal(folder) as ordeal:
        assert ordeal.kill(call)
        assert ordeal.state() == "received"
        yield ordeal


def rename_note(ordeal: Ordeal) -> Path:
    """The note gets another name, in a folder that is new."""
    folder = ordeal.vault / "新"
    folder.mkdir()
    return ordeal.note.rename(folder / "other.md")


def move_vault(ordeal: Ordeal) -> Path:
    """The vault goes elsewhere."""
    return ordeal.vault.rename(ordeal.folder / "moved") / "note.md"


def restore_vault(ordeal: Ordeal) -> Path:
    """The vault is replaced by a copy of it, as from a backup: all inodes are others."""
    copy = shutil.copytree(ordeal.vault, ordeal.folder / "copy")
    shutil.rmtree(ordeal.vault)
    copy.rename(ordeal.vault)
    return ordeal.note


@pytest.mark.parametrize(
    ("move", "call"),
    [
        (rename_note, BEFORE_WRITE),
        (move_vault, BEFORE_WRITE),
        (restore_vault, BEFORE_WRITE),
        (rename_note, AFTER_WRITE),
    ],
)
def test_the_note_was_moved(tmp_path: Path, move: Callable[[Ordeal], Path], call: Call) -> None:
    """The reply that was paid for goes into the note where it is now, once."""
    with killed(tmp_path / "one", call) as ordeal:
        note = move(ordeal)
        for _ in range(2):
            run = ordeal.program.run("complete", note)
            assert run.code == 0, run.err
        assert ordeal.asked == 1
        held = note.read_bytes()
        assert held.startswith(APPENDED)
        assert (held.count(FIRST.encode()), held.count(b"role::assistant")) == (1, 1)


def test_the_journal_was_deleted(tmp_path: Path) -> None:
    """A note that holds its reply is answered, whatever became of the journal."""
    with killed(tmp_path / "one", AFTER_WRITE) as ordeal:
        held = ordeal.note.read_bytes()
        shutil.rmtree(ordeal.program.home / "state")
        assert ordeal.complete().code == 0
        assert (ordeal.note.read_bytes(), ordeal.asked) == (held, 1)


def test_the_person_asked_on(tmp_path: Path) -> None:
    """Below a reply that was never seen to be there, the next question is asked as ever."""
    with killed(tmp_path / "one", AFTER_WRITE) as ordeal:
        held = ordeal.note.read_bytes() + b"And now?\n"
        ordeal.note.write_bytes(held)
        assert ordeal.complete().code == 0
        assert ordeal.asked == 2
        assert ordeal.note.read_bytes().startswith(held)
        assert ordeal.note.read_bytes().count(FIRST.encode()) == 1
        assert ordeal.note.read_bytes().count(SECOND.encode()) == 1


def test_the_question_was_changed(tmp_path: Path) -> None:
    """Another question is another turn; the old reply waits until its question is back."""
    with killed(tmp_path / "one", BEFORE_WRITE) as ordeal:
        ordeal.note.write_bytes(b"What is a vault?\n")
        run = ordeal.complete()
        assert (run.code, ordeal.asked) == (0, 2)
        held = ordeal.note.read_bytes()
        assert held.startswith(b"What is a vault?\n")
        assert (held.count(FIRST.encode()), held.count(SECOND.encode())) == (0, 1)
        ordeal.note.write_bytes(APPENDED)
        assert ordeal.complete().code == 0
        assert ordeal.asked == 2
        assert ordeal.note.read_bytes().count(FIRST.encode()) == 1


@pytest.mark.parametrize("there", [1, 20, 60, -1] if FULL else [20, -1])
def test_only_a_part_reached_the_disk(tmp_path: Path, there: int) -> None:
    """A part of the addition, as a power cut may leave it, is completed and not doubled."""
    with killed(tmp_path / "one", AFTER_WRITE) as ordeal:
        whole = ordeal.note.read_bytes()
        kept = len(APPENDED) + there if there > 0 else len(whole) + there
        ordeal.note.write_bytes(whole[:kept])
        assert ordeal.complete().code == 0
        assert (ordeal.note.read_bytes(), ordeal.asked) == (whole, 1)


@pytest.mark.parametrize("there", [1, 20, 45, 60] if FULL else [60])
def test_a_part_was_written_on(tmp_path: Path, there: int) -> None:
    """Where a person has written below a part of an addition, their text stays as it is."""
    with killed(tmp_path / "one", AFTER_WRITE) as ordeal:
        whole = ordeal.note.read_bytes()
        typed = whole[: len(APPENDED) + there] + b"my own words\n"
        ordeal.note.write_bytes(typed)
        run = ordeal.complete()
        held = ordeal.note.read_bytes()
        assert run.code in {0, 4}, run.err
        assert held.startswith(typed)
        assert held.count(FIRST.encode()) == 0
        assert held.count(SECOND.encode()) == ordeal.asked - 1


def test_killed_twice(tmp_path: Path) -> None:
    """The part of a cut reply is landed by the next run; killed there, by the one after it."""
    sent = Event()
    script = response(event(chunk("One two")), Signal(sent), STALL)
    with Ordeal(tmp_path / "one", scripts=(script,)) as ordeal:
        process = ordeal.program.start("complete", ordeal.note)
        assert sent.wait(20)
        while "One" not in ordeal.part():
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
        assert ordeal.kill(AFTER_WRITE)
        whole = ordeal.note.read_bytes()
        assert b"One two" in whole
        ordeal.note.write_bytes(whole[:-40])
        assert ordeal.complete().code == 0
        assert (ordeal.note.read_bytes(), ordeal.asked) == (whole, 1)
