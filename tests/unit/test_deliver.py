"""Putting a reply into a note that others save at the same moment."""

from dataclasses import replace

import pytest
from memory_journal import MemoryJournal
from memory_store import MemoryNoteStore

import notelog
from notelog.app.deliver import Delivery, deliver
from notelog.app.reading import Reading
from notelog.core.edit import EditPlan
from notelog.core.note_style import ReplyStyle
from notelog.core.records import Intent, TurnState, turn_key
from notelog.core.reply import Reply, ReplyState
from notelog.errors import ConflictError
from notelog.ports.notes import Snapshot

HR = '<hr class="__chatgpt_plugin">'
NOTE = f"Q1\n\n{HR}\n\nrole::user\n\nQ2\n".encode()
PATH = "note.md"


class BusyNoteStore(MemoryNoteStore):
    """A person saves the note, with the reply in it, between writing and reading back."""

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan, and finds the note changed again."""
        written = super().write(snapshot, plan)
        self.put(snapshot.path, written.data + b"typed\n")
        raise ConflictError("the note changed while it was read back", path=snapshot.path)


class EmptiedNoteStore(BusyNoteStore):
    """The same in place: for an instant the note is empty."""

    empty = 0

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan, and finds the note emptied."""
        try:
            return super().write(snapshot, plan)
        finally:
            self.empty = 1

    def read(self, path: str) -> Snapshot:
        """The note, once without a byte."""
        snapshot = super().read(path)
        self.empty, now = 0, self.empty
        return replace(snapshot, data=b"") if now else snapshot


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("kind", [BusyNoteStore, EmptiedNoteStore])
@pytest.mark.parametrize("question", [0, 1])
def test_a_reply_that_is_there_is_not_put_in_again(
    question: int, kind: type[BusyNoteStore], *, inner: bool
) -> None:
    """A note saved with the reply in it, before that is read back, holds it once."""
    store, journal = kind(), MemoryJournal()
    store.put(PATH, NOTE)
    note = notelog.parse(NOTE)
    key = turn_key(note.conversation[: question + 1])
    record = journal.begin(
        Intent(
            turn_key=key, note=PATH, vault="", profile="p", model="m", prompt_tokens=1, prompt="Q"
        )
    )
    journal.sent(record.record_id)
    reply = Reply(
        state=ReplyState.COMPLETE,
        text="The reply.",
        reasoning="",
        finish_reason="stop",
        usage=None,
        model="m",
    )
    journal.received(record.record_id, reply)
    delivery = Delivery(
        snapshot=store.read(PATH),
        note=note,
        turn_index=question,
        record_id=record.record_id,
        turn_key=key,
        text=reply.text,
        style=ReplyStyle(),
        inner=inner,
    )
    deliver(Reading(store=store, read_front_matter=lambda _: None), journal, delivery)
    assert store.notes[PATH].count(b"The reply.") == 1
    last = journal.record(record.record_id)
    assert last is not None
    assert last.state is TurnState.DELIVERED
