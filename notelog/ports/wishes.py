"""What a person wishes of a note's turns beside the request itself, and what notelog said there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notelog.core.records import LeftCallout, TurnRecord


class Wishes(Protocol):
    """The part of the journal that other commands and the note itself speak to."""

    def in_work(self, note: str) -> bool:
        """Whether another process works on a note."""
        ...

    def name_in_work(self, note: str, keys: Callable[[], Iterable[str]]) -> str:
        """The name under which another process works on a note; empty where none does.

        Args:
            note: its name now.
            keys: gives those of all that is a question in it: it may have had another name when
                one of them was asked.
        """
        ...

    def wish_stop(self, note: str) -> bool:
        """Wishes that the process that works on a note stops; False where none does."""
        ...

    def stop_wished(self, note: str) -> bool:
        """Whether that was wished since this process began to work on the note."""
        ...

    def new_ticks(self, note: str, ticked: int) -> bool:
        """Whether more boxes are ticked in a note than its last request answered to.

        Where fewer are, that is remembered, so that a box that is unticked counts again.
        """
        ...

    def forget_refusals(self, note: str) -> None:
        """Nothing is asked for in a note any more: what is asked next is asked anew."""
        ...

    def record(self, record_id: int) -> TurnRecord | None:
        """A turn by its number."""
        ...

    def attempts(self, turn_key: str, note: str) -> tuple[TurnRecord, ...]:
        """All attempts at a turn in this note, the oldest first."""
        ...

    def was_asked(self, turn_key: str) -> bool:
        """Whether a turn was ever asked here, in whatever note."""
        ...

    def leave_callout(self, turn_key: str, note: str, inserted: bytes, *, offset: int = -1) -> int:
        """Records a callout that is about to be put below a question; gives its number."""
        ...

    def grow_callout(self, callout_id: int, inserted: bytes) -> None:
        """Records what a callout is about to hold that grows at its end."""
        ...

    def callouts(self, turn_key: str, note: str) -> tuple[LeftCallout, ...]:
        """The callouts that were put below a question or into a note, the oldest first."""
        ...
