"""More events at once than can be told of, or than the system keeps: nothing stays unheard."""

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from heard import LONGEST_WAIT_S, Heard
from vault_storms import fill_queue, wait_until

from notelog.adapters.watchdog_watcher import WatchdogHints, _KeptWatches
from notelog.ports.watching import Hint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another system")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one folder."""
    folder = tmp_path / "vault"
    (folder / "Chats").mkdir(parents=True)
    return folder


@pytest.fixture
def hints(vault: Path, tmp_path: Path) -> Iterator[WatchdogHints]:
    """The system's events for it."""
    (tmp_path / "wishes").mkdir()
    hints = WatchdogHints(str(vault), str(tmp_path / "wishes"))
    yield hints
    hints.stop()


class Gate:
    """Keeps what reads the system's queue from it, as where a process is stopped.

    Attributes:
        breaks: whether to read fails.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from watchdog.observers.inotify_c import InotifyFD

        self.breaks = False
        self._is_open, self._waits = threading.Event(), threading.Event()
        self._is_open.set()
        read = InotifyFD.read_events

        def guarded(reader: InotifyFD, **options: Any) -> Any:
            if not self._is_open.is_set():
                self._waits.set()
                self._is_open.wait()
            if self.breaks:
                raise ValueError
            return read(reader, **options)

        monkeypatch.setattr(InotifyFD, "read_events", guarded)

    @contextmanager
    def closed(self, folder: Path) -> Iterator[None]:
        """Nothing is read meanwhile."""
        self._is_open.clear()
        (folder / "last one.txt").touch()  # what waits for an event gets one
        assert self._waits.wait(LONGEST_WAIT_S)
        try:
            yield
        finally:
            self._is_open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """One that is open."""
    return Gate(monkeypatch)


def watches() -> set[bytes]:
    """The watches of this process, by number and folder: proc(5), fdinfo."""
    lines: set[bytes] = set()
    for told in Path("/proc/self/fdinfo").iterdir():
        if told.exists():
            lines |= {line for line in told.read_bytes().split(b"\n") if b"inotify wd:" in line}
    return lines


def catch_up(hints: WatchdogHints, heard: Heard) -> None:
    """What follows a scan after events were lost."""
    assert heard.wait_for(lambda _: True) == Hint(reason="the system lost events", lost=True)
    assert hints.catch_up()
    assert hints.catch_up()
    assert heard.wait_for(lambda hint: hint.lost).reason.startswith("what was made or moved")
    assert not hints.catch_up()


def test_folders_made_while_events_were_lost_are_listened_to(
    hints: WatchdogHints, vault: Path, gate: Gate
) -> None:
    """Also a moved one, by its new name; and none is deaf meanwhile, for the watches are kept."""
    heard = Heard()
    assert hints.start(heard.post) == ""
    assert not hints.catch_up()
    before = watches()
    with gate.closed(vault):
        fill_queue(vault)
        (vault / "new" / "deep").mkdir(parents=True)
        (vault / "Chats").rename(vault / "Talks")
    catch_up(hints, heard)
    for name in ("new/deep", "Talks"):
        note = vault / name / "a.md"
        note.write_bytes(b"q\n")
        heard.wait_for(lambda hint, note=note: hint.path == str(note))  # type: ignore[misc]
    assert before < watches()


def test_a_folder_that_left_while_events_were_lost_is_listened_to_no_more(
    hints: WatchdogHints, vault: Path, gate: Gate
) -> None:
    """Its watch is given up, and when it is deleted nothing breaks."""
    heard = Heard()
    hints.start(heard.post)
    gone = vault.with_name("gone")
    with gate.closed(vault):
        fill_queue(vault)
        (vault / "Chats").rename(gone)
        (vault / "new").mkdir()
    catch_up(hints, heard)
    assert hints.unwatched({gone.stat().st_ino, (vault / "new").stat().st_ino}) == 1
    shutil.rmtree(gone)
    (vault / "a.md").write_bytes(b"q\n")
    heard.wait_for(lambda hint: hint.path == str(vault / "a.md"))
    assert hints.is_alive()


def test_of_a_flood_only_the_saves_are_left_to_the_scan(
    hints: WatchdogHints, vault: Path, gate: Gate
) -> None:
    """Folders and renames are told of, also that a sync tool renamed; of a save nothing is."""
    heard = Heard()
    hints.start(heard.post)
    with gate.closed(vault):
        for number in range(1_500):
            (vault / f"{number}.txt").touch()
        (vault / "a.md").write_bytes(b"q\n")
        (vault / "new").mkdir()
        (vault / "Chats").rename(vault / "Talks")
        (vault / ".syncthing.b.md.tmp").write_bytes(b"q\n")
        (vault / ".syncthing.b.md.tmp").rename(vault / "b.md")
    assert heard.wait_for(lambda hint: hint.lost).reason == "more changed than can be told of"
    heard.wait_for(lambda hint: hint.reason == "a folder was created")
    heard.wait_for(lambda hint: hint.reason == "a folder was moved")
    assert heard.wait_for(lambda hint: hint.path == str(vault / "b.md")).by_sync
    for name in ("new", "Talks"):
        note = vault / name / "a.md"
        note.write_bytes(b"q\n")
        heard.wait_for(lambda hint, note=note: hint.path == str(note))  # type: ignore[misc]
    assert str(vault / "a.md") not in {hint.path for hint in heard.taken}


def test_a_reader_whose_tables_are_at_odds_is_noticed(
    hints: WatchdogHints, vault: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where watchdog fails to listen to all folders anew, it is made to begin from nothing."""
    heard = Heard()
    hints.start(heard.post)

    def fail(_: object) -> None:
        raise KeyError

    monkeypatch.setattr("watchdog.observers.inotify.InotifyWatchGroup.on_queue_overflow", fail)
    with gate.closed(vault):
        fill_queue(vault)
    heard.wait_for(lambda hint: hint.lost)
    assert hints.catch_up()
    wait_until(lambda: not hints.is_alive(), LONGEST_WAIT_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_that_broke_is_noticed(hints: WatchdogHints, vault: Path, gate: Gate) -> None:
    """The threads behind it live, but wait for ever."""
    hints.start(Heard().post)
    assert hints.is_alive()
    gate.breaks = True
    (vault / "a.md").write_bytes(b"q\n")
    wait_until(lambda: not hints.is_alive(), LONGEST_WAIT_S)


def test_without_such_a_reader_watchdog_reads(
    hints: WatchdogHints, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that it needs are told of nowhere, so they may go: then it is as it was."""
    monkeypatch.delattr("watchdog.observers.api.BaseObserver")
    heard = Heard()
    assert hints.start(heard.post) == ""
    (vault / "Chats" / "a.md").write_bytes(b"q\n")
    heard.wait_for(lambda hint: hint.path == str(vault / "Chats" / "a.md"))


def test_without_a_table_of_watches_they_are_given_up() -> None:
    """It goes as it would then: watchdog removes them, and takes them anew."""
    kept = _KeptWatches({})
    removed: Any = [(1, 2)]
    assert kept.take(removed) == removed
    assert kept.of_no_folder() == []
