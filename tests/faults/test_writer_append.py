"""The append, with every call to the system failing in turn, and on a disk that is really full."""

import errno
import fcntl
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from notelog.adapters import appending
from notelog.adapters.files import NoteFiles
from notelog.core.edit import EditPlan, Insertion
from notelog.errors import ConflictError, NotelogError, NoteWriteError
from notelog.ports.notes import Snapshot

OLD = b"question\n"
ADDED = b"\n\nanswer, a little longer\n"
CALLS = ("open", "fstat", "lseek", "read", "write", "fsync", "close", "statvfs", "ftruncate")
ERRORS = (
    errno.ENOSPC,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EINTR,
    errno.EDQUOT,
    errno.EMFILE,
)


def no_pause(_seconds: float) -> None:
    """Waits not at all."""


class FaultyOs:
    """The os module, whose n-th call of one function fails; all else is the real one."""

    def __init__(self, name: str, nth: int, fail: Callable[..., object]) -> None:
        self.hit = False
        self._name = name
        self._left = nth
        self._fail = fail

    def __getattr__(self, name: str) -> object:
        if name == self._name:
            return self._called
        return getattr(os, name)

    def _called(self, *arguments: object) -> object:
        self._left -= 1
        if self._left == 0:
            self.hit = True
            return self._fail(*arguments)
        return getattr(os, self._name)(*arguments)


def failing(code: int) -> Callable[..., object]:
    """Fails without doing anything."""

    def fail(*_arguments: object, **_options: object) -> object:
        raise OSError(code, os.strerror(code))

    return fail


def append_plan(snapshot: Snapshot, data: bytes = ADDED) -> EditPlan:
    """A plan that appends."""
    size = len(snapshot.data)
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=size,
        insertions=(Insertion(offset=size, data=data),),
    )


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A note with a question."""
    path = tmp_path / "a.md"
    path.write_bytes(OLD)
    return path


@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_every_call_fails_in_turn(
    note: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Whatever fails, the person's bytes are there, and success is said only if the reply is."""
    for nth in range(1, 20):
        note.write_bytes(OLD)
        faulty = FaultyOs(call, nth, failing(code))
        with monkeypatch.context() as patched:
            error = written(note, patched, faulty)
        assert note.read_bytes() in {OLD, OLD + ADDED}
        if error is None:
            assert note.read_bytes() == OLD + ADDED
        else:
            assert error.path == str(note)
            assert error.hint or isinstance(error, ConflictError)
            assert note.read_bytes() == OLD or call != "write"
        if not faulty.hit:
            return
    pytest.fail("the call is made more often than 19 times")


def written(note: Path, patched: pytest.MonkeyPatch, faulty: "FaultyOs") -> NotelogError | None:
    """Writes with a faulty system; gives the error."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    patched.setattr(appending, "os", faulty)
    try:
        store.check_writable(snapshot)
        store.write(snapshot, append_plan(snapshot))
    except NotelogError as error:
        return error
    return None


def short_write(size: int, then: int | None) -> Callable[..., object]:
    """Writes a part; the next write fails with an error, or there is none."""

    def write(descriptor: int, data: bytes) -> int:
        if then is not None:
            os.write(descriptor, data[:size])
            raise OSError(then, os.strerror(then))
        return os.write(descriptor, data[:size])

    return write


def test_short_write_is_completed(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that stops short is gone on with."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, short_write(5, None)))
    assert store.write(snapshot, append_plan(snapshot)).data == OLD + ADDED


@pytest.mark.parametrize("size", [0, 5])
def test_short_write_that_claims_success(
    note: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A system that says "all written" is not believed: what is missing is written, or reported."""

    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data[:size])
        return len(data)

    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, write))
    if size:
        assert store.write(snapshot, append_plan(snapshot)).data == OLD + ADDED
    else:
        with pytest.raises(NoteWriteError, match="does not hold it; the note is as it was"):
            store.write(snapshot, append_plan(snapshot))
        assert note.read_bytes() == OLD


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_part_is_taken_back_under_a_lease(
    note: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """What got in before the disk was full is taken back while nobody else has the note open."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, short_write(5, code)))
    with pytest.raises(NoteWriteError, match="the note is as it was") as caught:
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == OLD
    assert "kept" in caught.value.hint


def test_part_stays_where_somebody_has_the_note_open(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a lease nothing is cut off: the message says how much got in."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, short_write(5, errno.ENOSPC)))
    with (
        note.open("rb"),
        pytest.raises(NoteWriteError, match=f"5 of the {len(ADDED)} bytes"),
    ):
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == OLD + ADDED[:5]


def test_line_of_somebody_else_is_never_cut_off(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line appended by another program after a part of ours stays, and so does the part."""

    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data[:5])
        os.write(descriptor, b"their line\n")
        raise OSError(errno.ENOSPC, "full")

    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, write))
    with pytest.raises(NoteWriteError, match="another program changed the note"):
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == OLD + ADDED[:5] + b"their line\n"


def test_somebody_appends_between_check_and_write(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their line and the reply are both in the note, and the snapshot shows both."""

    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, b"their line\n")
        return os.write(descriptor, data)

    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("write", 1, write))
    assert store.write(snapshot, append_plan(snapshot)).data == OLD + b"their line\n" + ADDED


def test_note_replaced_between_write_and_reading_back(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that saves an old buffer over the reply is a conflict, and its save stands."""

    def fsync(descriptor: int) -> None:
        os.fsync(descriptor)
        new = note.with_name("new")
        new.write_bytes(b"question, better\n")
        new.rename(note)

    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    monkeypatch.setattr(appending, "os", FaultyOs("fsync", 1, fsync))
    with pytest.raises(ConflictError, match="kept"):
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == b"question, better\n"


@pytest.mark.parametrize("offset", [0, len(OLD)], ids=["exchange", "append"])
def test_note_that_is_away_is_a_conflict(note: Path, offset: int) -> None:
    """A note that is not there when the reply is to be written may come back: it is looked at."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    plan = replace(append_plan(snapshot), insertions=(Insertion(offset=offset, data=ADDED),))
    away = note.rename(note.with_name("a.md~"))
    with pytest.raises(ConflictError, match="kept"):
        store.write(snapshot, plan)
    assert [path.name for path in note.parent.iterdir()] == [away.name]


def test_append_keeps_what_the_note_is(note: Path) -> None:
    """Inode, mode, hard link, symlink and attributes stay; the time changes."""
    note.chmod(0o640)
    os.setxattr(note, "user.mark", b"mine")
    os.utime(note, ns=(1, 1))
    twin = note.with_name("twin.md")
    twin.hardlink_to(note)
    link = note.with_name("link.md")
    link.symlink_to(note.name)
    before = note.stat()
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(link))
    store.write(snapshot, append_plan(snapshot))
    after = note.stat()
    assert (after.st_ino, after.st_nlink) == (before.st_ino, 2)
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert os.getxattr(note, "user.mark") == b"mine"
    assert link.is_symlink()
    assert twin.read_bytes() == OLD + ADDED
    assert after.st_mtime_ns > before.st_mtime_ns


def test_symlink_turned_elsewhere(note: Path) -> None:
    """A symlink that points to another note by now is a conflict; neither note is touched."""
    other = note.with_name("other.md")
    other.write_bytes(OLD)
    link = note.with_name("link.md")
    link.symlink_to(note)
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(link))
    link.unlink()
    link.symlink_to(other)
    with pytest.raises(ConflictError):
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == other.read_bytes() == OLD


def test_opener_waits_and_the_signal_kills_nobody(note: Path) -> None:
    """Somebody who opens the note while the lease is held waits; we survive the kernel's signal."""
    code = (
        "import os, subprocess, sys\n"
        "from notelog.adapters.leases import LeaseKind, leased\n"
        "fd = os.open(sys.argv[1], os.O_RDWR | os.O_APPEND)\n"
        "with leased(fd, LeaseKind.WRITE, wait_s=0) as lease:\n"
        "    assert lease.unbroken()\n"
        "    child = subprocess.Popen([sys.executable, '-c',\n"
        '        \'import sys; open(sys.argv[1], "ab").write(b"theirs")\', sys.argv[1]])\n'
        "    while lease.unbroken(): pass\n"
        "    assert b'theirs' not in os.pread(fd, 100, 0)\n"
        "os.close(fd)\n"
        "sys.exit(child.wait())\n"
    )
    subprocess.run([sys.executable, "-c", code, str(note)], check=True, timeout=60)
    assert note.read_bytes() == OLD + b"theirs"


def test_lease_is_ended_afterwards(note: Path) -> None:
    """After a write the note can be opened at once by others."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    store.write(snapshot, append_plan(snapshot))
    descriptor = os.open(note, os.O_RDWR | os.O_NONBLOCK)
    assert fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    os.close(descriptor)


@contextmanager
def small_disk(folder: Path) -> Generator[Path]:
    """A file system of 64 KiB, where this user may mount one."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def can_mount(folder: Path) -> bool:
    """Whether this user may mount a file system."""
    try:
        with small_disk(folder):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


@contextmanager
def small_files(limit_bytes: int) -> Generator[None]:
    """No file may grow over a limit: the system writes up to it and then refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_file_size_limit_of_the_system(note: Path) -> None:
    """A reply that the system lets in by a part only is taken back, in words."""
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    with small_files(20), pytest.raises(NoteWriteError, match="larger than this system allows"):
        store.write(snapshot, append_plan(snapshot))
    assert note.read_bytes() == OLD


def test_really_full_disk(tmp_path: Path) -> None:
    """On a full disk the note is byte for byte what it was, and the next try succeeds."""
    if not can_mount(tmp_path / "probe"):
        test_file_size_limit_of_the_system(_question(tmp_path))
        return
    with small_disk(tmp_path / "disk") as disk:
        note = _question(disk)
        filler = disk / "filler"
        filler.write_bytes(b"x" * 40_000)
        store = NoteFiles(pause=no_pause)
        snapshot = store.read(str(note))
        large = b"answer\n" * 5_000
        with pytest.raises(NoteWriteError, match="the disk is full; the note is as it was"):
            store.write(snapshot, append_plan(snapshot, large))
        assert note.read_bytes() == OLD
        filler.unlink()
        assert store.write(snapshot, append_plan(snapshot, large)).data == OLD + large


def test_disk_without_any_room_is_seen_before(tmp_path: Path) -> None:
    """A disk with no room at all is found out before anything is paid for."""
    if not can_mount(tmp_path / "probe"):
        test_file_size_limit_of_the_system(_question(tmp_path))
        return
    with small_disk(tmp_path / "disk") as disk:
        note = _question(disk)
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(b"x" * 100_000)
        store = NoteFiles(pause=no_pause)
        with pytest.raises(NoteWriteError, match="full"):
            store.check_writable(store.read(str(note)))


def test_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note on a read-only file system is refused before anything is paid for."""
    if not can_mount(tmp_path / "probe"):
        snapshot = NoteFiles(pause=no_pause).read(str(_question(tmp_path)))
        monkeypatch.setattr(appending, "open_unless_leased", failing(errno.EROFS))
        with pytest.raises(NoteWriteError, match="read-only"):
            NoteFiles(pause=no_pause).check_writable(snapshot)
        return
    with small_disk(tmp_path / "disk") as disk:
        note = _question(disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        store = NoteFiles(pause=no_pause)
        with pytest.raises(NoteWriteError, match="read-only"):
            store.check_writable(store.read(str(note)))


def _question(folder: Path) -> Path:
    note = folder / "a.md"
    note.write_bytes(OLD)
    return note
