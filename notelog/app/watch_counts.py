"""Figures of a watcher, for a person who looks."""

from dataclasses import dataclass, field

from notelog.app.watch_tools import Watching
from notelog.core.usage import UsageRow

_QUARTER_S = 900.0  # a day begins with one, whatever the time zone


@dataclass(slots=True)
class Counts:
    """Figures of a watcher; times are seconds since the epoch, 0 for never."""

    notes: int = 0
    answered: int = 0
    today: UsageRow = field(default_factory=lambda: UsageRow("today"))  # by anybody, in this vault
    last_event_at: float = 0.0
    last_scan_at: float = 0.0
    scan_s: float = 0.0
    exit_code: int = 0  # with ``once``: of the first note that could not be answered
    _quarter: float = 0.0

    def failed(self, exit_code: int) -> None:
        """A note could not be answered, or looked at; 0 for one that could."""
        self.exit_code = self.exit_code or exit_code

    def count_today(self, tools: Watching, *, anew: bool = True) -> None:
        """What was asked today; without ``anew`` only where another day may have begun."""
        quarter = tools.clock.now() // _QUARTER_S
        if anew or quarter != self._quarter:
            self._quarter = quarter
            self.today = UsageRow("today")
            for item in tools.lately(tools.day_began()):
                self.today.add(item)
