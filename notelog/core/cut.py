"""Where a conversation is cut so that the rest fits the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import not_
from typing import Final, Generic, TypeVar

from notelog.core.budget import Budget
from notelog.core.counting import MessageView, Scale, Weighed, size_bytes, sizes_bytes
from notelog.errors import QuestionTooLargeError

MessageT = TypeVar("MessageT")

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


class Fitting(Generic[MessageT]):
    """One conversation on its way to a plan; weighs and counts each message at most once."""

    def __init__(
        self,
        *,
        messages: Sequence[MessageT],
        view: MessageView[MessageT],
        scale: Scale,
        budget: Budget,
    ) -> None:
        self.messages = messages
        self.view = view
        self.scale = scale
        self.budget = budget
        self.costs: dict[int, int] = {}
        self._roles = view.roles(messages)

    def item(self, index: int) -> Weighed:
        """A message as it is counted."""
        return self.view.weigh(self.messages[index])

    def size_bytes(self, index: int) -> int:
        """The size of a message's text."""
        return size_bytes(self.view.text(self.messages[index]))

    def cost(self, index: int) -> int:
        """The tokens of a message."""
        known = self.costs.get(index)
        if known is None:
            known = self.costs[index] = self.scale.cost(self.item(index))
        return known

    def bounds(self) -> list[int] | None:
        """Upper bounds of all messages, where they fit together with the wished reply."""
        budget = self.budget
        room = min(budget.prompt_limit, budget.window - budget.margin - (budget.wish or 0))
        room -= self.scale.reply_frame()
        bounds: list[int] = []
        for message in reversed(self.messages):
            bounds.append(self.scale.bound(self.view.weigh(message)))
            room -= bounds[-1]
            if room < 0:
                return None
        return bounds[::-1]

    def cut(self, cut_step: float) -> Cut:
        """Where the conversation is cut so that the rest fits.

        Raises:
            QuestionTooLargeError: what is kept always does not fit.
        """
        question = self._question_index()
        always = self._kept_always(question)
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
            if index == 0 or self._roles[index] == "user":
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
            system = map(_SYSTEM_ROLES.__contains__, self._roles[done:start])
            part = list(compress(self.messages[done:start], map(not_, system)))
            place += sizes_bytes(self.view.texts(part))
            done = start
            places.append(place)
        return places

    def _question_index(self) -> int:
        """The last user message; where there is none, the last with what it belongs to."""
        for index in range(len(self._roles) - 1, -1, -1):
            if self._roles[index] == "user":
                return index
        index = max(0, len(self._roles) - 1)
        while index and self.item(index).follows:
            index -= 1
        return index

    def _kept_always(self, question: int) -> frozenset[int]:
        """System messages, pinned ones with what they need to stand, and the question onward."""
        system = map(_SYSTEM_ROLES.__contains__, self._roles)
        always = set(compress(range(len(self._roles)), system))
        always.update(range(question, len(self._roles)))
        for index in self.view.pinned(self.messages):
            always.update(self._pinned_range(index))
        return frozenset(always)

    def _pinned_range(self, index: int) -> range:
        """A pinned message; an answer from its user message on, and with its tools' results."""
        first = last = index
        while first and self._roles[first] not in {"user", *_SYSTEM_ROLES}:
            first -= 1
        while last + 1 < len(self._roles) and self.item(last + 1).follows:
            last += 1
        return range(first, last + 1)

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
            f" the biggest part is {_described(self.item(biggest))} with {needed[biggest]:,}",
            hint=_ways_out(budget, total, pinned=bool(self.view.pinned(self.messages))),
            line=self.item(biggest).lines[0] or None,
        )


def _described(item: Weighed) -> str:
    place = f" in lines {item.lines[0]}-{item.lines[1]}" if item.lines[0] else ""
    return f"the {item.role} message{place}"


def _ways_out(budget: Budget, total: int, *, pinned: bool) -> str:
    """What a person can do, as far as it would help."""
    ways = ["ask a model with a larger window"]
    reply = budget.window - budget.margin - total
    if reply > 0 and total <= budget.prompt_limit + budget.reserve:
        ways.append(f"set max_tokens to {reply:,} or less")
    if pinned:
        ways.append("pin less")
    return f"{', '.join(ways)}, or shorten the question"
