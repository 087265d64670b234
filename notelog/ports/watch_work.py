"""What is done beside the watcher's own thread, and what is posted to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from notelog.ports.watch_view import Progress, Told
from notelog.ports.watching import Hint, Scan

if TYPE_CHECKING:
    from notelog.core.watching import Ending


Tells: TypeAlias = Literal["", "kept", "vanished", "in-vain", "unticked", "left-beside", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchJob:
    """A note that is to be answered.

    Attributes:
        path: its absolute path.
        relative: its path in the vault.
        key: the turn.
        reland: only put back the reply that was there.
        kept: only put in the reply, or the part of one, that is kept; nothing is asked.
        first: no attempt at this turn failed before, as far as is known.
        tells: nothing is asked: only say in the note that its reply is kept, or that a tick there
            cannot be answered, or why it waits, or take out what was said there of a tick that is
            gone, or clear away what a crash left beside it.
        why: it waits, as the note is to say it.
        once: the watcher makes one pass: what may work later is tried by the next one.
    """

    path: str
    relative: str
    key: str
    reland: bool = False
    kept: bool = False
    first: bool = True
    tells: Tells = ""
    why: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlanded:
    """A note for which the journal keeps a reply that is not in it, or that is in doubt.

    Attributes:
        note: its real path.
        key: the turn of the reply; empty where none is kept, and the note does not say so.
        whole: the reply was seen to end; else the program died before.
    """

    note: str
    key: str
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What came of it.

    Attributes:
        job: the note.
        ending: how it ended.
        told: what to tell of it.
        fingerprint: of the note as it was left; empty where nothing was written.
        sent: a server may have begun to answer; False where none was reached, or none asked.
        exit_code: as ``complete`` would have given it.
    """

    job: WatchJob
    ending: Ending
    told: Told
    fingerprint: str = ""
    sent: bool = True
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class StopWish:
    """A person or the system wants the watcher to end."""


Post: TypeAlias = Hint | Scan | JobResult | Progress | StopWish
"""What is posted to the thread that owns a watcher."""


class PostBox(Protocol):
    """Where it is posted."""

    def take(self, patience_s: float) -> Post | None:
        """The next item, if one comes in time."""
        ...
