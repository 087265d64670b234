"""Fitting once more after a server's refusal: what it says of its window is learned and used.

A refusal of this kind was never billed (``docs/promises.md``, P2). What is asked instead is always
strictly smaller: no message more, no longer reply, and less of at least one; so that whatever was
allowed for the first request is enough for it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from notelog.app.outcome import cut_words
from notelog.app.prepare import Prepared, fitted
from notelog.core.caps import reply_bound
from notelog.core.counting import NoteView, Scale, size_bytes
from notelog.core.learned import Learned
from notelog.core.messages import Conversation
from notelog.core.models import ModelSpec
from notelog.core.overflow import LowerReply, OverflowFigures, Refused, TrimAgain, plan_retry
from notelog.core.profiles import profile_origin
from notelog.core.reply import Reply
from notelog.core.request import ChatRequest
from notelog.core.retry import Correction
from notelog.core.silent_cut import find_silent_cut
from notelog.core.trim import TrimPlan
from notelog.errors import ContextOverflowError, QuestionTooLargeError
from notelog.ports.learned import LearnedFigures
from notelog.ports.people import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitting:
    """What fitting once more needs of the world.

    Attributes:
        count: counts tokens in an encoding.
        learned: remembers what servers say.
        clock: the day of it.
    """

    count: Callable[[str, str], int]
    learned: LearnedFigures
    clock: Clock


class Refit:
    """One turn's request over its refusals.

    Args:
        tools: the ports.
        prepared: the request as it is sent first.
        conversation: all that could be sent, which its plan was made of.
        path: the note's name for messages.

    Attributes:
        prepared: the request as it is sent now, and the plan behind it.
    """

    def __init__(
        self, tools: Refitting, prepared: Prepared, conversation: Conversation, *, path: str
    ) -> None:
        self.prepared = prepared
        self._tools = tools
        self._conversation = conversation
        self._path = path
        self._first = True

    def __call__(self, request: ChatRequest, refusal: ContextOverflowError) -> Correction | None:
        """The request made smaller; None where nothing would help.

        Args:
            request: as it was refused, with all that was corrected in it before.
            refusal: what the server said; not that it broke off a reply that had begun.

        Raises:
            QuestionTooLargeError: what must be sent does not fit the window that the server names.
        """
        if refusal.in_stream and self.prepared.settings.profile.billed:
            return None
        figures = figures_of(refusal)
        self._remember(figures)
        self._keep_sent(request)
        first, self._first = self._first, False
        try:
            smaller = self._smaller(plan_retry(self._refused(), figures, first=first))
        except QuestionTooLargeError as error:
            error.path = self._path
            raise
        if smaller is None:
            return None
        before, self.prepared = self.prepared, smaller
        return Correction(request=smaller.request, sentence=_told(figures, before, smaller))

    def lack(self, reply: Reply) -> str:
        """What the server left out of the request without a word; empty where it read all."""
        plan, spec = self.prepared.plan, self.prepared.spec
        cut = find_silent_cut(plan, spec, reply.usage, self._tools.count)
        return "" if cut is None else cut_words(cut)

    def _keep_sent(self, request: ChatRequest) -> None:
        self.prepared = replace(self.prepared, request=request)

    def _remember(self, figures: OverflowFigures) -> None:
        """Keeps the figures of a server that has an address."""
        origin = profile_origin(self.prepared.settings.profile)
        if origin is None or (figures.window is None and figures.output_limit is None):
            return
        today = datetime.fromtimestamp(self._tools.clock.now(), UTC).date()
        prompt = figures.prompt_tokens
        size = "" if prompt is None else f" of a prompt of {prompt:,} tokens"
        learned = Learned(
            window=figures.window,
            prompt_only=figures.prompt_only,
            output_limit=figures.output_limit,
            learned_on=today.isoformat(),
            source=f"its refusal{size}",
        )
        self._tools.learned.keep(str(origin), self.prepared.settings.model, learned)

    def _refused(self) -> Refused:
        prepared = self.prepared
        scale, view = Scale(prepared.spec, self._tools.count), NoteView()
        messages = prepared.request.messages
        costs = (scale.cost(view.weigh(message)) for message in messages)
        return Refused(
            spec=prepared.spec,
            prompt_tokens=sum(costs) + scale.reply_frame(),
            prompt_bytes=_size(messages),
            max_tokens=prepared.request.max_tokens,
        )

    def _smaller(self, steps: Iterable[LowerReply | TrimAgain]) -> Prepared | None:
        """The first of the steps that makes the request smaller."""
        too_large: QuestionTooLargeError | None = None
        known = False
        for step in steps:
            if known and isinstance(step, TrimAgain) and step.blind:
                break  # the server's own figures have shown that it cannot fit
            try:
                made = self._made(step)
            except QuestionTooLargeError as error:
                known = known or (isinstance(step, TrimAgain) and not step.blind)
                too_large = error
                continue
            if _is_smaller(made.request, self.prepared.request):
                return made
        if known and too_large is not None:
            raise too_large
        return None

    def _made(self, step: LowerReply | TrimAgain) -> Prepared:
        if isinstance(step, LowerReply):
            return self._with_lower_reply(step)
        return self._trimmed(step)

    def _with_lower_reply(self, step: LowerReply) -> Prepared:
        prepared = self.prepared
        plan = replace(
            prepared.plan,
            window=step.spec.context_window,
            completion_tokens=self._most(step.max_tokens),
        )
        if step.prompt_tokens is not None:
            plan = replace(
                plan,
                prompt_tokens=step.prompt_tokens,
                exact=True,
                bounded=False,
                count_source="counted by the server",
            )
        return _with_plan(prepared, plan, step.spec)

    def _trimmed(self, step: TrimAgain) -> Prepared:
        prepared = self.prepared
        again = fitted(
            tuple(self._conversation[index] for index in prepared.plan.kept_indices),
            step.spec,
            replace(prepared.settings, max_tokens=step.wish),
            self._tools.count,
            exact=True,
            noticed=bool(prepared.plan.dropped),
        )
        most = again.completion_tokens
        plan = replace(
            _merged(prepared.plan, again),
            completion_tokens=None if most is None else self._most(most),
        )
        return _with_plan(prepared, plan, step.spec)

    def _most(self, max_tokens: int) -> int:
        """A limit of the reply that is no higher than what was allowed for it before."""
        prepared = self.prepared
        bound = reply_bound(
            prepared.request.max_tokens,
            spec=prepared.spec,
            window=prepared.plan.window,
            prompt_tokens=prepared.plan.prompt_tokens,
        )
        return max(1, min(max_tokens, bound))


def figures_of(refusal: ContextOverflowError) -> OverflowFigures:
    """The figures that a refusal carries."""
    return OverflowFigures(
        window=refusal.window,
        prompt_only=refusal.prompt_only,
        output_limit=refusal.output_limit,
        prompt_tokens=refusal.prompt_tokens,
        at_least=refusal.at_least,
        completion_tokens=refusal.completion_tokens,
        total_tokens=refusal.total_tokens,
    )


def _with_plan(prepared: Prepared, plan: TrimPlan, spec: ModelSpec) -> Prepared:
    """The same request with the messages and the limit of a plan."""
    request = replace(prepared.request, messages=plan.messages, max_tokens=plan.completion_tokens)
    return replace(prepared, spec=spec, plan=plan, request=request)


def _merged(before: TrimPlan, again: TrimPlan) -> TrimPlan:
    """A plan for the messages that another plan had kept, as one plan for the conversation."""
    places = before.kept_indices
    further = (replace(item, index=places[item.index]) for item in again.dropped)
    shortened = (replace(item, index=places[item.index]) for item in again.shortened)
    dropped = sorted((*before.dropped, *further), key=lambda item: item.index)
    return replace(
        again,
        dropped=tuple(dropped),
        shortened=tuple(shortened),
        kept_indices=tuple(places[index] for index in again.kept_indices),
    )


def _is_smaller(request: ChatRequest, before: ChatRequest) -> bool:
    """Whether nothing grew and something shrank."""
    sizes = (_size(request.messages), _size(before.messages))
    limits = (_limit(request.max_tokens), _limit(before.max_tokens))
    return (
        sizes[0] <= sizes[1]
        and limits[0] <= limits[1]
        and (sizes[0], limits[0])
        != (
            sizes[1],
            limits[1],
        )
    )


def _limit(max_tokens: int | None) -> float:
    return math.inf if max_tokens is None else max_tokens


def _size(messages: Conversation) -> int:
    """The bytes of all texts, and one for each message, so that an empty one counts."""
    return sum(1 + size_bytes(message.content) for message in messages)


def _told(figures: OverflowFigures, before: Prepared, now: Prepared) -> str:
    """What the server said and what was done about it, in a sentence."""
    said = "the server says that the conversation is too long"
    if figures.window is not None:
        part = " for a prompt" if figures.prompt_only else ""
        said = f"the server's window{part} is {figures.window:,} tokens"
    elif figures.output_limit is not None:
        said = f"the server gives at most {figures.output_limit:,} tokens of reply"
    left_out = len(before.request.messages) - len(now.request.messages)
    done: list[str] = []
    if left_out:
        done.append(f"left out {left_out} message{'' if left_out == 1 else 's'}")
    if now.request.max_tokens != before.request.max_tokens:
        done.append(f"lowered max_tokens to {now.request.max_tokens:,}")
    return f"{said}: {', '.join(done)} and asked again"
