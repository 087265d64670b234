"""``notelog complete`` beside others at the same note: a second command, an editor that saves."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
import savers
from ordeal import FIRST, FULL, SECOND, Ordeal
from scripted_server import Script, Signal, Wait, reply, reply_events, response
from stepped import Command

HIDDEN = "%% line-# %%"
NOTE = b"%% above %%\n\nWhat is a note?\n\n%% below %%\n"
SAVES = 60


def waiting(sent: Event, go: Event, text: str = FIRST) -> Script:
    """A reply that stops before its end until the test lets it go on."""
    events = reply_events(text)
    return response(*events[:-3], Signal(sent), Wait(go), *events[-3:])


@pytest.fixture
def events() -> Iterator[tuple[Event, Event]]:
    """All but the end was sent; the end may be sent."""
    sent, go = Event(), Event()
    yield sent, go
    go.set()


def test_two_commands_on_one_note(tmp_path: Path, events: tuple[Event, Event]) -> None:
    """One asks, the other says so and exits; the note is answered once, for one request."""
    sent, go = events
    with Ordeal(tmp_path / "one", scripts=(waiting(sent, go), reply(SECOND))) as ordeal:
        first = ordeal.program.start("complete", ordeal.note)
        assert sent.wait(20)
        link = ordeal.folder / "link.md"
        link.symlink_to(ordeal.note)
        for arguments in ((ordeal.note,), ("--again", link)):
            second = ordeal.program.run("complete", *arguments)
            assert second.code == 9
            assert "another notelog process is working on this note" in second.err
        go.set()
        first.communicate(timeout=30)
        assert first.returncode == 0
        assert ordeal.asked == 1
        assert ordeal.note.read_bytes().count(FIRST.encode()) == 1
        assert ordeal.complete().code == 0
        assert ordeal.asked == 1


def test_started_in_the_same_instant(tmp_path: Path) -> None:
    """Many commands at once on one note of a new vault: one request, one reply, no defect.

    Half of them know the note by another path.
    """
    with Ordeal(tmp_path / "one") as ordeal:
        link = ordeal.folder / "link.md"
        link.symlink_to(ordeal.note)
        paths = [ordeal.note, link] * (10 if FULL else 2)
        started = [ordeal.program.start("complete", path) for path in paths]
        errors = [process.communicate(timeout=110)[1].decode() for process in started]
        codes = [process.returncode for process in started]
        assert set(codes) <= {0, 9}, errors
        assert 0 in codes
        assert ordeal.asked == 1
        assert ordeal.note.read_bytes().count(FIRST.encode()) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_the_journal_is_locked_for_long(tmp_path: Path) -> None:
    """Where the journal cannot be had, nothing is sent and nothing written, and it is said why.

    The command gives up after half a second here; in life it is half a minute.
    """
    import sqlite3

    with Ordeal(tmp_path / "one") as ordeal:
        assert ordeal.complete().code == 0
        ordeal.note.write_bytes(b"And now?\n")
        (database,) = (ordeal.program.home / "state/journal").glob("*.sqlite3")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            run = Command(ordeal.program.home, ["complete", str(ordeal.note)], None)
            assert run.code == 3, run.said
            assert "busy" in run.said
            assert (ordeal.asked, ordeal.note.read_bytes()) == (1, b"And now?\n")
        assert ordeal.complete().code == 0
        assert ordeal.asked == 2


def test_two_notes_of_one_vault(tmp_path: Path) -> None:
    """Two commands at once on two notes of a new vault: both are answered, each once."""
    with Ordeal(tmp_path / "two") as ordeal:
        other = ordeal.vault / "other.md"
        other.write_bytes(b"And what is a vault?\n")
        started = [ordeal.program.start("complete", note) for note in (ordeal.note, other)]
        for process in started:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
        assert ordeal.asked == 2
        texts = [note.read_bytes() for note in (ordeal.note, other)]
        for text in (FIRST.encode(), SECOND.encode()):
            assert sum(data.count(text) for data in texts) == 1
        assert all(data.count(b"role::assistant") == 1 for data in texts)


def held_by(note: Path) -> bytes:
    """What a note holds; nothing while vim has it away."""
    try:
        return note.read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.parametrize("style", savers.STYLES)
def test_an_editor_saves_all_the_while(
    tmp_path: Path, style: str, events: tuple[Event, Event]
) -> None:
    """Not one saved line is lost; the reply is never doubled, and is paid once."""
    sent, go = events
    with Ordeal(tmp_path / style, NOTE, (waiting(sent, go), reply(SECOND))) as ordeal:
        process = ordeal.program.start("complete", ordeal.note)
        assert sent.wait(20)
        command = [sys.executable, savers.__file__, style, str(ordeal.note), str(SAVES), "30"]
        with subprocess.Popen([*command, HIDDEN], stdout=subprocess.PIPE) as saver:
            while b"line-3" not in held_by(ordeal.note):
                time.sleep(0.001)
            go.set()
            _, err = process.communicate(timeout=60)
            lines, _ = saver.communicate(timeout=60)
        assert process.returncode in {0, 9}, err
        last = ordeal.complete()
        assert last.code in {0, 9}, last.err
        held = ordeal.note.read_bytes()
        saved = lines.splitlines(keepends=True)
        assert len(saved) == SAVES
        assert [line for line in saved if line not in held] == []
        assert [line for line in NOTE.splitlines() if line not in held] == []
        assert ordeal.asked == 1
        replies = held.count(FIRST.encode())
        # an editor that holds an old text can save it over a reply that was there: it is kept
        assert replies == 1 or (replies, last.code) == (0, 9)
        assert sorted(path.name for path in ordeal.vault.iterdir()) == [".obsidian", "note.md"]
