"""Taking a reply out again: what goes, what stays, and what is left alone."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest
from configured import config
from memory_journal import MemoryJournal
from memory_store import MemoryNoteStore

import notelog
from notelog.app.journaling import Journaling
from notelog.app.reading import Reading
from notelog.app.undo import undo
from notelog.core.edit import EditPlan, Insertion, apply_plan, landed_by
from notelog.core.landing import ReplyStyle, plan_reply
from notelog.core.records import Intent, TurnRecord, TurnState, turn_key
from notelog.core.reply import ReplyBuilder
from notelog.core.turn import ReplyDue, next_turn
from notelog.core.undo import plan_undo
from notelog.errors import ConflictError
from notelog.ports.notes import Snapshot

HR = '<hr class="__chatgpt_plugin">'
SAY = f"\n\n{HR}\n\nrole::assistant\n\n"
ASK = f"\n\n{HR}\n\nrole::user\n\n"
REPLY = "First line.\n\nSecond line, 第二行."


def answered(before: str, reply: str = REPLY) -> tuple[str, TurnRecord]:
    """A note with a reply, and the record of it."""
    note = notelog.parse(before.encode())
    due = next_turn(note, named=True)
    assert isinstance(due, ReplyDue)
    plan = plan_reply(note, due.turn_index, reply, fingerprint="f", style=ReplyStyle())
    after = apply_plan(note.source.data, plan).decode()
    return after, record_of(plan, turn_key(due.conversation))


def record_of(plan: EditPlan, key: str) -> TurnRecord:
    """The journal's record of a plan that was carried out."""
    intent = Intent(
        turn_key=key, note="n", vault="v", profile="p", model="m", prompt_tokens=1, prompt="q"
    )
    return TurnRecord(
        record_id=7,
        attempt=1,
        intent=intent,
        state=TurnState.DELIVERED,
        started_at=0.0,
        landings=(landed_by(plan),),
    )


def undone(now: str, record: TurnRecord) -> str | None:
    """The note after the reply was taken out; None where it is left alone."""
    data = now.encode()
    plan = plan_undo(notelog.parse(data), record, fingerprint="f")
    return None if plan is None else apply_plan(data, plan).decode()


@pytest.mark.parametrize(
    "before",
    [
        "Q\n",
        "Q",
        "Q\r\n",
        "---\nmodel: x\n---\nQ\n\n- [x] send\n",
        f"Q{SAY}",
        f"Q{ASK}%% foot %%\n",
    ],
)
def test_the_note_is_what_it_was(before: str) -> None:
    """Nobody typed since: every byte is as it was before the reply came."""
    after, record = answered(before)
    assert undone(after, record) == before


def test_text_above_and_around_may_have_changed() -> None:
    """The reply is found by its bytes, wherever edits above have moved it."""
    after, record = answered("Q\n")
    assert undone(f"A new first line.\n{after}", record) == "A new first line.\nQ\n"


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Next?\n", f"Q{ASK}Next?\n"),
        ("\n", "Q\n\n"),
        ("- [x] send\n", f"Q{ASK}- [x] send\n"),
    ],
)
def test_what_was_typed_below_stays(typed: str, left: str) -> None:
    """Text below the reply stays a message of its own; blank lines are no text."""
    after, record = answered("Q\n")
    assert undone(after + typed, record) == left


def test_a_ticked_box_stays() -> None:
    """A box that came with the reply and was ticked since is the person's now."""
    after, record = answered("Q\n\n- [x] send\n")
    ticked = after.replace("- [ ] send", "- [x] send")
    assert undone(ticked, record) == f"Q\n\n- [x] send{ASK}\n\n- [x] send\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("First", "first"), ("Second line", "Second, line"), ("第二行", ""), ("role::assistant", "")],
)
def test_a_reply_that_was_edited_stays(old: str, new: str) -> None:
    """A reply of which anything was changed is nobody's but the person's."""
    after, record = answered("Q\n")
    assert undone(after.replace(old, new), record) is None


def test_text_written_into_the_reply_is_not_torn_apart() -> None:
    """A line added at the end of the reply makes it the person's."""
    after, record = answered("Q\n")
    assert undone(after.replace("第二行.", "第二行.\nMine."), record) is None


def test_the_copy_whose_question_is_known_goes() -> None:
    """Of two equal replies the one below its own question goes; of two copies none does."""
    after, record = answered("Q\n")
    copied = f"{after}Other question{SAY}{REPLY}{ASK}"
    left = undone(copied, record)
    assert left == f"Q{ASK}Other question{SAY}{REPLY}{ASK}"
    assert undone(copied.replace("Q\n", "Another\n", 1), record) is None


def test_an_earlier_landing_counts_too() -> None:
    """A landing that was planned anew and lost to another save hides no other."""
    after, record = answered("Q\n")
    other = answered("Q\n", "Something else.")[1]
    both = TurnRecord(
        record_id=7,
        attempt=1,
        intent=record.intent,
        state=TurnState.DELIVERED,
        started_at=0.0,
        landings=(*record.landings, *other.landings),
    )
    assert undone(after, both) == "Q\n"


class BusyStore(MemoryNoteStore):
    """Somebody saves the note whenever it is about to be written."""

    def __init__(self, saved: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._saved = saved

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Finds the note changed."""
        self.put(snapshot.path, self._saved(snapshot.data))
        raise ConflictError("the note changed meanwhile", path=snapshot.path)


@pytest.mark.parametrize("before", [TurnState.DELIVERED, TurnState.IN_DOUBT, TurnState.ABANDONED])
@pytest.mark.parametrize(
    ("saved", "stays"),
    [(lambda data: data + b"typed\n", True), (lambda _: b"Q\n", False)],
    ids=["typed", "without"],
)
def test_a_turn_whose_reply_stays_is_what_it_was(
    *, before: TurnState, saved: Callable[[bytes], bytes], stays: bool
) -> None:
    """Only a reply that is out of the note counts as taken out, whoever took it out."""
    note, record = answered("Q\n")
    elsewhere = replace(record.landings[0], reply=(Insertion(offset=0, data=b"elsewhere"),))
    store, journal = BusyStore(saved), MemoryJournal()
    store.put("n", note.encode())
    record = replace(
        record,
        state=before,
        reason="lost",
        reply=ReplyBuilder().finish(),
        landings=(*record.landings, elsewhere),
    )
    journal.disk.records[record.record_id] = record
    tools = Journaling(
        reading=Reading(store=store, read_front_matter=lambda _: None),
        config=config(),
        open_journal=lambda _: nullcontext(journal),
    )
    with pytest.raises(ConflictError):
        undo(tools, "n")
    left = journal.record(record.record_id)
    assert left is not None
    assert left.state is (before if stays else TurnState.ABANDONED)
    if before is TurnState.IN_DOUBT and stays:
        assert left.reason == "lost"
