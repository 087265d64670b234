"""The journals of all vaults of this user: what the commands ask that look at more than one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from notelog.core.records import TurnRecord
    from notelog.core.usage import TurnFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Which turns are to be forgotten.

    Attributes:
        note: those of this note; None for all of the vault.
        before: those asked before this time, in seconds since the epoch; None for all.
        settled: only those that nobody waits for: delivered, failed without a word, taken back.
    """

    note: str | None = None
    before: float | None = None
    settled: bool = False


class VaultJournal(Protocol):
    """The journal of one vault, as a report needs it."""

    def standing(self) -> tuple[TurnRecord, ...]:
        """The last attempt at each turn that did not come to its end, oldest first."""
        ...

    def named_under(self, end_marks: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """The other sets of end marks under which turns may have been named; none is recorded."""
        ...

    def past(self, note: str, keys: Collection[str]) -> tuple[TurnRecord, ...]:
        """Every turn of a note that is known here by names that are gone, or mean it as well.

        Args:
            note: its name now.
            keys: of all that is a question in it.
        """
        ...

    def figures(self, since: float) -> Iterator[TurnFigures]:
        """What was billed, or may have been, since a time in seconds since the epoch."""
        ...

    def forgettable(self, forgetting: Forgetting) -> tuple[TurnRecord, ...]:
        """The turns whose text would be forgotten, oldest first; not those in work."""
        ...

    def forget(self, forgetting: Forgetting) -> bool:
        """Removes what was said in some turns, and keeps their figures.

        Returns:
            Whether the text is gone from the files too; another process may still hold it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedVault:
    """A vault that has a journal.

    Attributes:
        root: its real path, where it was last seen.
        is_there: whether a folder is there now.
        journal: what is known of its turns.
    """

    root: str
    is_there: bool
    journal: VaultJournal


class Shelf(Protocol):
    """All journals of this user."""

    def knows(self, root: str) -> bool:
        """Whether a vault has a journal; where it moved, its place is known from then on."""
        ...

    def vaults(self) -> Iterator[ShelvedVault | str]:
        """Each vault, open until the next one is asked for; or why a journal cannot be read."""
        ...
