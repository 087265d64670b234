"""Forgetting: what was said goes from the journal's files; figures stay, without a word.

Nothing is paid twice for it: the turn's key (a hash), its state, its time and what it took stay.
"""

from typing import TYPE_CHECKING

from notelog.adapters.journal_rows import load_record, stored_path
from notelog.adapters.journal_schema import transaction
from notelog.core.records import TurnRecord
from notelog.ports.shelf import Forgetting

if TYPE_CHECKING:
    from sqlite3 import Connection

# An empty prompt says that a turn is forgotten already: no question is empty.
_CHOSEN = """
    SELECT id FROM turn WHERE prompt <> x'' AND state NOT IN ('intent', 'sent')
        AND (:note IS NULL OR note = :note)
        AND (:before IS NULL OR started_at < :before)
        AND (NOT :settled OR state IN ('delivered', 'abandoned')
            OR (state = 'received' AND purpose <> 'reply')
            OR (state = 'failed' AND id NOT IN (SELECT turn_id FROM reply WHERE text <> x'')))
    ORDER BY id"""
_FORGET = (
    "DELETE FROM part WHERE turn_id = ?",
    "DELETE FROM landing WHERE turn_id = ?",
    "DELETE FROM callout WHERE turn_key = (SELECT turn_key FROM turn WHERE id = ?)",
    "UPDATE reply SET text = x'', reasoning = x'', refusal = x'', fault = x'' WHERE turn_id = ?",
    # what was in no note will never be: its turn is over
    """UPDATE turn SET state = iif(state = 'received' AND purpose = 'reply', 'abandoned', state),
        prompt = x'', reason = x'' WHERE id = ?""",
)


def forgettable(
    connection: "Connection", forgetting: Forgetting, root: str
) -> tuple[TurnRecord, ...]:
    """The turns that are chosen, oldest first."""
    return tuple(
        load_record(connection, record_id, root)
        for (record_id,) in _chosen(connection, forgetting, root)
    )


def forget(connection: "Connection", forgetting: Forgetting, root: str) -> bool:
    """Removes the text of the chosen turns, and with it every trace of it in the files.

    Returns:
        False where another process is using the journal: its old pages stay until it is done.
    """
    import sqlite3

    connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection):
        chosen = _chosen(connection, forgetting, root)
        for statement in _FORGET:
            connection.executemany(statement, chosen)
    try:
        connection.execute("VACUUM")  # a page that was freed before today may hold text too
        (blocked, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not blocked


def _chosen(connection: "Connection", forgetting: Forgetting, root: str) -> list[tuple[int]]:
    rows: list[tuple[int]] = connection.execute(_CHOSEN, _values(forgetting, root)).fetchall()
    return rows


def _values(forgetting: Forgetting, root: str) -> dict[str, bytes | float | bool | None]:
    note = forgetting.note
    return {
        "note": None if note is None else stored_path(note, root),
        "before": forgetting.before,
        "settled": forgetting.settled,
    }
