"""Whatever a server says of a conversation: what is asked instead is smaller, and whole."""

from dataclasses import replace
from itertools import pairwise

from asking import FakeCompletions, Listener, StillClock, endpoint_for
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notelog.app.ask import Asking, ask
from notelog.app.prepare import Prepared, fitted
from notelog.app.refit import Refit, Refitting
from notelog.core.learned import Learned
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import resolve_model
from notelog.core.overflow_figures import read_overflow
from notelog.core.request import ChatRequest, build_request
from notelog.core.retry import MOST_CORRECTIONS
from notelog.core.settings import ContextSettings, KeySource, Profile, Settings
from notelog.core.trim import LEFT_OUT_NOTICE
from notelog.errors import ContextOverflowError, NotelogError, QuestionTooLargeError
from notelog.ports.learned import LearnedFigure

PROFILE = Profile(name="p", base_url="https://api.example.com/v1", key=KeySource())


class Remembered:
    """A memory of one figure."""

    def __init__(self) -> None:
        self.kept: list[Learned] = []

    def read(self, server: str, model: str) -> Learned | None:
        """Nothing was known before."""

    def all(self) -> tuple[LearnedFigure, ...]:
        """Nothing was known before."""
        return ()

    def keep(self, server: str, model: str, learned: Learned) -> None:
        """Keeps it."""
        self.kept.append(learned)


def count(text: str, _encoding: str) -> int:
    """About a token for three characters."""
    return -(-len(text) // 3)


def prepared(
    conversation: Conversation, *, window: int, wish: int | None, context: ContextSettings
) -> Prepared | None:
    """A conversation as it is sent first; None where even that does not fit."""
    spec = replace(resolve_model("some-model"), context_window=window)
    chosen = Settings(
        profile=PROFILE,
        model="some-model",
        sampling={},
        max_tokens=wish,
        context_window=None,
        stream=True,
        context=context,
        origins={},
    )
    try:
        plan = fitted(conversation, spec, chosen, count, exact=False)
    except QuestionTooLargeError:
        return None
    return Prepared(
        settings=chosen, spec=spec, plan=plan, request=build_request(chosen, spec, plan)
    )


texts = st.text("ab 中\n", max_size=400)
figures = st.none() | st.integers(1, 20_000) | st.integers(1, 10**9)
refusals = st.builds(
    ContextOverflowError,
    st.just("too long"),
    status=st.just(400),
    window=figures,
    prompt_tokens=figures,
    completion_tokens=figures,
    total_tokens=figures,
    output_limit=figures,
    prompt_only=st.booleans(),
    at_least=st.booleans(),
    in_stream=st.booleans(),
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A system message, perhaps; turns, some of them pinned; a question."""
    messages = [Message(role=Role.SYSTEM, content=draw(texts))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 8))):
        pinned = draw(st.integers(0, 5)) == 0
        messages += [
            Message(role=Role.USER, content=draw(texts), pinned=pinned),
            Message(role=Role.ASSISTANT, content=draw(texts)),
        ]
    return (*messages, Message(role=Role.USER, content=draw(texts)))


def must_stay(conversation: Conversation) -> Conversation:
    """What may never be left out."""
    kept = (item for item in conversation[:-1] if item.role is Role.SYSTEM or item.pinned)
    return (*kept, conversation[-1])


def is_part(part: Conversation, whole: Conversation) -> bool:
    """Whether a sequence is the other one with some left out."""
    left = iter(whole)
    return all(any(is_same(item, other) for other in left) for item in part)


def is_same(item: Message, other: Message) -> bool:
    """Whether a message is another one, or what shortening has left of it."""
    return item is other or (item.role is other.role and " tokens left out …]" in item.content)


def said_in(request: ChatRequest) -> Conversation:
    """A request's messages without notelog's own."""
    return tuple(item for item in request.messages if item.content != LEFT_OUT_NOTICE)


def size(request: ChatRequest) -> int:
    """The bytes of its messages' texts, and one for each."""
    return sum(1 + len(item.content.encode()) for item in request.messages)


def limit(request: ChatRequest) -> float:
    """The most tokens of the reply."""
    return float("inf") if request.max_tokens is None else request.max_tokens


@settings(max_examples=300, deadline=None)
@given(
    conversation=conversations(),
    window=st.integers(64, 20_000),
    wish=st.none() | st.integers(1, 20_000),
    context=st.builds(ContextSettings, shorten=st.booleans(), notice=st.booleans()),
    said=st.lists(refusals, min_size=3, max_size=3),
)
def test_every_further_request_is_smaller_and_whole(
    conversation: Conversation,
    window: int,
    wish: int | None,
    context: ContextSettings,
    said: list[ContextOverflowError],
) -> None:
    """At most two more, each strictly smaller, none without the question or the system prompt."""
    first = prepared(conversation, window=window, wish=wish, context=context)
    if first is None:
        return
    refit = Refit(
        Refitting(count=count, learned=Remembered(), clock=StillClock()),
        first,
        conversation,
        path="n.md",
    )
    completions = FakeCompletions(*([refusal] for refusal in said))
    asking = Asking(
        completions=completions, clock=StillClock(), reporter=Listener(), chance=lambda: 0.0
    )
    endpoint = endpoint_for("http://127.0.0.1:1/v1")
    raised: NotelogError | None = None
    try:
        list(
            ask(
                asking,
                first.request,
                endpoint,
                cancelled=lambda: False,
                leaving=lambda meanwhile: meanwhile(),
                refit=refit,
            )
        )
    except (ContextOverflowError, QuestionTooLargeError) as error:
        raised = error
    assert raised is not None
    sent = completions.requests
    assert 1 <= len(sent) <= 1 + MOST_CORRECTIONS
    for before, after in pairwise(sent):
        assert is_part(said_in(after), said_in(before))
        assert limit(after) <= limit(before)
        assert (size(after), limit(after)) != (size(before), limit(before))
        assert size(after) <= size(before)
    for request in sent:
        kept = said_in(request)
        assert len(kept) >= len(must_stay(conversation))
        assert all(
            any(is_same(kept_one, one) for kept_one in kept) for one in must_stay(conversation)
        )
        assert is_same(kept[-1], conversation[-1])
        assert request.max_tokens is None or request.max_tokens >= 1
        noticed = len(kept) < len(request.messages)
        assert len(request.messages) - len(kept) <= 1
        assert not noticed or len(kept) < len(conversation)
    plan = refit.prepared.plan
    assert plan.messages == sent[-1].messages
    originals = [conversation[index] for index in plan.kept_indices]
    shortened = {item.index for item in plan.shortened}
    for index, original, item in zip(plan.kept_indices, originals, plan.kept, strict=True):
        assert (item is original) == (index not in shortened)
    assert len(plan.kept) + len(plan.dropped) == len(conversation)
    places = [item.index for item in plan.dropped]
    assert sorted({*places, *plan.kept_indices}) == list(range(len(conversation)))


@settings(max_examples=300, deadline=None)
@given(message=st.text(max_size=300) | st.from_regex(r"[a-z ]{0,30}[0-9,.()> ]{0,40}[a-z ]{0,30}"))
@example("context length is 99999999999999999999999 tokens")
@example("prompt is too long: 0 tokens > 0 maximum")
@example("range of max_tokens is [1, 1]")
@example("context limit: 1 + 1 > 00")
def test_any_words_are_read(message: str) -> None:
    """No message of a server breaks the reading, and no figure is 0 or below."""
    found = read_overflow(message)
    if found is not None:
        told = (found.window, found.prompt_tokens, found.completion_tokens, found.output_limit)
        assert all(figure is None or figure > 0 for figure in told)
