"""What was ever asked for a note. Nothing is sent or written."""

from dataclasses import replace

from notelog.app.kept import kept_replies
from notelog.app.reading import Reading, read_note
from notelog.core.asked import questions
from notelog.core.records import TurnRecord, TurnState
from notelog.errors import NoteError
from notelog.ports.journal import Journal
from notelog.ports.shelf import Shelf


def read_log(
    reading: Reading, journal: Journal, path: str, real_path: str
) -> tuple[TurnRecord, ...]:
    """Every turn that was ever asked for a note, under this name or an older one.

    Args:
        reading: where notes are.
        journal: of the note's vault.
        path: the note, as the person named it; it may be gone.
        real_path: with every symlink resolved.
    """
    try:
        note = read_note(reading, path)[1]
    except NoteError:
        note = None  # a note that is gone has a past too
    if note is not None:
        journal.recognise(real_path, tuple(questions(note)))
    turns = journal.turns(real_path)
    kept = {item.record.record_id for item in kept_replies(turns, note)}
    return tuple(
        replace(turn, state=TurnState.RECEIVED)  # an older text was saved over its reply
        if turn.record_id in kept and turn.state is TurnState.DELIVERED
        else turn
        for turn in turns
    )


def read_past(reading: Reading, shelf: Shelf, path: str, real_path: str) -> tuple[TurnRecord, ...]:
    """The same for a note that came into a vault in which nothing was asked yet."""
    try:
        asked = questions(read_note(reading, path)[1])
    except NoteError:
        return ()
    vaults = (vault for vault in shelf.vaults() if not isinstance(vault, str))
    found = (turn for vault in vaults for turn in vault.journal.past(real_path, asked))
    return tuple(sorted(found, key=lambda turn: turn.started_at))
