"""Time, and the person who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notelog.core.reply import ReplyDelta


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits; Ctrl-C ends it."""
        ...


class Reporter(Protocol):
    """Tells a person what is going on while it goes on."""

    def waiting(self, what: str) -> None:
        """Something is awaited: ``asking gpt-4o at openai``."""
        ...

    def progress(self, what: str) -> None:
        """How far something long has come: ``5 of 17 answered``."""
        ...

    def delta(self, delta: ReplyDelta) -> None:
        """A part of the reply has arrived."""
        ...

    def notice(self, sentence: str) -> None:
        """Something the person should know, in a sentence."""
        ...


class Onlooker(Protocol):
    """Is shown a reply while it arrives."""

    def is_due(self) -> bool:
        """Whether it wants to see it now; asked several times a second."""
        ...

    def show(self, text: str) -> None:
        """The reply so far; all of it is in the journal. Never raises a NotelogError."""
        ...


class Showing(Reporter, Protocol):
    """A reporter that holds a terminal, and gives it back at the end."""

    def close(self) -> None:
        """Shows what is left and ends; a second time is no error."""
        ...
