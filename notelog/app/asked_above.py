"""Questions that were asked, and below whose end somebody typed on: they come first.

A send mark ends a question, and so does the part of its reply that is shown below it; what stands
there is the next message. Whether such a question was asked, the journal knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from notelog.app.reading import Reading, parse_snapshot
from notelog.core.callouts import shown_end
from notelog.core.claim import CLAIM_START
from notelog.core.landing import asked_ends, question_until
from notelog.core.records import turn_key
from notelog.core.turn import ReplyDue, next_turn
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot

_LATELY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """A question that may have been asked.

    Attributes:
        key: of its turn.
        end: where it ended, an offset in the note.
        snapshot: the note up to there; without a fingerprint, as it is none that could be written.
        marked_below: what stands below has a send mark of its own.
    """

    key: str
    end: int
    snapshot: Snapshot
    marked_below: bool


def may_stand_above(reading: Reading, snapshot: Snapshot) -> bool:
    """Whether there may be any, by the note alone.

    Raises:
        NoteEncodingError: the note is not UTF-8.
    """
    return CLAIM_START in snapshot.data or bool(asked_ends(parse_snapshot(reading, snapshot)))


def questions_above(reading: Reading, journal: Journal, snapshot: Snapshot) -> Iterator[Above]:
    """Those of a note, the last first.

    Raises:
        NoteEncodingError: the note is not UTF-8.
    """
    note = parse_snapshot(reading, snapshot)
    ends = set(asked_ends(note, lambda: _asked_lately(journal, snapshot.real_path)))
    if CLAIM_START in snapshot.data:
        shown = shown_end(note, journal.callouts("", snapshot.real_path))
        if shown and snapshot.data[shown:].strip():
            ends.add(shown)
    due = next_turn(note, named=True) if ends else None
    whole = turn_key(due.conversation) if isinstance(due, ReplyDue) else ""
    marks = [mark.span.start for turn in note.turns for mark in turn.send_marks if mark.ticked]
    for end in sorted(ends, reverse=True):
        key = question_until(note, end)
        if key and key != whole:
            yield Above(
                key=key,
                end=end,
                snapshot=replace(snapshot, data=snapshot.data[:end], fingerprint=""),
                marked_below=any(start >= end for start in marks),
            )


def _asked_lately(journal: Journal, path: str) -> list[str]:
    return [item.intent.prompt for item in journal.turns(path)[-_LATELY:]]
