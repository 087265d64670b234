"""What a watcher asks the journal of its vault."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.adapters.journal_sqlite import SqliteJournal
    from notelog.core.records import TurnRecord
    from notelog.core.usage import TurnFigures
    from notelog.ports.watch_work import Unlanded


def vault_journal(root: str) -> "SqliteJournal":
    """The journal of the notes below a folder."""
    from notelog.adapters.journal_sqlite import open_journal
    from notelog.adapters.places import state_dir

    return open_journal(_journal_root(root), state_dir())


def _journal_root(root: str) -> str:
    from notelog.adapters.places import state_dir, vault_of
    from notelog.adapters.watch_place import watched_roots

    return vault_of(os.path.join(root, "note.md"), watched_roots(state_dir()))  # noqa: PTH118


def lately(root: str, since: float) -> "tuple[TurnFigures, ...]":
    """What was asked for the notes below a folder; nothing where the journal cannot be read."""
    from pathlib import Path
    from time import time

    from notelog.adapters.journal_shelf import JournalShelf
    from notelog.adapters.places import state_dir
    from notelog.errors import NotelogError

    found: list[TurnFigures] = []
    with suppress(NotelogError, OSError):  # the next request says what is wrong with it
        for vault in JournalShelf(state_dir(), now=time).vault(_journal_root(root)):
            if not isinstance(vault, str):
                found += vault.journal.figures(since)
    return tuple(item for item in found if Path(item.note).is_relative_to(root))


def day_began() -> float:
    """When this day began where the person is, in seconds since the epoch."""
    from time import localtime, mktime

    year, month, day = localtime()[:3]
    return mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def unlanded(root: str) -> "tuple[Unlanded, ...]":
    """The notes below a folder for which the journal keeps a reply.

    Without a key those of the last day that came to be in doubt in a crash: the note does not say.
    """
    from time import time

    from notelog.adapters.places import is_inside
    from notelog.app.watch_start import START_AGE_S
    from notelog.core.records import TurnState
    from notelog.errors import NotelogError
    from notelog.ports.watch_work import Unlanded

    try:
        with vault_journal(root) as journal:
            records = journal.standing()  # an older attempt's reply is not what comes next
            since = time() - START_AGE_S
            silent = {
                item.record_id
                for item in records
                if item.state is TurnState.IN_DOUBT
                and item.started_at > since
                and not journal.callouts(item.intent.turn_key)
            }
    except NotelogError:
        return ()
    return tuple(
        Unlanded(
            note=item.intent.note,
            key=item.intent.turn_key if _has_text(item) else "",
            whole=item.state is TurnState.RECEIVED,
        )
        for item in records
        if item.state in {TurnState.RECEIVED, TurnState.IN_DOUBT}
        and (_has_text(item) or item.record_id in silent)
        and is_inside(item.intent.note, root)
        and os.path.exists(item.intent.note)  # noqa: PTH110  # it is text
    )


def _has_text(record: "TurnRecord") -> bool:
    return record.reply is not None and bool(record.reply.text)
