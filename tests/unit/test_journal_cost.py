"""What a turn costs in the journal does not grow with all that was ever asked."""

from collections.abc import Callable
from pathlib import Path

from notelog.adapters.journal_sqlite import SqliteJournal, open_journal
from notelog.core.edit import Insertion, Landed
from notelog.core.records import Intent
from notelog.core.reply import Reply, ReplyDelta, ReplyState

FEW, MANY = 40, 800


def intent(note: str, key: str) -> Intent:
    """A question."""
    return Intent(
        turn_key=key,
        note=note,
        vault="",
        profile="p",
        model="m",
        prompt_tokens=1,
        prompt=f"question {key}",
    )


def answer(journal: SqliteJournal, note: str, key: str, count: Callable[[str], None]) -> None:
    """One turn from its intent to the end."""
    reply = Reply(
        text="words", reasoning="", state=ReplyState.COMPLETE, finish_reason="stop", usage=None,
        model="m",
    )  # fmt: skip
    with journal.working_on(note):
        count("working_on")
        record = journal.begin(intent(note, key)).record_id
        count("begin")
        journal.sent(record)
        count("sent")
        journal.part(record, ReplyDelta(text="words"))
        count("part")
        journal.received(record, reply)
        count("received")
        journal.landing(record, Landed(reply=(Insertion(offset=1, data=b"words"),)))
        count("landing")
        journal.delivered(record)
        count("delivered")


def steps_with(turns: int, folder: Path, root: Path) -> dict[str, int]:
    """The steps of SQLite's machine for each thing that is asked of a journal of so many turns."""
    steps: dict[str, int] = {}
    counted = 0
    with open_journal(str(root), str(folder)) as journal:
        journal._connection.execute("PRAGMA synchronous = OFF")
        for number in range(turns):
            answer(journal, str(root / f"{number}.md"), f"k{number}", lambda _: None)

        def tick() -> int:
            nonlocal counted
            counted += 1
            return 0

        def count(name: str) -> None:
            nonlocal counted
            steps[name], counted = counted, 0

        journal._connection.set_progress_handler(tick, 1)
        note = str(root / "new.md")
        answer(journal, note, "new", count)
        asked: dict[str, Callable[[], object]] = {
            "latest": lambda: journal.latest("new", note),
            "latest of none": lambda: journal.latest("none", note),
            "recognise": lambda: journal.recognise(note, ["new", "none"]),
            "turns": lambda: journal.turns(note),
            "undelivered": lambda: journal.undelivered(note),
            "unfinished": journal.unfinished,
            "standing": journal.standing,
            "in_work": lambda: journal.name_in_work(note, lambda: ["new"]),
            "stop_wished": lambda: journal.stop_wished(note),
            "new_ticks": lambda: journal.new_ticks(note, 1),
            "forget_refusals": lambda: journal.forget_refusals(note),
            "attempts": lambda: journal.attempts("new", note),
            "was_asked": lambda: journal.was_asked("new"),
            "leave_callout": lambda: journal.leave_callout("new", note, b"> [!notelog] Said"),
            "callouts": lambda: journal.callouts("new", note),
            "named_under": lambda: journal.named_under([";;"]),
        }
        for name, ask in asked.items():
            counted = 0
            ask()
            count(name)
    return steps


def test_a_turn_costs_the_same_in_a_journal_of_years(tmp_path: Path) -> None:
    """With twenty times the turns nothing takes even twice the steps."""
    few, many = (
        steps_with(turns, tmp_path / f"state {turns}", _made(tmp_path / f"vault {turns}"))
        for turns in (FEW, MANY)
    )
    grown = {name: (few[name], steps) for name, steps in many.items() if steps > 2 * few[name] + 40}
    assert all(few.values())
    assert not grown


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
