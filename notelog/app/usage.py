"""What was used, over all vaults of this user. Nothing is sent or written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from notelog.core.usage import NAMES, TurnFigures, UsageRow, sum_usage
from notelog.ports.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """What was used.

    Attributes:
        by: what it is summed by: ``day``, ``note``, ``model`` or ``profile``.
        since: from when on, in seconds since the epoch.
        rows: in the order of their names.
        total: of all of them.
        unread: what could not be looked at, in sentences.
    """

    by: str
    since: float
    rows: tuple[UsageRow, ...]
    total: UsageRow
    unread: tuple[str, ...]


def usage(shelf: Shelf, by: str, since: float, day_of: Callable[[float], str]) -> UsageReport:
    """Sums what was used.

    Args:
        shelf: all journals.
        by: what it is summed by.
        since: from when on, in seconds since the epoch.
        day_of: the day of a time, where the person is.
    """
    unread: list[str] = []

    def figures() -> Iterator[TurnFigures]:
        for vault in shelf.vaults():
            if isinstance(vault, str):
                unread.append(vault)
            else:
                yield from vault.journal.figures(since)

    rows, total = sum_usage(figures(), NAMES.get(by, lambda item: day_of(item.at)))
    return UsageReport(by=by, since=since, rows=rows, total=total, unread=tuple(unread))
