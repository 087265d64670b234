"""Reading notes from files: what is refused, and in which words."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from notelog.adapters.files import NoteFiles, fingerprint_of
from notelog.errors import NoteError, NoteWriteError

Make = Callable[[Path], None]


def no_pause(_seconds: float) -> None:
    """Waits not at all."""


def a_socket(path: Path) -> None:
    """Leaves a socket's name behind."""
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def a_loop(path: Path) -> None:
    """Two symlinks that lead to each other."""
    other = path.with_name("other.md")
    other.symlink_to(path)
    path.symlink_to(other)


def too_large(path: Path) -> None:
    """One byte more than is allowed."""
    path.write_bytes(b"x" * 101)


REFUSED: dict[str, tuple[Make, str]] = {
    "missing": (lambda _: None, "there is no such note"),
    "folder": (lambda path: path.mkdir(), "a folder, not a note"),
    "fifo": (os.mkfifo, "a named pipe, not a note"),
    "socket": (a_socket, "a socket, not a note"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a device, not a note"),
    "broken symlink": (lambda path: path.symlink_to("gone.md"), "a symlink to gone.md"),
    "symlink loop": (a_loop, "round in a circle"),
    "too large": (too_large, "over the size limit"),
}


@pytest.mark.enable_socket
@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_path_and_hint(kind: str, tmp_path: Path) -> None:
    """What is no readable note is refused at once, with its path and what to do."""
    make, words = REFUSED[kind]
    path = tmp_path / "笔记.md"
    make(path)
    with pytest.raises(NoteError, match=words) as caught:
        NoteFiles(size_limit_bytes=100).read(str(path))
    assert caught.value.path == str(path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a\0b.md", "null character"),
        ("x" * 300 + ".md", "too long"),
        ("", "no such note"),
    ],
)
def test_impossible_paths(path: str, words: str) -> None:
    """A path that no file can have is refused in words."""
    with pytest.raises(NoteError, match=words):
        NoteFiles().read(path)


def test_a_name_without_its_end(tmp_path: Path) -> None:
    """Who leaves out the .md of a note that is there hears its name."""
    (tmp_path / "茶.md").touch()
    with pytest.raises(NoteError) as caught:
        NoteFiles().read(str(tmp_path / "茶"))
    assert caught.value.hint == f"did you mean {tmp_path / '茶'}.md?"


def test_part_of_the_path_is_a_file(tmp_path: Path) -> None:
    """A file used as a folder is named as such."""
    (tmp_path / "file").touch()
    with pytest.raises(NoteError, match="is no folder"):
        NoteFiles().read(str(tmp_path / "file" / "a.md"))


def test_relative_chinese_and_undecodable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path, Chinese and bytes that are no UTF-8 name a note like any other."""
    monkeypatch.chdir(tmp_path)
    for name in ("聊 天.md", os.fsdecode(b"caf\xe9\xff.md")):
        Path(name).write_bytes(b"text")
        snapshot = NoteFiles().read(name)
        assert (snapshot.path, snapshot.data) == (name, b"text")
        assert snapshot.real_path == str(tmp_path / name)


def test_snapshot_is_the_file(tmp_path: Path) -> None:
    """A snapshot names the file by device, inode and time, and follows symlinks."""
    note = tmp_path / "a.md"
    note.write_bytes(b"text")
    link = tmp_path / "link.md"
    link.symlink_to(note)
    snapshot = NoteFiles().read(str(link))
    status = note.stat()
    assert (snapshot.device, snapshot.inode) == (status.st_dev, status.st_ino)
    assert snapshot.modified_ns == status.st_mtime_ns
    assert (snapshot.path, snapshot.real_path) == (str(link), str(note))
    assert snapshot.fingerprint == fingerprint_of(b"text")


def test_half_a_save_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that changes while it is read is read again until it is steady."""
    note = tmp_path / "a.md"
    note.write_bytes(b"half")
    true_read = os.read
    reads: list[bytes] = []

    def read(descriptor: int, size: int) -> bytes:
        part = true_read(descriptor, size)
        if not reads:
            note.write_bytes(b"the whole save")
        reads.append(part)
        return part

    monkeypatch.setattr(os, "read", read)
    assert NoteFiles(pause=no_pause).read(str(note)).data == b"the whole save"
    assert reads[0] == b"half"


def test_note_that_never_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that does not stop changing is an error, not an endless wait."""
    note = tmp_path / "a.md"
    note.write_bytes(b"")
    true_read = os.read

    def read(descriptor: int, size: int) -> bytes:
        with note.open("ab") as growing:
            growing.write(b"x")
        return true_read(descriptor, size)

    monkeypatch.setattr(os, "read", read)
    with pytest.raises(NoteError, match="does not stop changing"):
        NoteFiles(size_limit_bytes=10_000_000, pause=no_pause).read(str(note))


def test_size_limit_bounds_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a note that grows while it is read no more is read than it had, and one byte."""
    note = tmp_path / "a.md"
    note.write_bytes(b"x" * 10)
    true_fstat = os.fstat
    seen: list[int] = []
    true_read = os.read

    def fstat(descriptor: int) -> os.stat_result:
        status = true_fstat(descriptor)
        note.write_bytes(b"x" * 5000)
        return status

    def read(descriptor: int, size: int) -> bytes:
        part = true_read(descriptor, size)
        seen.append(len(part))
        return part

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(os, "read", read)
    with pytest.raises(NoteError, match="over the size limit"):
        NoteFiles(size_limit_bytes=100, pause=no_pause).read(str(note))
    assert sum(seen) == 11


def test_check_writable_changes_nothing(tmp_path: Path) -> None:
    """Finding out whether a note can be written leaves bytes and times as they are."""
    note = tmp_path / "a.md"
    note.write_bytes(b"text")
    before = note.stat()
    store = NoteFiles()
    store.check_writable(store.read(str(note)))
    after = note.stat()
    assert note.read_bytes() == b"text"
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def test_create_is_whole_and_never_over_another(tmp_path: Path) -> None:
    """A new note is made with its bytes; an existing file and a missing folder are refused."""
    store = NoteFiles()
    path = str(tmp_path / "新.md")
    store.create(path, b"text")
    assert Path(path).read_bytes() == b"text"
    with pytest.raises(NoteWriteError, match="already"):
        store.create(path, b"other")
    assert Path(path).read_bytes() == b"text"
    with pytest.raises(NoteWriteError, match="no such folder"):
        store.create(str(tmp_path / "no" / "a.md"), b"text")


def test_a_note_that_is_away_for_an_instant_is_read(tmp_path: Path) -> None:
    """Vim renames a note away before it writes the new one: that is no missing note."""
    note = tmp_path / "a.md"
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            note.write_bytes(b"new\n")

    assert NoteFiles(pause=pause).read(str(note)).data == b"new\n"
    note.unlink()
    with pytest.raises(NoteError, match="no such note"):
        NoteFiles(pause=waits.append).read(str(note))
    assert sum(waits) < 0.5
    waits.clear()
    with pytest.raises(NoteError, match="no such note"):
        NoteFiles(pause=waits.append).read(str(tmp_path / "no folder" / "a.md"))
    assert waits == []
