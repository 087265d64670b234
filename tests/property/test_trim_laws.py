"""The laws of trimming, for any conversation, checked by a counter of the test's own."""

import base64
import contextlib
import itertools
import re
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.core.budget import plan_budget
from notelog.core.cut import Oversized
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import resolve_model, with_window
from notelog.core.trim import LEFT_OUT_NOTICE, TrimPlan, plan_trim
from notelog.core.trim_report import Fate
from notelog.errors import QuestionTooLargeError

COUNTER = TiktokenCounter()
MODELS = {"gpt-3.5-turbo": "cl100k_base", "gpt-4o": "o200k_base"}

texts = st.one_of(
    st.text(min_size=1, max_size=60),
    st.sampled_from(["word ", "的", "```python\nx = 1\n", "\U0001f600", "   ", "é\n"]).flatmap(
        lambda piece: st.integers(1, 400).map(lambda times: piece * times)
    ),
)  # fmt: skip
messages = st.builds(
    Message,
    role=st.sampled_from(Role),
    content=texts,
    pinned=st.sampled_from([False] * 9 + [True]),
)
conversations = st.lists(messages, min_size=1, max_size=24).map(tuple)
chats = st.lists(texts, min_size=1, max_size=24).map(
    lambda said: tuple(
        Message(role=(Role.USER, Role.ASSISTANT)[i % 2], content=text)
        for i, text in enumerate(said)
    )
)
windows = st.one_of(
    st.integers(16, 128),
    st.integers(128, 2_048),
    st.integers(128, 2_048),
    st.sampled_from([8_192, 128_000, 1_000_000]),
)
law = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])

steps = st.sampled_from([0.0, 0.1, 0.25, 0.5])


@cache
def own_counter(name: str) -> "object":
    """tiktoken by itself, from the shipped tables read in another way."""  # noqa: D403  # a name
    import tiktoken

    data = zlib.decompress((files("notelog.adapters") / "ranks" / f"{name}.zlib").read_bytes())
    size = int.from_bytes(data[:4], "big")
    ranks: dict[bytes, int] = {}
    place = 4 + size
    for rank, length in enumerate(data[4 : 4 + size]):
        ranks[data[place : place + length]] = rank
        place += length
    assert base64.b64encode(next(iter(ranks))) == b"IQ=="
    from notelog.adapters.tiktoken_counter import _PATTERNS

    return tiktoken.Encoding(
        name, pat_str=_PATTERNS[name], mergeable_ranks=ranks, special_tokens={}
    )


def own_sum(sent: Sequence[Message], model: str) -> int:
    """What OpenAI's cookbook says the messages cost."""
    encoding = own_counter(MODELS[model])
    total = 3
    for message in sent:
        total += 3
        for value in (message.role.value, message.content):
            total += len(encoding.encode(value, disallowed_special=()))  # type: ignore[attr-defined]
    return total


def plan(
    conversation: Conversation,
    window: int,
    *,
    model: str = "gpt-4o",
    cut_step: float = 0.25,
    wish: int | None = None,
    oversized: Oversized = "stop",
    notice: bool = False,
) -> TrimPlan | None:
    """The plan, or None where what must be sent does not fit."""
    try:
        return plan_trim(
            conversation,
            model=resolve_model(model),
            context_window=window,
            wish=wish,
            count=COUNTER.count,
            cut_step=cut_step,
            oversized=oversized,
            notice=LEFT_OUT_NOTICE if notice else "",
        )
    except QuestionTooLargeError:
        return None


def question_index(conversation: Conversation) -> int:
    """Where the last user message is, or else the last message."""
    asked = [i for i, item in enumerate(conversation) if item.role is Role.USER]
    return asked[-1] if asked else len(conversation) - 1


@law
@given(
    conversation=conversations,
    window=windows,
    model=st.sampled_from(sorted(MODELS)),
    cut_step=steps,
    wish=st.none() | st.integers(1, 5_000),
)
def test_it_fits_by_an_independent_count(
    conversation: Conversation, window: int, model: str, cut_step: float, wish: int | None
) -> None:
    """Prompt and completion fit the window, and the plan's figure is the true one."""
    made = plan(conversation, window, model=model, cut_step=cut_step, wish=wish)
    assume(made is not None)
    assert made is not None
    true = own_sum(made.kept, model)
    assert made.prompt_tokens >= true
    assert made.prompt_tokens == true or made.bounded
    assert made.exact == (not made.bounded)
    assert true <= made.budget
    assert true + (made.completion_tokens or 1) <= window
    assert (made.completion_tokens is None) == (wish is None)


@law
@given(conversation=conversations, window=windows, model=st.sampled_from(sorted(MODELS)))
def test_it_is_refused_only_where_it_cannot_fit(
    conversation: Conversation, window: int, model: str
) -> None:
    """An error means that system messages, pinned ones and the question alone are too much."""
    assume(plan(conversation, window, model=model) is None)
    needed = {i for i, item in enumerate(conversation) if item.role is Role.SYSTEM}
    needed |= set(range(question_index(conversation), len(conversation)))
    for index, item in enumerate(conversation):
        if item.pinned:
            others = (i for i in range(index + 1) if conversation[i].role is not Role.ASSISTANT)
            needed |= set(range(max(others, default=0), index + 1))
    true = own_sum([conversation[index] for index in sorted(needed)], model)
    assert true > plan_budget(with_window(resolve_model(model), window), None).prompt_limit


@law
@given(conversation=conversations, window=windows, cut_step=steps)
def test_nothing_that_must_stay_is_left_out(
    conversation: Conversation, window: int, cut_step: float
) -> None:
    """System messages, pinned ones and the question onward are sent, word for word, in order."""
    made = plan(conversation, window, cut_step=cut_step)
    assume(made is not None)
    assert made is not None
    question = question_index(conversation)
    kept = set(made.kept_indices)
    for index, item in enumerate(conversation):
        if item.role is Role.SYSTEM or item.pinned or index >= question:
            assert index in kept
    assert made.kept == tuple(conversation[index] for index in sorted(kept))
    left_out = [item.index for item in made.dropped]
    assert sorted([*kept, *left_out]) == list(range(len(conversation)))
    assert all(item.tokens > 0 and item.reason for item in made.dropped)


@law
@given(conversation=chats, window=windows, cut_step=steps)
def test_it_starts_on_the_user(conversation: Conversation, window: int, cut_step: float) -> None:
    """Of a chat in turns a contiguous end is sent, and it begins with the user."""
    made = plan(conversation, window, cut_step=cut_step)
    assume(made is not None)
    assert made is not None
    assert made.kept[0].role is Role.USER
    first = made.kept_indices[0]
    assert made.kept_indices == tuple(range(first, len(conversation)))


@law
@given(conversation=conversations, window=windows, cut_step=steps)
def test_it_is_idempotent_and_pure(
    conversation: Conversation, window: int, cut_step: float
) -> None:
    """What was fitted fits as it is; the same question gives the same plan."""
    made = plan(conversation, window, cut_step=cut_step)
    assume(made is not None)
    assert made is not None
    again = plan(made.kept, window, cut_step=cut_step)
    assert again is not None
    assert again.kept == made.kept
    assert plan(conversation, window, cut_step=cut_step) == made


@law
@given(conversation=conversations, window=windows, more=st.integers(0, 2_000))
def test_a_larger_window_keeps_no_less(conversation: Conversation, window: int, more: int) -> None:
    """With cut_step 0 whatever a window holds a larger one holds too."""
    small = plan(conversation, window, cut_step=0)
    large = plan(conversation, window + more, cut_step=0)
    assume(small is not None)
    assert small is not None
    assert large is not None
    assert set(small.kept_indices) <= set(large.kept_indices)


@law
@given(conversation=chats, window=windows)
def test_one_more_turn_would_not_fit(conversation: Conversation, window: int) -> None:
    """With cut_step 0 the answer is the best one of whole turns."""
    made = plan(conversation, window, cut_step=0)
    assume(made is not None and made.dropped)
    assert made is not None
    first = made.kept_indices[0]
    one_more = conversation[first - 2 :]
    assert own_sum(one_more, "gpt-4o") > made.budget


@law
@given(conversation=chats, window=windows, cut_step=steps)
def test_the_stable_cut_costs_no_more_than_its_step(
    conversation: Conversation, window: int, cut_step: float
) -> None:
    """The stable cut keeps all but that share of the budget of what could be kept."""
    most, stable = (plan(conversation, window, cut_step=step) for step in (0.0, cut_step))
    assume(most is not None)
    assert most is not None
    assert stable is not None
    assert set(stable.kept_indices) <= set(most.kept_indices)
    lost = most.prompt_tokens - stable.prompt_tokens
    assert lost <= cut_step * most.budget


@law
@given(
    conversation=conversations,
    window=windows,
    model=st.sampled_from(sorted(MODELS)),
    cut_step=steps,
    notice=st.booleans(),
)
def test_what_is_too_large_is_shortened_until_it_fits(
    conversation: Conversation, window: int, model: str, cut_step: float, *, notice: bool
) -> None:
    """Asked to, it shortens what must stay, never a system message, and the rest is as without."""
    made = plan(
        conversation, window, model=model, cut_step=cut_step, oversized="shorten", notice=notice
    )
    assume(made is not None)
    assert made is not None
    true = own_sum(made.messages, model)
    assert made.prompt_tokens == true or (made.bounded and made.prompt_tokens > true)
    assert true <= made.budget
    shortened = {item.index: item for item in made.shortened}
    for index, item, tokens in zip(made.kept_indices, made.kept, made.kept_tokens, strict=True):
        original = conversation[index]
        assert (item is original) == (index not in shortened)
        assert item.role is original.role
        if index in shortened:
            assert item.role is not Role.SYSTEM
            assert " tokens left out …]" in item.content
            assert tokens == shortened[index].sent_tokens < shortened[index].tokens
    without = plan(conversation, window, model=model, cut_step=cut_step, notice=notice)
    if without is not None:
        assert not shortened
        assert made == without


@law
@given(conversation=conversations, window=windows, cut_step=steps)
def test_every_message_has_its_report(
    conversation: Conversation, window: int, cut_step: float
) -> None:
    """The report says of each message what became of it, in order, with figures that sum up."""
    made = plan(conversation, window, cut_step=cut_step, oversized="shorten", notice=True)
    assume(made is not None)
    assert made is not None
    report = list(made.report)
    assert [item.index for item in report] == list(range(len(conversation)))
    assert [item.role for item in report] == [item.role for item in conversation]
    sent = [item.index for item in report if item.fate is not Fate.LEFT_OUT]
    assert tuple(sent) == made.kept_indices
    assert sum(item.sent_tokens for item in report) + made.frame_tokens == made.prompt_tokens
    assert all(bool(item.reason) == (item.fate is not Fate.KEPT) for item in report)
    lines = str(made.report).split("\n")
    assert [line.split()[:2] for line in lines[-len(report) :]] == [
        [str(item.index), str(item.role)] for item in report
    ]


@law
@given(conversation=conversations, window=windows, more=st.integers(0, 2_000))
def test_a_notice_costs_no_turn_twice(conversation: Conversation, window: int, more: int) -> None:
    """The notice stands below the system part where something is left out and it fits."""
    small = plan(conversation, window, cut_step=0, notice=True)
    large = plan(conversation, window + more, cut_step=0, notice=True)
    plain = plan(conversation, window, cut_step=0)
    assert (small is None) == (plain is None)
    assume(small is not None)
    assert small is not None
    assert plain is not None
    assert large is not None
    assert set(small.kept_indices) <= set(large.kept_indices)
    assert set(small.kept_indices) <= set(plain.kept_indices)
    assert small.notice is None or small.dropped
    assert not small.dropped or small.notice is not None or small.prompt_tokens + 20 > small.budget
    if small.notice is not None:
        place = small.messages.index(small.notice)
        assert all(item.role is Role.SYSTEM for item in small.messages[:place])
        assert all(item.role is not Role.SYSTEM for item in small.messages[place + 1 : place + 2])


@law
@given(said=st.lists(texts, min_size=1, max_size=30), window=st.integers(64, 2_048))
def test_each_message_is_counted_once(said: list[str], window: int) -> None:
    """Fitting asks for each message's count at most once, and never mutates anything."""
    asked: list[str] = []

    def count(text: str, encoding: str) -> int:
        asked.append(text)
        return COUNTER.count(text, encoding)

    conversation = tuple(
        Message(role=(Role.USER, Role.ASSISTANT)[i % 2], content=f"{i} {text}")
        for i, text in enumerate(said)
    )
    with contextlib.suppress(QuestionTooLargeError):
        plan_trim(conversation, model=resolve_model("gpt-4o"), context_window=window, count=count)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("window", [16, 64, 512, 4_097, 128_000])
def test_windows_of_all_sizes_make_a_plan_or_say_why(window: int) -> None:
    """A question either fits, or the error holds the window's figure."""
    conversation = tuple(
        Message(role=role, content=f"{n} words and words")
        for n, role in zip(range(401), itertools.cycle([Role.USER, Role.ASSISTANT]), strict=False)
    )
    try:
        made = plan_trim(
            conversation, model=resolve_model("gpt-4o"), context_window=window, count=COUNTER.count
        )
    except QuestionTooLargeError as error:
        assert re.search(rf"\b{window:,}\b", error.message)  # noqa: PT017  # either is right
    else:
        assert own_sum(made.kept, "gpt-4o") <= window
