"""``notelog complete`` on disks that become really full while the model answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from ordeal import ABOVE
from program import Program, Run
from scripted_server import ScriptedServer, Signal, Wait, reply_events, response
from small_disk import SmallDisk

LONG = "word " * 1900 + "end."
PADDING = b"x" * 3000
NOTES = {"append": PADDING + b" What?\n", "exchange": PADDING + b" " + ABOVE}

pytestmark = pytest.mark.usefixtures("unshare")


class Answering:
    """A program that is being answered: all but the end of a long reply was sent."""

    def __init__(self, program: Program, server: ScriptedServer, go: Event, note: Path) -> None:
        self._process = program.start("complete", note)
        self._program = program
        self._note = note
        self._go = go
        self.server = server

    def go_on(self) -> Run:
        """Lets the end of the reply come, and waits for the end of the command."""
        self._go.set()
        out, err = self._process.communicate(timeout=60)
        return Run(self._process.returncode, out.decode(), err.decode())

    def again(self, *options: str) -> Run:
        """Runs the command once more."""
        return self._program.run("complete", *options, self._note)


@contextmanager
def answering(folder: Path, disk: SmallDisk, note: Path) -> Iterator[Answering]:
    """Starts a command on a small disk and waits until nearly all of the reply was sent."""
    sent, go = Event(), Event()
    events = reply_events(LONG)
    script = response(*events[:-3], Signal(sent), Wait(go), *events[-3:])
    program = Program(folder / "home", within=disk.within)
    with ScriptedServer([script]) as server:
        program.serve(server.base_url)
        answered = Answering(program, server, go, note)
        try:
            assert sent.wait(30)
            yield answered
        finally:
            go.set()


@pytest.mark.parametrize("style", NOTES)
@pytest.mark.parametrize("read_by_another", [False, True], ids=["alone", "open elsewhere"])
def test_the_disk_of_the_note_is_full(tmp_path: Path, style: str, *, read_by_another: bool) -> None:
    """Nothing of the note is lost; with space again the reply goes in, once, without a request."""
    vault = tmp_path / "vault"
    vault.mkdir()
    original = NOTES[style]
    with SmallDisk(vault, 64) as disk:
        note = vault / "note.md"
        seen = disk.seen(note)
        seen.write_bytes(original)
        with answering(tmp_path, disk, note) as command:
            disk.fill()
            if read_by_another:
                with seen.open("rb"):  # so there is no lease, and no way to take a part back
                    run = command.go_on()
            else:
                run = command.go_on()
            assert run.code == 4, run.err
            assert "full" in run.err
            left = seen.read_bytes()
            assert left.startswith(original)
            assert len(left) == len(original) or (read_by_another and style == "append")
            assert command.again().code == 4
            disk.free()
            last = command.again()
        assert last.code == 0, last.err
        held = seen.read_bytes()
        assert held.startswith(original[: len(PADDING)])
        assert (held.count(LONG.encode()), held.count(b"role::assistant")) == (1, 1)
        assert [path.name for path in seen.parent.iterdir()] == ["note.md"]
        assert len(command.server.requests) == 1


def test_the_disk_of_the_journal_is_full(tmp_path: Path) -> None:
    """A reply that can be kept nowhere is printed; the note is left alone; nothing is paid anew."""
    note = tmp_path / "vault" / "note.md"
    note.parent.mkdir()
    note.write_bytes(NOTES["append"])
    state = tmp_path / "home" / "state"
    state.mkdir(parents=True)
    with SmallDisk(state, 192) as disk, answering(tmp_path, disk, note) as command:
        disk.fill()
        run = command.go_on()
        assert run.code == 3, run.err
        assert "full" in run.err
        assert LONG in run.out
        assert note.read_bytes() == NOTES["append"]
        assert command.again().code == 3
        disk.free()
        last = command.again()
        assert last.code in {7, 10}, last.err
        assert note.read_bytes().startswith(NOTES["append"])
        assert len(command.server.requests) == 1


def test_the_disk_of_the_journal_was_full(tmp_path: Path) -> None:
    """Without room for the journal nothing is sent."""
    note = tmp_path / "note.md"
    note.write_bytes(NOTES["append"])
    state = tmp_path / "home" / "state"
    state.mkdir(parents=True)
    program = Program(tmp_path / "home")
    with SmallDisk(state, 64) as disk, ScriptedServer([]) as server:
        program = Program(tmp_path / "home", within=disk.within)
        program.serve(server.base_url)
        disk.fill()
        run = program.run("complete", note)
        assert run.code == 3, run.err
        assert "full" in run.err
        assert len(server.requests) == 0
        assert note.read_bytes() == NOTES["append"]
