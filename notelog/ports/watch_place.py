"""Where the watcher of a vault is known on this machine, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_WAITING = 100
"""So many of the notes that wait are in a heartbeat, the first ones ..."""

MOST_TOLD = 200
"""... and of so many, the newest, why they are not being answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a running watcher says of itself; times are seconds since the epoch.

    Attributes:
        process: its process number.
        vault: the vault's real path.
        device: the name of this machine as an answering device.
        started_at: when it started.
        beat_at: when it wrote this.
        beat_every_s: the longest time between two beats.
        events: whether the system tells of changes; otherwise it scans again and again.
        last_event_at: when something last seemed to change; 0 for never.
        last_scan_at: when all of the vault was last looked through; 0 for never.
        scan_s: how long that took.
        notes: how many notes there are.
        waiting: notes that wait for a place among the requests.
        asking: notes whose requests run.
        held: why nothing is asked now; empty where it is.
        answered: how many replies landed since the start.
        stopping: it was told to end.
        auto: globs of the notes that need no mark, also those of its command line.
        told: why a marked note is not being answered, by its path in the vault.
    """

    process: int
    vault: str
    device: str
    started_at: float
    beat_at: float
    beat_every_s: float
    events: bool
    last_event_at: float = 0.0
    last_scan_at: float = 0.0
    scan_s: float = 0.0
    notes: int = 0
    waiting: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    held: str = ""
    answered: int = 0
    stopping: bool = False
    auto: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict[str, str])

    def is_stale(self, now: float) -> bool:
        """Whether it is so old that the watcher must be stuck or dead."""
        return now - self.beat_at > 3 * self.beat_every_s


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedVault:
    """What is known of a vault that was ever watched on this machine.

    Attributes:
        root: its real path.
        is_there: whether the folder is there now.
        runs: whether a watcher has it now.
        heartbeat: what that one, or one that died, said of itself last; None after one that ended.
        paused_until: until when a person wants nothing asked, in seconds since the epoch.
    """

    root: str
    is_there: bool
    runs: bool
    heartbeat: Heartbeat | None
    paused_until: float | None = None


class WatchPlace(Protocol):
    """Where the watcher of a vault is known on this machine, outside the vault."""

    def beat(self, heartbeat: Heartbeat) -> None:
        """Says how the watcher is; what cannot be written is not said."""
        ...

    def is_watched(self) -> bool:
        """Whether a watcher of this machine has the vault now."""
        ...

    def read_heartbeat(self) -> Heartbeat | None:
        """What the watcher said of itself last; None where none runs or died."""
        ...

    def paused_until(self) -> float | None:
        """Until when nothing is asked, in seconds since the epoch; None where it is not paused."""
        ...

    def resumes(self) -> int:
        """How often a person said ``resume``."""
        ...

    def last_pass_at(self) -> float:
        """When ``watch --once`` last went through the vault and left nothing; 0 for never."""
        ...

    def keep_pass(self, at: float) -> None:
        """Remembers that ``watch --once`` went through the vault and left nothing to the next."""
        ...
