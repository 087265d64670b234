"""The trial of the system's events writes nothing, and sees where they do not come."""

import ctypes
import select
import sys
from pathlib import Path

import pytest

from notelog.adapters.event_trial import hears_nothing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def stamps(folder: Path) -> list[tuple[int, int]]:
    """When a folder and all in it last changed, in content and otherwise."""
    found = [path.stat() for path in (folder, *sorted(folder.iterdir()))]
    return [(status.st_mtime_ns, status.st_ctime_ns) for status in found]


def open_count() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_events_that_come_are_heard_and_nothing_is_written(tmp_path: Path) -> None:
    """In a folder of this machine the trial succeeds; no file and no time stamp is another."""
    (tmp_path / "note.md").write_bytes(b"Q\n")
    before, open_files = stamps(tmp_path), open_count()
    assert hears_nothing(str(tmp_path)) == ""
    assert stamps(tmp_path) == before
    assert open_count() == open_files


def test_a_folder_that_may_only_be_read_is_tried_too(tmp_path: Path) -> None:
    """Nothing has to be writable for it."""
    tmp_path.chmod(0o500)
    assert hears_nothing(str(tmp_path)) == ""


def test_events_that_do_not_come_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system takes the watch and stays silent, that is said."""
    asked: list[float] = []

    def nothing(*arguments: object) -> tuple[list[int], list[int], list[int]]:
        asked.append(float(str(arguments[3])))
        return [], [], []

    monkeypatch.setattr(select, "select", nothing)
    assert hears_nothing(str(tmp_path)) == "in a trial it did not tell that the folder was opened"
    assert 0 < sum(asked) <= 3


def test_what_cannot_be_tried_is_not_said_to_be_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder and an instance that is refused are told by whoever listens in earnest."""
    assert hears_nothing(str(tmp_path / "gone")) == ""

    class Refusing:
        def inotify_init1(self, _flags: int) -> int:
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Refusing())
    assert hears_nothing(str(tmp_path)) == ""
