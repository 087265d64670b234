"""Parts of a reply on their way to the journal, a batch at a time."""

from notelog.core.reply import ReplyDelta
from notelog.errors import JournalError
from notelog.ports.asked import AskingJournal
from notelog.ports.people import Clock

BATCH_S = 0.5
"""How long a part may wait to be made durable, in seconds: an fsync takes 7 ms, and a local server
sends 20,000 parts in a second."""


class Spool:
    """Collects parts and writes them to the journal in batches.

    A journal that fails in the middle of a reply must not end the reply, which is paid for: no
    further part is written then, and the whole reply is tried at its end.
    """

    def __init__(self, journal: AskingJournal, record_id: int, clock: Clock) -> None:
        self._journal = journal
        self._record_id = record_id
        self._clock = clock
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._written_at = clock.monotonic()
        self._broken = False

    def add(self, delta: ReplyDelta) -> None:
        """Takes a part; writes what waits when it has waited long enough."""
        if delta.text:
            self._text.append(delta.text)
        if delta.reasoning:
            self._reasoning.append(delta.reasoning)
        self.write_what_waited()

    def write_what_waited(self) -> None:
        """Writes what waits if it has waited long enough."""
        if self._clock.monotonic() - self._written_at >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Writes what waits; it is on disk when this returns, if the journal works."""
        parts = ReplyDelta(text="".join(self._text), reasoning="".join(self._reasoning))
        self._text.clear()
        self._reasoning.clear()
        if (parts.text or parts.reasoning) and not self._broken:
            try:
                self._journal.part(self._record_id, parts)
            except JournalError:
                self._broken = True
        self._written_at = self._clock.monotonic()
