"""What every Journal does: the one in memory and the real one."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from memory_journal import MemoryDisk, MemoryJournal

from notelog.adapters.journal_sqlite import open_journal
from notelog.core.caps import Charge, Spent
from notelog.core.derived import Purpose
from notelog.core.edit import Insertion, Landed
from notelog.core.models import Cost, Price
from notelog.core.records import Intent, TurnState
from notelog.core.reply import Reply, ReplyDelta, ReplyState, Usage
from notelog.errors import BudgetError, ConflictError
from notelog.ports.journal import Journal


class ClosableJournal(Journal, Protocol):
    """A journal as the wiring has it."""

    def close(self) -> None:
        """Ends its process, in effect."""
        ...


OpenJournal = Callable[[], ClosableJournal]


@pytest.fixture
def note(tmp_path: Path) -> str:
    """A note's path, with Chinese in it."""
    vault = tmp_path / "vault"
    vault.mkdir()
    path = vault / "聊天.md"
    path.write_bytes(b"question\n")
    return str(path)


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, note: str) -> Generator[OpenJournal]:
    """Opens the same journal again and again, as one process after another does."""
    disk = MemoryDisk()
    with ExitStack() as stack:

        def open_one() -> ClosableJournal:
            journal: ClosableJournal = (
                MemoryJournal(disk)
                if request.param == "memory"
                else open_journal(str(Path(note).parent), str(tmp_path / "state"))
            )
            stack.callback(journal.close)
            return journal

        yield open_one


PRICE = Price(prompt=2.0, completion=10.0, cached_prompt=1.0, currency="€", as_of="")


def intent(
    note: str,
    key: str = "k1",
    *,
    price: Price | None = None,
    purpose: Purpose = Purpose.REPLY,
) -> Intent:
    """An intent to ask."""
    return Intent(
        turn_key=key,
        note=note,
        vault="",
        profile="openai",
        model="gpt-4o",
        prompt_tokens=12,
        prompt="问题\udcff",
        reply_tokens=88,
        price=price,
        purpose=purpose,
    )


def reply(text: str = "answer", state: ReplyState = ReplyState.COMPLETE) -> Reply:
    """A reply."""
    return Reply(
        text=text,
        reasoning="because",
        state=state,
        finish_reason="stop",
        usage=Usage(prompt_tokens=1, completion_tokens=2, cached_tokens=3, reasoning_tokens=4),
        model="gpt-4o-2024",
        refusal="no",
        fault="odd",
    )


class TestJournal:
    """The contract of ports.Journal."""

    def test_unknown_turn(self, opened: OpenJournal, note: str) -> None:
        """A turn that was never asked has no record."""
        assert opened().latest("k1", note) is None

    def test_life_of_a_turn(self, opened: OpenJournal, note: str) -> None:
        """A turn goes from intent to delivered, and each step is seen by the next process."""
        journal = opened()
        record = journal.begin(intent(note))
        assert (record.state, record.attempt) == (TurnState.INTENT, 1)
        assert (record.intent.model, record.intent.prompt) == ("gpt-4o", "问题\udcff")
        journal.sent(record.record_id)
        journal.part(record.record_id, ReplyDelta(text="ans"))
        journal.received(record.record_id, reply())
        landings = (
            Landed(reply=(Insertion(offset=9, data=b"\n\nanswer\xff"),)),
            Landed(
                reply=(Insertion(offset=3, data=b"```\n"), Insertion(offset=9, data=b"answer\xff")),
                invitation=(Insertion(offset=9, data=b"next"), Insertion(offset=20, data=b"box")),
            ),
        )
        for landed in landings:
            journal.landing(record.record_id, landed)
        journal.close()
        later = opened()
        seen = later.latest("k1", note)
        assert seen is not None
        assert (seen.state, seen.reply, seen.landings) == (TurnState.RECEIVED, reply(), landings)
        assert seen.insertion == Insertion(offset=9, data=b"answer\xff")
        assert [item.record_id for item in later.undelivered(note)] == [record.record_id]
        later.delivered(record.record_id)
        assert later.undelivered(note) == ()
        done = later.latest("k1", note)
        assert done is not None
        assert done.state is TurnState.DELIVERED

    def test_parts_are_kept_in_order(self, opened: OpenJournal, note: str) -> None:
        """Parts of a reply whose end was not seen read back as a cut reply."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        for word in ("one ", "two ", "thr\ud800ee"):
            journal.part(record.record_id, ReplyDelta(text=word, reasoning="r"))
        journal.close()
        seen = opened().latest("k1", note)
        assert seen is not None
        assert seen.state is TurnState.IN_DOUBT
        assert seen.reason
        assert seen.reply is not None
        assert seen.reply.text == "one two thr\ud800ee"
        assert (seen.reply.reasoning, seen.reply.state) == ("rrr", ReplyState.CUT)

    def test_end_replaces_the_parts(self, opened: OpenJournal, note: str) -> None:
        """Once the end is there, the reply is what the end says."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        journal.part(record.record_id, ReplyDelta(text="<think>x</think>y"))
        journal.received(record.record_id, reply("y"))
        seen = journal.latest("k1", note)
        assert seen is not None
        assert seen.reply == reply("y")

    def test_dead_before_sending(self, opened: OpenJournal, note: str) -> None:
        """An intent of a process that died is failed: nothing had left."""
        journal = opened()
        journal.begin(intent(note))
        journal.close()
        seen = opened().latest("k1", note)
        assert seen is not None
        assert (seen.state, seen.reply) == (TurnState.FAILED, None)

    def test_living_process_is_not_in_doubt(self, opened: OpenJournal, note: str) -> None:
        """While the process that asked is alive, its turn is sent, and nobody else may ask."""
        first, second = opened(), opened()
        with first.working_on(note):
            record = first.begin(intent(note))
            first.sent(record.record_id)
            own, seen = first.latest("k1", note), second.latest("k1", note)
            assert own is not None
            assert seen is not None
            assert own.state is seen.state is TurnState.SENT
            with pytest.raises(ConflictError, match="working on this note"):
                second.begin(intent(note))
            with pytest.raises(ConflictError), second.working_on(note):
                pass

    def test_note_is_free_afterwards(self, opened: OpenJournal, note: str) -> None:
        """After the work another process may work on the note."""
        first, second = opened(), opened()
        with first.working_on(note), first.working_on(note):
            pass
        with second.working_on(note):
            assert second.begin(intent(note)).attempt == 1

    def test_attempts_are_counted(self, opened: OpenJournal, note: str) -> None:
        """Asking a turn anew is another attempt, and the last one is the one that counts."""
        journal = opened()
        first = journal.begin(intent(note))
        journal.failed(first.record_id, "refused")
        second = journal.begin(intent(note))
        assert (second.attempt, second.record_id > first.record_id) == (2, True)
        assert journal.begin(intent(note, "k2")).attempt == 1
        seen = journal.latest("k1", note)
        assert seen is not None
        assert seen.record_id == second.record_id

    def test_what_was_refused_is_known_until_it_is_taken_back(
        self, opened: OpenJournal, note: str
    ) -> None:
        """What was refused outlives the process, and is nothing any more once nobody asks it."""
        journal = opened()
        journal.failed(journal.begin(intent(note)).record_id, "no", refused="salt:mark")
        journal = opened()
        seen = journal.latest("k1", note)
        assert seen is not None
        assert (seen.reason, seen.refused) == ("no", "salt:mark")
        journal.forget_refusals(note)
        seen = opened().latest("k1", note)
        assert seen is not None
        assert (seen.reason, seen.refused) == ("no", "")

    def test_copy_is_another_turn(self, opened: OpenJournal, note: str) -> None:
        """The same conversation in another living note is another turn."""
        journal = opened()
        journal.begin(intent(note))
        assert journal.was_asked("k1")
        assert not journal.was_asked("k2")
        copy = Path(note).with_name("copy.md")
        Path(note).write_bytes(intent(note).prompt.encode(errors="surrogatepass"))
        copy.write_bytes(Path(note).read_bytes())
        assert journal.latest("k1", str(copy)) is None
        assert journal.begin(intent(str(copy))).attempt == 1

    @pytest.mark.parametrize("end", ["failed", "in_doubt", "abandoned"])
    def test_side_exits_keep_their_reason(self, opened: OpenJournal, note: str, end: str) -> None:
        """Each side exit is seen with its reason."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        exits = {
            "failed": (journal.failed, TurnState.FAILED),
            "in_doubt": (journal.in_doubt, TurnState.IN_DOUBT),
            "abandoned": (journal.abandoned, TurnState.ABANDONED),
        }
        leave, state = exits[end]
        leave(record.record_id, "因为")
        seen = journal.latest("k1", note)
        assert seen is not None
        assert (seen.state, seen.reason) == (state, "因为")

    def test_late_reply_is_taken_in(self, opened: OpenJournal, note: str) -> None:
        """A reply that was paid for is kept, whatever was believed of its turn before."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        journal.in_doubt(record.record_id, "no answer")
        journal.received(record.record_id, reply())
        assert [item.reply for item in journal.undelivered(note)] == [reply()]

    def test_a_turn_taken_back_may_be_what_it_was(self, opened: OpenJournal, note: str) -> None:
        """Where its reply stays in the note all the same, it is in doubt or delivered again."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        journal.abandoned(record.record_id, "taken back")
        journal.in_doubt(record.record_id, "no answer")
        seen = journal.latest("k1", note)
        assert seen is not None
        assert seen.state is TurnState.IN_DOUBT
        journal.abandoned(record.record_id, "taken back")
        journal.delivered(record.record_id)
        assert journal.undelivered(note) == ()

    def test_impossible_steps(self, opened: OpenJournal, note: str) -> None:
        """A turn is not sent twice, and nothing is delivered that was not received."""
        journal = opened()
        record = journal.begin(intent(note))
        journal.sent(record.record_id)
        with pytest.raises(ValueError, match="sent"):
            journal.sent(record.record_id)
        with pytest.raises(ValueError, match=r"received|delivered"):
            journal.delivered(record.record_id)

    def test_price_of_the_day_is_kept(self, opened: OpenJournal, note: str) -> None:
        """A turn keeps what its model cost when it was asked."""
        journal = opened()
        journal.begin(intent(note, price=PRICE))
        journal.begin(intent(note, "k2"))
        for key, price in (("k1", PRICE), ("k2", None)):
            seen = journal.latest(key, note)
            assert seen is not None
            assert (seen.intent.price, seen.intent.reply_tokens) == (price, 88)

    def test_what_is_planned_counts_until_it_is_known(self, opened: OpenJournal, note: str) -> None:
        """From the intent on a turn counts with the most it can take, then with what it took."""
        journal = opened()
        record = journal.begin(intent(note, price=PRICE))
        (charge,) = journal.spent("openai", note).charges
        assert (charge.tokens, charge.of_note, charge.in_doubt) == (100, True, False)
        assert charge.cost == Cost(amount=(12 * 2.0 + 88 * 10.0) / 1e6, currency="€")
        journal.sent(record.record_id)
        journal.received(record.record_id, reply())
        (charge,) = journal.spent("openai", note).charges
        assert charge.tokens == 3
        assert charge.cost == Cost(amount=(1 * 1.0 + 2 * 10.0) / 1e6, currency="€")
        assert journal.spent("openai", f"{note}x").charges[0].of_note is False
        assert journal.spent("other", note) == Spent()

    def test_doubt_counts_and_refusal_does_not(self, opened: OpenJournal, note: str) -> None:
        """In doubt is spent as planned; refused is not spent; a reply without words is spent."""
        journal = opened()
        doubtful, refused, empty = (journal.begin(intent(note, key)) for key in "abc")
        for record in (doubtful, refused, empty):
            journal.sent(record.record_id)
        journal.in_doubt(doubtful.record_id, "no answer")
        journal.failed(refused.record_id, "401")
        journal.received(empty.record_id, reply("", ReplyState.EMPTY))
        journal.failed(empty.record_id, "empty")
        charges = journal.spent("openai", note).charges
        assert [(item.tokens, item.in_doubt) for item in charges] == [(100, True), (3, False)]
        journal.abandoned(doubtful.record_id, "given up")
        assert [item.tokens for item in journal.spent("openai", note).charges] == [100, 3]

    def test_a_derived_answer_is_kept_and_never_delivered(
        self, opened: OpenJournal, note: str
    ) -> None:
        """What was asked on the way to a reply is found again, counts, and waits for no note."""
        journal = opened()
        record = journal.begin(intent(note, purpose=Purpose.PART))
        journal.sent(record.record_id)
        journal.received(record.record_id, reply())
        journal.close()
        later = opened()
        seen = later.latest("k1", note)
        assert seen is not None
        assert (seen.intent.purpose, seen.state) == (Purpose.PART, TurnState.RECEIVED)
        assert seen.reply == reply()
        assert later.undelivered(note) == ()
        assert len(later.spent("openai", note).charges) == 1

    def test_a_derived_request_is_in_doubt_as_any_other(
        self, opened: OpenJournal, note: str
    ) -> None:
        """A process that died while it waited leaves doubt, whatever it had asked for."""
        journal = opened()
        records = [
            journal.begin(intent(note, key, purpose=Purpose.PART)) for key in ("k1", "k2", "k3")
        ]
        for record in records[:2]:
            journal.sent(record.record_id)
        journal.close()
        later = opened()
        seen = [later.latest(key, note) for key in ("k1", "k2", "k3")]
        states = [item.state for item in seen if item is not None]
        assert states == [TurnState.IN_DOUBT, TurnState.IN_DOUBT, TurnState.FAILED]

    def test_what_is_not_allowed_leaves_no_record(self, opened: OpenJournal, note: str) -> None:
        """The caller sees what was spent before its turn, and its refusal records nothing."""
        journal, seen = opened(), list[tuple[Charge, ...]]()

        def allowed(spent: Spent) -> None:
            seen.append(spent.charges)
            if spent.charges:
                raise BudgetError("enough")

        first = journal.begin(intent(note), allowed)
        with pytest.raises(BudgetError):
            journal.begin(intent(note), allowed)
        assert [len(charges) for charges in seen] == [0, 1]
        last = journal.latest("k1", note)
        assert last is not None
        assert last.record_id == first.record_id

    def test_a_stop_reaches_whoever_works_on_the_note(self, opened: OpenJournal, note: str) -> None:
        """It is seen by the process that works there now, and by none that comes later."""
        worker, other = opened(), opened()
        assert not other.wish_stop(note)
        with worker.working_on(note):
            assert not worker.stop_wished(note)
            assert (other.in_work(note), worker.in_work(note)) == (True, False)
            assert other.wish_stop(note)
            assert worker.stop_wished(note)
            with worker.working_on(note):
                assert worker.stop_wished(note)
        assert not other.in_work(note)
        with other.working_on(note):
            assert not other.stop_wished(note)

    def test_a_box_that_was_answered_to_asks_no_more(self, opened: OpenJournal, note: str) -> None:
        """A further one does, and the same one after it was seen unticked."""
        journal = opened()
        assert journal.new_ticks(note, 1)
        journal.sent(journal.begin(replace(intent(note), ticks=1)).record_id)
        assert not journal.new_ticks(note, 1)
        assert journal.new_ticks(note, 2)
        assert not journal.new_ticks(note, 0)
        assert journal.new_ticks(note, 1)

    def test_a_box_asks_until_a_request_was_billed(self, opened: OpenJournal, note: str) -> None:
        """One that failed without a reply, or for another purpose, answered to nothing."""
        journal = opened()
        failed = journal.begin(replace(intent(note), ticks=1)).record_id
        assert journal.new_ticks(note, 1)
        journal.failed(failed, "unreachable")
        assert journal.new_ticks(note, 1)
        part = journal.begin(replace(intent(note, purpose=Purpose.PART), ticks=1))
        journal.sent(part.record_id)
        assert journal.new_ticks(note, 1)

    def test_a_refused_request_is_of_the_boxes_that_are_still_ticked(
        self, opened: OpenJournal, note: str
    ) -> None:
        """Once a box is seen unticked, the refusal counts it no more; other notes keep theirs."""
        journal = opened()
        records = [
            journal.begin(replace(intent(where), ticks=2)).record_id
            for where in (note, f"{note} other")
        ]
        for record_id in records:
            journal.failed(record_id, "no", refused="salt:mark")
        assert journal.new_ticks(note, 3)
        assert journal.new_ticks(note, 1)
        held = [journal.record(record_id) for record_id in records]
        assert [record.intent.ticks for record in held if record is not None] == [1, 2]

    def test_attempts_in_order(self, opened: OpenJournal, note: str) -> None:
        """All attempts at a turn are found, with what each went on from, and each by its number."""
        journal = opened()
        first = journal.begin(intent(note))
        journal.begin(intent(note, "other"))
        second = journal.begin(replace(intent(note), continues=first.record_id))
        assert journal.attempts("k1", note) == (first, second)
        assert second.intent.continues == first.record_id
        assert journal.record(second.record_id) == second
        assert journal.record(99) is None

    def test_callouts_are_kept_by_their_question(self, opened: OpenJournal, note: str) -> None:
        """The bytes that were put into the note, in order."""
        journal = opened()
        for key, inserted in (("k1", b"> a\n"), ("k2", b"> b\n"), ("k1", b"> c\xff\n")):
            journal.leave_callout(key, note, inserted)
        for_question = opened().callouts("k1", f"{note}.other")
        assert [item.inserted for item in for_question] == [b"> a\n", b"> c\xff\n"]
        assert opened().callouts("k3", f"{note}.other") == ()
        assert len(opened().callouts("k3", note)) == 3

    def test_a_callout_grows(self, opened: OpenJournal, note: str) -> None:
        """The newest bytes count, and where the first of them were appended."""
        journal = opened()
        number = journal.leave_callout("k1", note, b"> a\n", offset=17)
        journal.leave_callout("k1", note, b"> z\n")
        journal.grow_callout(number, b"> a\n> b\n")
        found = opened().callouts("k1", note)
        assert [(item.inserted, item.offset) for item in found] == [
            (b"> a\n> b\n", 17),
            (b"> z\n", -1),
        ]

    def test_turns_get_the_keys_that_other_end_marks_give_them(
        self, opened: OpenJournal, note: str
    ) -> None:
        """A turn is found by its new key alone, also where two change places; others stay."""
        journal = opened()
        first, second, third = (journal.begin(intent(note, key)) for key in ("k1", "k2", "k3"))
        number = journal.leave_callout("k1", note, b"> [!notelog] x\n")
        journal.close()
        later = opened()
        later.rename_turns(note, {"k1": "k2", "k2": "k1"})
        found = [later.latest(key, note) for key in ("k1", "k2", "k3")]
        assert [record and record.record_id for record in found] == [
            second.record_id,
            first.record_id,
            third.record_id,
        ]
        assert [left.callout_id for left in later.callouts("k2", "")] == [number]
        assert not later.callouts("k1", "")

    def test_the_end_marks_are_remembered(self, opened: OpenJournal) -> None:
        """Every set under which turns were named is told but the one that counts now."""
        usual, own = (";;", "；；"), ("//", "done")
        journal = opened()
        assert journal.named_under(usual) == ()
        assert journal.named_under(own) == (usual,)
        assert journal.named_under(("done", "//")) == (usual,)
        journal.close()
        later = opened()
        assert set(later.named_under(())) == {usual, own}
        assert set(later.named_under(usual)) == {own, ()}
