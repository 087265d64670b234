"""How a watcher stands is told from its lock and from what it said of itself last."""

from dataclasses import replace

import pytest

from notelog.app.status import Status
from notelog.app.watchers import WatcherState, watcher_status
from notelog.ports.watch_place import Heartbeat, WatchedVault

NOW = 10_000.0
BEAT = Heartbeat(
    process=7,
    vault="/vault",
    device="desk",
    started_at=NOW - 500,
    beat_at=NOW - 10,
    beat_every_s=20.0,
    events=True,
)
OLD = replace(BEAT, beat_at=NOW - 61)


def seen(heartbeat: Heartbeat | None, *, runs: bool, is_there: bool = True) -> WatchedVault:
    """A vault with a watcher."""
    return WatchedVault(root="/vault", is_there=is_there, runs=runs, heartbeat=heartbeat)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (seen(BEAT, runs=True), WatcherState.RUNNING),
        (seen(replace(BEAT, beat_at=NOW - 60), runs=True), WatcherState.RUNNING),
        (seen(OLD, runs=True), WatcherState.SILENT),
        (seen(replace(OLD, stopping=True), runs=True), WatcherState.SILENT),
        (seen(replace(BEAT, stopping=True), runs=True), WatcherState.STOPPING),
        (seen(None, runs=True), WatcherState.STARTING),
        (seen(BEAT, runs=True, is_there=False), WatcherState.RUNNING),
        (seen(BEAT, runs=False), WatcherState.DIED),
        (seen(OLD, runs=False), WatcherState.DIED),
    ],
)
def test_how_it_stands(found: WatchedVault, state: WatcherState) -> None:
    """Lock and age of the beat decide; only a silent or a dead one needs the person."""
    watcher = watcher_status(found, NOW)
    assert watcher is not None
    assert watcher.state is state
    code = 3 if state in {WatcherState.SILENT, WatcherState.DIED} else 0
    assert Status(scope="", vaults=(), profiles=(), watchers=(watcher,)).exit_code == code


@pytest.mark.parametrize(
    "found",
    [
        seen(None, runs=False),
        seen(replace(BEAT, stopping=True), runs=False),
        seen(OLD, runs=False, is_there=False),
    ],
)
def test_nobody_misses_it(found: WatchedVault) -> None:
    """One that was told to end, or whose vault is gone, is not told of."""
    assert watcher_status(found, NOW) is None


@pytest.mark.parametrize(
    ("held", "until", "told"),
    [
        ("", None, ""),
        ("", NOW - 1, ""),
        ("", NOW + 1, "paused by you; notelog resume goes on"),
        ("", float("inf"), "paused by you; notelog resume goes on"),
        ("30 notes want an answer at once: held", NOW + 1, "30 notes want an answer at once: held"),
    ],
)
def test_what_holds_it(held: str, until: float | None, told: str) -> None:
    """What the watcher says holds it; a pause also where no note waits yet."""
    found = replace(seen(replace(BEAT, held=held), runs=True), paused_until=until)
    watcher = watcher_status(found, NOW)
    assert watcher is not None
    assert watcher.held == told
