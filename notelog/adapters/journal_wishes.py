"""The journal's part for wishes: stopping, ticked boxes, and the callouts left in notes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from notelog.adapters.journal_recognition import is_left, is_same_note
from notelog.adapters.journal_rows import load_record, named_path, stored_path
from notelog.adapters.journal_schema import journal_errors, transaction
from notelog.adapters.note_locks import NoteLocks
from notelog.core.records import LeftCallout, TurnRecord

if TYPE_CHECKING:
    from sqlite3 import Connection

# A request that failed unbilled answered to no box: the box still asks.
_LAST_ANSWERED = """
    SELECT turn.id, ticks FROM turn LEFT JOIN reply ON reply.turn_id = turn.id
    WHERE note = ? AND purpose = 'reply' AND turn.state <> 'intent'
        AND (turn.state <> 'failed' OR reply.turn_id IS NOT NULL)
    ORDER BY turn.id DESC LIMIT 1"""

# A box that is not ticked any more, and then ticked anew, asks anew: also what was refused.
_MORE_TICKS = """
    SELECT id FROM turn WHERE note = ? AND ticks > ? AND (id = ? OR refused <> '')"""


_IN_WORK = """
    SELECT note, iif(purpose = 'reply', turn_key, on_way_to), iif(purpose = 'reply', prompt, x'')
    FROM turn
    WHERE state IN ('intent', 'sent') ORDER BY id"""


class JournalWishes:
    """Implements ``ports.Wishes``, as a part of one vault's journal."""

    _connection: "Connection"
    _path: str
    _root: str
    _locks: NoteLocks
    _now: Callable[[], float]

    def in_work(self, note: str) -> bool:
        """Whether another process works on a note."""
        return self._locks.in_other_hands(note)

    def name_in_work(self, note: str, keys: Callable[[], Iterable[str]]) -> str:
        """The name under which another process works on a note; empty where none does."""
        if self.in_work(note):
            return note
        with journal_errors(self._path):
            rows: list[tuple[bytes, str, bytes]] = self._connection.execute(_IN_WORK).fetchall()
        names = {named_path(where, self._root): (key, prompt) for where, key, prompt in rows}
        older = {
            name: key
            for name, (key, prompt) in names.items()
            if (is_same_note(name, note) or is_left(name, prompt)) and self.in_work(name)
        }
        asked = frozenset(keys() if older else ())
        return next((name for name, key in older.items() if key in asked), "")

    def wish_stop(self, note: str) -> bool:
        """Wishes that the process that works on a note stops; False where none does."""
        if not self.in_work(note):
            return False
        with journal_errors(self._path), transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO stop_wish (note, asked_at) VALUES (?, ?)",
                (stored_path(note, self._root), self._now()),
            )
        return True

    def stop_wished(self, note: str) -> bool:
        """Whether that was wished since this process began to work on the note."""
        with journal_errors(self._path):
            found = self._connection.execute(
                "SELECT 1 FROM stop_wish WHERE note = ?", (stored_path(note, self._root),)
            ).fetchone()
        return found is not None

    def _forget_stop(self, note: str) -> None:
        """Forgets a wish that came too late for whoever worked on a note before."""
        if self.stop_wished(note):
            with journal_errors(self._path), transaction(self._connection):
                self._connection.execute(
                    "DELETE FROM stop_wish WHERE note = ?", (stored_path(note, self._root),)
                )

    def new_ticks(self, note: str, ticked: int) -> bool:
        """Whether more boxes are ticked in a note than its last request answered to."""
        with journal_errors(self._path):
            row: tuple[int, int] | None = self._connection.execute(
                _LAST_ANSWERED, (stored_path(note, self._root),)
            ).fetchone()
            lower: list[tuple[int]] = self._connection.execute(
                _MORE_TICKS, (stored_path(note, self._root), ticked, 0 if row is None else row[0])
            ).fetchall()
        if lower:
            with journal_errors(self._path), transaction(self._connection):
                self._connection.executemany(
                    "UPDATE turn SET ticks = ? WHERE id = ?", [(ticked, key) for (key,) in lower]
                )
        return ticked > (0 if row is None else row[1])

    def forget_refusals(self, note: str) -> None:
        """Nothing is asked for in a note any more: what is asked next is asked anew."""
        stored = (stored_path(note, self._root),)
        with journal_errors(self._path):
            found = self._connection.execute(
                "SELECT 1 FROM turn WHERE note = ? AND refused <> ''", stored
            )
            if found.fetchone() is not None:
                with transaction(self._connection):
                    self._connection.execute("UPDATE turn SET refused = '' WHERE note = ?", stored)

    def record(self, record_id: int) -> TurnRecord | None:
        """A turn by its number."""
        with journal_errors(self._path):
            found = self._connection.execute("SELECT 1 FROM turn WHERE id = ?", (record_id,))
            if found.fetchone() is None:
                return None
            return load_record(self._connection, record_id, self._root)

    def attempts(self, turn_key: str, note: str) -> tuple[TurnRecord, ...]:
        """All attempts at a turn in this note, the oldest first."""
        with journal_errors(self._path):
            rows: list[tuple[int]] = self._connection.execute(
                "SELECT id FROM turn WHERE turn_key = ? AND note = ? ORDER BY id",
                (turn_key, stored_path(note, self._root)),
            ).fetchall()
            return tuple(load_record(self._connection, row[0], self._root) for row in rows)

    def was_asked(self, turn_key: str) -> bool:
        """Whether a turn was ever asked here, in whatever note."""
        with journal_errors(self._path):
            found = self._connection.execute(
                "SELECT 1 FROM turn WHERE turn_key = ? LIMIT 1", (turn_key,)
            )
            return found.fetchone() is not None

    def leave_callout(self, turn_key: str, note: str, inserted: bytes, *, offset: int = -1) -> int:
        """Records a callout that is about to be put below a question; gives its number."""
        with journal_errors(self._path), transaction(self._connection):
            cursor = self._connection.execute(
                "INSERT INTO callout (turn_key, note, inserted, planned_at, byte_offset)"
                " VALUES (?, ?, ?, ?, ?)",
                (turn_key, stored_path(note, self._root), inserted, self._now(), offset),
            )
        return cursor.lastrowid or 0

    def grow_callout(self, callout_id: int, inserted: bytes) -> None:
        """Records what a callout is about to hold that grows at its end."""
        with journal_errors(self._path), transaction(self._connection):
            self._connection.execute(
                "UPDATE callout SET inserted = ? WHERE id = ?", (inserted, callout_id)
            )

    def callouts(self, turn_key: str, note: str) -> tuple[LeftCallout, ...]:
        """The callouts that were put below a question or into a note, the oldest first."""
        with journal_errors(self._path):
            rows: list[tuple[int, bytes, int]] = self._connection.execute(
                "SELECT id, inserted, byte_offset FROM callout"
                " WHERE turn_key = ? OR note = ? ORDER BY id",
                (turn_key, stored_path(note, self._root)),
            ).fetchall()
        return tuple(
            LeftCallout(callout_id=number, inserted=inserted, offset=offset)
            for number, inserted, offset in rows
        )
