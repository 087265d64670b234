"""A cap as the configuration has it: what it counts, and how long it looks back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["requests", "tokens", "cost"]

_HOUR_S: Final = 3_600
_DAY_S: Final = 24 * _HOUR_S
LOOK_BACK_S: Final = 30 * _DAY_S
"""The longest span of a cap, in seconds: what is older is of no account."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a cap looks back (0: not at all), whether at one note only, and how to say so."""

    seconds: int
    words: str
    of_note: bool = False


_SPANS: Final[Mapping[str, Span]] = {
    "request": Span(0, "in one request"),
    "hour": Span(_HOUR_S, "in the last hour"),
    "day": Span(_DAY_S, "in the last 24 hours"),
    "month": Span(LOOK_BACK_S, "in the last 30 days"),
    "note_per_day": Span(_DAY_S, "for this note in the last 24 hours", of_note=True),
}
_UNITS: Final[tuple[Unit, ...]] = ("requests", "tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """One cap of a profile.

    Attributes:
        name: as the configuration has it, ``UNIT_per_SPAN``: ``tokens_per_day``.
        most: the most that may be taken; money is in the profile's currency.
    """

    name: str
    most: float

    @property
    def unit(self) -> Unit:
        """What it counts."""
        return next(unit for unit in _UNITS if self.name.startswith(unit))

    @property
    def span(self) -> Span:
        """How long it looks back."""
        return _SPANS[self.name.partition("_per_")[2]]
