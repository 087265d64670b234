"""Every server's "too long", over a real socket: the next request is smaller, and fits."""

import json
from dataclasses import replace
from typing import cast

import pytest
from asking import Asked, StillClock, asked, endpoint_for
from scripted_server import RecordedRequest, Script, ScriptedServer, event, reply, response, status

from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.app.prepare import Prepared, fitted
from notelog.app.refit import Refit, Refitting
from notelog.core.counting import NoteView, Scale
from notelog.core.learned import Learned
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import resolve_model
from notelog.core.request import build_request
from notelog.core.settings import Settings
from notelog.errors import ContextOverflowError, ProviderRefusedError, ProviderUnavailableError
from notelog.ports.learned import LearnedFigure

WINDOW, LIMIT, WISH, FACTOR = 2_000, 150, 300, 1.25
SYSTEM = Message(role=Role.SYSTEM, content="You are a careful gardener.")
QUESTION = Message(role=Role.USER, content="Which of them should I plant first, 朋友?")
COUNT = TiktokenCounter().count
SPEC = resolve_model("gpt-4o")


def chat() -> Conversation:
    """Some forty messages of about sixty tokens each between the rules and the question."""
    old = [
        Message(role=role, content=f"{number}. {'Roses and onions grow well here. ' * 8}")
        for number in range(20)
        for role in (Role.USER, Role.ASSISTANT)
    ]
    return (SYSTEM, *old, QUESTION)


def cost(messages: Conversation) -> int:
    """The tokens of a prompt as the scripted server counts them: a quarter more than we do."""
    scale, view = Scale(SPEC, COUNT), NoteView()
    return round(FACTOR * (sum(scale.cost(view.weigh(item)) for item in messages) + 3))


class Remembered:
    """A memory of what a server said."""

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


def ask_of(server: ScriptedServer, *, billed: bool = True) -> tuple[Asked, Remembered]:
    """Asks a server, as a model with a large window, and asks again as it is told."""
    endpoint = endpoint_for(server.base_url, billed=billed)
    chosen = Settings(
        profile=endpoint.profile, model=SPEC.name, sampling={}, max_tokens=WISH,
        context_window=None, stream=True, origins={},
    )  # fmt: skip
    conversation, memory = chat(), Remembered()
    plan = fitted(conversation, SPEC, chosen, COUNT, exact=True)
    request = build_request(chosen, SPEC, plan)
    prepared = Prepared(settings=chosen, spec=SPEC, plan=plan, request=request)
    tools = Refitting(count=COUNT, learned=memory, clock=StillClock())
    refit = Refit(tools, prepared, conversation, path="n.md")
    return asked(endpoint, request, refit=refit), memory


def sent(request: RecordedRequest) -> tuple[Conversation, int]:
    """The messages of a request, and the most tokens that it asks for."""
    body = request.json()
    items = cast("list[dict[str, str]]", body["messages"])
    messages = tuple(Message(role=Role(item["role"]), content=item["content"]) for item in items)
    most = body.get("max_tokens") or body.get("max_completion_tokens")
    return messages, cast("int", most)


PROMPT = cost(chat())
TOTAL = PROMPT + WISH
FORMS = [
    (
        f"This model's maximum context length is {WINDOW} tokens, However, you"
        f" requested {TOTAL} tokens"
        f"({PROMPT} in the messages, {WISH} in the completion). Please reduce the length."
    ),
    (
        f"This model's maximum context length is {WINDOW} tokens. However, your"
        f" messages resulted in"
        f" {PROMPT} tokens. Please reduce the length of the messages."
    ),
    (
        f"This model's maximum context length is {WINDOW} tokens, however you"
        f" requested {TOTAL} tokens"
        f" ({PROMPT} in your prompt; {WISH} for the completion)."
    ),
    (
        f"This model's maximum context length is {WINDOW} tokens. However, you"
        f" requested {WISH} output"
        f" tokens and your prompt contains at least {WINDOW - WISH + 1} input tokens,"
        f" for a total of at"
        f" least {WINDOW + 1} tokens."
    ),
    (
        f"max_tokens is too large: {WISH}. This model's maximum context length is"
        f" {WINDOW} tokens and"
        f" your request has {PROMPT} input tokens ({WISH} > {WINDOW} - {PROMPT})."
    ),
    f"prompt is too long: {PROMPT} tokens > {WINDOW} maximum",
    (
        f"input length and `max_tokens` exceed context limit: {PROMPT} + {WISH} >"
        f" {WINDOW}, decrease"
        " input length or `max_tokens` and try again"
    ),
    f"The input token count ({PROMPT}) exceeds the maximum number of tokens allowed ({WINDOW}).",
    f"This model's maximum prompt length is {WINDOW} but the request contains {PROMPT} tokens.",
    f"Range of input length should be [1, {WINDOW}]",
    (
        f"Prompt contains {PROMPT} tokens and 0 draft tokens, too large for model with"
        f" {WINDOW} maximum"
        " context length"
    ),
    (
        f"Trying to keep the first {PROMPT} tokens when context the overflows."
        f" However, the model is"
        f" loaded with context length of only {WINDOW} tokens, which is not enough."
    ),
    (
        f"This endpoint's maximum context length is {WINDOW} tokens. However, you requested about"
        f" {TOTAL} tokens ({PROMPT - 40} of text input, 40 of tool input, {WISH} in the output)."
    ),
    f"Input length ({PROMPT} tokens) exceeds the maximum allowed length ({WINDOW} tokens).",
    f"Invalid request: Your request exceeded model token limit: {WINDOW} (requested: {TOTAL})",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    # words that no server was seen to use: other spellings, marks in figures, other languages
    (
        f"This model's maximum context length is {WINDOW:,} tokens. However, your"
        f" messages resulted in"
        f" {PROMPT:,} tokens."
    ),
    (
        f"maximum context length is {WINDOW // 1000} {WINDOW % 1000:03} tokens."
        f" However, your messages"
        f" resulted in {PROMPT // 1000} {PROMPT % 1000:03} tokens"
    ),
    f"Context length exceeded: prompt has {PROMPT} tokens but the limit is {WINDOW}",
    f"the prompt ({PROMPT} tokens) exceeds the model's context window ({WINDOW} tokens)",
    f"Conversation too long: {PROMPT}/{WINDOW} tokens",
    f"input tokens {PROMPT} + max tokens {WISH} exceeds {WINDOW} context limit",
    f"This model only supports {WINDOW} tokens of context; your prompt has {PROMPT} tokens",
    f"token limit exceeded: {PROMPT} > {WINDOW}",
    f"输入 tokens 数 {PROMPT} 超过了模型的最大上下文长度 {WINDOW}",
    f"输入长度超过模型最大长度 {WINDOW}",
    "提示词过长,请缩短后重试",
]


def openai(message: str) -> dict[str, object]:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": "messages"}}


NESTED: list[object] = [
    {"error": {"code": 400, "message": "the request exceeds the available context size",
               "type": "exceed_context_size_error", "n_prompt_tokens": PROMPT, "n_ctx": WINDOW}},
    {"error": {"code": 400, "message": "too many tokens in the prompt",
               "num_prompt_tokens": PROMPT, "max_model_len": WINDOW}},
    {"error": {"message": "Provider returned error", "code": 400,
               "metadata": {"raw": json.dumps(openai(FORMS[1]))}}},
    {"error": {"message": json.dumps(openai(FORMS[0])), "code": "context_length_exceeded"}},
    {"error": {"error": openai(FORMS[5])["error"]}},
    {"error": FORMS[5]},
    {"errors": [{"message": FORMS[5]}]},
    {"message": FORMS[5], "object": "error", "code": 400},
    {"detail": FORMS[8]},
    {"detail": {"error": {"message": FORMS[8]}}},
    {"error_msg": FORMS[8], "error_code": 336007},
    [{"error": {"code": 400, "message": FORMS[7], "status": "INVALID_ARGUMENT"}}],
    FORMS[13],
]  # fmt: skip


def assert_recovered(server: ScriptedServer, came: Asked) -> None:
    """The second request is smaller, has rules and question, and fits the window as far as told."""
    assert came.error is None, came.error
    assert came.reply.text == "Onions."
    (first, most), (second, fewer) = map(sent, server.requests)
    assert first[0] == second[0] == SYSTEM
    assert first[-1] == second[-1] == QUESTION
    assert cost(second) <= cost(first)
    assert fewer <= most
    assert (cost(second), fewer) != (cost(first), most)


@pytest.mark.parametrize("message", FORMS, ids=[form[:45] for form in FORMS])
def test_every_form_is_answered_with_a_smaller_request(message: str) -> None:
    """One further request, which a server that counts so would take; the window is remembered."""
    with ScriptedServer([status(400, openai(message)), reply("Onions.")]) as server:
        came, memory = ask_of(server)
    assert_recovered(server, came)
    messages, most = sent(server.requests[1])
    if str(WINDOW) in message.replace(",", ""):
        room = (
            WINDOW
            if any(word in message for word in ("count (", "prompt length", "Range"))
            else (WINDOW - most)
        )
        assert cost(messages) <= room
        assert [item.window for item in memory.kept] == [WINDOW]
    assert len(came.notices) == 1


@pytest.mark.parametrize("body", NESTED, ids=range(len(NESTED)))
def test_words_are_found_wherever_they_stand(body: object) -> None:
    """Nested, as text in text, in a list, or beside other fields: it is the same refusal."""
    with ScriptedServer([status(400, body), reply("Onions.")]) as server:
        came, memory = ask_of(server)
    assert_recovered(server, came)
    assert [item.window for item in memory.kept] == [WINDOW]
    assert cost(sent(server.requests[1])[0]) <= WINDOW


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_reply_limit_lowers_the_reply_alone(code: int) -> None:
    """Where only the reply is too long, every message is sent again."""
    said = f"max_tokens is too large: {WISH}. This model supports at most {LIMIT} completion tokens"
    with ScriptedServer([status(code, openai(said)), reply("Onions.")]) as server:
        came, memory = ask_of(server)
    assert_recovered(server, came)
    assert sent(server.requests[1]) == (chat(), LIMIT)
    assert [item.output_limit for item in memory.kept] == [LIMIT]


@pytest.mark.parametrize("message", FORMS[:3] + FORMS[-2:])
def test_a_free_server_may_say_it_anyhow(message: str) -> None:
    """In a stream, or with a status for its own faults: asking again costs nothing there."""
    streamed: Script = response(event({"error": {"message": message}}))
    for script in (streamed, status(500, openai(message))):
        with ScriptedServer([script, reply("Onions.")]) as server:
            came, _ = ask_of(server, billed=False)
        assert_recovered(server, came)


RATES = [
    "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 99",
    (
        "Request too large for gpt-4o on tokens per min (TPM): Limit 2000, Requested"
        " 5000. The input or"
        " output tokens must be reduced in order to run successfully."
    ),
    "Too many tokens, please wait before trying again.",
    "Number of request tokens has exceeded your daily rate limit",
    "This request would exceed the rate limit of 40,000 input tokens per minute",
    "Token quota exceeded: 1000000 tokens of 500000 used this month",
    "The maximum number of tokens, 5000 of 2000, is used up; try again later",
]


@pytest.mark.parametrize("code", [400, 413, 429])
@pytest.mark.parametrize("message", RATES)
def test_a_token_rate_is_no_overflow(message: str, code: int) -> None:
    """For a rate waiting helps, and nothing is left out; nor is any window learned."""
    with ScriptedServer([status(code, openai(message)), *[reply("Onions.")] * 3]) as server:
        came, memory = ask_of(server)
    assert not memory.kept
    assert all(request.body == server.requests[0].body for request in server.requests)
    assert not isinstance(came.error, ContextOverflowError)
    if code != 429:
        assert isinstance(came.error, ProviderRefusedError)
        assert len(server.requests) == 1
    else:
        assert came.error is None or isinstance(
            came.error, ProviderUnavailableError | ProviderRefusedError
        )


def test_figures_that_cannot_be_are_not_learned_from() -> None:
    """A refusal of something else that has two figures in it is no overflow."""
    said = "logit_bias: token 100257 exceeds vocabulary size 100256"
    with ScriptedServer([status(400, openai(said))]) as server:
        came, memory = ask_of(server)
    assert not memory.kept
    assert isinstance(came.error, ProviderRefusedError)
    assert not isinstance(came.error, ContextOverflowError)
    assert len(server.requests) == 1
    assert replace(came).reply.text == ""
