"""Parts of a reply on their way to the journal, a batch at a time."""

from notelog.core.reply import ReplyDelta
from notelog.ports import Clock, Journal

BATCH_S = 0.5
"""How long a part may wait to be made durable, in seconds: an fsync a part would cost more than
the reply (20,000 parts come in a second from a local server)."""


class Spool:
    """Collects parts and writes them to the journal in batches."""

    def __init__(self, journal: Journal, record_id: int, clock: Clock) -> None:
        self._journal = journal
        self._record_id = record_id
        self._clock = clock
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._written_at = clock.monotonic()

    def add(self, delta: ReplyDelta) -> None:
        """Takes a part; writes what waits when it has waited long enough."""
        if delta.text:
            self._text.append(delta.text)
        if delta.reasoning:
            self._reasoning.append(delta.reasoning)
        if self._clock.monotonic() - self._written_at >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Writes what waits; it is on disk when this returns."""
        if self._text or self._reasoning:
            self._journal.part(
                self._record_id,
                ReplyDelta(text="".join(self._text), reasoning="".join(self._reasoning)),
            )
            self._text.clear()
            self._reasoning.clear()
        self._written_at = self._clock.monotonic()
