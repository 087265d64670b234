"""The journal in SQLite: the durable record of every turn, and the spool of its reply.

Each call is one transaction with the write lock from its start; when it returns, a power cut
cannot take it back, but that of ``begin``, which is on the disk when ``sent`` is. The parts of a
reply are appended as they come; its END puts the whole reply in their place, in one transaction.
"""

import os
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from notelog.adapters.journal_charges import one_at_a_time, spent_by
from notelog.adapters.journal_newcomers import take_in
from notelog.adapters.journal_recognition import (
    latest_id,
    other_end_marks,
    recognise,
    remember_end_marks,
    rename_turns,
)
from notelog.adapters.journal_rows import (
    INSERT_TURN,
    OF_NOTE,
    STANDING,
    UNFINISHED,
    UNFINISHED_OF_NOTE,
    load_record,
    named_path,
    packed,
    price_row,
    stored_path,
)
from notelog.adapters.journal_schema import (
    durable_later,
    journal_errors,
    journal_folder,
    open_database,
    transaction,
)
from notelog.adapters.journal_steps import JournalSteps
from notelog.adapters.journal_wishes import JournalWishes
from notelog.adapters.note_locks import NoteLocks
from notelog.core.cap import LOOK_BACK_S
from notelog.core.caps import Spent
from notelog.core.derived import Purpose
from notelog.core.records import Intent, TurnRecord, TurnState
from notelog.errors import ConflictError

if TYPE_CHECKING:
    from sqlite3 import Connection

_DIED_BEFORE = "the program ended before anything was sent"
_DIED_AFTER = "the program ended while it waited for the reply"


def open_journal(
    vault_root: str, state_dir: str, *, now: Callable[[], float] | None = None
) -> "SqliteJournal":
    """Opens the journal of a vault; close it, or use it as a context.

    Args:
        vault_root: see ``places.vault_of``.
        state_dir: see ``places.state_dir``; made if it is missing.
        now: seconds since the epoch; the system's clock where it is not given.

    Raises:
        JournalError: the state folder lies inside the vault, or cannot be used.
    """
    from time import time

    root = os.path.realpath(vault_root)
    with journal_errors(state_dir):
        folder = journal_folder(root, state_dir)
    connection, path = open_database(root, folder)
    locks = NoteLocks(str(Path(folder, "locks")))
    return SqliteJournal(connection, path=path, root=root, locks=locks, now=now or time)


class SqliteJournal(JournalSteps, JournalWishes):
    """One vault's journal; implements ``ports.Journal``.

    Args:
        connection: to its database.
        path: of the database.
        root: the vault's real path.
        locks: keep a note to one process while a turn is in work.
        now: seconds since the epoch.

    Attributes:
        path: of the database.
    """

    def __init__(
        self,
        connection: "Connection",
        *,
        path: str,
        root: str,
        locks: NoteLocks,
        now: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._path = self.path = path
        self._root = root
        self._locks = locks
        self._now = now
        self._own: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives everything back; a second time is no error."""
        self.rest()
        self._connection.close()

    def rest(self) -> None:
        """Gives all notes back, and can be used again."""
        self._locks.give_back_all()
        self._own.clear()

    @contextmanager
    def working_on(self, note: str) -> Generator[None]:
        """Keeps a note to this process while a turn is in work; ends with the process, too.

        Raises:
            ConflictError: another process works on this note.
        """
        was_held = self._locks.holds(note)
        self._take(note)
        try:
            if not was_held:
                self._forget_stop(note)
            yield
        finally:
            if not was_held:
                self._locks.give_back(note)

    def latest(self, turn_key: str, note: str) -> TurnRecord | None:
        """The last attempt at a turn in this note, or in the same note under its old name.

        What a process left behind that is dead by now is settled first: nothing was sent, or it
        is in doubt.
        """
        with journal_errors(self._path):
            record_id = self._latest_id(turn_key, note)
            if record_id is None:
                return None
            self._settle(record_id, note)
            return load_record(self._connection, record_id, self._root)

    def _latest_id(self, turn_key: str, note: str) -> int | None:
        return latest_id(self._connection, turn_key, note, self._root, self._refuse_in_work)

    def recognise(self, note: str, keys: Sequence[str]) -> None:
        """Finds all that is known of a note, also what was asked under an older name of it."""
        with journal_errors(self._path):
            recognise(self._connection, keys, note, self._root, self._refuse_in_work)
            take_in(self._connection, self._path, keys, note, self._root, self._refuse_in_work)

    def named_under(self, end_marks: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Records under which end marks turns are named, and gives the other sets."""
        with journal_errors(self._path):
            remember_end_marks(self._connection, end_marks)
            return other_end_marks(self._connection, end_marks)

    def rename_turns(self, note: str, keys: Mapping[str, str]) -> None:
        """Gives turns of a note new keys."""
        with journal_errors(self._path), transaction(self._connection):
            rename_turns(self._connection, stored_path(note, self._root), keys)

    def undelivered(self, note: str) -> tuple[TurnRecord, ...]:
        """The replies for a note that are in the spool and were not seen in it, oldest first.

        Of a reply whose end never came, the part that did come is one as soon as it was about to
        be written into the note.
        """
        return tuple(
            item
            for item in self.unfinished(note)
            if item.intent.purpose is Purpose.REPLY
            and (item.state is TurnState.RECEIVED or item.insertion is not None)
        )

    def unfinished(self, note: str | None = None) -> tuple[TurnRecord, ...]:
        """All turns that are in work, in doubt or not delivered, oldest first.

        A derived answer that came is done: it is not to be delivered.

        Args:
            note: only those of this note; None asks for those of the whole vault.
        """
        found = self._records(UNFINISHED if note is None else UNFINISHED_OF_NOTE, note)
        return tuple(item for item in found if item.state is not TurnState.FAILED)

    def standing(self) -> tuple[TurnRecord, ...]:
        """The last attempt at each turn that did not come to its end, oldest first.

        What was forgotten, and derived answers that came or failed, are nobody's concern.
        """
        return self._records(STANDING)

    def turns(self, note: str) -> tuple[TurnRecord, ...]:
        """Every turn that was ever asked for a note, derived ones too, oldest first."""
        return self._records(OF_NOTE, note)

    def _records(self, question: str, note: str | None = None) -> tuple[TurnRecord, ...]:
        names = () if note is None else (stored_path(note, self._root),)
        with journal_errors(self._path):
            rows: list[tuple[int, bytes]] = self._connection.execute(question, names).fetchall()
            for record_id, where in rows:
                self._settle(record_id, named_path(where, self._root))
            return tuple(
                load_record(self._connection, record_id, self._root) for record_id, _ in rows
            )

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        """Records that a turn is about to be asked.

        The other processes see it at once; it is on the disk with ``sent``, of which it is the
        first half: before that nothing leaves.

        Args:
            intent: the turn.
            allowed: see ``ports.Journal``; what it raises leaves no record.

        Raises:
            ConflictError: another process works on this note.
        """
        self._take(intent.note)
        if allowed is None:
            return self._insert(intent)
        with one_at_a_time(str(Path(self._path).parent / "locks")):
            allowed(self.spent(intent.profile, intent.note))
            return self._insert(intent)

    def spent(self, profile: str, note: str) -> Spent:
        """What a profile took in the last 30 days, in all vaults of this user."""
        with journal_errors(self._path):
            return spent_by(
                self._connection,
                self._path,
                profile=profile,
                stored_note=stored_path(note, self._root),
                since=self._now() - LOOK_BACK_S,
            )

    def _insert(self, intent: Intent) -> TurnRecord:
        now = self._now()
        note = stored_path(intent.note, self._root)
        connection = self._connection
        with journal_errors(self._path), durable_later(connection), transaction(connection):
            (attempt,) = connection.execute(
                "SELECT coalesce(max(attempt), 0) + 1 FROM turn WHERE turn_key = ? AND note = ?",
                (intent.turn_key, note),
            ).fetchone()
            cursor = connection.execute(
                INSERT_TURN,
                (
                    intent.turn_key,
                    attempt,
                    note,
                    packed(intent.profile),
                    packed(intent.model),
                    intent.prompt_tokens,
                    packed(intent.prompt),
                    now,
                    now,
                    intent.reply_tokens,
                    *price_row(intent.price),
                    str(intent.purpose),
                    intent.ticks,
                    intent.continues,
                    intent.covers,
                    intent.on_way_to,
                ),
            )
        record_id = cursor.lastrowid or 0
        self._own.add(record_id)
        return TurnRecord(
            record_id=record_id,
            attempt=attempt,
            intent=replace(intent, vault=self._root),
            state=TurnState.INTENT,
            started_at=now,
        )

    def _refuse_in_work(self, other: str, note: str) -> None:
        if self.in_work(other):
            raise _in_other_hands(note)

    def _take(self, note: str) -> None:
        if not self._locks.take(note):
            raise _in_other_hands(note)

    def _settle(self, record_id: int, note: str) -> None:
        """Gives a turn its true state if the process that had it in work is dead."""
        if record_id in self._own or not self._is_in_work(record_id) or self.in_work(note):
            return
        with transaction(self._connection):
            for before, after, reason in (
                (TurnState.SENT, TurnState.IN_DOUBT, _DIED_AFTER),
                (TurnState.INTENT, TurnState.FAILED, _DIED_BEFORE),
            ):
                self._connection.execute(
                    "UPDATE turn SET state = ?, reason = ?, changed_at = ?"
                    " WHERE id = ? AND state = ?",
                    (str(after), packed(reason), self._now(), record_id, str(before)),
                )

    def _is_in_work(self, record_id: int) -> bool:
        question = "SELECT state IN ('intent', 'sent') FROM turn WHERE id = ?"
        row: tuple[int] = self._connection.execute(question, (record_id,)).fetchone()
        return bool(row[0])


def _in_other_hands(note: str) -> ConflictError:
    return ConflictError(
        "another notelog process is working on this note",
        hint="wait until it is done, or stop it",
        path=note,
    )
