"""What the requests of a profile took, from the journals of all vaults of this user."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.journal_made import refuse_emptied
from notelog.adapters.journal_rows import others_beside, packed, price_of, read_only
from notelog.adapters.note_locks import wait_for_lock
from notelog.core.caps import Charge, Spent
from notelog.core.models import cost_of_usage
from notelog.core.records import TurnState
from notelog.core.reply import Usage
from notelog.errors import JournalError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from sqlite3 import Connection

_OTHER_TIMEOUT_S = 2.0
"""How long the journal of another vault may keep a request waiting."""

_PRICED_SCHEMA = 2
_PLAN = "turn.reply_tokens, turn.price_prompt, turn.price_reply, turn.price_cached, turn.currency"
_PLAN_BEFORE = "0, NULL, NULL, NULL, x''"  # what was asked before prices were kept is unpriced
# A failed turn was billed only where a reply without words had come.
_CHARGES = """
    SELECT turn.note, turn.started_at, turn.state, turn.prompt_tokens, {plan},
        reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens
    FROM turn LEFT JOIN reply ON reply.turn_id = turn.id
    WHERE turn.profile = ? AND turn.started_at > ?
        AND (turn.state <> 'failed' OR reply.turn_id IS NOT NULL)"""

_Row = tuple[
    bytes, float, str, int, int,
    float | None, float | None, float | None, bytes,
    int | None, int | None, int | None,
]  # fmt: skip


def spent_by(
    connection: "Connection", path: str, *, profile: str, stored_note: bytes, since: float
) -> Spent:
    """What a profile took since a time, in this journal and in those beside it.

    Args:
        connection: to this vault's journal.
        path: its file; the journals of the other vaults lie in the same folder.
        profile: the profile's name.
        stored_note: the note that is asked about, as this journal names it.
        since: in seconds since the epoch.
    """
    charges = list(_charges(connection, profile, since, stored_note))
    unread: list[str] = []
    for other in others_beside(path):
        try:
            charges += _charges_of_other(other, profile, since)
        except _UnreadError as error:
            unread.append(
                f"the journal {other} cannot be read ({error}): what was spent there is not counted"
            )
    return Spent(charges=tuple(charges), unread=tuple(unread))


def one_at_a_time(folder: str) -> "AbstractContextManager[None]":
    """Keeps the other processes of this user from counting and beginning at the same moment.

    Raises:
        JournalError: another one does not get done with it.
    """
    return wait_for_lock(str(Path(folder, "caps.lock")), "with counting what was spent")


class _UnreadError(Exception):
    """A journal of another vault cannot be read."""


def _charges_of_other(path: Path, profile: str, since: float) -> list[Charge]:
    import sqlite3

    try:
        refuse_emptied(str(path))
        with closing(read_only(path, timeout_s=_OTHER_TIMEOUT_S)) as connection:
            return list(_charges(connection, profile, since, stored_note=None))
    except (sqlite3.Error, JournalError) as error:
        raise _UnreadError(str(error)) from error


def _charges(
    connection: "Connection", profile: str, since: float, stored_note: bytes | None
) -> Iterator[Charge]:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        return  # it is being made at this moment
    plan = _PLAN if version >= _PRICED_SCHEMA else _PLAN_BEFORE
    row: _Row
    for row in connection.execute(_CHARGES.format(plan=plan), (packed(profile), since)):
        yield _charge(row, stored_note)


def _charge(row: _Row, stored_note: bytes | None) -> Charge:
    """What one request took: by the server's figures, else the most that was planned."""
    note, at, state, prompt_tokens, reply_tokens = row[:5]
    said, replied, cached = row[9:]
    usage = (
        Usage(prompt_tokens=prompt_tokens, completion_tokens=reply_tokens)
        if said is None
        else Usage(prompt_tokens=said, completion_tokens=replied or 0, cached_tokens=cached or 0)
    )
    return Charge(
        at=at,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        cost=cost_of_usage(price_of(row[5:9]), usage),
        of_note=note == stored_note,
        in_doubt=state == TurnState.IN_DOUBT,
    )
