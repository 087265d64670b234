"""Reading in parts: nothing is lost, every request fits by an independent count, and it ends."""

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from notelog.core.budget import plan_budget
from notelog.core.counting import NoteView, Scale
from notelog.core.digest_plan import (
    DigestPlan,
    Last,
    Measure,
    bounds_of,
    merge_request,
    next_step,
    plan_digest,
)
from notelog.core.graphemes import may_cut
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import ModelSpec
from notelog.core.portions import clipped, split_portions
from notelog.core.task import Task
from notelog.errors import QuestionTooLargeError

PIECES = (
    "word ", "Sentence one. ", "第一句话。第二句话！", "\n", "\n\n", "# Heading\n", "，", " ", "\t",
    "\n```py\nx = 1\n```\n",
    "👨\u200d👩\u200d👧", "e\u0301", "a" * 30, "~~~\n", "🇩🇪", "¿?", "- item\n",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=300).map("".join) | st.text(max_size=400)


def tokens(text: str) -> int:
    """A count that is not additive, at most the bytes: one for three characters, one for others."""
    ascii_chars = sum(map(str.isascii, text))
    return math.ceil(ascii_chars / 3) + 2 * (len(text) - ascii_chars)


def prompt(messages: Conversation, scale: Scale) -> int:
    """What a prompt costs, counted message by message."""
    costs = (scale.cost(NoteView().weigh(item)) for item in messages)
    return sum(costs) + scale.reply_frame()


def measure_of(window: int, *, reasoning: bool = False) -> Measure:
    """Counts as the toy count does, for a window."""
    spec = ModelSpec(name="m", context_window=window, reasoning=reasoning)
    scale = Scale(spec, lambda text, _encoding: tokens(text))
    return Measure(spec=spec, tokens=scale.tokens, prompt=lambda said: prompt(said, scale))


@given(text=TEXTS, room=st.integers(8, 400))
def test_portions_are_the_text_and_fit(text: str, room: int) -> None:
    """Joined they are the text, each fits, and none is empty."""
    portions = split_portions(text, room, tokens)
    assert "".join(portions) == text
    assert all(portions)
    assert all(tokens(portion) <= room for portion in portions)


@given(text=st.lists(st.sampled_from(PIECES), max_size=300).map("".join), room=st.integers(40, 400))
def test_no_character_is_torn(text: str, room: int) -> None:
    """Where every character fits, no portion ends within one."""
    place = 0
    for portion in split_portions(text, room, tokens)[:-1]:
        place += len(portion)
        assert may_cut(text, place)


@given(text=TEXTS, room=st.integers(8, 400))
def test_clipped_is_the_beginning(text: str, room: int) -> None:
    """What is clipped begins as the text does and fits; what fits is left whole."""
    made = clipped(text, room, tokens)
    assert text.startswith(made)
    assert tokens(made) <= room
    assert made == text or tokens(text) > room


def planned(text: str, window: int, wish: int | None, *, reasoning: bool) -> DigestPlan | None:
    """The plan, or None where the window is too small for the instructions."""
    task = Task(instructions="Sum it up.", text=text, found="", lines=(1, 2))
    before = (Message(role=Role.SYSTEM, content="Be kind."),)
    try:
        measure = measure_of(window, reasoning=reasoning)
        return plan_digest(task, before, measure=measure, wish=wish)
    except QuestionTooLargeError:
        return None


@given(
    text=TEXTS,
    window=st.integers(150, 3_000),
    wish=st.none() | st.integers(1, 500),
    reasoning=st.booleans(),
    answers=st.lists(st.sampled_from(PIECES), min_size=1, max_size=40),
    longer=st.integers(1, 60),
)
def test_every_request_fits_and_there_is_an_end(
    text: str,
    window: int,
    wish: int | None,
    reasoning: bool,  # noqa: FBT001  # Hypothesis passes by name
    answers: Sequence[str],
    longer: int,
) -> None:
    """Whatever is answered, each prompt fits beside its reply, and the rounds get fewer answers."""
    plan = planned(text, window, wish, reasoning=reasoning)
    if plan is None:
        assert window < 1_500  # the wordings and the least reply are smaller than that
        return
    measure = measure_of(window, reasoning=reasoning)
    assert "".join(part.text for part in plan.parts) == text
    assert [plan.part_at(str(part)) for part in plan.parts] == list(plan.parts)
    room = plan_budget(measure.spec, plan.reply_tokens)
    for messages in map(plan.asking, plan.asked):
        assert measure.prompt(messages) <= room.prompt_limit
        assert messages[0].content == "Be kind."
        assert messages[-1].content.count("Sum it up.") == 1
    if not plan.asked:
        return
    texts = [answers[n % len(answers)] * longer for n in range(len(plan.asked))]
    merges = 0
    while not isinstance(step := next_step(plan, texts, measure), Last):
        for group in step.groups:
            assert measure.prompt(merge_request(plan, group)) <= room.prompt_limit
        merges += sum(len(group) > 1 for group in step.groups)
        assert len(step.groups) < len(texts)
        texts = [group[0] * 2 for group in step.groups]
    assert measure.prompt(step.messages) <= plan_budget(measure.spec, wish).prompt_limit
    assert merges <= bounds_of(plan, measure).merges


@given(count=st.integers(1, 400))
def test_the_order_is_kept(count: int) -> None:
    """Round after round the answers stand in the order of the parts."""
    measure = measure_of(800)
    plan = planned("word " * 200, 800, None, reasoning=False)
    assert plan is not None
    texts = [f"<{n}>" + "x" * 90 for n in range(count)]
    while not isinstance(step := next_step(plan, texts, measure), Last):
        flat = [text for group in step.groups for text in group]
        assert flat == texts
        texts = [group[0] for group in step.groups]
    places = [step.messages[-1].content.find(text) for text in texts]
    assert places == sorted(places)
    assert -1 not in places
