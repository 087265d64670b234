"""What the commands on attempts say."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.app.stop import Stopped


def stopped_line(stopped: "Stopped", note: str) -> str:
    """What came of a wish to stop, in a sentence."""
    if not stopped.running:
        return f"{note}: nothing is running for this note"
    if not stopped.ended:
        return f"{note}: asked to stop; it has not ended yet"
    return f"{note}: stopped; what had arrived is kept, and in the note unless nothing had"
