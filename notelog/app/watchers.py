"""How the watchers of this machine stand, and which of them need the person."""

from dataclasses import dataclass
from enum import StrEnum

from notelog.ports.watch_place import Heartbeat, WatchedVault


class WatcherState(StrEnum):
    """How a watcher stands."""

    RUNNING = "running"
    STARTING = "starting"  # it has the vault, and has said nothing of itself yet
    STOPPING = "stopping"
    SILENT = "silent"  # it has the vault, and says nothing of itself any more
    DIED = "died"  # it is gone, and nobody had told it to end


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherStatus:
    """The watcher of a vault.

    Attributes:
        vault: its real path.
        state: how it stands.
        heartbeat: what it said of itself last; None where it has just started.
        held: why nothing is asked; empty where it is, or would be.
    """

    vault: str
    state: WatcherState
    heartbeat: Heartbeat | None
    held: str = ""

    @property
    def needs_you(self) -> bool:
        """Whether the vault is not answered any more, and nobody wanted that."""
        return self.state in {WatcherState.SILENT, WatcherState.DIED}


def watcher_status(found: WatchedVault, now: float) -> WatcherStatus | None:
    """How the watcher of a vault stands at a time; None where none is to be."""
    state = _state(found, now)
    if state is None:
        return None
    held = found.heartbeat.held if found.heartbeat is not None else ""
    if found.paused_until is not None and found.paused_until > now:
        held = held or "paused by you; notelog resume goes on"
    return WatcherStatus(vault=found.root, state=state, heartbeat=found.heartbeat, held=held)


def _state(found: WatchedVault, now: float) -> WatcherState | None:
    beat = found.heartbeat
    if beat is None:
        return WatcherState.STARTING if found.runs else None
    if not found.runs:
        return WatcherState.DIED if found.is_there and not beat.stopping else None
    if beat.is_stale(now):
        return WatcherState.SILENT
    return WatcherState.STOPPING if beat.stopping else WatcherState.RUNNING
