"""The commands on the journal: what is known, and what is done with it."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config, open_journal, plain_reading, reading, usual_reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.forget import Forgotten, ToForget, Wanted
    from notelog.app.journaling import Journaling
    from notelog.app.kept import DeliveryReport, Kept
    from notelog.app.reading import Reading
    from notelog.app.status import Status
    from notelog.app.undo import Undone
    from notelog.app.usage import UsageReport
    from notelog.core.records import TurnRecord
    from notelog.ports.shelf import Shelf


def status(named: "str | None") -> "Status":
    """How things stand; see ``app.status``."""
    from notelog.adapters.breaker_file import BreakerFile
    from notelog.adapters.places import state_dir
    from notelog.app.status import Looking
    from notelog.app.status import status as look
    from notelog.wiring.parts import unsaid
    from notelog.wiring.watch_vaults import watched_vaults

    tools = Looking(
        reading=_reading_whatever_is_wrong(),
        shelf=_shelf(),
        breakers=BreakerFile(state_dir(), notice=unsaid),
        watched=watched_vaults,
        load_config=load_config,
        now=time.time,
        vault_above=_vault_of,
    )
    return look(tools, named, str(Path.cwd()))


def _reading_whatever_is_wrong() -> "Reading":
    """Reads notes also where the configuration is in error, which hides no turn."""
    from notelog.errors import ConfigurationError

    try:
        return plain_reading()
    except ConfigurationError:
        return usual_reading()


def deliver(path: str, *, at_end: bool, number: "int | None") -> "DeliveryReport":
    """Puts kept replies into their note; see ``app.kept``."""
    from notelog.app.kept import deliver_kept

    return deliver_kept(_journaling(), path, at_end=at_end, number=number, told=told_time)


def kept(path: str, number: "int | None") -> "tuple[Kept, ...]":
    """The kept replies of a note; see ``app.kept``."""
    from notelog.app.kept import read_kept

    return read_kept(_journaling(), path, number)


def undo(path: str, number: "int | None") -> "Undone":
    """Takes a reply out of its note; see ``app.undo``."""
    from notelog.app.undo import undo as undo_reply

    return undo_reply(_journaling(), path, number=number)


def log(path: str) -> "tuple[TurnRecord, ...]":
    """Every turn that was ever asked for a note; see ``app.log``."""
    from notelog.adapters.journal_sqlite import open_journal as open_vault
    from notelog.adapters.places import state_dir
    from notelog.app.log import read_log, read_past

    root, notes = _vault_of(path), reading(load_config())
    if not Path(root).is_dir() or not _shelf().knows(root):
        turns = read_past(notes, _shelf(), path, os.path.realpath(path))
    else:
        with open_vault(root, state_dir()) as journal:
            turns = read_log(notes, journal, path, os.path.realpath(path))
    if not turns and not os.path.lexists(path):
        notes.store.read(path)  # says what is wrong with the name
    return turns


def usage(by: str, since: float) -> "UsageReport":
    """What was used; see ``app.usage``."""
    from notelog.app.usage import usage as sum_usage

    return sum_usage(_shelf(), by, since, lambda at: told_time(at)[:10])


def forget(wanted: "Wanted", agreed: "Callable[[ToForget], bool]") -> "Forgotten":
    """Forgets what was said; see ``app.forget``."""
    from notelog.app.forget import forget as forget_turns

    return forget_turns(_shelf(), wanted, agreed, vault_of=_vault_of)


def forget_old(days: int, notice: "Callable[[str], None]") -> None:
    """Forgets what the configuration wants forgotten; where that fails, the next command tries."""
    from notelog.app.forget import Wanted
    from notelog.errors import JournalError

    try:
        forget(Wanted(before=time.time() - days * 86_400, settled=True), lambda _: True)
    except JournalError as error:
        notice(f"what is older than {days} days could not be forgotten: {error.located()}")


def told_time(at: float) -> str:
    """A time for a person, where they are: ``2026-11-25 14:05``."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _vault_of(path: str) -> str:
    """The vault of a note or folder, as the journals know it."""
    from notelog.adapters.places import state_dir, vault_of
    from notelog.adapters.watch_place import watched_roots

    note = str(Path(path, "note.md")) if Path(path).is_dir() else path
    return vault_of(note, watched_roots(state_dir()))


def _shelf() -> "Shelf":
    from notelog.adapters.journal_shelf import JournalShelf
    from notelog.adapters.places import state_dir

    return JournalShelf(state_dir(), now=time.time)


def _journaling() -> "Journaling":
    from notelog.app.journaling import Journaling

    config = load_config()
    return Journaling(reading=reading(config), config=config, open_journal=open_journal)
