"""The scan of a large vault: alike in one process and in two, whatever becomes of the second."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from notelog.adapters import note_looks, scan_helper
from notelog.adapters.note_looks import (
    GONE,
    STAMP_BYTES,
    signs_of,
    stamped_signs_of,
    stamps_of,
)
from notelog.adapters.scan_helper import examine
from notelog.adapters.vault_index import VaultIndex
from notelog.core.watch_names import Scope

if TYPE_CHECKING:
    from notelog.adapters.note_looks import Looked

LIMIT = 100_000
SEPARATOR = b'<hr class="__chatgpt_plugin">\n'
NOTES = {
    "words.md": b"only words\n",
    "chat.md": b"q\n\n" + SEPARATOR + b"\nrole::assistant\n",
    "fence.md": b"```\n" + SEPARATOR + b"```\n",
    "odd fence.md": b"~~~\n" + SEPARATOR + b"~~~\n",
    "big.md": b"x" * (LIMIT + 1),
    "long chat.md": b"x\n" * 40_000 + b"\n" + SEPARATOR,
    "\udcff\n.md": b"q\n\n" + SEPARATOR,
}
CHATS = {"chat.md", "big.md", "long chat.md", "\udcff\n.md"}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with notes of every kind, and three hundred more."""
    folder = tmp_path / "vault"
    folder.mkdir()
    for name, data in NOTES.items():
        (folder / name).write_bytes(data)
    for number in range(300):
        chat = number % 7 == 0
        data = NOTES["chat.md" if chat else "words.md"] + b"%d\n" % number
        (folder / f"{number}.md").write_bytes(data)
    return folder


@pytest.fixture(params=["one process", "two"])
def processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One process, or two also for a small vault on a busy machine."""
    monkeypatch.setattr(scan_helper, "_is_room", lambda: request.param == "two")
    monkeypatch.setattr(scan_helper, "ENOUGH_NOTES", 2)
    monkeypatch.setattr(scan_helper, "ENOUGH_STAMPS", 2)
    return str(request.param)


def index_of(vault: Path) -> VaultIndex:
    """The notes of a vault."""
    return VaultIndex(str(vault), Scope(), size_limit_bytes=LIMIT)


def names(index: VaultIndex) -> set[str]:
    """What a scan finds, without the many."""
    return {name for found in index.scan().changed if not (name := found.relative)[0].isdigit()}


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.usefixtures("processes")
def test_a_first_scan_names_the_chats_and_a_later_one_what_changed(
    vault: Path,
    quick: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Shown separators are not named; a change is found, also in size and time the same."""
    index = VaultIndex(str(vault), Scope(), size_limit_bytes=LIMIT, quick=quick)
    scan = index.scan()
    assert scan.notes == 307
    found = {note.relative for note in scan.changed}
    assert {name for name in found if not name[0].isdigit()} == CHATS
    assert {name for name in found if name[0].isdigit()} == {f"{n}.md" for n in range(0, 300, 7)}
    (vault / "words.md").write_bytes(b"then a chat\n" + SEPARATOR)  # after it was read
    index.settle()
    assert names(index) >= {"words.md"}
    assert index.scan().changed == ()
    for name in ("words.md", "7.md"):
        (vault / name).write_bytes((vault / name).read_bytes() + b"more\n")
    (vault / "14.md").unlink()
    scan = index.scan()
    assert {note.relative for note in scan.changed} == {"words.md", "7.md"}
    assert scan.notes == 306


@pytest.mark.usefixtures("processes")
def test_what_is_no_more_found_is_gone_and_what_is_new_is_told_once(vault: Path) -> None:
    """Also a note that can still be opened, behind a symlink that took the place of its folder."""
    folder = vault / "folder"
    folder.mkdir()
    for number in range(5):
        (folder / f"inner {number}.md").write_bytes(NOTES["chat.md"])
    index = index_of(vault)
    assert index.scan().notes == 312
    folder.rename(vault.with_name("elsewhere"))
    folder.symlink_to(vault.with_name("elsewhere"))
    (vault / "a new one.md").write_bytes(NOTES["chat.md"])
    (vault / "words.md").rename(vault / "other words.md")
    (vault / "chat.md").write_bytes(NOTES["chat.md"] + b"more\n")
    scan = index.scan()
    assert {found.relative for found in scan.changed} == {"a new one.md", "chat.md"}
    assert scan.notes == 308
    scan = index.scan()
    assert (scan.changed, scan.notes) == ((), 308)


@pytest.mark.parametrize("saved", ["in place", "by rename, with an old time stamp"])
def test_a_save_of_the_same_size_between_reading_and_stamping_is_found(
    vault: Path, saved: str
) -> None:
    """A box ticked before the stamps were taken: the system's own clock tells."""
    note = vault / "chat.md"
    old = note.stat()
    index = VaultIndex(str(vault), Scope(), size_limit_bytes=LIMIT, quick=True)
    index.scan()
    data = note.read_bytes().replace(b"q\n", b"p\n")
    target = note if saved == "in place" else vault / "new~"
    target.write_bytes(data)
    os.utime(target, ns=(old.st_atime_ns, old.st_mtime_ns))
    target.replace(note)
    index.settle()
    assert "chat.md" in names(index)
    assert names(index) == set()


PROGRAMS = {
    "does not start": "raise SystemExit",
    "writes nonsense": "import os; os.write(1, b'x' * 9999)",
    "ends in the middle of an answer": "import os; os.write(1, (99).to_bytes(8, 'little') + b'x')",
    "answers something else": "import os, marshal; d = marshal.dumps(7); "
    "os.write(1, len(d).to_bytes(8, 'little') + d)",
    "never answers": "import time; time.sleep(1000)",
    "does not read": "import os, time; os.close(0); time.sleep(1000)",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_whatever_the_child_does_its_share_is_done(
    vault: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that fails in any way changes nothing of what is found, and leaves nothing behind."""
    monkeypatch.setattr(scan_helper, "_is_room", lambda: True)
    monkeypatch.setattr(scan_helper, "ENOUGH_NOTES", 2)
    monkeypatch.setattr(scan_helper, "_PROGRAM", PROGRAMS[program])
    started: list[int] = []
    spawn = os.posix_spawn

    def noting(*arguments: Any, **options: Any) -> int:
        started.append(spawn(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(os, "posix_spawn", noting)
    paths = sorted(map(str, vault.iterdir()))
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112, PTH208
    found = examine(iter(paths), stamped_signs_of, LIMIT)
    assert found == (paths, paths, stamped_signs_of(paths, LIMIT))
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    for process in started:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def test_a_child_answers_from_the_last_file_on(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does in its own process is what the parent would have found."""
    paths = sorted(map(str, vault.iterdir()))
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    note_looks.write_all(ours_out, os.fsencode("\0".join([*reversed(paths), ""])))
    os.close(ours_out)
    read, write = os.read, note_looks.write_all
    monkeypatch.setattr(os, "read", lambda fd, size: read(fd or theirs_in, size))
    monkeypatch.setattr(note_looks, "write_all", lambda _, data: write(theirs_out, data))
    note_looks.serve(signs_of, LIMIT)
    left = len(paths)
    while left:
        stamps, likely, unsure = cast("Looked", note_looks.receive(ours_in))
        count = len(stamps) // STAMP_BYTES
        left -= count
        assert (stamps, likely, unsure) == signs_of(paths[left : left + count], LIMIT)
    for descriptor in (theirs_in, ours_in, theirs_out):
        os.close(descriptor)


def test_names_that_are_no_notes(vault: Path) -> None:
    """A pipe, a symlink to itself or to nothing are passed over; a folder of such a name is not."""
    os.mkfifo(vault / "pipe.md")
    (vault / "loop.md").symlink_to("loop.md")
    (vault / "nothing.md").symlink_to("nowhere")
    (vault / "linked.md").symlink_to("chat.md")
    (vault / "folder.md").mkdir()
    (vault / "folder.md" / "inner.md").write_bytes(NOTES["chat.md"])
    for quick in (True, False):
        index = VaultIndex(str(vault), Scope(), size_limit_bytes=LIMIT, quick=quick)
        assert names(index) == CHATS | {"linked.md", "folder.md/inner.md"}


def test_what_cannot_be_read_is_left_to_a_closer_look(tmp_path: Path) -> None:
    """A name with a NUL and a file that has gone are no reason to end."""
    gone = str(tmp_path / "gone.md")
    assert stamped_signs_of([gone, "a\0b"], LIMIT) == (GONE * 2, [0, 1], [])
    assert stamps_of([gone])[0] == GONE


def test_a_time_stamp_that_is_too_late_is_one(tmp_path: Path) -> None:
    """A note of the year 2400, as a broken clock makes it, is known again."""
    note = tmp_path / "late.md"
    note.write_bytes(NOTES["chat.md"])
    os.utime(note, (13_570_000_000, 13_570_000_000))
    assert note.stat().st_mtime_ns > 2**63
    index = VaultIndex(str(tmp_path), Scope(), size_limit_bytes=LIMIT)
    assert names(index) == {"late.md"}
    assert names(index) == set()
