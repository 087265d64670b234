"""Showing a note as it is read, and as it would be sent. Nothing is sent or written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notelog.app.reading import Reading, read_note, refuse_errors
from notelog.core.note import Note
from notelog.core.turn import State, state_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from notelog.app.prepare import Prepared
    from notelog.core.settings import Config, Options
    from notelog.ports.journal import Journal
    from notelog.ports.learned import LearnedFigures
    from notelog.ports.notes import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What ``show`` found: the note, its state, and the request if that was asked for."""

    note: Note
    state: State
    prepared: "Prepared | None" = None


def show(reading: Reading, path: str) -> Shown:
    """Reads a note and tells whose turn it is.

    Raises:
        NoteError: it cannot be read, or holds errors.
    """
    _, note = read_note(reading, path)
    refuse_errors(note, path)
    return Shown(note=note, state=state_of(note))


def show_as_sent(
    reading: Reading,
    path: str,
    *,
    config: "Config",
    options: "Options",
    count: Callable[[str, str], int],
    learned: "LearnedFigures | None" = None,
    open_journal: "Callable[[Snapshot], AbstractContextManager[Journal]] | None" = None,
) -> Shown:
    """As ``show``, with the exact request that the note's messages make.

    The journal is opened only where summaries are wished: one that is kept is part of the request.

    Raises:
        NoteError: it cannot be read, holds errors, or cannot be fitted.
        ConfigurationError: it cannot be sent with this configuration.
    """
    from notelog.app.prepare import prepare, with_system_commands
    from notelog.app.summary import stored_summary

    shown = show(reading, path)
    if not shown.note.conversation:
        return shown
    conversation = with_system_commands(config, shown.note.conversation)
    prepared = prepare(
        shown.note,
        conversation,
        path=path,
        config=config,
        options=options,
        count=count,
        exact=True,
        learned=learned,
    )
    if open_journal is not None and prepared.settings.context.summary:
        snapshot = reading.store.read(path)
        with open_journal(snapshot) as journal:
            found = stored_summary(journal, snapshot.real_path, prepared, conversation, count)
        prepared = found or prepared
    return Shown(note=shown.note, state=shown.state, prepared=prepared)
