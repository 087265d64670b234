"""What a watcher tells of one request while it runs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.adapters.watch_threads import Inbox
    from notelog.core.reply import ReplyDelta
    from notelog.ports.watch_view import WatchView

_PROGRESS_STEP_S = 0.25


class JobReporter:
    """Implements ``ports.people.Reporter``.

    Args:
        note: its path in the vault.
        view: tells a person.
        inbox: of the watcher, which shows how far the reply has come.
    """

    def __init__(self, note: str, view: "WatchView", inbox: "Inbox") -> None:
        self._note = note
        self._view = view
        self._inbox = inbox
        self._what = ""
        self._came_bytes = 0
        self._told_s = 0.0

    def waiting(self, what: str) -> None:
        """Tells of it, and shows it."""
        from notelog.ports.watch_view import Kind, Progress, Told

        self._what = what
        self._view.tell(Told(kind=Kind.ASKING, note=self._note, sentence=what))
        self._inbox.post(Progress(note=self._note, what=what))

    def progress(self, what: str) -> None:
        """Shows it."""
        from notelog.ports.watch_view import Progress

        self._inbox.post(Progress(note=self._note, what=what))

    def delta(self, delta: "ReplyDelta") -> None:
        """Shows how many tokens came; the server's own count, once it is there."""
        from time import monotonic

        from notelog.core.counting import BYTES_PER_TOKEN
        from notelog.ports.watch_view import Progress

        came = delta.text + delta.reasoning + delta.refusal
        self._came_bytes += len(came.encode("utf-8", "replace"))
        now_s = monotonic()
        if delta.usage is not None or now_s - self._told_s >= _PROGRESS_STEP_S:
            self._told_s = now_s
            tokens = -(-self._came_bytes // BYTES_PER_TOKEN)
            if delta.usage is not None:
                tokens = delta.usage.completion_tokens
            self._inbox.post(
                Progress(
                    note=self._note,
                    what=self._what,
                    tokens=tokens,
                    counted=delta.usage is not None,
                )
            )

    def notice(self, sentence: str) -> None:
        """Tells it of the note."""
        from notelog.ports.watch_view import Kind, Told

        self._view.tell(Told(kind=Kind.NOTICE, note=self._note, sentence=sentence))
