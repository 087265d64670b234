"""Where services are installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notelog.core.service import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that ended.

    Attributes:
        code: its exit code; 127 where there is no such program.
        out: what it printed.
        err: what it said on standard error.
    """

    code: int
    out: str
    err: str


class ServiceHost(Protocol):
    """The files and the commands of this machine's service manager."""

    def read(self, path: str) -> str | None:
        """The text of a service's file; None where there is none."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Makes or replaces a service's file, whole, for this user alone.

        Raises:
            ConfigurationError: the system refuses.
        """
        ...

    def remove(self, path: str) -> None:
        """Removes a service's file.

        Raises:
            ConfigurationError: the system refuses.
        """
        ...

    def run(self, step: Step) -> Ran:
        """Runs a command to its end."""
        ...
