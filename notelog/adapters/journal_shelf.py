"""The journals of all vaults of this user, one after the other."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.journal_forget import forget, forgettable
from notelog.adapters.journal_recognition import (
    databases_in,
    find_database,
    is_same_note,
    other_end_marks,
    recorded,
)
from notelog.adapters.journal_rows import named_path, price_of, unpacked
from notelog.adapters.journal_schema import (
    journal_errors,
    open_database,
    open_recorded,
)
from notelog.adapters.journal_sqlite import SqliteJournal
from notelog.adapters.note_locks import NoteLocks
from notelog.core.derived import Purpose
from notelog.core.models import cost_of_usage
from notelog.core.records import TurnRecord, TurnState
from notelog.core.reply import Usage
from notelog.core.usage import TurnFigures
from notelog.errors import JournalError
from notelog.ports.shelf import Forgetting, ShelvedVault

if TYPE_CHECKING:
    from sqlite3 import Connection

# A failed turn was billed only where a reply without words had come.
_FIGURES = """
    SELECT turn.note, turn.started_at, turn.state, turn.profile, turn.model, turn.prompt_tokens,
        turn.reply_tokens, turn.price_prompt, turn.price_reply, turn.price_cached, turn.currency,
        turn.purpose, reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens,
        reply.reasoning_tokens
    FROM turn LEFT JOIN reply ON reply.turn_id = turn.id
    WHERE turn.started_at >= ? AND (turn.state <> 'failed' OR reply.turn_id IS NOT NULL)
    ORDER BY turn.id"""

_Row = tuple[
    bytes, float, str, bytes, bytes, int, int,
    float | None, float | None, float | None, bytes, str,
    int | None, int | None, int | None, int | None,
]  # fmt: skip


class JournalShelf:
    """Implements ``ports.Shelf``. It makes no folder and no journal.

    Args:
        state_dir: see ``places.state_dir``.
        now: seconds since the epoch.
    """

    def __init__(self, state_dir: str, *, now: Callable[[], float]) -> None:
        self._folder = Path(state_dir, "journal")
        self._now = now

    def knows(self, root: str) -> bool:
        """Whether a vault has a journal; where it moved, its place is known from then on.

        Raises:
            JournalError: the folder of the journals, or this one, cannot be read.
        """
        if not self._path_of(root):
            return False
        open_database(root, str(self._folder))[0].close()
        return True

    def vaults(self) -> Iterator[ShelvedVault | str]:
        """Each vault, open until the next one is asked for; or why a journal cannot be read.

        Raises:
            JournalError: the folder of the journals cannot be read.
        """
        for path in self._paths():
            yield from self._opened(path)

    def vault(self, root: str) -> Iterator[ShelvedVault | str]:
        """The vault at a path, in the same way; nothing where it has no journal.

        Raises:
            JournalError: the folder of the journals cannot be read.
        """
        if path := self._path_of(root):
            yield from self._opened(path)

    def below(self, folder: str) -> tuple[str, ...]:
        """The vaults in a folder that are there and have a journal.

        Raises:
            JournalError: the folder of the journals cannot be read.
        """
        rows = map(recorded, self._paths())
        roots = (os.fsdecode(row[2]) for row in rows if row)
        return tuple(
            root for root in roots if Path(folder) in Path(root).parents and Path(root).is_dir()
        )

    def _paths(self) -> list[str]:
        with journal_errors(str(self._folder)):
            return databases_in(str(self._folder))

    def _path_of(self, root: str) -> str:
        with journal_errors(str(self._folder)):
            return find_database(root, str(self._folder))

    def _opened(self, path: str) -> Iterator[ShelvedVault | str]:
        try:
            connection, root = open_recorded(path)
        except JournalError as error:
            yield f"{error.located()}: what is in it is not shown"
            return
        locks = NoteLocks(str(self._folder / "locks"))
        with SqliteJournal(connection, path=path, root=root, locks=locks, now=self._now) as journal:
            yield ShelvedVault(
                root=root,
                is_there=Path(root).is_dir(),
                journal=ShelvedJournal(journal, connection, path=path, root=root),
            )


class ShelvedJournal:
    """Implements ``ports.VaultJournal``.

    Args:
        journal: settles the turns of dead processes.
        connection: to its database.
        path: of the database, for messages.
        root: the vault's real path.
    """

    def __init__(
        self, journal: SqliteJournal, connection: "Connection", *, path: str, root: str
    ) -> None:
        self._journal = journal
        self._connection = connection
        self._path = path
        self._root = root

    def standing(self) -> tuple[TurnRecord, ...]:
        """The last attempt at each turn that did not come to its end, oldest first."""
        return self._journal.standing()

    def named_under(self, end_marks: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """The other sets of end marks under which turns may have been named."""
        with journal_errors(self._path):
            return other_end_marks(self._connection, end_marks)

    def past(self, note: str, keys: Collection[str]) -> tuple[TurnRecord, ...]:
        """Every turn of a note that is known here by names that are gone, or mean it as well."""
        with journal_errors(self._path):
            rows: list[tuple[bytes, str]] = self._connection.execute(
                "SELECT note, turn_key FROM turn WHERE purpose = 'reply' ORDER BY id"
            ).fetchall()
        names = {named_path(where, self._root): None for where, key in rows if key in keys}
        same = (name for name in names if is_same_note(name, note))
        return tuple(turn for name in same for turn in self._journal.turns(name))

    def figures(self, since: float) -> Iterator[TurnFigures]:
        """What was billed, or may have been, since a time in seconds since the epoch."""
        with journal_errors(self._path), closing(self._connection.cursor()) as cursor:
            row: _Row
            for row in cursor.execute(_FIGURES, (since,)):
                yield _figures(row, self._root)

    def forgettable(self, forgetting: Forgetting) -> tuple[TurnRecord, ...]:
        """The turns whose text would be forgotten, oldest first; not those in work."""
        self._journal.unfinished()  # what a dead process left is not in work
        with journal_errors(self._path):
            return forgettable(self._connection, forgetting, self._root)

    def forget(self, forgetting: Forgetting) -> bool:
        """Removes what was said in some turns, and keeps their figures."""
        with journal_errors(self._path):
            return forget(self._connection, forgetting, self._root)


def _figures(row: _Row, root: str) -> TurnFigures:
    note, at, state, profile, model, prompt_tokens, reply_tokens = row[:7]
    said, replied, cached, reasoning = row[12:]
    usage = (
        Usage(prompt_tokens=prompt_tokens, completion_tokens=reply_tokens)
        if said is None
        else Usage(
            prompt_tokens=said,
            completion_tokens=replied or 0,
            cached_tokens=cached or 0,
            reasoning_tokens=reasoning or 0,
        )
    )
    return TurnFigures(
        at=at,
        note=named_path(note, root),
        profile=unpacked(profile),
        model=unpacked(model),
        state=TurnState(state),
        purpose=Purpose(row[11]),
        usage=usage,
        counted=said is not None,
        cost=cost_of_usage(price_of(row[7:11]), usage),
    )
