"""What the commands on kept replies say: deliver, undo, log, forget."""

from typing import TYPE_CHECKING

from notelog.cli.styled import Column
from notelog.core.derived import Purpose
from notelog.core.models import Cost, cost_of_usage
from notelog.core.numbers import counted
from notelog.core.records import TurnState
from notelog.core.visible import shortened, visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from notelog.app.forget import Forgotten, ToForget
    from notelog.app.kept import Delivered
    from notelog.app.undo import Undone
    from notelog.core.records import TurnRecord

_STATES = {
    TurnState.INTENT: "running",
    TurnState.SENT: "running",
    TurnState.RECEIVED: "kept",
    TurnState.DELIVERED: "in the note",
    TurnState.FAILED: "failed",
    TurnState.IN_DOUBT: "in doubt",
    TurnState.ABANDONED: "taken back",
}
_QUESTION_CHARS = 60


def delivered_lines(done: "Iterable[Delivered]", note: str) -> "Iterator[str]":
    """Where kept replies are now, a line each."""
    for item in done:
        question = shortened(item.record.intent.prompt, _QUESTION_CHARS)
        if item.line is None:
            yield f"{note}: the reply to {question!r} was in the note already, and is whole"
        elif item.at_end:
            yield f"{note}:{item.line}: the reply to {question!r} is below the end of the note"
        else:
            yield f"{note}:{item.line}: the reply to {question!r} is below its question"
        if item.judgement.mark:
            yield f"  {item.judgement.mark}"


def undone_line(undone: "Undone", note: str) -> str:
    """What was taken out of a note."""
    record = undone.record
    kept = "; what you typed below it stays" if undone.typed else ""
    kept += "; the earlier reply is back" if undone.restored else ""
    return (
        f"{note}: the reply of {record.intent.model} is taken out{kept}; it is still in the "
        f"journal: notelog log --reply {record.record_id} NOTE"
    )


def log_columns() -> list[Column]:
    """The columns of the log."""
    return [
        Column(title="number", right=True),
        Column(title="asked"),
        Column(title="model", gives=True),
        Column(title="in", right=True),
        Column(title="out", right=True),
        Column(title="cost", right=True),
        Column(title="outcome"),
    ]


def log_cells(record: "TurnRecord", told: "Callable[[float], str]") -> list[str]:
    """One turn as a row of the log."""
    usage = record.reply.usage if record.reply is not None else None
    cost = cost_of_usage(record.intent.price, usage)
    return [
        str(record.record_id),
        told(record.started_at),
        record.intent.model,
        f"{usage.prompt_tokens:,}" if usage else f"({record.intent.prompt_tokens:,})",
        f"{usage.completion_tokens:,}" if usage else "",
        _cost_words(cost, priced=record.intent.price is not None),
        outcome_words(record),
    ]


def outcome_words(record: "TurnRecord") -> str:
    """How far a turn came, in two words or three."""
    words = _STATES[record.state]
    if record.intent.purpose is not Purpose.REPLY:
        return f"{record.intent.purpose}: {'done' if record.state in _DONE else words}"
    whole = record.reply is None or record.reply.state == "complete"
    return words if whole or record.state not in _DONE else f"{words}, not whole"


_DONE = frozenset({TurnState.RECEIVED, TurnState.DELIVERED})


def full_lines(record: "TurnRecord", told: "Callable[[float], str]") -> "Iterator[tuple[str, str]]":
    """A turn with its question and reply: lines with a style each."""
    heading = f"number {record.record_id}, {told(record.started_at)}, {record.intent.model}"
    yield f"{heading} at {record.intent.profile}: {outcome_words(record)}", "bold"
    if record.reason:
        yield record.reason, "yellow"
    if not record.intent.prompt:
        yield "what was said is forgotten", "dim"
        return
    yield from ((line, "cyan") for line in record.intent.prompt.split("\n"))
    yield "", ""
    if record.reply is not None:
        yield from ((line, "") for line in record.reply.text.split("\n"))
        yield "", ""


def forget_question(chosen: "ToForget") -> list[str]:
    """What a person agrees to."""
    what = f"{counted(chosen.turns, 'turn')} of {counted(chosen.notes, 'note')}"
    lines = [
        f"{what}: question and reply go from the journal; the notes stay as they are",
    ]
    if chosen.kept:
        verb = "is" if chosen.kept == 1 else "are"
        replies = "1 reply" if chosen.kept == 1 else f"{chosen.kept:,} replies"
        lines.append(f"{replies} among them {verb} in no note, and would be lost")
    return lines


def forgotten_line(forgotten: "Forgotten", missing: str) -> str:
    """What was forgotten.

    Args:
        forgotten: what came of it.
        missing: a path that was named and is not there, perhaps by a slip; may be empty.
    """
    if not forgotten.chosen.turns:
        slip = "is not there, and nothing was asked for it; look at its spelling"
        why = f": {visible_line(missing)} {slip}" if missing else ""
        return f"there is nothing to forget{why}"
    if not forgotten.done:
        return "nothing was forgotten"
    what = counted(forgotten.chosen.turns, "turn")
    if not forgotten.gone:
        return (
            f"{what} forgotten; another notelog process is using the journal, so that the text "
            "may stay in its files until it is done: run notelog forget once more then"
        )
    return (
        f"{what} forgotten; figures stay, without a word, so that caps count and nothing is "
        "paid twice"
    )


def _cost_words(cost: "Cost | None", *, priced: bool) -> str:
    if cost is None:
        return "" if priced else "unpriced"
    from notelog.cli.tokens_sentences import money

    return money(cost)
