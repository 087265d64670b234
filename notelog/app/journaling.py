"""Working on one note with its journal: what the commands on kept replies have in common."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from notelog.app.reading import Reading
from notelog.app.recover import finish_landings
from notelog.core.note import Note
from notelog.core.records import TurnRecord
from notelog.core.settings import Config
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Journaling:
    """What the commands on kept replies need of the world.

    Attributes:
        reading: where notes are.
        config: how replies are written.
        open_journal: opens the journal of the vault that holds a note.
    """

    reading: Reading
    config: Config
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNote:
    """A note that is kept to this process.

    Attributes:
        snapshot: the note as it is now.
        note: the same, parsed.
        journal: of its vault.
        finished: replies that a crash had left in the note, seen or completed just now.
    """

    snapshot: Snapshot
    note: Note
    journal: Journal
    finished: tuple[TurnRecord, ...] = ()

    @property
    def turns(self) -> tuple[TurnRecord, ...]:
        """Every turn that was ever asked for the note, oldest first."""
        return self.journal.turns(self.snapshot.real_path)


@contextmanager
def open_note(tools: Journaling, path: str) -> Generator[OpenNote]:
    """Keeps a note to this process, and finishes what a crash left half done in it.

    Raises:
        NoteError: the note cannot be read, or written where something is to be finished.
        ConflictError: another process works on this note.
        JournalError: the journal cannot be used.
    """
    snapshot = tools.reading.store.read(path)
    with tools.open_journal(snapshot) as journal, journal.working_on(snapshot.real_path):
        waiting = journal.undelivered(snapshot.real_path)
        snapshot, note = finish_landings(tools.reading, journal, snapshot)
        left = {record.record_id for record in journal.undelivered(snapshot.real_path)}
        yield OpenNote(
            snapshot=snapshot,
            note=note,
            journal=journal,
            finished=tuple(item for item in waiting if item.record_id not in left),
        )
