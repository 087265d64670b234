"""A vault that is watched: its files, and hints that they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from notelog.core.watching import Busy, Gone
    from notelog.ports.notes import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNote:
    """A note that a scan found new or changed, and that may be a chat.

    Attributes:
        path: its absolute path.
        relative: its path in the vault, with ``/``.
        modified_s: by its time stamp, in seconds since the epoch.
    """

    path: str
    relative: str
    modified_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a look through all of a vault found.

    Attributes:
        changed: notes that are new or changed since the last one, and may be chats.
        notes: how many notes there are.
        folders: the inode numbers of the folders that are looked into.
        seconds: how long it took.
        absent: why the vault cannot be looked at; empty where it can.
        unreadable: folders that cannot be read.
        left_beside: notes beside which there is a file of notelog's, as a crash leaves it.
    """

    changed: tuple[FoundNote, ...] = ()
    notes: int = 0
    folders: AbstractSet[int] = frozenset()
    seconds: float = 0.0
    absent: str = ""
    unreadable: tuple[str, ...] = ()
    left_beside: tuple[str, ...] = ()


class VaultFiles(Protocol):
    """The notes of a vault on disk."""

    def scan(self) -> Scan:
        """Looks through all of it; only changed files are read."""
        ...

    def glance(self, path: str) -> Snapshot | Busy | Gone:
        """A note at rest: read once, the same before and after, and open for writing nowhere.

        Raises:
            NoteError: it cannot be read, or is over the size limit.
        """
        ...

    def may_matter(self, path: str) -> bool:
        """Whether a note may be a chat or is marked like one; true where that cannot be told."""
        ...

    def may_ask(self, path: str, *, unmarked: bool = False) -> bool:
        """Whether a chat may be sent as it stands; true where unknown.

        Args:
            path: the note.
            unmarked: whether what bears no mark may be sent, too.
        """
        ...

    def remember(self) -> None:
        """Keeps for the next start which notes ``may_ask`` was false of."""
        ...

    def age_s(self, path: str) -> float | None:
        """How long ago a note was changed by its time stamp; None where that says nothing."""
        ...

    def is_synced(self, path: str) -> bool:
        """Whether a note bears the time stamp of another machine, as sync tools set it."""
        ...

    def inside(self, path: str) -> str:
        """A path in the vault, with ``/``, whatever it is; empty where it is outside."""
        ...

    def relative(self, path: str) -> str:
        """A note's path in the vault, with ``/``; empty where it is not watched."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something may have changed.

    Attributes:
        path: the note; empty: anything, so look through all of the vault.
        by_sync: it came to its name from the temporary file of a sync tool.
        reason: why all of the vault is to be looked through.
        lost: changes were lost that nothing else tells of.
        wish: a person paused or resumed the watcher; no note changed.
        configured: the configuration is another.
    """

    path: str = ""
    wish: bool = False
    configured: bool = False
    by_sync: bool = False
    reason: str = ""
    lost: bool = False


class Hints(Protocol):
    """Tells of changes as they happen, as well as the system can; the scan is the truth."""

    def start(self, post: Callable[[Hint], None]) -> str:
        """Begins; gives why there are no events here, empty where there are."""
        ...

    def remedy(self) -> str:
        """How a person gets events where there are none, or not for all; empty: in no way."""
        ...

    def unwatched(self, folders: AbstractSet[int]) -> int:
        """How many of these folders (inode numbers) give no events."""
        ...

    def catch_up(self) -> bool:
        """A scan has found what was lost: gives whether folders among that are listened to soon."""
        ...

    def is_alive(self) -> bool:
        """Whether events still come, as far as that can be told."""
        ...

    def stop(self) -> None:
        """Ends; a second time is no error."""
        ...
