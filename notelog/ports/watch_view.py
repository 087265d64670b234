"""What a watcher tells, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from notelog.core.usage import UsageRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notelog.core.json_value import JsonValue


class Kind(StrEnum):
    """What a watcher tells of."""

    START = "start"
    WAITING = "waiting"  # a note waits, for its author or for something else
    PASSED = "passed"
    ASKING = "asking"
    ANSWERED = "answered"
    FAILED = "failed"
    HELD = "held"
    NOTICE = "notice"
    WARNING = "warning"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a watcher tells of.

    Attributes:
        kind: in one word.
        sentence: for a person.
        note: relative to the vault; may be empty.
        hint: what to do; may be empty.
        figures: for a program: tokens, seconds, cost.
    """

    kind: Kind
    sentence: str
    note: str = ""
    hint: str = ""
    figures: Mapping[str, JsonValue] = field(default_factory=dict[str, "JsonValue"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A request that runs.

    Attributes:
        note: relative to the vault.
        what: what is awaited, such as ``asking gpt-4o at openai``.
        tokens: of the reply that have come, reasoning with them.
        counted: the server counted them; otherwise it is an estimate.
    """

    note: str
    what: str
    tokens: int = 0
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a watcher stands, for a person who looks at it.

    Attributes:
        notes: how many notes there are.
        waiting: notes that wait for a place among the requests.
        asking: the requests that run.
        held: why nothing is asked; empty where it is.
        answered: how many replies landed since the start.
        today: what was asked of servers in this vault today, by the watcher or another command.
    """

    notes: int = 0
    waiting: tuple[str, ...] = ()
    asking: tuple[Progress, ...] = ()
    held: str = ""
    answered: int = 0
    today: UsageRow = field(default_factory=lambda: UsageRow("today"))


class WatchView(Protocol):
    """Shows what a watcher does."""

    def tell(self, told: Told) -> None:
        """Tells of something that happened; called from any thread."""
        ...

    def show(self, view: View) -> None:
        """Shows how it stands, where a person looks at it."""
        ...

    def close(self) -> None:
        """Gives the terminal back; a second time is no error."""
        ...
