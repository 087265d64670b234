"""The writer where leases, owners, folders or names are missing, or the note itself is gone."""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Program
from scripted_server import ScriptedServer, reply, status

from notelog.adapters import appending, exchange, leases
from notelog.adapters.files import NoteFiles
from notelog.core.edit import EditPlan, Insertion
from notelog.errors import ConflictError, NotelogError, NoteWriteError
from notelog.ports.notes import Snapshot

OLD = b"question\nfooter\n"
ADDED = b"answer\n"
PLACES = {"append": len(OLD), "exchange": 9}
WRITTEN = {"append": OLD + ADDED, "exchange": b"question\nanswer\nfooter\n"}


def no_pause(_seconds: float) -> None:
    """Waits not at all."""


def plan_for(snapshot: Snapshot, style: str) -> EditPlan:
    """A plan that puts the answer at the end or above the footer."""
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(Insertion(offset=PLACES[style], data=ADDED),),
    )


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A note alone in a folder."""
    path = tmp_path / "vault" / "a.md"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def write(note: Path, style: str, between: Callable[[], object] = lambda: None) -> bytes:
    """Reads the note, lets something happen, and writes."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    between()
    return store.write(snapshot, plan_for(snapshot, style)).data


def refused(code: int) -> Callable[..., object]:
    """A call that the system refuses."""

    def call(*_arguments: object, **_options: object) -> object:
        raise OSError(code, os.strerror(code))

    return call


def beside(note: Path) -> list[str]:
    """What is in the folder besides the note."""
    return [name for name in os.listdir(note.parent) if name != note.name]  # noqa: PTH208  # hidden


@pytest.mark.parametrize("code", [errno.EACCES, errno.EINVAL, errno.ENOLCK, errno.ENOSYS])
@pytest.mark.parametrize("style", PLACES)
def test_without_a_lease(
    note: Path, monkeypatch: pytest.MonkeyPatch, style: str, code: int
) -> None:
    """Another owner's note, a network disk, an old system: no lease, and the reply goes in."""
    import fcntl

    true_fcntl = fcntl.fcntl

    def without_leases(descriptor: int, command: int, *rest: int) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(code, os.strerror(code))
        return true_fcntl(descriptor, command, *rest)

    monkeypatch.setattr(fcntl, "fcntl", without_leases)
    lease = leases.Lease(os.open(note, os.O_RDONLY), leases.LeaseKind.READ)
    assert (lease.take(), lease.supported) == (False, False)
    os.close(lease._descriptor)
    assert write(note, style) == WRITTEN[style]
    assert beside(note) == []


@pytest.mark.parametrize("name", ["fchown", "setxattr"])
def test_a_note_of_another_owner(note: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What cannot be given to its owner again is not exchanged; at its end it can be added to."""
    os.setxattr(note, "user.mark", b"theirs")
    if name == "fchown":
        true_fstat = os.fstat
        theirs = note.stat().st_ino

        def fstat(descriptor: int) -> os.stat_result:
            found = true_fstat(descriptor)
            if found.st_ino == theirs:
                return found
            return os.stat_result((*found[:4], found.st_uid + 1, *found[5:]))

        monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(os, name, refused(errno.EPERM))
    with pytest.raises(NoteWriteError) as caught:
        write(note, "exchange")
    assert "kept" in caught.value.hint
    assert (note.read_bytes(), beside(note)) == (OLD, [])
    assert write(note, "append") == WRITTEN["append"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_takes_no_file(
    note: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Nothing can be made beside the note: at its end it can be added to all the same."""
    true_open = os.open

    def opened(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise OSError(code, os.strerror(code))
        return true_open(path, flags, mode)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(NoteWriteError) as caught:
        write(note, "exchange")
    assert "kept" in caught.value.hint
    assert note.read_bytes() == OLD
    assert write(note, "append") == WRITTEN["append"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV])
def test_a_file_system_that_exchanges_no_files(
    note: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """FUSE and some network disks cannot: the note is as it was; the sentence says what to do."""
    import ctypes

    class Library:
        def __init__(self, *_arguments: object, **_options: object) -> None:
            self.renameat2 = self.renamex_np = lambda *_arguments: ctypes.set_errno(code) or -1

    monkeypatch.setattr(ctypes, "CDLL", Library)
    with pytest.raises(NoteWriteError, match="cannot exchange") as caught:
        write(note, "exchange")
    assert "kept" in caught.value.hint
    assert (note.read_bytes(), beside(note)) == (OLD, [])


def protected(note: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """Makes a note immutable, really where that can be done; gives what ends it."""
    made = subprocess.run(["chattr", "+i", str(note)], capture_output=True, check=False)
    if made.returncode == 0:
        return lambda: subprocess.run(["chattr", "-i", str(note)], check=True)
    for module in (appending, exchange):
        monkeypatch.setattr(module, "open_unless_leased", refused(errno.EPERM))
    return lambda: None


@pytest.mark.parametrize("style", PLACES)
def test_an_immutable_note(note: Path, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    """Found out before anything is paid for, and said; nothing is left beside it."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    end = protected(note, monkeypatch)
    try:
        with pytest.raises(NoteWriteError, match="protected"):
            store.check_writable(snapshot)
        with pytest.raises(NoteWriteError, match="protected"):
            store.write(snapshot, plan_for(snapshot, style))
    finally:
        end()
    assert (note.read_bytes(), beside(note)) == (OLD, [])


def becomes_folder(note: Path) -> None:
    """A folder takes the note's place, with a file in it."""
    note.unlink()
    note.mkdir()
    (note / "theirs").write_bytes(b"theirs")


def becomes_pipe(note: Path) -> None:
    """A named pipe takes the note's place, and nobody reads it."""
    note.unlink()
    os.mkfifo(note)


def becomes_symlink(note: Path) -> None:
    """A symlink to a file elsewhere takes the note's place."""
    elsewhere = note.parent.parent / "elsewhere.md"
    note.rename(elsewhere)
    note.symlink_to(elsewhere)


@pytest.mark.parametrize("become", [becomes_folder, becomes_pipe, becomes_symlink])
@pytest.mark.parametrize("style", PLACES)
def test_something_else_takes_the_place(
    note: Path, style: str, become: Callable[[Path], None]
) -> None:
    """It is neither written nor waited for, and the sentence is notelog's own."""
    with pytest.raises(NotelogError) as caught:
        write(note, style, lambda: become(note))
    assert isinstance(caught.value, ConflictError | NoteWriteError)
    assert beside(note) == []
    if become is becomes_folder:
        assert [path.read_bytes() for path in note.iterdir()] == [b"theirs"]
    elif become is becomes_symlink:
        assert note.read_bytes() == OLD


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with empty folders."""
    return Program(tmp_path / "home")


@pytest.mark.parametrize("answer", ["a reply", "a doubt"])
def test_one_note_by_many_paths(note: Path, program: Program, answer: str) -> None:
    """Through chains of symlinks, from another vault too, it is one note, paid for once."""
    other = note.parent.parent / "other vault"
    for vault in (note.parent, other):
        (vault / ".obsidian").mkdir(parents=True)
    first, chain = other / "link.md", other / "chain.md"
    first.symlink_to(note)
    chain.symlink_to("link.md")
    folder = note.parent.parent / "folder"
    folder.symlink_to(note.parent)
    paths = [chain, first, folder / note.name, note]
    with ScriptedServer([reply("Yes.") if answer == "a reply" else status(500)]) as server:
        program.serve(server.base_url)
        codes = [program.run("complete", path).code for path in paths]
        assert len(server.requests) == 1
    assert set(codes) == ({0} if answer == "a reply" else {10})
    assert note.read_bytes().count(b"Yes.") == (answer == "a reply")
    assert (first.is_symlink(), chain.is_symlink()) == (True, True)
    assert len(list((program.home / "state/journal").glob("*.sqlite3"))) == 1
