"""What a watcher asks the journal of its vault."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notelog.adapters.journal_sqlite import SqliteJournal
    from notelog.core.records import TurnRecord
    from notelog.core.usage import TurnFigures
    from notelog.ports.watch_work import Unlanded

_DAY_S = 86_400.0


def vault_journal(root: str) -> "SqliteJournal":
    """The journal of the notes below a folder."""
    from notelog.adapters.journal_sqlite import open_journal
    from notelog.adapters.places import state_dir

    return open_journal(_journal_root(root), state_dir())


def _journal_root(root: str) -> str:
    from notelog.adapters.places import state_dir, vault_of
    from notelog.adapters.watch_place import watched_roots

    return vault_of(os.path.join(root, "note.md"), watched_roots(state_dir()))  # noqa: PTH118


def _vaults_in(root: str) -> "tuple[str, ...]":
    """The vault that a folder lies in, or is, and those that lie in it and have a journal."""
    from time import time

    from notelog.adapters.journal_shelf import JournalShelf
    from notelog.adapters.places import state_dir

    return (_journal_root(root), *JournalShelf(state_dir(), now=time).below(root))


def lately(root: str, since: float) -> "tuple[TurnFigures, ...]":
    """What was asked for the notes below a folder; nothing where the journal cannot be read."""
    from pathlib import Path
    from time import time

    from notelog.adapters.journal_shelf import JournalShelf
    from notelog.adapters.places import state_dir
    from notelog.errors import NotelogError

    found: list[TurnFigures] = []
    with suppress(NotelogError, OSError):  # the next request says what is wrong with it
        for of_vault in _vaults_in(root):
            for vault in JournalShelf(state_dir(), now=time).vault(of_vault):
                if not isinstance(vault, str):
                    found += vault.journal.figures(since)
    return tuple(item for item in found if Path(item.note).is_relative_to(root))


class Forgetting:
    """Forgets what the configuration wants forgotten, at the start and then once a day.

    Args:
        days: see ``forget_after_days``; 0 for nothing.
        notice: is told where it cannot be done.
    """

    def __init__(self, days: int, notice: "Callable[[str], None]") -> None:
        self._days = days
        self._notice = notice
        self._next_at = 0.0

    def forget(self) -> None:
        """Does it, if it is time."""
        from time import time

        if self._days and (now := time()) >= self._next_at:
            from notelog.wiring.journal import forget_old

            self._next_at = now + _DAY_S
            forget_old(self._days, self._notice)


def day_began() -> float:
    """When this day began where the person is, in seconds since the epoch."""
    from time import localtime, mktime

    year, month, day = localtime()[:3]
    return mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def unlanded(root: str) -> "tuple[Unlanded, ...]":
    """The notes below a folder that a crash left unfinished, with the turn's key.

    The journal keeps a reply that is not in the note, or the note says that it is still asked.
    Without a key those of the last day that came to be in doubt in a crash: the note does not say.
    """
    from notelog.adapters.journal_sqlite import open_journal
    from notelog.adapters.places import state_dir
    from notelog.errors import NotelogError

    found: list[Unlanded] = []
    for vault in _vaults_in(root):
        with suppress(NotelogError), open_journal(vault, state_dir()) as journal:
            found += _unlanded(journal, root)
    return tuple(found)


def _unlanded(journal: "SqliteJournal", root: str) -> "Iterator[Unlanded]":
    from time import time

    from notelog.adapters.places import is_inside
    from notelog.app.watch_start import START_AGE_S
    from notelog.core.records import TurnState
    from notelog.ports.watch_work import Unlanded

    since = time() - START_AGE_S
    for item in journal.standing():  # an older attempt's reply is not what comes next
        note = item.intent.note
        if not is_inside(note, root) or not os.path.exists(note):  # noqa: PTH110  # it is text
            continue
        is_known = item.is_kept or _still_says_so(journal, item)
        if is_known or (item.started_at > since and _is_silent(journal, item)):
            yield Unlanded(
                note=note,
                key=item.intent.turn_key if is_known else "",
                whole=item.state is TurnState.RECEIVED,
            )


def _is_silent(journal: "SqliteJournal", record: "TurnRecord") -> bool:
    """Whether a turn is in doubt, and nothing but that it is asked was ever said in its note."""
    from notelog.core.claim import is_claim
    from notelog.core.records import TurnState

    left = journal.callouts(record.intent.turn_key, "")
    return record.state is TurnState.IN_DOUBT and all(map(is_claim, left))


def _still_says_so(journal: "SqliteJournal", record: "TurnRecord") -> bool:
    """Whether a note says that it is asked; nobody asks it while a watcher begins."""
    from notelog.core.claim import claim_head

    note = record.intent.note
    left = journal.callouts(record.intent.turn_key, note)
    heads = [head for callout in left if (head := claim_head(callout))]
    with suppress(OSError), open(note, "rb") as file:  # noqa: PTH123  # as above
        data = file.read() if heads else b""
        return any(head in data for head in heads)
    return False
