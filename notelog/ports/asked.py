"""What one request needs of the journal, whatever it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.core.caps import Spent
    from notelog.core.records import Intent, TurnRecord
    from notelog.core.reply import Reply, ReplyDelta


class AskingJournal(Protocol):
    """The part of ``Journal`` that a request uses while it is in work; see there.

    Every request is a turn of the journal, what it is made for is its ``purpose``: so all of them
    count against the caps, are in doubt after a crash, and are forgotten with their note.
    """

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        """Records that a request is about to be made."""
        ...

    def sent(self, record_id: int, meanwhile: Callable[[], None] = ...) -> None:
        """Records that it is about to leave; ``meanwhile`` is called while the disk works."""
        ...

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """Adds a part of the answer to the spool."""
        ...

    def received(self, record_id: int, reply: Reply) -> None:
        """Records the end of the answer."""
        ...

    def failed(self, record_id: int, reason: str, *, refused: str = "") -> None:
        """Records that it ended without an answer, unbilled."""
        ...

    def in_doubt(self, record_id: int, reason: str) -> None:
        """Records that it left and no answer was seen."""
        ...
