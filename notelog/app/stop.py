"""Stopping a request from another terminal: a wish in the journal, seen by whoever works there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from notelog.app.reading import Reading, parse_snapshot
from notelog.core.asked import questions
from notelog.errors import JournalError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot
from notelog.ports.people import Clock

LOOK_S = 0.5
"""How often a request looks for a wish to stop it, in seconds."""

PATIENCE_S = 10.0
"""How long ``stop`` waits for the request to end, in seconds."""

_STEP_S = 0.1


def stoppable(
    journal: Journal, note: str, *, clock: Clock, cancelled: Callable[[], bool]
) -> Callable[[], bool]:
    """Whether to stop: by Ctrl-C, or by a wish in the journal, which is looked for now and then.

    Args:
        journal: holds the wish.
        note: the note's real path.
        clock: time.
        cancelled: the other wish.
    """
    wished = False
    looked_at = clock.monotonic()

    def stop() -> bool:
        nonlocal wished, looked_at
        if not wished and clock.monotonic() - looked_at >= LOOK_S:
            looked_at = clock.monotonic()
            wished = _is_wished(journal, note)
        return wished or cancelled()

    return stop


def _is_wished(journal: Journal, note: str) -> bool:
    try:
        return journal.stop_wished(note)
    except JournalError:
        return False  # a journal that fails must not end a reply that is paid for


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """What stopping needs of the world.

    Attributes:
        reading: where notes are.
        open_journal: opens the journal of the vault that holds a note.
        clock: time.
    """

    reading: Reading
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What came of a wish to stop.

    Attributes:
        running: whether anything was at work on the note.
        ended: whether it has ended by now.
    """

    running: bool
    ended: bool


def stop(tools: Stopping, path: str) -> Stopped:
    """Stops the request that is in work for a note, and waits a little for its end.

    Raises:
        NoteError: there is no such note.
        JournalError: the journal cannot be used.
    """
    snapshot = tools.reading.store.read(path)
    with tools.open_journal(snapshot) as journal:
        name = journal.name_in_work(
            snapshot.real_path, lambda: questions(parse_snapshot(tools.reading, snapshot))
        )
        if not (name and journal.wish_stop(name)):
            return Stopped(running=False, ended=True)
        until = tools.clock.monotonic() + PATIENCE_S
        while journal.in_work(name):
            if tools.clock.monotonic() >= until:
                return Stopped(running=True, ended=False)
            tools.clock.sleep(_STEP_S)
        return Stopped(running=True, ended=True)
