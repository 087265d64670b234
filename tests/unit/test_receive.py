"""A reply is on disk before anything else happens to it, whatever ends it."""

from collections.abc import Callable

import pytest
from asking import FakeCompletions, Listener, StillClock, endpoint_for, question
from memory_journal import MemoryJournal

from notelog.app.ask import Asking
from notelog.app.receive import Receiving, receive
from notelog.app.spool import BATCH_S, Spool
from notelog.core.records import Intent, TurnState
from notelog.core.reply import Reply, ReplyDelta, ReplyState
from notelog.errors import (
    InDoubtError,
    InterruptedByUserError,
    JournalError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
    ReplyNotKeptError,
)

INTENT = Intent(
    turn_key="k", note="/v/n.md", vault="/v", profile="p", model="m", prompt_tokens=1, prompt="q"
)
END = ReplyDelta(finish_reason="stop")
WHOLE = (ReplyDelta(text="Hello."), END)


class FullDisk(MemoryJournal):
    """A journal whose disk is full from the first part on; ``relents`` at the end of the reply."""

    relents = False

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """Fails."""
        raise JournalError("the disk that holds the journal is full", hint="free some space")

    def received(self, record_id: int, reply: Reply) -> None:
        """Fails, unless the disk has room again."""
        if not self.relents:
            raise JournalError("the disk that holds the journal is full", hint="free some space")
        super().received(record_id, reply)


def received(
    journal: MemoryJournal,
    *parts: ReplyDelta | NotelogError,
    billed: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
) -> Reply:
    """Receives one scripted reply."""
    clock, listener = StillClock(), Listener()
    asking = Asking(
        completions=FakeCompletions(parts, *[parts] * 9),
        clock=clock,
        reporter=listener,
        chance=lambda: 0.0,
    )
    tools = Receiving(
        journal=journal,
        record=journal.begin(INTENT),
        asking=asking,
        cancelled=cancelled,
    )
    return receive(tools, question(), endpoint_for("http://127.0.0.1:1/v1", billed=billed))


def state_of(journal: MemoryJournal) -> TurnState:
    """How far the one turn came."""
    (record,) = journal.disk.records.values()
    return record.state


def test_a_whole_reply_is_kept() -> None:
    """The journal holds the reply with its END when receive returns."""
    journal = MemoryJournal()
    reply = received(journal, *WHOLE)
    assert (reply.text, reply.state) == ("Hello.", ReplyState.COMPLETE)
    assert state_of(journal) is TurnState.RECEIVED


@pytest.mark.parametrize(
    ("error", "billed", "state", "raised"),
    [
        (ProviderRefusedError("no", status=401), True, TurnState.FAILED, ProviderRefusedError),
        (InDoubtError("gone"), True, TurnState.IN_DOUBT, InDoubtError),
        (InDoubtError("gone"), False, TurnState.FAILED, ProviderUnavailableError),
    ],
)
def test_what_ends_without_a_word_is_recorded(
    *, error: NotelogError, billed: bool, state: TurnState, raised: type[NotelogError]
) -> None:
    """The journal tells what may have been billed from what was not."""
    journal = MemoryJournal()
    with pytest.raises(raised):
        received(journal, error, billed=billed)
    assert state_of(journal) is state


def test_a_part_of_a_reply_is_a_cut_reply() -> None:
    """Doubt after text is a reply cut short, with its cause, and it is kept."""
    journal = MemoryJournal()
    reply = received(journal, ReplyDelta(text="Hel"), InDoubtError("the connection broke"))
    assert (reply.text, reply.state) == ("Hel", ReplyState.CUT)
    assert reply.fault == "the connection broke"
    assert state_of(journal) is TurnState.RECEIVED


@pytest.mark.parametrize(("billed", "state"), [(True, "in-doubt"), (False, "failed")])
def test_stopping_before_the_first_word(*, billed: bool, state: str) -> None:
    """A request that was stopped unanswered is in doubt where it may cost money."""
    journal = MemoryJournal()
    with pytest.raises(InterruptedByUserError, match="note is as it was"):
        received(journal, billed=billed, cancelled=lambda: True)
    assert state_of(journal) == state


def test_a_full_disk_does_not_end_the_reply() -> None:
    """When the journal fails in mid-reply the rest is still received, and kept if it can be."""
    journal = FullDisk()
    journal.relents = True
    assert received(journal, *WHOLE).text == "Hello."
    assert state_of(journal) is TurnState.RECEIVED


def test_a_reply_that_cannot_be_kept_is_handed_out() -> None:
    """When the journal cannot take the reply the error carries its text, to be shown."""
    with pytest.raises(ReplyNotKeptError) as raised:
        received(FullDisk(), *WHOLE)
    assert raised.value.reply == "Hello."


def test_parts_are_kept_in_batches_even_while_none_arrives() -> None:
    """A part is on disk half a second after it came, though no other follows."""
    journal, clock = MemoryJournal(), StillClock()
    record = journal.begin(INTENT)
    journal.sent(record.record_id)
    spool = Spool(journal, record.record_id, clock)
    spool.add(ReplyDelta(text="a"))
    spool.add(ReplyDelta(text="b"))
    assert journal.disk.parts.get(record.record_id, []) == []
    clock.sleep(BATCH_S)
    spool.write_what_waited()
    spool.write_what_waited()
    assert [part.text for part in journal.disk.parts[record.record_id]] == ["ab"]
