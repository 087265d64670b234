"""What was used: tokens and money, summed by day, note, model or profile."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from notelog.core.derived import Purpose
from notelog.core.models import Cost
from notelog.core.records import TurnState
from notelog.core.reply import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFigures:
    """The figures of one request, without a word of it.

    Attributes:
        at: when it was made, in seconds since the epoch.
        note: the note's path.
        profile: the profile asked.
        model: the model asked.
        state: how far it came.
        purpose: what for.
        usage: as the server counted; where it did not, the most that was planned.
        counted: whether the server counted.
        cost: of that usage; None where the model was unpriced.
    """

    at: float
    note: str
    profile: str
    model: str
    state: TurnState
    purpose: Purpose
    usage: Usage
    counted: bool
    cost: Cost | None


@dataclass(slots=True)
class Sum:
    """What some requests took.

    Attributes:
        requests: how many.
        prompt_tokens: sent, the cached ones among them.
        cached_tokens: of those, what the server had cached.
        completion_tokens: received, the model's reasoning among them.
        costs: money by currency.
        unpriced: how many requests no price is known for.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    costs: dict[str, float] = field(default_factory=dict[str, float])
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        """Both ways together."""
        return self.prompt_tokens + self.completion_tokens

    def add(self, figures: TurnFigures) -> None:
        """Adds one request."""
        self.requests += 1
        self.prompt_tokens += figures.usage.prompt_tokens
        self.cached_tokens += figures.usage.cached_tokens
        self.completion_tokens += figures.usage.completion_tokens
        if figures.cost is None:
            self.unpriced += 1
        else:
            name = figures.cost.currency
            self.costs[name] = self.costs.get(name, 0.0) + figures.cost.amount


@dataclass(slots=True)
class UsageRow:
    """What the requests of one day, note, model or profile took.

    Attributes:
        name: of it.
        known: what servers counted.
        up_to: what nobody counted, in doubt or not told by the server: at most this much.
    """

    name: str
    known: Sum = field(default_factory=Sum)
    up_to: Sum = field(default_factory=Sum)

    def add(self, figures: TurnFigures) -> None:
        """Adds one request."""
        (self.known if figures.counted else self.up_to).add(figures)


def sum_usage(
    figures: Iterable[TurnFigures], name_of: Callable[[TurnFigures], str]
) -> tuple[tuple[UsageRow, ...], UsageRow]:
    """Sums requests by a name.

    Args:
        figures: of all requests.
        name_of: the name under which one counts.

    Returns:
        A row for each name, in the order of the names, and the total.
    """
    rows: dict[str, UsageRow] = {}
    total = UsageRow("total")
    for item in figures:
        name = name_of(item)
        rows.setdefault(name, UsageRow(name)).add(item)
        total.add(item)
    return tuple(rows[name] for name in sorted(rows)), total


NAMES: Mapping[str, Callable[[TurnFigures], str]] = {
    "note": lambda item: item.note,
    "model": lambda item: item.model,
    "profile": lambda item: item.profile,
}
"""What usage is summed by, besides the day, which depends on where one is."""
