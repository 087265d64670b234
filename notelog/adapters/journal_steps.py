"""The journal's part for the steps of a turn: sent, arriving, received, delivered, or ended."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from notelog.adapters.journal_rows import (
    INSERT_PART,
    INSERT_REPLY,
    insert_landing,
    packed,
    usage_row,
)
from notelog.adapters.journal_schema import journal_errors, transaction
from notelog.core.edit import Landed
from notelog.core.records import TurnState
from notelog.core.reply import Reply, ReplyDelta

if TYPE_CHECKING:
    from sqlite3 import Connection

_S = TurnState
_MAY_BECOME: dict[TurnState, frozenset[TurnState]] = {
    _S.SENT: frozenset({_S.INTENT}),
    # a reply that was paid for is taken in whatever was believed of its turn before
    _S.RECEIVED: frozenset(_S) - {_S.DELIVERED},
    _S.DELIVERED: frozenset({_S.RECEIVED, _S.DELIVERED, _S.IN_DOUBT, _S.ABANDONED}),
    # one in doubt, where the part of its reply that came is to stay in the journal
    _S.FAILED: frozenset({_S.INTENT, _S.SENT, _S.RECEIVED, _S.FAILED, _S.IN_DOUBT}),
    # one that was taken back is so again where its reply could not be taken out of the note
    _S.IN_DOUBT: frozenset({_S.INTENT, _S.SENT, _S.IN_DOUBT, _S.ABANDONED}),
    _S.ABANDONED: frozenset(_S),
}


class JournalSteps:
    """Implements these methods of ``ports.Journal``, as a part of one vault's journal."""

    _connection: "Connection"
    _path: str
    _now: Callable[[], float]

    def sent(self, record_id: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Records that the request is about to leave: from here on a crash leaves it in doubt.

        Args:
            record_id: the turn.
            meanwhile: is called when nothing is left to do but to wait for the disk.
        """
        with journal_errors(self._path), transaction(self._connection):
            self._moved(record_id, TurnState.SENT, "")
            meanwhile()

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """Adds a part of the reply to the spool."""
        with journal_errors(self._path), transaction(self._connection):
            self._connection.execute(
                INSERT_PART,
                (
                    record_id,
                    packed(delta.text),
                    packed(delta.reasoning),
                    packed(delta.refusal),
                    packed(delta.finish_reason),
                    packed(delta.model),
                    *usage_row(delta.usage),
                ),
            )

    def received(self, record_id: int, reply: Reply) -> None:
        """Records the end of the reply: it is whole in the spool, or as whole as it will be."""
        with journal_errors(self._path), transaction(self._connection):
            self._moved(record_id, TurnState.RECEIVED, reply.fault)
            self._connection.execute(
                INSERT_REPLY,
                (
                    record_id,
                    str(reply.state),
                    packed(reply.text),
                    packed(reply.reasoning),
                    packed(reply.refusal),
                    packed(reply.fault),
                    packed(reply.finish_reason),
                    packed(reply.model),
                    *usage_row(reply.usage),
                    self._now(),
                ),
            )
            self._connection.execute("DELETE FROM part WHERE turn_id = ?", (record_id,))

    def landing(self, record_id: int, landed: Landed) -> None:
        """Records what is about to be written into the note, and where."""
        with journal_errors(self._path), transaction(self._connection):
            insert_landing(self._connection, record_id, landed, self._now())

    def delivered(self, record_id: int) -> None:
        """Records that the note on disk was seen to hold the reply."""
        self._move(record_id, TurnState.DELIVERED)

    def failed(self, record_id: int, reason: str, *, refused: str = "") -> None:
        """Records that the turn ended with nothing to write into the note."""
        with journal_errors(self._path), transaction(self._connection):
            self._moved(record_id, TurnState.FAILED, reason)
            self._connection.execute(
                "UPDATE turn SET refused = ? WHERE id = ?", (refused, record_id)
            )

    def in_doubt(self, record_id: int, reason: str) -> None:
        """Records that a request left and no answer was seen."""
        self._move(record_id, TurnState.IN_DOUBT, reason)

    def abandoned(self, record_id: int, reason: str) -> None:
        """Records that the person took the turn back."""
        self._move(record_id, TurnState.ABANDONED, reason)

    def _move(self, record_id: int, state: TurnState, reason: str = "") -> None:
        with journal_errors(self._path), transaction(self._connection):
            self._moved(record_id, state, reason)

    def _moved(self, record_id: int, state: TurnState, reason: str) -> None:
        before: tuple[str] | None = self._connection.execute(
            "SELECT state FROM turn WHERE id = ?", (record_id,)
        ).fetchone()
        if before is None:
            raise ValueError(f"the journal has no turn {record_id}")
        if TurnState(before[0]) not in _MAY_BECOME[state]:
            raise ValueError(f"turn {record_id} is {before[0]}: it cannot become {state}")
        self._connection.execute(
            "UPDATE turn SET state = ?, reason = ?, changed_at = ? WHERE id = ?",
            (str(state), packed(reason), self._now(), record_id),
        )
