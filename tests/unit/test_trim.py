"""What is sent of a conversation, what is left out, and what the plan says of it."""

import json
from pathlib import Path

import pytest

from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.core.budget import plan_budget
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import ModelSpec, resolve_model, with_window
from notelog.core.trim import TrimPlan, plan_trim
from notelog.errors import QuestionTooLargeError

CORPUS = Path(__file__).parents[1] / "corpus"
COUNTER = TiktokenCounter()


def talk(*texts: str, system: str = "", pinned: int | None = None) -> Conversation:
    """User and assistant in turn, after a system message if there is one."""
    roles = (Role.USER, Role.ASSISTANT)
    said = tuple(
        Message(role=roles[i % 2], content=text, pinned=i == pinned, lines=(3 * i + 1, 3 * i + 1))
        for i, text in enumerate(texts)
    )
    return (Message(role=Role.SYSTEM, content=system), *said) if system else said


def seed_conversation() -> Conversation:
    """The real chat note's messages."""
    case = json.loads((CORPUS / "00_seed000.json").read_bytes())
    return tuple(
        Message(role=Role(item["role"]), content=item["content"]) for item in case["messages"]
    )


def plan(
    conversation: Conversation,
    *,
    model: str = "gpt-4o",
    wish: int | None = None,
    window: int | None = None,
    cut_step: float = 0.0,
    exact: bool = False,
) -> TrimPlan:
    """A plan with the real counter."""
    return plan_trim(
        conversation,
        model=resolve_model(model),
        wish=wish,
        context_window=window,
        count=COUNTER.count,
        cut_step=cut_step,
        exact=exact,
    )


def no_count(_text: str, _encoding: str) -> int:
    """A counter that must not be called."""
    raise AssertionError("counted")


@pytest.mark.parametrize(("model", "tokens"), [("gpt-3.5-turbo", 1_656), ("gpt-4o", 1_145)])
def test_the_real_note_has_its_known_cost(model: str, tokens: int) -> None:
    """Eleven messages cost 1,656 or 1,145 tokens: with the empty twelfth 4 more."""
    made = plan(seed_conversation(), model=model, exact=True)
    assert len(made.kept) == 11
    assert made.prompt_tokens == tokens
    assert made.exact
    assert not made.bounded


def test_the_first_seed_error_needs_no_trimming() -> None:
    """382 tokens and 4,000 asked in a window of 4,097: all is sent, and less is asked."""
    text = "word " * 374
    conversation = talk(text)
    made = plan(conversation, model="gpt-3.5-turbo-0613", wish=4_000)
    assert made.prompt_tokens == 382
    assert made.kept == conversation
    assert made.completion_tokens == 4_097 - 382 - made.margin == 3_702


def test_what_bytes_show_to_fit_is_never_counted() -> None:
    """Where bytes and the wished reply fit the window, nothing is tokenised."""
    conversation = talk("hello", "hi", "how are you?", system="be kind")
    made = plan_trim(conversation, model=resolve_model("gpt-4o"), wish=4_000, count=no_count)
    assert made.kept == conversation
    assert made.bounded
    assert not made.exact
    assert made.completion_tokens == 4_000
    assert made.prompt_tokens >= plan(conversation, exact=True).prompt_tokens


def test_bytes_do_not_decide_where_the_wish_would_be_cut() -> None:
    """Where the wished reply may not fit beside the bytes, tokens are counted."""
    made = plan(talk("一" * 400), model="gpt-3.5-turbo-0613", wish=3_200)
    assert not made.bounded
    assert made.completion_tokens == 3_200


def test_nothing_asked_stays_nothing_asked() -> None:
    """Where nobody set max_tokens the parameter is left out, but room is kept all the same."""
    made = plan(talk("x", "y", "z"), window=4_096)
    assert made.completion_tokens is None
    assert made.reserve == 512


def test_oldest_turns_go_first() -> None:
    """Older turns are left out, the newest kept, and the kept part begins with the user."""
    texts = [f"message {i} " + "word " * 100 for i in range(20)] + ["the question"]
    conversation = talk(*texts, system="rules")
    made = plan(conversation, window=1_024)
    assert made.kept[0].role is Role.SYSTEM
    assert made.kept[1].role is Role.USER
    assert made.kept[-1].content == "the question"
    assert made.kept == (conversation[0], *conversation[-len(made.kept) + 1 :])
    assert len(made.kept) + len(made.dropped) == len(conversation)
    assert made.prompt_tokens <= made.budget
    assert [item.index for item in made.dropped] == list(range(1, 1 + len(made.dropped)))
    assert made.kept_indices == (0, *range(1 + len(made.dropped), len(conversation)))


def test_one_more_turn_would_not_fit() -> None:
    """With cut_step 0 as much as possible is kept: the next older turn would be too much."""
    conversation = talk(*["word " * 50] * 30, "question")
    made = plan(conversation, window=1_024, exact=True)
    newest_dropped = made.dropped[-2:]
    assert made.prompt_tokens + sum(item.tokens for item in newest_dropped) > made.budget


def test_figures_sum_up() -> None:
    """The kept messages' tokens and the frame are the prompt's tokens."""
    conversation = talk(*["word " * 50] * 30, "question")
    for window in (1_024, 128_000):
        made = plan(conversation, window=window)
        assert made.prompt_tokens == sum(made.kept_tokens) + made.frame_tokens
        assert made.budget + made.reserve + made.margin == made.window


def test_pinned_turns_stay_with_what_they_need() -> None:
    """A pinned question stays; a pinned answer stays with its question."""
    filler = ["word " * 60] * 20
    question = plan(talk("pin this", *filler, pinned=0), window=800)
    assert question.kept[0].content == "pin this"
    answer = plan(talk("asked", "pin this", *filler, "question", pinned=1), window=800)
    assert [item.content for item in answer.kept[:2]] == ["asked", "pin this"]
    assert answer.kept[2].role is Role.USER
    assert answer.dropped


def test_what_follows_the_question_stays() -> None:
    """A reply begun after the last user message is kept with it."""
    conversation = talk(*["word " * 60] * 20, "question", "a reply begun")
    made = plan(conversation, window=800)
    assert [item.content for item in made.kept[-2:]] == ["question", "a reply begun"]


def test_a_question_too_large_is_an_error_with_figures() -> None:
    """A question over the budget is refused with its figures, its place, and the ways out."""
    conversation = talk("a", "b", "word " * 2_000, system="rules")
    with pytest.raises(QuestionTooLargeError) as caught:
        plan(conversation, window=1_024)
    error = caught.value
    assert "2,0" in error.message
    assert "1,024" in error.message
    assert "user message in line 7" in error.message
    assert error.line == 7
    assert "larger window" in error.hint
    assert "max_tokens" not in error.hint


def test_a_smaller_reply_is_offered_where_it_helps() -> None:
    """Where the question fits beside a smaller reply, the hint names the max_tokens to set."""
    conversation = talk("word " * 900)
    with pytest.raises(QuestionTooLargeError) as caught:
        plan(conversation, window=1_024)
    assert "max_tokens to 106 or less" in caught.value.hint
    made = plan(conversation, window=1_024, wish=106)
    assert made.completion_tokens == 106


def test_a_system_prompt_too_large_is_the_biggest_item() -> None:
    """The error names the system prompt where that is what fills the window."""
    with pytest.raises(QuestionTooLargeError, match="the biggest part is the system message"):
        plan(talk("hi", system="rule " * 3_000), window=1_024)


def test_far_older_messages_are_not_counted() -> None:
    """Counting stops once over: of a long note only what is near the window is counted."""
    counted: list[str] = []

    def count(text: str, encoding: str) -> int:
        counted.append(text)
        return COUNTER.count(text, encoding)

    conversation = talk(*[f"{i} " + "word " * 50 for i in range(2_000)], "question")
    made = plan_trim(conversation, model=resolve_model("gpt-4o"), context_window=2_048, count=count)
    assert len(counted) < 50
    assert not made.dropped[0].counted
    assert made.dropped[0].tokens > 0
    assert made.dropped[0].reason


def test_exact_plans_count_what_is_left_out() -> None:
    """Where a person asks, every figure is counted and labelled so."""
    conversation = talk(*["word " * 50] * 60, "question")
    made = plan(conversation, window=1_024, exact=True)
    assert all(item.counted for item in made.dropped)
    assert {item.tokens for item in made.dropped} == {50 + 5}


def test_the_cut_stays_for_many_turns() -> None:
    """With the stable cut a growing chat keeps its first kept message for several turns."""
    texts = [f"turn {i} " + "word " * 60 for i in range(241)]
    firsts: dict[float, list[int]] = {0.0: [], 0.25: []}
    for cut_step, seen in firsts.items():
        for end in range(101, 241, 2):
            made = plan(talk(*texts[:end]), window=4_096, cut_step=cut_step)
            seen.append(made.kept_indices[0])
    moves = {step: len(set(seen)) for step, seen in firsts.items()}
    assert moves[0.25] * 4 <= moves[0.0]
    assert all(a >= b for a, b in zip(firsts[0.25], firsts[0.0], strict=True))


def test_the_stable_cut_costs_at_most_its_step() -> None:
    """The stable cut gives up no more than a quarter of the budget."""
    texts = [f"{i} " + "word " * (i * 37 % 200) for i in range(200)] + ["question"]
    for window in (1_024, 4_096, 16_385):
        most = plan(talk(*texts), window=window)
        stable = plan(talk(*texts), window=window, cut_step=0.25)
        assert stable.prompt_tokens >= most.prompt_tokens - most.budget / 4


def test_estimates_are_rounded_up_and_say_so() -> None:
    """For other makers' models the count is o200k's by the family's ratio, labelled estimate."""
    made = plan(talk("word " * 300), model="claude-opus-4-7", window=8_192, exact=True)
    assert not made.exact
    assert made.count_source.startswith("estimate")
    assert made.prompt_tokens >= 1.8 * plan(talk("word " * 300), exact=True).prompt_tokens - 10
    assert plan(talk("hi"), exact=True).count_source == "tiktoken o200k_base"
    assert "estimate" in plan(talk("hi"), model="gpt-5", exact=True).count_source


def test_conversations_without_a_user_still_make_a_plan() -> None:
    """Only system messages, or nothing at all, are sent as they are."""
    assert plan(()).kept == ()
    rules = (Message(role=Role.SYSTEM, content="rules"),)
    assert plan(rules).kept == rules


@pytest.mark.parametrize(
    ("model", "window", "wish", "reserve"),
    [
        ("gpt-4o", 128_000, None, 16_000),
        ("gpt-4-turbo", 128_000, None, 4_096),
        ("gpt-4o", 4_097, 4_000, 513),
        ("gpt-4o", 4_097, 100, 100),
        ("gpt-4o", 300, None, 150),
        ("gpt-4o", 16, None, 8),
        ("gpt-5", 400_000, None, 25_000),
        ("o3", 20_000, None, 5_000),
    ],
)
def test_reserves(model: str, window: int, wish: int | None, reserve: int) -> None:
    """The reserve is an eighth of the window (a quarter for reasoning), within its limits."""
    assert plan_budget(with_window(resolve_model(model), window), wish).reserve == reserve


def test_larger_windows_never_hold_less() -> None:
    """The budget never falls as the window grows, and never leaves the window."""
    spec: ModelSpec = resolve_model("gpt-4o")
    for wish in (None, 100, 4_000):
        limits = [plan_budget(with_window(spec, w), wish).prompt_limit for w in range(1, 6_000)]
        assert limits == sorted(limits)
        assert all(limit < window for window, limit in enumerate(limits, 1))


def test_an_input_limit_bounds_the_prompt() -> None:
    """The gpt-5 family takes no more than 272,000 tokens of prompt."""
    assert plan_budget(resolve_model("gpt-5"), None).prompt_limit == 272_000 - 408
