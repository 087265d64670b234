"""Finishing what a crash, a full disk or a pulled plug left half done. Nothing is asked for it."""

from dataclasses import replace

from notelog.app.reading import Reading, parse_snapshot
from notelog.app.renaming import rename_turns
from notelog.core.asked import questions
from notelog.core.edit import EditPlan, Insertion, apply_plan
from notelog.core.landed import landed_bytes, plan_rest
from notelog.core.messages import Role
from notelog.core.note import Note
from notelog.core.records import TurnRecord, turn_key
from notelog.core.turn import ReplyDue, next_turn
from notelog.errors import NoteEncodingError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot


def finish_landings(
    reading: Reading, journal: Journal, snapshot: Snapshot
) -> tuple[Snapshot, Note]:
    """Completes replies that were being written into a note when the program ended.

    Call it while the note is kept to this process. A reply that the note already holds is marked
    delivered; one that is there in part gets its rest; one of which nothing is there stays in the
    journal.

    Returns:
        The note as it is now, and the same parsed.

    Raises:
        NoteError: the note cannot be read or written, or is not UTF-8.
        ConflictError: another program saved the note in the same instant.
    """
    reading.store.sweep(snapshot)
    now = found = _mend_callout(reading, journal, reading.store.read(snapshot.path))
    note = _parsed(reading, found)
    journal.recognise(snapshot.real_path, () if note is None else tuple(questions(note)))
    if note is not None:
        rename_turns(reading, journal, found)
    for record in journal.undelivered(snapshot.real_path):
        now = _finish(reading, journal, now, record)
    return now, note if note is not None and now is found else parse_snapshot(reading, now)


def _mend_callout(reading: Reading, journal: Journal, snapshot: Snapshot) -> Snapshot:
    """Completes a callout of which a part was written: half its first line would be a message."""
    for left in journal.callouts("", snapshot.real_path)[-1:]:
        whole = Insertion(offset=left.offset, data=left.inserted)
        rest = plan_rest(snapshot.data, snapshot.fingerprint, whole) if left.offset >= 0 else None
        if rest is not None and b">" in snapshot.data[left.offset :]:
            return reading.store.write(snapshot, rest)
    return snapshot


def _parsed(reading: Reading, snapshot: Snapshot) -> Note | None:
    try:
        return parse_snapshot(reading, snapshot)
    except NoteEncodingError:
        return None  # it may end in the middle of a character of a reply that was cut short


def _finish(reading: Reading, journal: Journal, snapshot: Snapshot, record: TurnRecord) -> Snapshot:
    insertion = record.insertion
    if insertion is None:
        return snapshot
    rest = plan_rest(snapshot.data, snapshot.fingerprint, insertion)
    if rest is not None and _answers(reading, snapshot, rest, record.intent.turn_key):
        snapshot = reading.store.write(snapshot, rest)
    landed = landed_bytes(snapshot.data, insertion) == len(insertion.data)
    if landed and not _is_another(reading, snapshot, record, insertion):
        journal.delivered(record.record_id)
    return snapshot


def _is_another(
    reading: Reading, snapshot: Snapshot, record: TurnRecord, insertion: Insertion
) -> bool:
    """Whether what reads like a reply stands elsewhere, while its own question still waits."""
    if snapshot.data.startswith(insertion.data, insertion.offset):
        return False
    due = next_turn(parse_snapshot(reading, snapshot), named=True)
    return isinstance(due, ReplyDue) and turn_key(due.conversation) == record.intent.turn_key


def _answers(reading: Reading, snapshot: Snapshot, rest: EditPlan, key: str) -> bool:
    """Whether the completed reply stands below the very question that was asked.

    A person may have changed the note since, and by chance the note may end like the beginning
    of the reply's insertion: with a line feed.
    """
    after = parse_snapshot(reading, replace(snapshot, data=apply_plan(snapshot.data, rest)))
    said = list(after.conversation)
    while said and said[-1].role is not Role.ASSISTANT:
        said.pop()
    return bool(said) and turn_key(tuple(said[:-1])) == key
