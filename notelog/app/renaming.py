"""Knowing a question again when the end marks in the configuration are others than it was asked by.

A turn is named by what is said up to it, and what is a mark is not said: other marks give the same
bytes other names. What was asked, answered or is in doubt keeps being so.
"""

from collections.abc import Mapping

from notelog.app.reading import Reading, parse_snapshot
from notelog.core.asked import changed_keys
from notelog.core.end_marks import EndMarks
from notelog.core.parse import parse_note
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot
from notelog.ports.shelf import VaultJournal


def renamed_keys(
    reading: Reading, journal: Journal | VaultJournal, snapshot: Snapshot
) -> Mapping[str, str]:
    """The keys of a note's questions, by those that they had under other end marks."""
    renamed: dict[str, str] = {}
    for marks in journal.named_under(reading.end_marks.marks):
        note = parse_snapshot(reading, snapshot)
        before = parse_note(note.source, reading.read_front_matter, end_marks=EndMarks(marks))
        renamed |= changed_keys(before, note)
    return renamed


def rename_turns(reading: Reading, journal: Journal, snapshot: Snapshot) -> None:
    """Lets the journal know the turns of a note by the keys that they have now."""
    if renamed := renamed_keys(reading, journal, snapshot):
        journal.recognise(snapshot.real_path, tuple(renamed))
        journal.rename_turns(snapshot.real_path, renamed)
