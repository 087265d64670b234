"""Where a conversation is cut so that the rest fits the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from notelog.core.budget import Budget
from notelog.core.counting import Scale, Weighed, size_bytes
from notelog.errors import QuestionTooLargeError

_BYTES_PER_TOKEN: Final = 4
"""About what prose has, English and Chinese alike: the grid of the cut is laid in bytes."""

_FINER_GRIDS: Final = 6

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the conversation is cut.

    Attributes:
        index: messages before it are left out, those in ``always`` apart.
        least: where it would be if as much as possible were kept.
        always: what is kept whatever its place.
    """

    index: int = 0
    least: int = 0
    always: frozenset[int] = frozenset()


class Fitting:
    """One conversation on its way to a plan; counts each message at most once."""

    def __init__(self, *, scale: Scale, items: list[Weighed], budget: Budget) -> None:
        self.scale = scale
        self.items = items
        self.budget = budget
        self.costs: dict[int, int] = {}

    def cost(self, index: int) -> int:
        """The tokens of a message."""
        known = self.costs.get(index)
        if known is None:
            known = self.costs[index] = self.scale.cost(self.items[index])
        return known

    def bounds(self) -> list[int] | None:
        """Upper bounds of all messages, where they fit together with the wished reply."""
        budget = self.budget
        room = min(budget.prompt_limit, budget.window - budget.margin - (budget.wish or 0))
        room -= self.scale.reply_frame()
        bounds: list[int] = []
        for item in reversed(self.items):
            bounds.append(self.scale.bound(item))
            room -= bounds[-1]
            if room < 0:
                return None
        return bounds[::-1]

    def cut(self, cut_step: float) -> Cut:
        """Where the conversation is cut so that the rest fits.

        Raises:
            QuestionTooLargeError: what is kept always does not fit.
        """
        question = _question_index(self.items)
        always = _kept_always(self.items, question)
        room = self.budget.prompt_limit - self.scale.reply_frame()
        room -= sum(self.cost(index) for index in always)
        if room < 0:
            raise self._too_large(always)
        starts = self._turn_starts(question, always, room)
        least = starts[-1][0]
        index = self._stable_cut(starts, cut_step) if least else 0
        return Cut(index=index, least=least, always=always)

    def _turn_starts(
        self, question: int, always: frozenset[int], room: int
    ) -> list[tuple[int, int]]:
        """The places where the kept part may begin, newest first, each with the room left."""
        starts = [(question, room)]
        for index in range(question - 1, -1, -1):
            if index not in always:
                room -= self.cost(index)
                if room < 0:
                    return starts
            if index == 0 or self.items[index].role == "user":
                starts.append((index, room))
        return starts

    def _stable_cut(self, starts: list[tuple[int, int]], cut_step: float) -> int:
        """The first start behind a line of a grid over the conversation's bytes.

        The grid does not move when the conversation grows, and old messages need no counting
        for it. Where its next line is so far away that more than ``cut_step`` of the budget
        would be lost, a grid twice as fine is tried.
        """
        least, least_room = starts[-1]
        affordable = least_room + cut_step * self.budget.prompt_limit
        within = [index for index, room in reversed(starts) if room <= affordable]
        places = self._places(within)
        grid = int(cut_step * self.budget.prompt_limit * _BYTES_PER_TOKEN)
        for _finer in range(_FINER_GRIDS):
            if grid < 1:
                break
            line = -(-places[0] // grid) * grid
            for index, place in zip(within, places, strict=True):
                if place >= line:
                    return index
            grid //= 2
        return least

    def _places(self, starts: Sequence[int]) -> list[int]:
        """How many bytes of the conversation stand before each start, system messages apart."""
        places: list[int] = []
        place = done = 0
        for start in starts:
            place += sum(
                size_bytes(self.items[index].text)
                for index in range(done, start)
                if self.items[index].role not in _SYSTEM_ROLES
            )
            done = start
            places.append(place)
        return places

    def _too_large(self, always: frozenset[int]) -> QuestionTooLargeError:
        needed = {index: self.cost(index) for index in sorted(always)}
        total = sum(needed.values()) + self.scale.reply_frame()
        about = "" if self.scale.model.exact else "about "
        budget = self.budget
        biggest = max(needed, key=lambda index: needed[index])
        return QuestionTooLargeError(
            f"the question does not fit: {about}{total:,} tokens must be sent, and a window of"
            f" {budget.window:,} leaves {budget.prompt_limit:,} for the prompt"
            f" ({budget.reserve:,} are kept free for the reply and {budget.margin:,} as a margin);"
            f" the biggest part is {_described(self.items[biggest])} with {needed[biggest]:,}",
            hint=_ways_out(budget, total, pinned=any(self.items[i].pinned for i in needed)),
            line=self.items[biggest].lines[0] or None,
        )


def _question_index(items: Sequence[Weighed]) -> int:
    """The last user message; where there is none, the last message with what it belongs to."""
    for index in range(len(items) - 1, -1, -1):
        if items[index].role == "user":
            return index
    index = max(0, len(items) - 1)
    while index and items[index].follows:
        index -= 1
    return index


def _kept_always(items: Sequence[Weighed], question: int) -> frozenset[int]:
    """System messages, pinned ones with what they need to stand, and the question onward."""
    always = {index for index, item in enumerate(items) if item.role in _SYSTEM_ROLES}
    for index, item in enumerate(items):
        if item.pinned and index < question:
            always.update(_pinned_range(items, index))
    return frozenset(always.union(range(question, len(items))))


def _pinned_range(items: Sequence[Weighed], index: int) -> range:
    """A pinned message; an answer from its user message on, and with its tools' results."""
    first = last = index
    while first and items[first].role not in {"user", *_SYSTEM_ROLES}:
        first -= 1
    while last + 1 < len(items) and items[last + 1].follows:
        last += 1
    return range(first, last + 1)


def _described(item: Weighed) -> str:
    if item.lines[0]:
        return f"the {item.role} message in lines {item.lines[0]}-{item.lines[1]}"
    return f"the {item.role} message" if item.lines == (0, 0) else f"a {item.role} message"


def _ways_out(budget: Budget, total: int, *, pinned: bool) -> str:
    """What a person can do, as far as it would help."""
    ways = ["ask a model with a larger window"]
    reply = budget.window - budget.margin - total
    if reply > 0 and total <= budget.prompt_limit + budget.reserve:
        ways.append(f"set max_tokens to {reply:,} or less")
    if pinned:
        ways.append("pin less")
    return f"{', '.join(ways)}, or shorten the question"
