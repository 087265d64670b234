"""What ``doctor`` finds on the real machine, in a real vault and in a real journal."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from notelog.adapters import machine, mounts, vault_trial
from notelog.adapters.journal_sqlite import open_journal
from notelog.adapters.machine import ThisMachine
from notelog.adapters.vault_trial import PREFIX, VaultFolder
from notelog.adapters.watch_place import WatchFolder
from notelog.core.vault_checks import FileSystem, Survey, WatcherSeen
from notelog.errors import ConfigurationError, JournalError, NoteError
from notelog.ports.watch_place import Heartbeat

linux = pytest.mark.skipif(sys.platform != "linux", reason="another system")


def here(folder: Path) -> ThisMachine:
    """This machine with a state folder."""
    return ThisMachine(str(folder / "state"), lambda profile: profile.name, lambda: None)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a little of everything."""
    folder = tmp_path / "库 v"
    (folder / ".obsidian" / "plugins").mkdir(parents=True)
    (folder / "Chats").mkdir()
    (folder / "Tea.md").write_bytes(b"tea")
    (folder / "Chats" / "a.MARKDOWN").write_bytes(b"a")
    (folder / "Chats" / "picture.png").write_bytes(b"a")
    (folder / ".obsidian" / "not a note.md").write_bytes(b"a")
    return folder


def test_a_survey_counts_folders_and_notes(vault: Path) -> None:
    """Hidden folders need a watch, and what is in them is no note."""
    assert VaultFolder().survey(str(vault)) == Survey(folders=4, notes=2)


def test_a_survey_finds_conflict_copies(vault: Path) -> None:
    """By their names; numbered twins only where the vault is iCloud's."""
    for name in ("Tea.sync-conflict-20240131-101112-ABCDEFG.md", "Tea 2.md"):
        (vault / name).write_bytes(b"x")
    assert VaultFolder().survey(str(vault)).conflicts == (
        "Tea.sync-conflict-20240131-101112-ABCDEFG.md",
    )
    cloud = vault.parent / "iCloud~md~obsidian"
    vault.rename(cloud)
    assert "Tea 2.md" in VaultFolder().survey(str(cloud)).conflicts


def test_a_survey_finds_folders_that_are_passed_over(vault: Path, tmp_path: Path) -> None:
    """A symlink to a folder elsewhere; one to a folder of the vault hides nothing."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.md").touch()
    inside = next(path for path in vault.iterdir() if path.is_dir() and path.name[0] != ".")
    before = VaultFolder().survey(str(vault))
    for name, to in (("Work", outside), (".hidden", outside), ("Same", inside)):
        (vault / name).symlink_to(to)
    survey = VaultFolder().survey(str(vault))
    assert survey.linked == ("Work",)
    assert (survey.folders, survey.notes) == (before.folders, before.notes)


def test_a_survey_finds_what_cannot_be_written(vault: Path) -> None:
    """A note without any write permission is read-only to everybody; a dead link is passed over."""
    (vault / "Tea.md").chmod(0o444)
    (vault / "gone.md").symlink_to("nowhere")
    survey = VaultFolder().survey(str(vault))
    assert (survey.read_only, survey.notes) == (("Tea.md",), 3)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_vault(tmp_path: Path, name: str) -> None:
    """A path that is no folder is an error that names it."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NoteError) as caught:
        VaultFolder().survey(str(tmp_path / name))
    assert caught.value.path == str(tmp_path / name)


def test_the_trial_of_a_folder_that_cannot_be_read(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own words say why."""

    def refused(*_: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "iterdir", refused)
    assert VaultFolder().file_system(str(vault)).refused == "Input/output error"


@linux
def test_the_trial_leaves_nothing(vault: Path) -> None:
    """Leases and exchange are tried with files that are gone; a crash's leftover goes with them."""
    (vault / f"{PREFIX}left").write_bytes(b"")
    before = {path for path in vault.rglob("*") if not path.name.startswith(PREFIX)}
    found = VaultFolder().file_system(str(vault))
    assert set(vault.rglob("*")) == before
    assert (found.refused, found.leases, found.exchange, bool(found.kind)) == ("", True, True, True)


def test_the_trial_of_a_folder_that_takes_no_file(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own words say why."""

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("notelog.adapters.vault_trial.os.open", refused)
    assert VaultFolder().file_system(str(vault)).refused == "Permission denied"


@linux
def test_the_trial_cleans_up_where_it_fails(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of it leaves no file."""

    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault_trial, "can_exchange", full)
    assert VaultFolder().file_system(str(vault)).refused == "No space left on device"
    assert list(vault.glob(f"{PREFIX}*")) == []


def test_the_kind_of_a_file_system(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of the innermost mount; blanks in mount points are escaped."""
    table = vault.parent / "mountinfo"
    place = str(vault).replace(" ", "\\040")
    lines = [
        "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw",
        f"2 1 0:5 / {place} rw - fuse.sshfs host: rw",
        f"3 1 0:6 / {place}x rw - tmpfs none rw",
        "",
    ]
    table.write_bytes("\n".join(lines).encode())
    monkeypatch.setattr(mounts, "_MOUNTS", table)
    assert VaultFolder().file_system(str(vault)).kind == "fuse.sshfs"
    assert VaultFolder().file_system(str(vault.parent)).kind == "ext4"
    monkeypatch.setattr(mounts, "_MOUNTS", vault / "missing")
    assert VaultFolder().file_system(str(vault)) == FileSystem(
        leases=True if sys.platform == "linux" else None
    )


def test_the_journal(vault: Path, tmp_path: Path) -> None:
    """None yet, then whole, then damaged; looking at it makes nothing."""
    machine_here = here(tmp_path)
    assert machine_here.journal(str(vault)) == ""
    assert not (tmp_path / "state").exists()
    open_journal(str(vault), str(tmp_path / "state")).close()
    path = machine_here.journal(str(vault))
    assert path.endswith(".sqlite3")
    data = bytearray(Path(path).read_bytes())
    data[4_096:8_192] = b"\xff" * 4_096
    Path(path).write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        machine_here.journal(str(vault))
    Path(path).write_bytes(b"no database at all, and long enough to be looked at")
    with pytest.raises(JournalError, match="no database"):
        machine_here.journal(str(vault))


def test_the_watcher(vault: Path, tmp_path: Path) -> None:
    """None, then one that beats, then one whose last beat is long ago; one that ended is none."""
    assert here(tmp_path).watcher(str(vault)) == WatcherSeen(runs=False)
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    release = place.lock()
    now = time.time()
    beat = Heartbeat(
        process=1, vault=str(vault), device="d", started_at=now, beat_at=now + 3_600,
        beat_every_s=60, events=True,
    )  # fmt: skip
    place.beat(beat)
    assert here(tmp_path).watcher(str(vault)) == WatcherSeen(runs=True)
    place.beat(replace(beat, beat_at=now - 3_600))
    seen = here(tmp_path).watcher(str(vault))
    assert seen.runs
    assert seen.silent_s is not None
    assert seen.silent_s >= 3_600
    release()
    assert here(tmp_path).watcher(str(vault)) == WatcherSeen(runs=False)


def test_a_journal_inside_the_vault(vault: Path) -> None:
    """It would be synced with the notes."""
    with pytest.raises(JournalError, match="inside the vault"):
        here(vault).journal(str(vault))


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_permissions(tmp_path: Path) -> None:
    """A folder and the files in it, with their modes; nothing of what is not there."""
    folder = tmp_path / "f"
    assert here(tmp_path).permissions(str(folder)) == ()
    folder.mkdir(0o700)
    (folder / "a").write_bytes(b"")
    (folder / "a").chmod(0o640)
    found = here(tmp_path).permissions(str(folder))
    assert [(item.path, item.mode, item.mine) for item in found] == [
        (str(folder), 0o700, True),
        (str(folder / "a"), 0o640, True),
    ]


def test_one_disk_is_told_once(tmp_path: Path) -> None:
    """Two places on one disk are one line; a folder that is missing is where it would be made."""
    places = [("the journal", str(tmp_path / "no" / "such")), ("the vault", str(tmp_path))]
    (room,) = here(tmp_path).rooms(places)
    assert room.place == "the journal and the vault"
    assert room.free_bytes > 0


@linux
def test_the_limits_of_inotify(tmp_path: Path) -> None:
    """The kernel's limits, and what this user's programs use: this test's own watch is counted."""
    import ctypes

    before = here(tmp_path).watch_limits()
    library = ctypes.CDLL(None)
    descriptor: int = library.inotify_init1(0)
    try:
        library.inotify_add_watch(descriptor, os.fsencode(tmp_path), 0x100)
        after = here(tmp_path).watch_limits()
    finally:
        os.close(descriptor)
    assert before is not None
    assert after is not None
    assert after.watches >= 1
    assert (after.instances_used >= 1, after.watches_used >= 1) == (True, True)


def test_no_inotify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems have no such limits."""
    monkeypatch.setattr(machine, "_INOTIFY", tmp_path / "none")
    assert here(tmp_path).watch_limits() is None


def test_packages(tmp_path: Path) -> None:
    """Their versions are told; one that is missing or broken is an error with the way out."""
    told = here(tmp_path).versions()
    assert told.startswith(f"Python {sys.version_info[0]}.{sys.version_info[1]}.")
    assert "openai 3." in told

    def broken() -> None:
        raise ModuleNotFoundError("no", name="jiter")

    with pytest.raises(ConfigurationError, match="jiter") as caught:
        ThisMachine("", lambda profile: profile.name, broken).versions()
    assert "clone of notelog" in caught.value.hint
