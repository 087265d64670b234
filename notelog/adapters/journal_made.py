"""Telling a journal that was emptied from one that is new: to SQLite they are the same."""

from pathlib import Path

from notelog.errors import JournalError


def mark_made(path: str) -> None:
    """Leaves a mark beside a database that holds its tables, once."""
    mark = _mark_of(path)
    if not mark.exists():
        mark.touch(0o600)
        mark.chmod(0o600)  # the umask may have taken away more than it should


def forget_made(path: str) -> None:
    """Takes the mark away before a new database is begun where the old one was moved away."""
    if not Path(path).exists():
        _mark_of(path).unlink(missing_ok=True)


def _mark_of(path: str) -> Path:
    return Path(path).with_suffix(".made")


def refuse_emptied(path: str) -> None:
    """Refuses a file without a byte where a database was, before SQLite begins a new one in it.

    The log beside such a file would be removed with that, and it may hold what is to be saved. A
    program that died while it made its first database left a file without a byte and no mark.

    Raises:
        JournalError: it was emptied.
        OSError: it cannot be looked at.
    """
    file = Path(path)
    if not file.exists() or file.stat().st_size:
        return
    log = Path(f"{path}-wal")
    if _mark_of(path).exists() or (log.exists() and log.stat().st_size):
        raise JournalError(
            "the journal was emptied: the file has 0 bytes, and held what was asked and paid for",
            hint="put it back from a backup; or move it away to begin a new one: notes that are "
            "answered stay so, and a question without an answer may be paid for again",
            path=path,
        )
