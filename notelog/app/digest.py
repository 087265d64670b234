"""A question that is larger than the window, read in parts: the plan and its price."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from notelog.app.derived_request import Derived, prepare_whole
from notelog.app.prepare import Prepared
from notelog.core.caps import reply_bound
from notelog.core.counting import NoteView, Scale
from notelog.core.derived import Purpose, derived_key
from notelog.core.digest_plan import DigestPlan, Measure, Part, bounds_of, plan_digest
from notelog.core.messages import Conversation, Role
from notelog.core.models import Cost, ModelSpec, cost_of_usage
from notelog.core.reply import Usage
from notelog.core.settings import Settings
from notelog.core.task import Task, find_task
from notelog.core.trim import TrimPlan
from notelog.errors import QuestionTooLargeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """How a question is read in parts.

    Attributes:
        settings: of its requests.
        measure: counts them.
        plan: the parts, and how they are asked.
        count_source: where the counts come from, for a person.
    """

    settings: Settings
    measure: Measure
    plan: DigestPlan
    count_source: str

    def parts(self) -> tuple[Derived, ...]:
        """The requests of the parts, in order."""
        asked = self.plan.asked
        return tuple(
            self.part(part, f"part {number} of {len(asked)}")
            for number, part in enumerate(asked, 1)
        )

    def part(self, part: Part, label: str) -> Derived:
        """The request of a part."""
        item = self.derived(Purpose.PART, label, self.plan.asking(part))
        return replace(item, covers=str(part))

    def derived(self, purpose: Purpose, label: str, messages: Conversation) -> Derived:
        """A request on the way to the reply."""
        prepared = self.prepared(messages, self.plan.reply_tokens)
        key = derived_key(purpose, prepared.request)
        return Derived(key=key, purpose=purpose, label=label, prepared=prepared)

    def prepared(self, messages: Conversation, wish: int | None) -> Prepared:
        """A request of all these messages, which are known to fit."""
        return prepare_whole(
            messages,
            self.settings,
            self.measure.spec,
            wish=wish,
            tokens=self.measure.prompt(messages),
            count_source=self.count_source,
        )

    def last(self, messages: Conversation) -> Prepared:
        """The request whose answer goes into the note."""
        return self.prepared(messages, self.plan.wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOffer:
    """What reading a question in parts takes at most: a person agrees to it. Counts in tokens.

    Attributes:
        task: what is asked, of what, and where that was found.
        settings: where it would be asked.
        window: the context window.
        parts: how many parts there are.
        merges: how many requests put answers together, besides the last.
        known: how many parts were answered before and are not asked again.
        alike: how many of the others are word for word like one that is asked; their answer is its.
        prompt_tokens: of all requests that are left together.
        reply_tokens: the same.
        answer_tokens: the longest answer to a part.
        cost: None where the model is unpriced.
        exact: whether the prompts of the parts are counted exactly.
    """

    task: Task
    settings: Settings
    window: int
    parts: int
    merges: int
    known: int
    alike: int
    prompt_tokens: int
    reply_tokens: int
    answer_tokens: int
    cost: Cost | None
    exact: bool

    @property
    def requests(self) -> int:
        """How many requests are left."""
        return self.parts - self.known - self.alike + self.merges + 1


def plan_offline(
    conversation: Conversation,
    settings: Settings,
    spec: ModelSpec,
    count: Callable[[str, str], int],
) -> Digest:
    """Plans to read a question in parts.

    Args:
        conversation: all that could be sent.
        settings: of the request.
        spec: the model.
        count: counts tokens in an encoding.

    Raises:
        QuestionTooLargeError: it cannot be read in parts either; the error says why.
    """
    task = find_task(conversation)
    if task is None:
        raise QuestionTooLargeError(
            "the question is larger than the window, and what is to be done with its text was not "
            "found: nothing in it looks like a question or an instruction",
            hint="write what you want in a message of its own below the text, and run this again",
        )
    scale = Scale(_steady(spec), count)
    measure = Measure(spec=scale.model, tokens=scale.tokens, prompt=prompt_counter(scale))
    return digest_of(
        task, _before(conversation, task), settings, measure, scale.source(bounded=False)
    )


def _steady(spec: ModelSpec) -> ModelSpec:
    """The model with a ratio that does not move a little with each reply that teaches it.

    The parts would be others then, and those that were answered be paid for once more.
    """
    return replace(spec, ratio=math.ceil(spec.ratio * 10) / 10) if spec.calibrated else spec


def digest_of(
    task: Task, before: Conversation, settings: Settings, measure: Measure, count_source: str
) -> Digest:
    """Plans with a measure.

    Raises:
        QuestionTooLargeError: the instructions leave no room for the text.
    """
    plan = plan_digest(task, before, measure=measure, wish=settings.max_tokens)
    return Digest(settings=settings, measure=measure, plan=plan, count_source=count_source)


def prompt_counter(scale: Scale) -> Callable[[Conversation], int]:
    """Counts whole prompts with a scale."""
    view = NoteView()
    frame = scale.reply_frame()
    return lambda messages: frame + sum(scale.cost(view.weigh(item)) for item in messages)


def _before(conversation: Conversation, task: Task) -> Conversation:
    """What is always sent: system messages, and pinned ones that are no part of the task."""
    asked = {task.text, task.instructions}
    return tuple(
        item
        for item in conversation
        if item.role is Role.SYSTEM
        or (item.pinned and item.content not in asked and item.content not in task.text)
    )


def needs_parts(plan: TrimPlan, conversation: Conversation) -> bool:
    """Whether a plan leaves out what the question is about.

    That is a user's message that waits for an answer too, or one that no window of this size
    could hold.
    """
    last_answer = max(
        (index for index, item in enumerate(conversation) if item.role is Role.ASSISTANT),
        default=-1,
    )
    return any(
        item.role == Role.USER and (item.index > last_answer or item.tokens > plan.budget)
        for item in plan.dropped
    )


def offer_of(digest: Digest, *, known: frozenset[str] = frozenset()) -> DigestOffer:
    """What is left to be asked, and the most that it takes.

    Args:
        digest: the plan.
        known: the keys of what was answered before.
    """
    plan, measure = digest.plan, digest.measure
    parts = digest.parts()
    unanswered = [item for item in parts if item.key not in known]
    left = {item.key: item for item in unanswered}.values()
    most = bounds_of(plan, measure)
    prompt = (
        sum(item.prepared.plan.prompt_tokens for item in left)
        + most.merges * most.merge_prompt
        + most.last_prompt
    )
    last_reply = reply_bound(
        plan.wish,
        spec=measure.spec,
        window=measure.spec.context_window,
        prompt_tokens=most.last_prompt,
    )
    reply = (len(left) + most.merges) * plan.reply_tokens + last_reply
    usage = Usage(prompt_tokens=prompt, completion_tokens=reply)
    return DigestOffer(
        task=plan.task,
        settings=digest.settings,
        window=measure.spec.context_window,
        parts=len(parts),
        merges=most.merges,
        known=len(parts) - len(unanswered),
        alike=len(unanswered) - len(left),
        prompt_tokens=prompt,
        reply_tokens=reply,
        answer_tokens=plan.answer_tokens,
        cost=cost_of_usage(measure.spec.price, usage),
        exact=measure.spec.exact,
    )
