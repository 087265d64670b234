"""The rows of the journal's tables, and the values that they hold."""

import os
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.core.derived import Purpose
from notelog.core.edit import Insertion, Landed
from notelog.core.models import Price
from notelog.core.records import Intent, TurnRecord, TurnState
from notelog.core.reply import Reply, ReplyBuilder, ReplyDelta, ReplyState, Usage

if TYPE_CHECKING:
    from sqlite3 import Connection

INSERT_TURN = """
    INSERT INTO turn (turn_key, attempt, note, profile, model, prompt_tokens, prompt, state,
        started_at, changed_at, reply_tokens, price_prompt, price_reply, price_cached, currency,
        purpose, ticks, continues, covers, on_way_to)
    VALUES (?, ?, ?, ?, ?, ?, ?, 'intent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_PART = """
    INSERT INTO part (turn_id, text, reasoning, refusal, finish_reason, model,
        prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_REPLY = """
    INSERT OR REPLACE INTO reply (turn_id, state, text, reasoning, refusal, fault, finish_reason,
        model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, ended_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_LANDING = """
    INSERT INTO landing (turn_id, batch, invites, byte_offset, byte_length, sha256, inserted,
        planned_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_SELECT_TURN = """
    SELECT turn_key, attempt, note, profile, model, prompt_tokens, prompt, state, started_at,
        reason, reply_tokens, price_prompt, price_reply, price_cached, currency, purpose,
        ticks, continues, covers, refused, on_way_to
    FROM turn WHERE id = ?"""
_UNFINISHED = """
    state IN ('intent', 'sent', 'in-doubt', 'received')
        AND (purpose = 'reply' OR state <> 'received')"""
UNFINISHED = f"SELECT id, note FROM turn WHERE {_UNFINISHED} ORDER BY id"  # noqa: S608
UNFINISHED_OF_NOTE = f"SELECT id, note FROM turn WHERE note = ?1 AND {_UNFINISHED} ORDER BY id"  # noqa: S608
_LAST_ATTEMPT = """
    turn.prompt <> x'' AND NOT EXISTS (SELECT 1 FROM turn AS later
        WHERE later.turn_key = turn.turn_key AND later.note = turn.note AND later.id > turn.id)"""
# with those whose notes were told that their reply is gone: see ``core.callouts``; the ``+`` keeps
# SQLite from going through all that is delivered for each of them
STANDING = f"""
    SELECT id, note FROM turn
    WHERE state IN ('intent', 'sent', 'in-doubt', 'received', 'failed')
        AND (purpose = 'reply' OR state NOT IN ('received', 'failed')) AND {_LAST_ATTEMPT}
    UNION
    SELECT turn.id, turn.note FROM callout CROSS JOIN turn ON turn.turn_key = callout.turn_key
    WHERE instr(inserted, CAST('some program saved an older text over it' AS BLOB)) > 0
        AND +state = 'delivered' AND {_LAST_ATTEMPT}
    ORDER BY id"""  # noqa: S608  # nothing in these is from outside
OF_NOTE = "SELECT id, note FROM turn WHERE note = ?1 ORDER BY id"
_SELECT_PARTS = """
    SELECT text, reasoning, refusal, finish_reason, model,
        prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens
    FROM part WHERE turn_id = ? ORDER BY id"""
_SELECT_REPLY = """
    SELECT state, text, reasoning, refusal, fault, finish_reason, model,
        prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens
    FROM reply WHERE turn_id = ?"""
_SELECT_LANDINGS = """
    SELECT batch, invites, byte_offset, inserted FROM landing WHERE turn_id = ? ORDER BY id"""

UsageRow = tuple[int | None, int | None, int | None, int | None]
PriceRow = tuple[float | None, float | None, float | None, bytes]
_TurnRow = tuple[
    str, int, bytes, bytes, bytes, int, bytes, str, float, bytes, int,
    float | None, float | None, float | None, bytes, str, int, int, str, str, str,
]  # fmt: skip
_ReplyRow = tuple[
    str, bytes, bytes, bytes, bytes, bytes, bytes, int | None, int | None, int | None, int | None
]


def stored_path(note: str, root: str) -> bytes:
    """A note's path as it is stored: within the vault, so that the vault can move."""
    return os.fsencode(note.removeprefix(root.rstrip(os.sep) + os.sep))


def named_path(stored: bytes, root: str) -> str:
    """The path of a stored note, wherever the vault is now."""
    return str(Path(root, os.fsdecode(stored)))


def others_beside(path: str) -> tuple[Path, ...]:
    """The journals of the other vaults, which lie beside one."""
    folder, _, own = path.rpartition(os.sep)
    names = (name for name in os.listdir(folder) if name.endswith(".sqlite3") and name != own)  # noqa: PTH208  # asked in every turn
    return tuple(Path(folder, name) for name in sorted(names))


def read_only(path: Path, *, timeout_s: float = 5.0) -> "Connection":
    """Opens a database that is there, to read it.

    Args:
        path: of the database.
        timeout_s: how long it may be waited for; readers wait for nobody but a recovery after a
            crash.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    import sqlite3

    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=timeout_s)


def packed(text: str) -> bytes:
    """Text as bytes: a server's JSON may hold half a surrogate pair, which is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def unpacked(stored: bytes) -> str:
    """The text of a stored value."""
    return stored.decode("utf-8", "surrogatepass")


def usage_row(usage: Usage | None) -> UsageRow:
    """The four columns of a server's figures."""
    if usage is None:
        return (None, None, None, None)
    return (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    )


def price_row(price: Price | None) -> PriceRow:
    """The four columns of a price; all empty where the model is unpriced."""
    if price is None:
        return (None, None, None, b"")
    return (price.prompt, price.completion, price.cached_prompt, packed(price.currency))


def price_of(row: PriceRow) -> Price | None:
    """The price in its four columns; it is of the day of its turn, so it has no date."""
    prompt, completion, cached_prompt, currency = row
    if prompt is None or completion is None:
        return None
    return Price(
        prompt=prompt,
        completion=completion,
        cached_prompt=cached_prompt,
        currency=unpacked(currency),
        as_of="",
    )


def load_record(connection: "Connection", record_id: int, root: str) -> TurnRecord:
    """A turn with all that is known of it; of a reply without END, the parts that arrived."""
    row: _TurnRow = connection.execute(_SELECT_TURN, (record_id,)).fetchone()
    key, attempt, note, profile, model, prompt_tokens, prompt, state, started_at, reason = row[:10]
    return TurnRecord(
        record_id=record_id,
        attempt=attempt,
        intent=Intent(
            turn_key=key,
            note=named_path(note, root),
            vault=root,
            profile=unpacked(profile),
            model=unpacked(model),
            prompt_tokens=prompt_tokens,
            prompt=unpacked(prompt),
            reply_tokens=row[10],
            price=price_of(row[11:15]),
            purpose=Purpose(row[15]),
            ticks=row[16],
            continues=row[17],
            covers=row[18],
            on_way_to=row[20],
        ),
        state=TurnState(state),
        started_at=started_at,
        reason=unpacked(reason),
        reply=_reply(connection, record_id) or _parts(connection, record_id, unpacked(reason)),
        landings=tuple(_landings(connection, record_id)),
        refused=row[19],
    )


def _reply(connection: "Connection", record_id: int) -> Reply | None:
    row: _ReplyRow | None = connection.execute(_SELECT_REPLY, (record_id,)).fetchone()
    if row is None:
        return None
    state, text, reasoning, refusal, fault, finish_reason, model, *figures = row
    return Reply(
        state=ReplyState(state),
        text=unpacked(text),
        reasoning=unpacked(reasoning),
        refusal=unpacked(refusal),
        fault=unpacked(fault),
        finish_reason=unpacked(finish_reason),
        model=unpacked(model),
        usage=_usage(figures),
    )


def _parts(connection: "Connection", record_id: int, fault: str) -> Reply | None:
    """What arrived of a reply whose end was not seen; None where nothing did."""
    builder = ReplyBuilder()
    found = False
    for row in connection.execute(_SELECT_PARTS, (record_id,)):
        text, reasoning, refusal, finish_reason, model, *figures = row
        builder.add(
            ReplyDelta(
                text=unpacked(text),
                reasoning=unpacked(reasoning),
                refusal=unpacked(refusal),
                finish_reason=unpacked(finish_reason),
                model=unpacked(model),
                usage=_usage(figures),
            )
        )
        found = True
    builder.fault = fault
    return builder.finish() if found else None


def insert_landing(
    connection: "Connection", record_id: int, landed: Landed, planned_at: float
) -> None:
    """Stores what is about to be put into a note, all pieces under one number of this turn."""
    from hashlib import sha256

    (batch,) = connection.execute(
        "SELECT coalesce(max(batch), 0) + 1 FROM landing WHERE turn_id = ?", (record_id,)
    ).fetchone()
    pieces = [(0, piece) for piece in landed.reply] + [(1, piece) for piece in landed.invitation]
    connection.executemany(
        _INSERT_LANDING,
        [
            (
                record_id,
                batch,
                invites,
                piece.offset,
                len(piece.data),
                sha256(piece.data).hexdigest(),
                piece.data,
                planned_at,
            )
            for invites, piece in pieces
        ],
    )


def _landings(connection: "Connection", record_id: int) -> Iterator[Landed]:
    rows = connection.execute(_SELECT_LANDINGS, (record_id,)).fetchall()
    for _, batch in groupby(rows, key=itemgetter(0)):
        pieces = [(row[1], Insertion(offset=row[2], data=row[3])) for row in batch]
        yield Landed(
            reply=tuple(piece for invites, piece in pieces if not invites),
            invitation=tuple(piece for invites, piece in pieces if invites),
        )


def _usage(figures: list[int | None]) -> Usage | None:
    if figures[0] is None:
        return None
    prompt, completion, cached, reasoning = (figure or 0 for figure in figures)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
    )
