"""Writes turns into a program's real journal, as a program that died at each step leaves them."""

import time
from contextlib import closing
from pathlib import Path

from program import Program

import notelog
from notelog.adapters.journal_sqlite import SqliteJournal, open_journal
from notelog.adapters.places import vault_of
from notelog.core.derived import Purpose
from notelog.core.edit import landed_by
from notelog.core.landing import ReplyStyle, plan_reply
from notelog.core.models import Price
from notelog.core.records import Intent, turn_key
from notelog.core.reply import Reply, ReplyDelta, ReplyState, Usage
from notelog.core.turn import ReplyDue, next_turn

PRICE = Price(prompt=2.0, completion=8.0, cached_prompt=1.0, currency="USD", as_of="")
TEXT = "Kept 回复."


def write_turn(
    program: Program,
    note: Path,
    end: str,
    *,
    at: float | None = None,
    model: str = "m",
    profile: str = "test",
    price: Price | None = PRICE,
    text: str = TEXT,
    purpose: Purpose = Purpose.REPLY,
) -> int:
    """Writes a turn for the question that stands last in a note, and gives its number.

    Args:
        program: whose journal.
        note: the note.
        end: how far the turn comes: ``intent``, ``sent``, ``part``, ``received``, ``landing``,
            ``delivered``, ``in-doubt``, ``failed``, ``empty``, ``abandoned``.
        at: when, in seconds since the epoch; None for now.
        model: the model asked.
        profile: the profile asked.
        price: of that model.
        text: the reply.
        purpose: what for.
    """
    parsed = notelog.parse(note.read_bytes())
    due = next_turn(parsed, named=True)
    assert isinstance(due, ReplyDue)
    intent = Intent(
        turn_key=turn_key(due.conversation),
        note=str(note.resolve()),
        vault="",
        profile=profile,
        model=model,
        prompt_tokens=100,
        prompt=parsed.turns[due.turn_index].content,
        reply_tokens=900,
        price=price,
        purpose=purpose,
    )
    clock = None if at is None else lambda: at
    state = str(program.home / "state")
    with open_journal(vault_of(str(note)), state, now=clock) as journal:
        record_id = journal.begin(intent).record_id
        _go_on(journal, record_id, end, text)
        if end in {"landing", "delivered"}:
            plan = plan_reply(parsed, due.turn_index, text, fingerprint="", style=ReplyStyle())
            journal.landing(record_id, landed_by(plan))
        if end == "delivered":
            journal.delivered(record_id)
    return record_id


def wait_for_parts(program: Program) -> None:
    """Waits until a part of a reply is in the journal."""
    import sqlite3

    for _ in range(400):
        for path in (program.home / "state" / "journal").glob("*.sqlite3"):
            with closing(sqlite3.connect(path)) as connection:
                if connection.execute("SELECT 1 FROM part LIMIT 1").fetchone():
                    return
        time.sleep(0.05)
    raise AssertionError("no part was kept")


def _go_on(journal: SqliteJournal, record_id: int, end: str, text: str) -> None:
    if end != "intent":
        journal.sent(record_id)
    if end == "part":
        journal.part(record_id, ReplyDelta(text=text))
    elif end == "failed":
        journal.failed(record_id, "the server said no", refused="00:0")
    elif end == "in-doubt":
        journal.in_doubt(record_id, "no answer was seen")
    elif end not in {"intent", "sent"}:
        journal.received(record_id, reply_of("" if end == "empty" else text))
    if end == "empty":
        journal.failed(record_id, "the reply is empty (finish reason: stop)")
    if end == "abandoned":
        journal.abandoned(record_id, "taken back")


def reply_of(text: str) -> Reply:
    """A whole reply with figures."""
    return Reply(
        text=text,
        reasoning="因为 secret reasoning",
        state=ReplyState.COMPLETE,
        finish_reason="stop",
        usage=Usage(prompt_tokens=120, completion_tokens=30, cached_tokens=20),
        model="m",
    )
