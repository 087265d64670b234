"""What servers said of their models, remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notelog.core.learned import Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedFigure:
    """What one server said of one model.

    Attributes:
        server: its origin, such as ``https://api.openai.com``.
        model: the model's name there.
        learned: the figures.
    """

    server: str
    model: str
    learned: Learned


class LearnedFigures(Protocol):
    """Remembers what servers said of their models when they refused a request."""

    def read(self, server: str, model: str) -> Learned | None:
        """What a server, named by its origin, said of a model, if that is not too long ago."""
        ...

    def all(self) -> tuple[LearnedFigure, ...]:
        """Everything that holds."""
        ...

    def keep(self, server: str, model: str, learned: Learned) -> None:
        """Keeps what a server said. It never fails; what cannot be kept is said and forgotten."""
        ...
