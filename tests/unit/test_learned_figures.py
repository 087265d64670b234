"""What servers said of their windows is remembered: privately, whole, and not for ever."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notelog.adapters.learned_figures import FILE_NAME, HOLDS_DAYS, LearnedFile
from notelog.core.learned import Learned

SERVER = "https://api.example.com"
DAY = datetime(2026, 11, 22, tzinfo=UTC)


def learned_file(folder: Path, notices: list[str], *, days: int = 0) -> LearnedFile:
    """The file as it is read some days later."""
    at = (DAY + timedelta(days=days)).timestamp()
    return LearnedFile(str(folder), now=lambda: at, notice=notices.append)


def window(tokens: int) -> Learned:
    """A window that was learned on the day."""
    return Learned(window=tokens, learned_on="2026-11-22", source="a refusal")


def test_what_is_kept_is_read_by_another_process(tmp_path: Path) -> None:
    """A figure is read back for its server and its model, and for no other."""
    notices: list[str] = []
    folder = tmp_path / "state"
    learned_file(folder, notices).keep(SERVER, "m", window(4_097))
    learned_file(folder, notices).keep(SERVER, "模型", window(512))
    figures = learned_file(folder, notices)
    assert figures.read(SERVER, "m") == window(4_097)
    assert figures.read(SERVER, "模型") == window(512)
    assert figures.read("https://other.example.com", "m") is None
    assert [item.model for item in figures.all()] == ["m", "模型"]
    assert notices == []


def test_the_file_is_private_and_alone(tmp_path: Path) -> None:
    """It has mode 0600 whatever the umask, and no temporary file is left beside it."""
    old = os.umask(0)
    try:
        learned_file(tmp_path / "state", []).keep(SERVER, "m", window(1))
    finally:
        os.umask(old)
    (path,) = (tmp_path / "state").iterdir()
    assert path.name == FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Where nothing was learned nothing is written."""
    assert learned_file(tmp_path / "state", []).read(SERVER, "m") is None
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"version": 2, "figures": []}',
        b'{"version": 1, "figures": [3]}',
        b'{"version": 1, "figures": [{"server": "s"}]}',
        (
            b'{"version": 1, "figures": [{"server": "s", "model": "m", "window": -4, "prompt_only":'
            b' false, "output_limit": null, "learned_on": "2026-11-22", "source": ""}]}'
        ),
        b"[" * 100_000,
        b" " * (1 << 20) + b"{}",
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, data: bytes) -> None:
    """It is told once, nothing is read from it, and the next figure makes a whole file."""
    (tmp_path / FILE_NAME).write_bytes(data)
    notices: list[str] = []
    figures = learned_file(tmp_path, notices)
    assert figures.read(SERVER, "m") is None
    figures.keep(SERVER, "m", window(4_097))
    assert len(notices) == 1
    assert "damaged" in notices[0]
    again: list[str] = []
    assert learned_file(tmp_path, again).read(SERVER, "m") == window(4_097)
    assert again == []


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A state folder that cannot be used ends no turn."""
    (tmp_path / "state").write_bytes(b"a file")
    notices: list[str] = []
    learned_file(tmp_path / "state", notices).keep(SERVER, "m", window(1))
    assert len(notices) == 1
    assert "state" in notices[0]


def test_figures_do_not_hold_for_ever(tmp_path: Path) -> None:
    """After a month the server is asked anew, since its window may be larger by then."""
    learned_file(tmp_path, []).keep(SERVER, "m", window(512))
    assert learned_file(tmp_path, [], days=HOLDS_DAYS).read(SERVER, "m") == window(512)
    assert learned_file(tmp_path, [], days=HOLDS_DAYS + 1).read(SERVER, "m") is None


def test_figures_of_two_kinds_stand_beside_each_other(tmp_path: Path) -> None:
    """A reply limit that is learned later does not take the window away."""
    figures = learned_file(tmp_path, [])
    figures.keep(SERVER, "m", window(4_097))
    figures.keep(SERVER, "m", Learned(output_limit=100, learned_on="2026-11-22", source="x"))
    both = figures.read(SERVER, "m")
    assert both is not None
    assert (both.window, both.output_limit) == (4_097, 100)
    figures.keep(SERVER, "m", window(8_192))
    assert len(figures.all()) == 1


def test_the_file_does_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many figures the oldest go."""
    monkeypatch.setattr("notelog.adapters.learned_figures._MOST_FIGURES", 2)
    figures = learned_file(tmp_path, [])
    for number in range(3):
        figures.keep(SERVER, f"m{number}", window(1))
    assert [item.model for item in figures.all()] == ["m1", "m2"]
