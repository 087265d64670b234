"""What the journal of another vault knows of a note that came from there.

A note is moved from vault to vault, or its folder becomes one: its turns move along, so that
nothing that was paid for is paid for again.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.journal_recognition import (
    RefuseInWork,
    other_end_marks,
    remember_end_marks,
)
from notelog.adapters.journal_rows import named_path, others_beside, read_only, stored_path
from notelog.adapters.journal_schema import open_recorded, transaction
from notelog.core.end_marks import DEFAULT_END_MARKS

if TYPE_CHECKING:
    from sqlite3 import Connection

_OF_NOTE = "turn_id IN (SELECT id FROM other.turn WHERE note = :there)"
_TURN_ID = {"turn_id": "turn_id + :above"}
_MOVED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "turn": (
        "note = :there",
        {
            "id": "id + :above",
            "note": ":here",
            "continues": "iif(continues, continues + :above, 0)",
        },
    ),
    "part": (_OF_NOTE, {"id": "NULL", **_TURN_ID}),
    "reply": (_OF_NOTE, _TURN_ID),
    "landing": (_OF_NOTE, {"id": "NULL", **_TURN_ID}),
    "callout": ("note = :there", {"id": "NULL", "note": ":here"}),
}
"""Of each table the rows of a note, and what is other in them here."""
_COPY = """
    INSERT INTO main.{table} ({columns})
    SELECT {values} FROM other.{table} WHERE {rows} ORDER BY rowid"""


def take_in(
    connection: "Connection",
    path: str,
    keys: Iterable[str],
    note: str,
    root: str,
    refuse: RefuseInWork,
) -> None:
    """Takes over the turns of a note that this journal does not know, from the one that does.

    A note whose file is still there is another one: this is a copy of it.

    Args:
        connection: to this vault's journal.
        path: its file; the journals of the other vaults lie beside it.
        keys: those of all that is a question in the note.
        note: the note's real path.
        root: this vault's.
        refuse: see ``RefuseInWork``.

    Raises:
        ConflictError: another process works on the note under its older name.
    """
    here = stored_path(note, root)
    if connection.execute("SELECT 1 FROM turn WHERE note = ?", (here,)).fetchone():
        return
    for other in others_beside(path):
        marks, known = _look_into(other, keys)
        for end_marks in marks:
            remember_end_marks(connection, end_marks)
        for there, named in known:
            if named == note or not os.path.lexists(named):
                refuse(named, note)
                is_over = named == note or os.path.lexists(_root_of(named, there))
                _move(connection, other, there, here, forget=is_over)
                return


def _look_into(
    other: Path, keys: Iterable[str]
) -> tuple[tuple[tuple[str, ...], ...], list[tuple[bytes, str]]]:
    """What another vault knows.

    Returns:
        The sets of end marks that its turns may be named under, but the usual one; and its notes
        that asked one of these questions, as stored and by path.
    """
    import sqlite3

    marks: tuple[tuple[str, ...], ...] = ()
    known: list[tuple[bytes, str]] = []
    # what cannot be read is known to nobody
    with suppress(sqlite3.Error), closing(read_only(other)) as there:
        (root,) = there.execute("SELECT path FROM vault").fetchone() or (b"",)
        for key in keys if root else ():
            rows: list[tuple[bytes]] = there.execute(
                "SELECT note FROM turn WHERE turn_key = ? ORDER BY id DESC", (key,)
            ).fetchall()
            known += ((where, named_path(where, os.fsdecode(root))) for (where,) in rows)
        marks = other_end_marks(there, DEFAULT_END_MARKS.marks)  # an older one has none: the last
    return marks, known


def _root_of(named: str, there: bytes) -> str:
    return named.removesuffix(os.fsdecode(there))


def _move(
    connection: "Connection", other: Path, there: bytes, here: bytes, *, forget: bool
) -> None:
    """Copies what is known of a note; only then it goes from the other journal.

    Args:
        connection: to this journal.
        other: the other one's file.
        there: the note as it is named there.
        here: as it is named here.
        forget: whether it goes: not where its whole vault is away, which may be a disk that
            comes back with the note.
    """
    open_recorded(str(other))[0].close()  # of the same schema from now on
    connection.execute("ATTACH DATABASE ? AS other", (str(other),))
    try:
        with transaction(connection):
            (above,) = connection.execute("SELECT coalesce(max(id), 0) FROM turn").fetchone()
            names = {"there": there, "here": here, "above": above}
            for table, (rows, changed) in _MOVED.items():
                columns = [
                    row[1] for row in connection.execute(f"PRAGMA other.table_info({table})")
                ]
                values = ", ".join(changed.get(column, column) for column in columns)
                statement = _COPY.format(
                    table=table, columns=", ".join(columns), values=values, rows=rows
                )
                connection.execute(statement, names)
        if forget:
            with transaction(connection):
                connection.execute("DELETE FROM other.callout WHERE note = ?", (there,))
                connection.execute("DELETE FROM other.turn WHERE note = ?", (there,))
    finally:
        connection.execute("DETACH DATABASE other")
