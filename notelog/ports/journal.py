"""The durable record of every turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notelog.ports.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from notelog.core.caps import Spent
    from notelog.core.edit import Landed
    from notelog.core.records import Intent, TurnRecord
    from notelog.core.reply import Reply, ReplyDelta


class Journal(Wishes, Protocol):
    """The durable record of every turn. Each call is on disk when it returns."""

    def working_on(self, note: str) -> AbstractContextManager[None]:
        """Keeps a note to this process while a turn is in work; ends with the process, too.

        Raises:
            ConflictError: another process works on this note.
        """
        ...

    def latest(self, turn_key: str, note: str) -> TurnRecord | None:
        """The last attempt at a turn in this note.

        Raises:
            ConflictError: another process works on this note, under the name it had before.
        """
        ...

    def recognise(self, note: str, keys: Sequence[str]) -> None:
        """Finds all that is known of a note, also what was asked under an older name of it.

        Args:
            note: its real path now.
            keys: those of all that is a question in it.
        """
        ...

    def named_under(self, end_marks: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Records that turns are named under these end marks.

        Returns:
            The other sets of end marks under which turns of this vault may have been named, the
            usual one among them.
        """
        ...

    def rename_turns(self, note: str, keys: Mapping[str, str]) -> None:
        """Gives turns of a note new keys.

        Args:
            note: its real path.
            keys: by the old ones.
        """
        ...

    def turns(self, note: str) -> tuple[TurnRecord, ...]:
        """Every turn that was ever asked for a note, derived ones too, oldest first."""
        ...

    def undelivered(self, note: str) -> tuple[TurnRecord, ...]:
        """The replies for a note that are in the spool and were not seen in it, oldest first.

        Of a reply whose end never came, the part that did come is one as soon as it was about to
        be written into the note.
        """
        ...

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        """Records that a turn is about to be asked.

        Args:
            intent: the turn.
            allowed: is given what the profile took so far, in all vaults of this user, and
                raises where the turn must not be asked: nothing is recorded then. No other
                process begins a turn under caps between its answer and the record.
        """
        ...

    def spent(self, profile: str, note: str) -> Spent:
        """What a profile took in the last 30 days, in all vaults of this user."""
        ...

    def sent(self, record_id: int, meanwhile: Callable[[], None] = ...) -> None:
        """Records that the request is about to leave; see ``AskingJournal``."""
        ...

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """Adds a part of the reply to the spool."""
        ...

    def received(self, record_id: int, reply: Reply) -> None:
        """Records the end of the reply: it is whole in the spool, or as whole as it will be."""
        ...

    def landing(self, record_id: int, landed: Landed) -> None:
        """Records what is about to be written into the note, and where."""
        ...

    def delivered(self, record_id: int) -> None:
        """Records that the note on disk was seen to hold the reply."""
        ...

    def failed(self, record_id: int, reason: str, *, refused: str = "") -> None:
        """Records that the turn ended without a reply, unbilled."""
        ...

    def in_doubt(self, record_id: int, reason: str) -> None:
        """Records that a request left and no answer was seen."""
        ...

    def abandoned(self, record_id: int, reason: str) -> None:
        """Records that the person took the turn back."""
        ...
