"""Reading a text that is larger than the window: in parts, whose answers become one answer.

The parts are asked one by one, their answers are put together a few at a time until all that is
left fits one request, and that one is the turn of the note. Each answer but the last is so short
that two of them always fit: so every round has fewer answers than the one before, and it ends.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from notelog.core.budget import plan_budget
from notelog.core.digest_words import DigestWords
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import ModelSpec
from notelog.core.portions import Tokens, clipped, split_portions
from notelog.core.task import Task
from notelog.errors import QuestionTooLargeError

MOST_ANSWER_TOKENS: Final = 2_048
"""The most tokens of the answer to a part, however large the window."""

_ANSWER_SHARE: Final = 8
"""The answer to a part has an eighth of the window, as replies have at least."""

_LEAST_ANSWER_TOKENS: Final = 16
_LEAST_PART_TOKENS: Final = 32
_NUMBER_TOKENS: Final = 8  # "\n\n[1000]\n" before each answer
_WORDS_PER_TOKEN: Final = 0.6  # English and Chinese alike, on the safe side
_SHRINK: Final = 0.8
_NOTHING: Final = frozenset({"", "-", "–", "—"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How prompts are counted.

    Attributes:
        spec: the model, with the window that counts.
        tokens: the tokens of a text; at most its bytes.
        prompt: the tokens of a whole prompt.
    """

    spec: ModelSpec
    tokens: Tokens
    prompt: Callable[[Conversation], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a text, and how it is asked; ``str`` of it is what the journal keeps.

    Attributes:
        start: its first character in the text.
        text: it.
        answer_words: the most words of its answer.
    """

    start: int
    text: str
    answer_words: int

    def __str__(self) -> str:
        return f"{self.start} {len(self.text)} {self.answer_words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """How a text is read in parts.

    Attributes:
        task: the text, and what is asked of it.
        before: the messages that stand at the beginning of every request.
        parts: the text, split; one after another they are the text.
        words: how the model is asked.
        answer_words: the most words of an answer to a part.
        answer_tokens: the most tokens of an answer to a part that go on.
        reply_tokens: the most tokens that such a request asks for: more where the model thinks.
        wish: the most tokens wished for the last answer, or None.
    """

    task: Task
    before: Conversation
    parts: tuple[Part, ...]
    words: DigestWords
    answer_words: int
    answer_tokens: int
    reply_tokens: int
    wish: int | None

    @property
    def asked(self) -> tuple[Part, ...]:
        """The parts that are not blank, in order."""
        return tuple(part for part in self.parts if part.text.strip())

    def asking(self, part: Part) -> Conversation:
        """The request of a part."""
        words = self.words
        if part.answer_words != self.answer_words:
            task = self.task
            words = DigestWords(task.instructions, text=task.text, answer_words=part.answer_words)
        return self.request(words.part(part.text))

    def part_at(self, kept: str) -> Part | None:
        """The part that ``str`` gave this for, if the text is as long as that."""
        start, length, answer_words = (*map(int, kept.split()), 0, 0, 0)[:3]
        text = self.task.text[start : start + length]
        if not text or len(text) != length:
            return None
        return Part(start=start, text=text, answer_words=answer_words)

    def request(self, content: str) -> Conversation:
        """The messages of one request."""
        return (*self.before, Message(role=Role.USER, content=content, lines=self.task.lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One more round: each group of answers becomes one, and a group of one stays as it is."""

    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last request, whose answer goes into the note."""

    messages: Conversation


Step: TypeAlias = Merge | Last


def plan_digest(
    task: Task, before: Conversation, *, measure: Measure, wish: int | None
) -> DigestPlan:
    """Splits a text so that every request fits the window beside its answer.

    Args:
        task: the text, and what is asked of it.
        before: what stands at the beginning of every request.
        measure: counts.
        wish: the most tokens wished for the last answer, or None.

    Raises:
        QuestionTooLargeError: the instructions leave no room for the text.
    """
    spec = measure.spec
    most = min(MOST_ANSWER_TOKENS, max(64, spec.context_window // _ANSWER_SHARE), wish or 1 << 30)
    draft = _plan(task, before, most, spec, wish)
    answer = min(most, _answer_room(draft, measure) // 2 - _NUMBER_TOKENS)
    if answer < min(most, _LEAST_ANSWER_TOKENS):
        raise _no_room(draft, measure)
    plan = _plan(task, before, answer, spec, wish)
    room = _limit(measure, plan.reply_tokens) - measure.prompt(plan.request(plan.words.part("")))
    if room < _LEAST_PART_TOKENS:
        raise _no_room(plan, measure)
    return replace(plan, parts=tuple(_split(plan, 0, len(task.text), measure)))


def with_parts(plan: DigestPlan, kept: Sequence[Part], measure: Measure) -> DigestPlan:
    """The plan with parts that were answered before; what lies between them is split anew.

    Args:
        plan: the plan.
        kept: parts of its text, the more welcome ones first where they overlap.
        measure: counts.
    """
    apart: list[Part] = []
    for part in kept:
        if all(_are_apart(part, other) for other in apart):
            apart.append(part)
    parts: list[Part] = []
    done = 0
    for part in sorted(apart, key=lambda part: part.start):
        parts += (*_split(plan, done, part.start, measure), part)
        done = part.start + len(part.text)
    parts += _split(plan, done, len(plan.task.text), measure)
    return replace(plan, parts=tuple(parts))


def _are_apart(one: Part, other: Part) -> bool:
    first, second = sorted((one, other), key=lambda part: part.start)
    return first.start + len(first.text) <= second.start


def _split(plan: DigestPlan, start: int, end: int, measure: Measure) -> Iterator[Part]:
    """A stretch of the text in parts that fit."""
    empty = plan.request(plan.words.part(""))
    room = _limit(measure, plan.reply_tokens) - measure.prompt(empty)
    parts = split_portions(plan.task.text[start:end], room, measure.tokens)
    for text in _fitting(parts, plan, measure):
        yield Part(start=start, text=text, answer_words=plan.answer_words)
        start += len(text)


def _plan(
    task: Task,
    before: Conversation,
    answer_tokens: int,
    spec: ModelSpec,
    wish: int | None,
) -> DigestPlan:
    words = max(10, int(answer_tokens * _WORDS_PER_TOKEN) // 10 * 10)
    thinking = plan_budget(spec, None).reserve if spec.reasoning else 0
    return DigestPlan(
        task=task,
        before=before,
        parts=(),
        words=DigestWords(task.instructions, text=task.text, answer_words=words),
        answer_words=words,
        answer_tokens=answer_tokens,
        reply_tokens=min(answer_tokens + thinking, spec.output_limit or 1 << 30),
        wish=wish,
    )


def _limit(measure: Measure, reply_tokens: int | None) -> int:
    return plan_budget(measure.spec, reply_tokens).prompt_limit


def _answer_room(plan: DigestPlan, measure: Measure) -> int:
    """The tokens that are left for answers in the requests that put them together."""
    final = _limit(measure, plan.wish) - measure.prompt(plan.request(plan.words.final(())))
    merge = _limit(measure, plan.reply_tokens) - measure.prompt(plan.request(plan.words.merge(())))
    return min(final, merge)


def _fitting(parts: Sequence[str], plan: DigestPlan, measure: Measure) -> tuple[str, ...]:
    """The parts, those split once more whose whole request is too large after all.

    Where the server counts, the tokens of a part alone are an estimate.
    """
    limit = _limit(measure, plan.reply_tokens)
    fitting: list[str] = []
    left = list(reversed(parts))
    while left:
        part = left.pop()
        if measure.prompt(plan.request(plan.words.part(part))) <= limit:
            fitting.append(part)
            continue
        halves = split_portions(part, max(4, measure.tokens(part) // 2), measure.tokens)
        if len(halves) < 2:  # noqa: PLR2004  # it cannot be halved
            raise _no_room(plan, measure)
        left.extend(reversed(halves))
    return tuple(fitting)


def next_step(plan: DigestPlan, answers: Sequence[str], measure: Measure) -> Step:
    """What is asked once these answers are there; each is cut to ``plan.answer_tokens``.

    Args:
        plan: the plan.
        answers: at least one, in order.
        measure: counts.
    """
    useful = [text for text in answers if text.strip() not in _NOTHING] or list(answers[:1])
    useful = [clipped(text, plan.answer_tokens, measure.tokens) for text in useful]

    def final(texts: Sequence[str]) -> Conversation:
        return plan.request(plan.words.final(texts))

    limit = _limit(measure, plan.wish)
    if len(useful) > 1 and measure.prompt(final(useful)) > limit:
        return Merge(groups=_groups(plan, useful, measure))
    useful = _shrunk(useful, lambda texts: measure.prompt(final(texts)) <= limit, measure.tokens)
    return Last(messages=final(useful))


def merge_request(plan: DigestPlan, group: Sequence[str]) -> Conversation:
    """The request that makes one answer of a group."""
    return plan.request(plan.words.merge(group))


def _groups(
    plan: DigestPlan, answers: Sequence[str], measure: Measure
) -> tuple[tuple[str, ...], ...]:
    """Consecutive answers in groups that fit; all but the last have two members at least."""
    limit = _limit(measure, plan.reply_tokens)

    def fits(texts: Sequence[str]) -> bool:
        return measure.prompt(merge_request(plan, texts)) <= limit

    groups: list[tuple[str, ...]] = []
    left = list(reversed(answers))
    while left:
        group = [left.pop()]
        while left and fits([*group, left[-1]]):
            group.append(left.pop())
        if len(group) == 1 and left:
            group = _shrunk([*group, left.pop()], fits, measure.tokens)
        groups.append(tuple(group))
    return tuple(groups)


def _shrunk(texts: list[str], fits: Callable[[Sequence[str]], bool], tokens: Tokens) -> list[str]:
    """The texts cut until they fit: they do already unless the server counts otherwise."""
    while not fits(texts) and any(texts):
        rooms = [int(tokens(text) * _SHRINK) for text in texts]
        texts = [
            clipped(text, room, tokens) if room >= 4 else ""  # noqa: PLR2004  # see ``portions``
            for text, room in zip(texts, rooms, strict=True)
        ]
    return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most that putting the answers together takes. Counts in tokens.

    Attributes:
        merges: how many requests stand between those of the parts and the last one.
        merge_prompt: of each of them.
        last_prompt: of the last.
    """

    merges: int
    merge_prompt: int
    last_prompt: int


def bounds_of(plan: DigestPlan, measure: Measure) -> Bounds:
    """The most that putting the answers together takes, if every answer is as long as it may be."""
    each = plan.answer_tokens + _NUMBER_TOKENS
    together = max(2, _answer_room(plan, measure) // each)
    count, left = 0, len(plan.asked)
    while left > together:
        groups = -(-left // together)
        count += groups - (left % together == 1)
        left = groups
    frame = measure.prompt(plan.request(plan.words.final(())))
    return Bounds(
        merges=count,
        merge_prompt=_limit(measure, plan.reply_tokens),
        last_prompt=min(_limit(measure, plan.wish), frame + left * each),
    )


def _no_room(plan: DigestPlan, measure: Measure) -> QuestionTooLargeError:
    taken = measure.prompt(plan.request(plan.words.part("")))
    return QuestionTooLargeError(
        f"what is asked leaves no room for the text: it takes {taken:,} of the window of "
        f"{measure.spec.context_window:,} tokens with what is always sent, before a word of the "
        "text and of an answer",
        hint="ask in fewer words, pin less, or ask a model with a larger window",
        line=plan.task.lines[0] or None,
    )
