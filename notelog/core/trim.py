"""Fitting a conversation to the window: one pure function and the plan it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic

from notelog.core.budget import Budget, plan_budget
from notelog.core.counting import Count, Scale, Weighed, size_bytes, weigh_message
from notelog.core.messages import Conversation, Message
from notelog.core.models import ModelSpec, with_window
from notelog.errors import QuestionTooLargeError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    MessageT = TypeVar("MessageT", default=Message)
else:
    from typing import TypeVar

    MessageT = TypeVar("MessageT")

CUT_STEP: Final = 0.25
"""The share of the budget by which the cut moves."""

_BYTES_PER_TOKEN: Final = 4
"""About what prose has, English and Chinese alike: the grid of the cut is laid in bytes."""

_FINER_GRIDS: Final = 6

_OLDER: Final = "older than what fits the window"
_WITH_OLDER: Final = "left out with the older ones, so that the next prompts begin as this one does"


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedMessage:
    """A message that is left out.

    Attributes:
        index: its place in the conversation, from 0.
        role: who spoke.
        tokens: what it would have cost.
        reason: why it is left out, for a person.
        lines: its first and last line in the note.
        counted: whether ``tokens`` was counted; otherwise it is taken from its bytes, because
            what is far too old is never counted.
    """

    index: int
    role: str
    tokens: int
    reason: str
    lines: tuple[int, int]
    counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimPlan(Generic[MessageT]):
    """What is sent, what is left out and why, and the figures behind it. All counts in tokens.

    Attributes:
        kept: the messages that are sent, in order.
        dropped: those that are left out, in order.
        window: the context window.
        budget: what the prompt may cost.
        prompt_tokens: what the kept messages cost; an upper bound where ``bounded``.
        exact: whether ``prompt_tokens`` is exact for the model.
        bounded: nothing was tokenised: bytes bound the tokens.
        completion_tokens: the most tokens the reply may have; None leaves it to the server.
        count_source: where the count comes from, for a person.
        kept_indices: the places of the kept messages in the conversation, from 0.
        kept_tokens: what each of them costs; with ``frame_tokens`` they sum up to
            ``prompt_tokens``.
        frame_tokens: what the prompt costs besides its messages.
        reserve: what the budget keeps free for the reply.
        margin: what it keeps free besides.
    """

    kept: tuple[MessageT, ...]
    dropped: tuple[DroppedMessage, ...]
    window: int
    budget: int
    prompt_tokens: int
    exact: bool
    bounded: bool
    completion_tokens: int | None
    count_source: str
    kept_indices: tuple[int, ...] = ()
    kept_tokens: tuple[int, ...] = ()
    frame_tokens: int = 0
    reserve: int = 0
    margin: int = 0


def plan_trim(
    conversation: Conversation,
    *,
    model: ModelSpec,
    wish: int | None = None,
    context_window: int | None = None,
    count: Count,
    cut_step: float = CUT_STEP,
    exact: bool = False,
) -> TrimPlan:
    """Decides which messages of a conversation are sent.

    Kept always: system messages, pinned ones, the last user message and what follows it. Before
    those, as many whole turns as fit, the newest, beginning with a user message.

    Args:
        conversation: all that could be sent.
        model: its limits, and how its tokens are counted.
        wish: the most tokens asked for the reply, or None.
        context_window: overrides the model's.
        count: the number of tokens of a text in a tiktoken encoding.
        cut_step: the share of the budget by which the cut moves, so that it stays where it is
            for many turns and the server's prefix cache is used; it costs at most that share.
            0 keeps as much as possible.
        exact: count every message, even where bytes show that all fit, and those left out.

    Raises:
        QuestionTooLargeError: what is kept always does not fit.
    """
    return plan_fit(
        conversation,
        weigh_message,
        model=model,
        wish=wish,
        context_window=context_window,
        count=count,
        cut_step=cut_step,
        exact=exact,
    )


def plan_fit(
    messages: Sequence[MessageT],
    weigh: Callable[[MessageT], Weighed],
    *,
    model: ModelSpec,
    wish: int | None = None,
    context_window: int | None = None,
    count: Count,
    cut_step: float = CUT_STEP,
    exact: bool = False,
) -> TrimPlan[MessageT]:
    """``plan_trim`` for messages of any type.

    Args:
        messages: all that could be sent.
        weigh: a message as it is counted.
        model: as for ``plan_trim``, and so are the others.
        wish: the same.
        context_window: the same.
        count: the same.
        cut_step: the same.
        exact: the same.

    Raises:
        QuestionTooLargeError: what is kept always does not fit.
    """
    if context_window is not None:
        model = with_window(model, context_window)
    fitting = _Fitting(
        scale=Scale(model, count),
        items=[weigh(message) for message in messages],
        budget=plan_budget(model, wish),
    )
    bounds = None if exact else fitting.bounds()
    if bounds is not None:
        return _plan(messages, fitting, _Cut(), dict(enumerate(bounds)), bounded=True)
    cut = fitting.cut(cut_step)
    costs = fitting.costs
    if exact:
        costs |= {i: fitting.scale.cost(item) for i, item in enumerate(fitting.items)}
    return _plan(messages, fitting, cut, costs, bounded=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Where the conversation is cut.

    Attributes:
        index: messages before it are left out, those in ``always`` apart.
        least: where it would be if as much as possible were kept.
        always: what is kept whatever its place.
    """

    index: int = 0
    least: int = 0
    always: frozenset[int] = frozenset()


class _Fitting:
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

    def cut(self, cut_step: float) -> _Cut:
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
        return _Cut(index=index, least=least, always=always)

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


_SYSTEM_ROLES: Final = frozenset({"system", "developer"})


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


def _plan(
    messages: Sequence[MessageT],
    fitting: _Fitting,
    cut: _Cut,
    costs: Mapping[int, int],
    *,
    bounded: bool,
) -> TrimPlan[MessageT]:
    kept = [*sorted(i for i in cut.always if i < cut.index), *range(cut.index, len(messages))]
    kept_tokens = tuple(costs[index] for index in kept)
    scale, budget = fitting.scale, fitting.budget
    prompt_tokens = sum(kept_tokens) + scale.reply_frame()
    return TrimPlan(
        kept=tuple(messages[index] for index in kept),
        dropped=_dropped(fitting.items, cut, costs),
        window=budget.window,
        budget=budget.prompt_limit,
        prompt_tokens=prompt_tokens,
        exact=not bounded and scale.exact(fitting.items[index] for index in kept),
        bounded=bounded,
        completion_tokens=budget.completion(prompt_tokens),
        count_source=scale.source(bounded=bounded),
        kept_indices=tuple(kept),
        kept_tokens=kept_tokens,
        frame_tokens=scale.reply_frame(),
        reserve=budget.reserve,
        margin=budget.margin,
    )


def _dropped(
    items: Sequence[Weighed], cut: _Cut, costs: Mapping[int, int]
) -> tuple[DroppedMessage, ...]:
    counted_bytes = sum(size_bytes(items[index].text) for index in costs)
    share = sum(costs.values()) / counted_bytes if counted_bytes else 1.0
    return tuple(
        DroppedMessage(
            index=index,
            role=str(item.role),
            tokens=costs[index] if index in costs else round(size_bytes(item.text) * share),
            reason=_OLDER if index < cut.least else _WITH_OLDER,
            lines=item.lines,
            counted=index in costs,
        )
        for index, item in enumerate(items[: cut.index])
        if index not in cut.always
    )
