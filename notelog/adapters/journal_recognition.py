"""Knowing a note again under another name, and a vault at another place."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.journal_rows import named_path, stored_path
from notelog.core.end_marks import DEFAULT_END_MARKS

if TYPE_CHECKING:
    from sqlite3 import Connection

_SAMPLE = """
    SELECT note, prompt FROM turn WHERE prompt <> x'' AND purpose = 'reply'
    ORDER BY id DESC LIMIT 50"""
_ATTEMPTS = """
    SELECT id, note,
        iif(purpose = 'reply' AND state IN ('intent', 'sent', 'received', 'in-doubt'), prompt, x'')
    FROM turn WHERE turn_key = ? ORDER BY id DESC"""
_MOVED = "UPDATE turn SET note = ? WHERE note = ? AND turn_key = ?"
BUSY_TIMEOUT_S = 30.0
"""How long one command waits for another that writes to the same journal."""

_KEYS_AT_ONCE = 500
_READ_BYTES = 8 * 1024 * 1024


RefuseInWork = Callable[[str, str], None]
"""Raises where another process works on a note under its older name; given that and the new one."""


def latest_id(
    connection: "Connection", turn_key: str, note: str, root: str, refuse: RefuseInWork
) -> int | None:
    """Finds the last attempt at a turn by its note's name, else by another name of that note.

    A note that was renamed keeps its turns, and so does one that has two names: a hard link, or a
    symlink that was left at the old place. Where a name is found to be another one of this note,
    all turns under it are known under the new one from then on. Where another note bears the old
    name by now, each turn that has not come to its end is whose question it is.

    Raises:
        ConflictError: another process works on the note under its older name.
    """
    rows: list[tuple[int, bytes, bytes]] = connection.execute(_ATTEMPTS, (turn_key,)).fetchall()
    stored = stored_path(note, root)
    for record_id, where, _ in rows:
        if where == stored:
            return record_id
    for record_id, where, prompt in rows:
        other = named_path(where, root)
        if is_same_note(other, note):
            if not Path(other).exists() or Path(other).is_symlink():
                refuse(other, note)  # of two living names the lock is one
            # one statement is a transaction of its own
            connection.execute("UPDATE turn SET note = ? WHERE note = ?", (stored, where))
            return record_id
        if is_left(other, prompt):
            refuse(other, note)
            connection.execute(_MOVED, (stored, where, turn_key))
            return record_id
    return None


def recognise(
    connection: "Connection",
    keys: Sequence[str],
    note: str,
    root: str,
    refuse: RefuseInWork,
) -> None:
    """Finds all that is known of a note, also what was asked under an older name of it.

    Args:
        connection: to the journal.
        keys: those of all that is a question in the note.
        note: the note's real path.
        root: the vault's.
        refuse: see ``RefuseInWork``.
    """
    stored = stored_path(note, root)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        marks = ", ".join("?" * len(some))
        question = f"SELECT turn_key FROM turn WHERE turn_key IN ({marks}) AND note <> ?"  # noqa: S608
        elsewhere: set[str] = {key for (key,) in connection.execute(question, (*some, stored))}
        for key in some:
            if key in elsewhere:
                latest_id(connection, key, note, root, refuse)


def other_end_marks(
    connection: "Connection", end_marks: Collection[str]
) -> tuple[tuple[str, ...], ...]:
    """The sets of end marks under which turns may have been named, but this one."""
    rows: list[tuple[str]] = connection.execute("SELECT marks FROM end_marks").fetchall()
    known = {_stored(DEFAULT_END_MARKS.marks), *(marks for (marks,) in rows)}
    others = sorted(known - {_stored(end_marks)})
    return tuple(tuple(marks.split("\n")) if marks else () for marks in others)


def remember_end_marks(connection: "Connection", end_marks: Collection[str]) -> None:
    """Remembers a set of end marks; the usual one is always known."""
    now = _stored(end_marks)
    if now == _stored(DEFAULT_END_MARKS.marks):
        return
    known = connection.execute("SELECT 1 FROM end_marks WHERE marks = ?", (now,)).fetchone()
    if not known:
        connection.execute("INSERT OR IGNORE INTO end_marks (marks) VALUES (?)", (now,))


def _stored(end_marks: Collection[str]) -> str:
    return "\n".join(sorted(end_marks))


def rename_turns(connection: "Connection", note: bytes, keys: Mapping[str, str]) -> None:
    """Gives the turns of a note, and what was left for them in it, new keys.

    Args:
        connection: to the journal, within a transaction.
        note: its path, as it is stored.
        keys: by the old ones: an old one may be the new one of another turn.
    """
    for table in ("turn", "callout"):
        rows: list[tuple[int, str]] = connection.execute(
            f"SELECT id, turn_key FROM {table} WHERE note = ?",  # noqa: S608  # of the two above
            (note,),
        ).fetchall()
        connection.executemany(
            f"UPDATE {table} SET turn_key = ? WHERE id = ?",  # noqa: S608
            [(keys[key], row_id) for row_id, key in rows if key in keys],
        )


def is_same_note(other: str, note: str) -> bool:
    """Whether another name is gone, or means the very same file."""
    if not os.path.lexists(other):
        return True
    try:
        return Path(other).samefile(note)
    except OSError:
        return False


def is_left(note: str, prompt: bytes) -> bool:
    """Whether a note that is there does not hold a question, unless that is not known."""
    return bool(prompt) and _holds(note, prompt) is False


def _moved_to(path: str, vault_root: str) -> bool:
    """Whether a vault whose folder is gone is the one at another place now, by its turns.

    Most of the notes that both have must hold what was asked in them.

    Args:
        path: of the journal.
        vault_root: where a vault without a journal is.
    """
    import sqlite3

    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            (root,) = connection.execute("SELECT path FROM vault").fetchone() or (b"",)
            if not root or Path(os.fsdecode(root)).exists():
                return False
            rows: list[tuple[bytes, bytes]] = connection.execute(_SAMPLE).fetchall()
    except sqlite3.Error:
        return False
    held = [
        found
        for note, prompt in rows
        if (found := _holds(named_path(note, vault_root), prompt)) is not None
    ]
    return sum(held) * 2 > len(held)


def _holds(note: str, prompt: bytes) -> bool | None:
    """Whether a note holds the longest line of a question; None where there is no such note."""
    try:
        with Path(note).open("rb") as file:
            data = file.read(_READ_BYTES)
    except OSError:
        return None
    return max(prompt.split(b"\n"), key=len) in data


def database_of(folder: str, identity: tuple[str, str]) -> str:
    """The path of the database of a vault by its device and inode, there or not."""
    from hashlib import sha256

    name = sha256(":".join(identity).encode()).hexdigest()[:32]
    return str(Path(folder, f"{name}.sqlite3"))


def databases_in(folder: str) -> list[str]:
    """The paths of all databases, by name; none where there is no folder yet.

    Raises:
        OSError: the folder cannot be read. No vault is taken for a new one because of that.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(entry.path for entry in found if entry.name.endswith(".sqlite3"))
    except FileNotFoundError:
        return []


def find_database(vault_root: str, folder: str) -> str:
    """The path of a vault's database; empty where it has none. See ``open_database``.

    Raises:
        OSError: there is no such vault, or the folder cannot be read.
    """
    status = Path(vault_root).stat()
    identity = (str(status.st_dev), str(status.st_ino))
    if Path(own := database_of(folder, identity)).exists():
        return own
    others = {path: recorded(path) for path in databases_in(folder) if Path(path).stat().st_size}
    place = os.fsencode(vault_root)
    found = (
        *(path for path, row in others.items() if row and row[:2] == identity),
        *(path for path, row in others.items() if row and row[2] == place),
    )
    moved = (path for path in others if _moved_to(path, vault_root))
    return next(iter(found), "") or next(moved, "")


def recorded(path: str) -> tuple[str, str, bytes] | None:
    """Device, inode and path of the vault that a database was last used for."""
    import sqlite3

    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            row: tuple[str, str, bytes] | None = connection.execute(
                "SELECT device, inode, path FROM vault"
            ).fetchone()
    except sqlite3.Error:
        return None
    return row
