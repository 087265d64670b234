"""Where a conversation is cut so that the rest fits the budget."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from notelog.core.budget import Budget
from notelog.core.counting import MessageView, Scale, Weighed, size_bytes, weight
from notelog.core.shorten import least_tokens, shorten_text
from notelog.errors import QuestionTooLargeError

MessageT = TypeVar("MessageT")

Oversized: TypeAlias = Literal["stop", "shorten"]
"""What to do where what is kept always does not fit: stop, or shorten the largest of it."""

_BYTES_PER_TOKEN: Final = 4
"""About what prose has, English and Chinese alike: the grid of the cut is laid in bytes."""

_FINER_GRIDS: Final = 6

SYSTEM_ROLES: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the conversation is cut.

    Attributes:
        index: messages before it are left out, those in ``always`` apart.
        least: where it would be if as much as possible were kept.
        always: what is kept whatever its place.
        noticed: the notice that something is left out is sent.
    """

    index: int = 0
    least: int = 0
    always: frozenset[int] = frozenset()
    noticed: bool = False


class Fitting(Generic[MessageT]):
    """One conversation on its way to a plan; weighs and counts each message at most once.

    Attributes:
        costs: the tokens of the messages that were counted, by place.
        shorter: the shortened messages with their tokens, by place.
        roles: who speaks, for each message.
        orphans: the places of the messages that no server takes where they stand.
        notice: the message that says that something is left out, or None.
        notice_tokens: what it costs.
    """

    def __init__(
        self,
        *,
        messages: Sequence[MessageT],
        view: MessageView[MessageT],
        scale: Scale,
        budget: Budget,
        notice: str = "",
        noticed: bool = False,
    ) -> None:
        self.messages = messages
        self.view = view
        self.scale = scale
        self.budget = budget
        self.costs: dict[int, int] = {}
        self._items: dict[int, Weighed] = {}
        self.shorter: dict[int, tuple[MessageT, int]] = {}
        self.roles = view.roles(messages)
        self.orphans = frozenset(view.orphans(messages, self.roles))
        self.notice = view.notice(notice) if notice else None
        self._noticed = noticed and self.notice is not None

    @cached_property
    def notice_tokens(self) -> int:
        """What the notice costs."""
        return 0 if self.notice is None else self.scale.cost(self.view.weigh(self.notice))

    def item(self, index: int) -> Weighed:
        """A message as it is counted."""
        known = self._items.get(index)
        if known is None:
            known = self._items[index] = self.view.weigh(self.messages[index])
        return known

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
        room -= self.scale.reply_frame() + (self.notice_tokens if self._noticed else 0)
        bounds: list[int] = []
        for index in range(len(self.messages) - 1, -1, -1):
            bounds.append(self.scale.bound(self.item(index)))
            room -= bounds[-1]
            if room < 0:
                return None
        return bounds[::-1]

    def whole(self) -> Cut:
        """The cut that leaves nothing out."""
        return Cut(noticed=self._noticed)

    def cut(self, cut_step: float, oversized: Oversized) -> Cut:
        """Where the conversation is cut so that the rest fits.

        Raises:
            QuestionTooLargeError: what is kept always does not fit.
        """
        question = self._question_index()
        always = self._kept_always(question)
        room = self.budget.prompt_limit - self.scale.reply_frame()
        free = room - sum(self.cost(index) for index in always)
        if free < 0:
            if oversized == "stop":
                raise self._too_large(always, room)
            free = self._shortened_to(always, room)
        starts = self._turn_starts(question, always, free)
        noticed = bool(self.notice) and (self._noticed or starts[-1][0] > 0)
        if noticed:
            beside = [(i, left) for i, rest in starts if (left := rest - self.notice_tokens) >= 0]
            noticed = bool(beside)
            starts = beside or starts[:1]
        least = starts[-1][0]
        index = self._stable_cut(starts, cut_step) if least else 0
        return Cut(index=index, least=least, always=always, noticed=noticed)

    def _shortened_to(self, always: frozenset[int], room: int) -> int:
        """Shortens the largest of what is kept always, system messages apart, and gives the rest.

        All that is shortened is shortened to the same size, so that the smallest part is lost.

        Raises:
            QuestionTooLargeError: that would leave too little.
        """
        needed = {index: self.cost(index) for index in always}
        others = len(always) + len(self.orphans) < len(self.messages)
        beside = room - self.notice_tokens
        set_aside = self.notice_tokens if others and self._can_shorten(needed, beside) else 0
        rest = room - set_aside - sum(self.cost(i) for i in always if self._is_system(i))
        said = sorted((i for i in always if not self._is_system(i)), key=self.cost)
        for place, index in enumerate(said):
            most = rest // (len(said) - place)
            if self.cost(index) <= most:
                rest -= self.cost(index)
                continue
            made = self._shortened(index, most)
            if made is None:
                raise self._too_large(always, room, tried=True)
            self.shorter[index] = made
            rest -= made[1]
        if rest < 0:
            raise self._too_large(always, room, tried=True)
        return rest + set_aside

    def _shortened(self, index: int, most: int) -> tuple[MessageT, int] | None:
        """A message shortened to so many tokens, and those it has then."""
        message, view, scale = self.messages[index], self.view, self.scale
        text = view.longest_text(message)
        limit = most - (self.cost(index) - scale.tokens(text))
        shorter = shorten_text(text, limit, scale.tokens)
        if shorter is None:
            return None
        made = view.with_text(message, shorter)
        tokens = scale.cost(view.weigh(made))
        return (made, tokens) if tokens <= most else None

    @cached_property
    def _system(self) -> Sequence[int]:
        """The places of the system messages: mostly none or a few of very many messages."""
        return [place for role in SYSTEM_ROLES for place in _places_of(role, self.roles)]

    def _is_system(self, index: int) -> bool:
        return self.roles[index] in SYSTEM_ROLES

    def _turn_starts(
        self, question: int, always: frozenset[int], room: int
    ) -> list[tuple[int, int]]:
        """The places where the kept part may begin, newest first, each with the room left."""
        starts = [(question, room)]
        for index in range(question - 1, -1, -1):
            if index not in always and index not in self.orphans:
                room -= self.cost(index)
                if room < 0:
                    return starts
            if index == 0 or self.roles[index] == "user":
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
        """About how many bytes of the conversation stand before each start, system parts apart."""
        places: list[int] = []
        place = done = 0
        for start in starts:
            place += weight(self.view.texts(self.messages[done:start]))
            place -= sum(weight([self.item(i).text]) for i in self._system if done <= i < start)
            done = start
            places.append(place)
        return places

    def _question_index(self) -> int:
        """The last user message; where there is none, the last with what it belongs to."""
        for index in range(len(self.roles) - 1, -1, -1):
            if self.roles[index] == "user":
                return index
        index = max(0, len(self.roles) - 1)
        while index and self.item(index).follows:
            index -= 1
        return index

    def _kept_always(self, question: int) -> frozenset[int]:
        """System messages, pinned ones with what they need to stand, and the question onward."""
        always = {*self._system, *range(question, len(self.roles))}
        for index in self.view.pinned(self.messages):
            always.update(self._pinned_range(index))
        return frozenset(always - self.orphans)

    def _pinned_range(self, index: int) -> range:
        """A pinned message; an answer from its user message on, and with its tools' results."""
        first = last = index
        while first and self.roles[first] not in {"user", *SYSTEM_ROLES}:
            first -= 1
        while last + 1 < len(self.roles) and self.item(last + 1).follows:
            last += 1
        return range(first, last + 1)

    def _too_large(
        self, always: frozenset[int], room: int, *, tried: bool = False
    ) -> QuestionTooLargeError:
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
            hint=self._ways_out(needed, room, tried=tried),
            line=self.item(biggest).lines[0] or None,
        )

    def _ways_out(self, needed: Mapping[int, int], room: int, *, tried: bool) -> str:
        """What a person can do, as far as it would help."""
        ways = ["ask a model with a larger window"]
        if not tried and self._can_shorten(needed, room):
            ways += self.view.ways_out
        reply = self.budget.window - self.budget.margin - sum(needed.values())
        reply -= self.scale.reply_frame()
        if 0 < reply < self.budget.reserve:
            ways.append(f"set max_tokens to {reply:,} or less")
        if self.view.pinned(self.messages):
            ways.append("pin less")
        return f"{', '.join(ways)}, or ask less at once"

    def _can_shorten(self, needed: Mapping[int, int], room: int) -> bool:
        """Whether shortening would leave something useful of each message."""
        least = least_tokens(self.scale.tokens)
        small = {
            index: cost
            if self._is_system(index)
            else min(cost, least + self.scale.frame(self.item(index)))
            for index, cost in needed.items()
        }
        return small != needed and sum(small.values()) <= room


def _places_of(role: str, roles: Sequence[str]) -> Iterator[int]:
    place = -1
    with suppress(ValueError):
        while True:
            place = roles.index(role, place + 1)
            yield place


def _described(item: Weighed) -> str:
    first, last = item.lines
    place = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"the {item.role} message" + (f" in {place}" if first else "")
