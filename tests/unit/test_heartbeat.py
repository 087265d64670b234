"""How old a heartbeat is, whatever somebody does to the clock."""

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from notelog.adapters import watch_place
from notelog.adapters.watch_place import WatchFolder
from notelog.ports.watch_place import Heartbeat

NOW = 1_700_000_000.0


@pytest.fixture
def place(tmp_path: Path) -> WatchFolder:
    """Where a watcher is known."""
    found = WatchFolder(str(tmp_path / "state"), "/vault")
    found.make()
    return found


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which boot it is, the seconds since, and the wall clock; to be set."""
    told: list[Any] = ["boot", 500.0, NOW]
    monkeypatch.setattr(watch_place, "_ahead", lambda: (told[0], told[2] - told[1]))
    return told


def beat(place: WatchFolder, at: float = NOW) -> None:
    """The watcher gives a sign of life."""
    place.beat(
        Heartbeat(
            process=7, vault="/vault", device="desk", started_at=NOW, beat_at=at,
            beat_every_s=20.0, events=True,
        )
    )  # fmt: skip


@pytest.mark.parametrize("set_s", [-1e9, -86_400.0, 0.5, 0.0, 3600.0])
@pytest.mark.parametrize("hung_s", [10.0, 100.0])
def test_a_clock_that_was_set_hides_no_watcher_that_hangs(
    place: WatchFolder, clocks: list[Any], set_s: float, hung_s: float
) -> None:
    """Nor is one that is well called silent: the age is by a clock that nobody sets."""
    beat(place)
    now = NOW + hung_s + set_s
    clocks[1:] = [500.0 + hung_s, now]
    found = place.read_heartbeat()
    assert found is not None
    assert found.is_stale(now) is (hung_s > 60)
    assert abs(now - found.beat_at - hung_s) < 2


def test_the_clock_may_be_set_again_and_again(place: WatchFolder, clocks: list[Any]) -> None:
    """A watcher that goes on says so by the clock as it is."""
    beat(place)
    clocks[1:] = [510.0, NOW - 1000]
    beat(place, NOW - 1000)
    found = place.read_heartbeat()
    assert found is not None
    assert found.beat_at == NOW - 1000


@pytest.mark.parametrize(("before", "after"), [("boot", "another"), ("", ""), ("", "boot")])
def test_after_another_boot_the_wall_clock_counts(
    place: WatchFolder, clocks: list[Any], before: str, after: str
) -> None:
    """The seconds since then say nothing of it; nor where there is no such clock."""
    clocks[0] = before
    beat(place)
    clocks[:] = [after, 5.0, NOW + 50]
    found = place.read_heartbeat()
    assert found is not None
    assert found.beat_at == NOW


@pytest.mark.skipif(sys.platform != "linux", reason="this clock is Linux's")
def test_linux_has_such_a_clock() -> None:
    """It has a name for each boot, and goes on."""
    boot, ahead_s = watch_place._ahead()
    assert len(boot) > 30
    assert watch_place._ahead()[0] == boot
    assert 0 < ahead_s < time.time()
