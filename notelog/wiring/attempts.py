"""The commands on attempts: a new answer, a stop."""

from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config, open_journal, reading

if TYPE_CHECKING:
    from notelog.app.stop import Stopped


def stop(path: str) -> "Stopped":
    """Stops a request in work; see ``app.stop``."""
    from notelog.adapters.system_clock import SystemClock
    from notelog.app.stop import Stopping
    from notelog.app.stop import stop as stop_note

    notes = reading(load_config())
    tools = Stopping(reading=notes, open_journal=open_journal, clock=SystemClock())
    return stop_note(tools, path)
