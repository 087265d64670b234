"""Where notes are: the port that reads and writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notelog.core.edit import EditPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A note as it was read at one instant.

    Attributes:
        path: as the person named it.
        real_path: with every symlink resolved.
        data: the bytes.
        fingerprint: a hash of the bytes.
        device: and ``inode``: which file it is, whatever it is called.
        modified_ns: its modification time in nanoseconds.
    """

    path: str
    real_path: str
    data: bytes
    fingerprint: str
    device: int
    inode: int
    modified_ns: int


class NoteStore(Protocol):
    """Reads notes, and is the one thing that writes them."""

    def read(self, path: str) -> Snapshot:
        """Reads a note once.

        Raises:
            NoteError: it is missing, no regular file, unreadable, or over the size limit.
        """
        ...

    def check_writable(self, snapshot: Snapshot) -> None:
        """Finds out, before anything is paid for, whether the note can be written.

        Raises:
            NoteWriteError: it cannot.
        """
        ...

    def check_exchange(self, snapshot: Snapshot) -> None:
        """Finds out, before anything is paid for, whether more than the note's end can be changed.

        Raises:
            NoExchangeError: it cannot.
        """
        ...

    def sweep(self, snapshot: Snapshot) -> None:
        """Clears away what a crash left beside the note; a person's save in it is merged in.

        Raises:
            NoteWriteError: a save was found and could not be merged; its file is named.
        """
        ...

    def in_editor(self, snapshot: Snapshot) -> bool:
        """Whether an editor's swap or lock file says that the note is open there."""
        ...

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan to the note, if it is still the one that the plan was made for.

        Returns:
            The note as it was read back, holding all that the plan put in and nothing of what it
            took out.

        Raises:
            ConflictError: the note changed since; nothing was written.
            NoExchangeError: it could only be changed at its end, and the plan changes it elsewhere.
            NoteWriteError: it could not be written.
        """
        ...
