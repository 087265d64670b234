"""What started this process and watches over it."""

from __future__ import annotations

from typing import Protocol


class Supervisor(Protocol):
    """A service manager that is told how the process is; no call fails or waits for it."""

    @property
    def alive_every_s(self) -> float | None:
        """How often ``alive`` must be called, in seconds; None where nobody waits for it."""
        ...

    def ready(self, sentence: str) -> None:
        """The process has started and does its work."""
        ...

    def status(self, sentence: str) -> None:
        """What it is doing."""
        ...

    def alive(self) -> None:
        """It is not stuck."""
        ...

    def stopping(self, sentence: str) -> None:
        """It ends by itself, or was told to."""
        ...
