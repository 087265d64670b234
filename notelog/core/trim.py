"""Fitting a conversation to the window: one pure function and the plan it gives."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import filterfalse, takewhile
from typing import TYPE_CHECKING, Final, Generic, TypeVar, overload

from notelog.core.budget import plan_budget
from notelog.core.counting import Count, MessageView, NoteView, Scale, size_bytes
from notelog.core.cut import SYSTEM_ROLES, Cut, Fitting, Oversized
from notelog.core.messages import Conversation, Message
from notelog.core.models import ModelSpec, with_window

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultedTypeVar

    from notelog.core.trim_report import TrimReport

    MessageT_co = DefaultedTypeVar("MessageT_co", default=Message, covariant=True)
else:
    MessageT_co = TypeVar("MessageT_co", covariant=True)

MessageT = TypeVar("MessageT")

CUT_STEP: Final = 0.25
"""The share of the budget by which the cut moves."""

LEFT_OUT_NOTICE: Final = "[… earlier messages left out …]"
"""What the model is told where turns were left out. It never changes, so that the prompts before
and after begin alike for a server's prefix cache; and it is short in any language."""

_OLDER: Final = "older than what fits the window"
_WITH_OLDER: Final = "gone with the older ones, so that the next prompts begin as this one does"
_ORPHAN: Final = "a tool's result without the call above it: no server takes it"


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
class ShortenedMessage:
    """A message of which a part is left out, with a marker in its place.

    Attributes:
        index: its place in the conversation, from 0.
        tokens: what it would have cost.
        sent_tokens: what it costs now.
    """

    index: int
    tokens: int
    sent_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimPlan(Generic[MessageT_co]):
    """What is sent, what is left out and why, and the figures behind it. All counts in tokens.

    Attributes:
        kept: the messages of the conversation that are sent, in order.
        dropped: those that are left out, in order.
        shortened: those of ``kept`` of which a part is left out.
        notice: the message that tells the model that something was left out; None without it.
        notice_place: where it stands among ``kept``: below the first system messages.
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
        frame_tokens: what the prompt costs besides, the notice with it.
        reserve: what the budget keeps free for the reply.
        margin: what it keeps free besides.
    """

    kept: tuple[MessageT_co, ...]
    dropped: Sequence[DroppedMessage]
    shortened: tuple[ShortenedMessage, ...] = ()
    notice: MessageT_co | None = None
    notice_place: int = 0
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

    @property
    def messages(self) -> tuple[MessageT_co, ...]:
        """What is sent: the kept messages, and the notice in its place."""
        if self.notice is None:
            return self.kept
        place = self.notice_place
        return (*self.kept[:place], self.notice, *self.kept[place:])

    @property
    def report(self) -> "TrimReport":
        """What became of every message, and why; ``str(plan.report)`` is for a person."""
        from notelog.core.trim_report import TrimReport

        return TrimReport(self)


def plan_trim(
    conversation: Conversation,
    *,
    model: ModelSpec,
    wish: int | None = None,
    context_window: int | None = None,
    count: Count,
    cut_step: float = CUT_STEP,
    exact: bool = False,
    oversized: Oversized = "stop",
    notice: str = "",
    noticed: bool = False,
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
        oversized: where what is kept always does not fit: ``stop``, or ``shorten`` the largest of
            it, never a system message.
        notice: what tells the model that something is left out, such as ``LEFT_OUT_NOTICE``; sent
            as a system message where something is and it fits. Empty sends none.
        noticed: something was left out before, so that the notice is due in any case.

    Raises:
        QuestionTooLargeError: what is kept always does not fit.
    """
    return plan_fit(
        conversation,
        NoteView(),
        model=model,
        wish=wish,
        context_window=context_window,
        count=count,
        cut_step=cut_step,
        exact=exact,
        oversized=oversized,
        notice=notice,
        noticed=noticed,
    )


def plan_fit(
    messages: Sequence[MessageT],
    view: MessageView[MessageT],
    *,
    model: ModelSpec,
    wish: int | None = None,
    context_window: int | None = None,
    count: Count,
    cut_step: float = CUT_STEP,
    exact: bool = False,
    oversized: Oversized = "stop",
    notice: str = "",
    noticed: bool = False,
) -> TrimPlan[MessageT]:
    """``plan_trim`` for messages of any type.

    Args:
        messages: all that could be sent.
        view: how they are read.
        model: as for ``plan_trim``, and so are the others.
        wish: the same.
        context_window: the same.
        count: the same.
        cut_step: the same.
        exact: the same.
        oversized: the same.
        notice: the same.
        noticed: the same.

    Raises:
        QuestionTooLargeError: what is kept always does not fit.
    """
    if context_window is not None:
        model = with_window(model, context_window)
    fitting = Fitting(
        messages=messages,
        view=view,
        scale=Scale(model, count),
        budget=plan_budget(model, wish),
        notice=notice,
        noticed=noticed,
    )
    bounds = None if exact else fitting.bounds()
    if bounds is not None:
        return _plan(fitting, fitting.whole(), dict(enumerate(bounds)), bounded=True)
    cut = fitting.cut(cut_step, oversized)
    if exact:
        for index in range(len(messages)):
            fitting.cost(index)
    return _plan(fitting, cut, fitting.costs, bounded=False)


def _plan(
    fitting: Fitting[MessageT], cut: Cut, costs: Mapping[int, int], *, bounded: bool
) -> TrimPlan[MessageT]:
    scale, budget, shorter = fitting.scale, fitting.budget, fitting.shorter
    kept = [*sorted(i for i in cut.always if i < cut.index), *_from(fitting, cut.index)]
    kept_tokens = tuple(shorter[i][1] if i in shorter else costs[i] for i in kept)
    notice = fitting.notice if cut.noticed else None
    frame_tokens = scale.reply_frame() + (0 if notice is None else fitting.notice_tokens)
    prompt_tokens = sum(kept_tokens) + frame_tokens
    return TrimPlan(
        kept=tuple(shorter[i][0] if i in shorter else fitting.messages[i] for i in kept),
        dropped=_Dropped(fitting, cut, costs),
        shortened=tuple(
            ShortenedMessage(index=index, tokens=costs[index], sent_tokens=tokens)
            for index, (_message, tokens) in sorted(shorter.items())
        ),
        notice=notice,
        notice_place=sum(1 for _ in takewhile(lambda i: fitting.roles[i] in SYSTEM_ROLES, kept)),
        window=budget.window,
        budget=budget.prompt_limit,
        prompt_tokens=prompt_tokens,
        exact=not bounded and scale.exact(fitting.item(index) for index in kept),
        bounded=bounded,
        completion_tokens=budget.completion(prompt_tokens),
        count_source=scale.source(bounded=bounded),
        kept_indices=tuple(kept),
        kept_tokens=kept_tokens,
        frame_tokens=frame_tokens,
        reserve=budget.reserve,
        margin=budget.margin,
    )


def _from(fitting: Fitting[MessageT], index: int) -> Iterable[int]:
    """The places from one on of what can be sent."""
    places = range(index, len(fitting.messages))
    return filterfalse(fitting.orphans.__contains__, places) if fitting.orphans else places


class _Dropped(Sequence[DroppedMessage]):
    """The messages before a cut, each made when it is read: there may be 20,000."""

    def __init__(self, fitting: Fitting[MessageT], cut: Cut, costs: Mapping[int, int]) -> None:
        self._item = fitting.item
        self._size_bytes = fitting.size_bytes
        self._costs = costs
        self._tokens_per_byte: float | None = None
        self._orphans = fitting.orphans
        self._cut = cut

    @cached_property
    def _indices(self) -> Sequence[int]:
        left_out = filterfalse(self._cut.always.__contains__, range(self._cut.index))
        return sorted({*left_out, *self._orphans}) if self._orphans else list(left_out)

    def __len__(self) -> int:
        return len(self._indices)

    def __bool__(self) -> bool:
        return self._cut.least > 0 or bool(self._orphans)

    @overload
    def __getitem__(self, place: int) -> DroppedMessage: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[DroppedMessage, ...]: ...
    def __getitem__(self, place: int | slice) -> DroppedMessage | tuple[DroppedMessage, ...]:
        if isinstance(place, slice):
            return tuple(map(self._read, self._indices[place]))
        return self._read(self._indices[place])

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, _Dropped) else other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _read(self, index: int) -> DroppedMessage:
        item = self._item(index)
        counted = index in self._costs
        return DroppedMessage(
            index=index,
            role=str(item.role),
            tokens=self._costs[index] if counted else self._guess(item.text),
            reason=self._reason(index),
            lines=item.lines,
            counted=counted,
        )

    def _reason(self, index: int) -> str:
        if index in self._orphans:
            return _ORPHAN
        return _OLDER if index < self._cut.least else _WITH_OLDER

    def _guess(self, text: str) -> int:
        """The tokens of a message that was not counted, by the others' tokens for a byte."""
        if self._tokens_per_byte is None:
            sizes = sum(map(self._size_bytes, self._costs))
            self._tokens_per_byte = sum(self._costs.values()) / sizes if sizes else 1.0
        return math.ceil(size_bytes(text) * self._tokens_per_byte)
