"""The figures of every server's "too long", and what is asked instead."""

import json
from dataclasses import replace

import pytest

from notelog.core.learned import Learned, taught
from notelog.core.models import ModelSpec, resolve_model
from notelog.core.overflow import (
    BLIND_SHARES,
    LowerReply,
    OverflowFigures,
    Refused,
    TrimAgain,
    plan_retry,
)
from notelog.core.overflow_figures import read_overflow
from notelog.core.refusal import Asked, refusal, refusal_in_stream
from notelog.errors import (
    ContextOverflowError,
    InDoubtError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

# (message, window, prompt, reply): None where it does not say.
FORMS: list[tuple[str, int | None, int | None, int | None]] = [
    (
        (
            "This model's maximum context length is 4097 tokens, However, you requested 4382 tokens"
            "(382 in the messages, 4000 in the completion).  Please reduce the length of the"
            " messages"
            " or completion."
        ),
        4097,
        382,
        4000,
    ),
    (
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted in"
            " 4294 tokens. Please reduce the length of the messages."
        ),
        4097,
        4294,
        None,
    ),
    (
        (
            "This model's maximum context length is 4097 tokens, however you requested 4322 tokens"
            " (4066 in your prompt; 256 for the completion). Please reduce your prompt; or"
            " completion"
            " length."
        ),
        4097,
        4066,
        256,
    ),
    (
        (
            "This model's maximum context length is 16385 tokens. However, you requested 16534"
            " tokens"
            " (14004 in the messages, 30 in the functions, 2500 in the completion)."
        ),
        16385,
        14034,
        2500,
    ),
    (
        (
            "max_tokens is too large: 64000. This model's maximum context length is 64001 tokens"
            " and"
            " your request has 24235 input tokens (64000 > 64001 - 24235). None"
        ),
        64001,
        24235,
        64000,
    ),
    (
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 64,000. This model's maximum"
            " context"
            " length is 64,001 tokens and your request has 24,235 input tokens"
        ),
        64001,
        24235,
        64000,
    ),
    ("prompt is too long: 207791 tokens > 200000 maximum", 200000, 207791, None),
    (
        (
            "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease"
            " input length or `max_tokens` and try again"
        ),
        200000,
        178959,
        64000,
    ),
    (
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        1048576,
        1200293,
        None,
    ),
    (
        "The input token count is 1200293 but model only supports up to 1048576.",
        1048576,
        1200293,
        None,
    ),
    (
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        131072,
        537812,
        None,
    ),
    ("Range of input length should be [1, 983616]", 983616, None, None),
    (
        (
            "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768"
            " maximum"
            " context length"
        ),
        32768,
        65673,
        None,
    ),
    (
        (
            "Trying to keep the first 111490 tokens when context the overflows. However, the"
            " model is"
            " loaded with context length of only 32768 tokens, which is not enough."
        ),
        32768,
        111490,
        None,
    ),
    (
        (
            "The number of tokens to keep from the initial prompt is greater than the context"
            " length"
            " (n_keep: 5000>= n_ctx: 4096)."
        ),
        4096,
        5000,
        None,
    ),
    (
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        4096,
        5000,
        None,
    ),
    ("Requested tokens (5000) exceed context window of 2048", 2048, None, None),
    (
        (
            "This endpoint's maximum context length is 200000 tokens. However, you requested about"
            " 205432 tokens (81684 of text input, 3748 of tool input, 120000 in the output)."
        ),
        200000,
        85432,
        120000,
    ),
    (
        (
            "This endpoint's maximum context length is 32768 tokens. However, you requested"
            " about 42832"
            " tokens (42832 of text input)."
        ),
        32768,
        42832,
        None,
    ),
    (
        (
            "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a"
            " shorter input or enable --allow-auto-truncate."
        ),
        59862,
        160062,
        None,
    ),
    (
        "The input (160062 tokens) is longer than the model's context length (59862 tokens).",
        59862,
        160062,
        None,
    ),
    (
        (
            "Requested token count exceeds the model's maximum context length of 8192 tokens. You"
            " requested a total of 9000 tokens: 5000 tokens from the input messages and 4000"
            " tokens for"
            " the completion."
        ),
        8192,
        5000,
        4000,
    ),
    (
        (
            "You passed 5000 input tokens and requested 100 output tokens. However, the model's"
            " context"
            " length is only 4096 tokens, resulting in a maximum input length of 3996 tokens."
        ),
        4096,
        5000,
        100,
    ),
    (
        "The decoder prompt (length 50000) is longer than the maximum model length of 32768.",
        32768,
        50000,
        None,
    ),
    (
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given:"
            " 7000"
            " `inputs` tokens and 2000 `max_new_tokens`"
        ),
        8193,
        7000,
        2000,
    ),
    (
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",
        4094,
        5000,
        None,
    ),
    (
        (
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in"
            " 303456 tokens. Please reduce the length of the messages."
        ),
        272000,
        303456,
        None,
    ),
    ("prompt token count of 130000 exceeds the limit of 128000", 128000, 130000, None),
    ("Request body too large for gpt-4o model. Max size: 8000 tokens.", 8000, None, None),
    (
        "The prompt is too long: 140000, model maximum context length: 131071",
        131071,
        140000,
        None,
    ),
    (
        "number of input tokens (204703) has exceeded max_prompt_tokens (202752) limit.",
        202752,
        204703,
        None,
    ),
    (
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.",
        4081,
        5000,
        None,
    ),
    ("Prompt tokens (900) exceeds context size (512)", 512, 900, None),
]


@pytest.mark.parametrize(
    ("message", "window", "prompt", "reply"), FORMS, ids=[row[0][:40] for row in FORMS]
)
def test_the_figures_of_every_form(
    message: str, window: int | None, prompt: int | None, reply: int | None
) -> None:
    """Each server's words give the window, the prompt and the reply that they name."""
    figures = read_overflow(message)
    assert figures is not None
    told = (figures.window, figures.prompt_tokens, figures.completion_tokens)
    assert told == (window, prompt, reply)
    assert not figures.at_least
    assert figures.output_limit is None


def test_a_lower_bound_is_told_from_a_count() -> None:
    """A server that stops counting where its window is full says "at least": that is no count."""
    figures = read_overflow(
        "This model's maximum context length is 262144 tokens. However, you requested 128000"
        " output tokens and your prompt contains at least 134145 input tokens, for a total of at"
        " least 262145 tokens."
    )
    assert figures == OverflowFigures(
        window=262144, prompt_tokens=134145, at_least=True, completion_tokens=128000
    )


@pytest.mark.parametrize(
    ("message", "window", "total"),
    [
        (
            "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)",
            262144,
            291351,
        ),
        ("Please reduce the length. Current length is 8500 while limit is 8192", 8192, 8500),
        (
            (
                "The estimated number of input and maximum output tokens (8441) exceeded this model"
                " context window limit (7968)."
            ),
            7968,
            8441,
        ),
    ],
)
def test_a_sum_of_prompt_and_reply(message: str, window: int, total: int) -> None:
    """Some servers give prompt and reply as one figure."""
    figures = read_overflow(message)
    assert figures == OverflowFigures(window=window, total_tokens=total)


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (
            (
                "max_tokens is too large: 32000. This model supports at most 16384 completion"
                " tokens,"
                " whereas you provided 32000."
            ),
            16384,
        ),
        (
            (
                "max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens for"
                " claude-3-5-sonnet-20241022"
            ),
            8192,
        ),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("Range of max_tokens should be [1, 8192]", 8192),
        ("`max_tokens` must be less than or equal to `8192`, the maximum value", 8192),
        ("Invalid 'max_tokens': integer above maximum. Expected a value <= 4096, got 8192.", 4096),
        ("The maximum tokens you requested exceeds the model limit of 4096. Try again", 4096),
        (
            (
                "Unable to submit request because it has a maxOutputTokens value of 100000 but the"
                " supported range is from 1 (inclusive) to 65537 (exclusive)."
            ),
            65536,
        ),
    ],
)
def test_the_limit_of_a_reply(message: str, limit: int) -> None:
    """A reply's own limit is told from the window."""
    figures = read_overflow(message)
    assert figures is not None
    assert (figures.output_limit, figures.window) == (limit, None)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Your input exceeds the context window of this model. Please adjust your input.", ""),
        ("", "context_length_exceeded"),
        ("Input is too long for requested model.", ""),
        ("Please reduce the length of the messages or completion.", "context_length_exceeded"),
        ("invalid params, context window exceeds limit (2013)", ""),
        ("Prompt exceeds max length", "1261"),
        ("the request exceeds the available context size. try increasing the context size", ""),
    ],
)
def test_an_overflow_without_figures(message: str, kind: str) -> None:
    """It is recognised, and no number in it is taken for a figure."""
    assert read_overflow(message, kind) == OverflowFigures()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            (
                "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit"
                " 30000, Requested 45000. The input or output tokens must be reduced."
            ),
            "tokens rate_limit_exceeded",
        ),
        (
            (
                "Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM):"
                " Limit"
                " 6000, Requested 7000, please reduce your message size and try again."
            ),
            "tokens",
        ),
        ("This request would exceed the rate limit of 30,000 input tokens per minute.", ""),
        ("The model `gpt-5` does not exist", "model_not_found"),
        ("'temperature' must be between 0 and 2", ""),
        ("", ""),
    ],
)
def test_what_is_no_overflow(message: str, kind: str) -> None:
    """Token rate limits, for which waiting helps, and other refusals are none."""
    assert read_overflow(message, kind) is None


def test_the_fields_of_llama_cpp() -> None:
    """Its figures stand beside the message, and its code is the number of the status."""
    body = {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 900,
            "n_ctx": 512,
        }
    }
    error = refusal(400, json.dumps(body).encode(), ASKED)
    assert isinstance(error, ContextOverflowError)
    assert (error.window, error.prompt_tokens, error.in_stream) == (512, 900, False)


ASKED = Asked(profile="p", model="m", key="", key_source="")
FREE = replace(ASKED, billed=False)
TPM = "Request too large: Limit 6000 tokens per minute (TPM), Requested 7000"
OVERFLOW = "This model's maximum context length is 4097 tokens. However, your messages resulted in"


def test_a_rate_limit_keeps_its_meaning() -> None:
    """429 with a token rate is busy, and 413 with one is a refusal that is no overflow."""
    body = json.dumps({"error": {"message": TPM}}).encode()
    assert isinstance(refusal(429, body, ASKED), ProviderUnavailableError)
    error = refusal(413, body, ASKED)
    assert isinstance(error, ProviderRefusedError)
    assert not isinstance(error, ContextOverflowError)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_statuses_of_an_overflow(status: int) -> None:
    """400, 413 and 422 carry overflows; after other statuses it is not known what was billed."""
    body = json.dumps({"error": {"message": OVERFLOW}}).encode()
    assert isinstance(refusal(status, body, ASKED), ContextOverflowError)
    assert isinstance(refusal(500, body, ASKED), InDoubtError)


def test_an_overflow_in_the_stream() -> None:
    """In place of the first part it is one too; without a status only where nothing is billed."""
    named = refusal_in_stream({"error": {"code": 400, "message": OVERFLOW}}, ASKED)
    assert isinstance(named, ContextOverflowError)
    assert named.in_stream
    words = {"error": {"message": OVERFLOW}}
    assert isinstance(refusal_in_stream(words, ASKED), InDoubtError)
    assert isinstance(refusal_in_stream(words, FREE), ContextOverflowError)


def test_a_reply_limit_is_said_as_such() -> None:
    """The sentence and the hint are about max_tokens, not about the conversation."""
    words = "max_tokens is too large: 32000. This model supports at most 16384 completion tokens"
    error = refusal(400, json.dumps({"error": {"message": words}}).encode(), ASKED)
    assert isinstance(error, ContextOverflowError)
    assert "conversation" not in error.message
    assert "16384" in error.hint


def refused(*, counted: int = 1_000, max_tokens: int | None = None, window: int = 8_192) -> Refused:
    """A refused request of some size."""
    spec = replace(resolve_model("gpt-4o"), context_window=window, output_limit=None)
    return Refused(
        spec=spec, prompt_tokens=counted, prompt_bytes=counted * 4, max_tokens=max_tokens
    )


def test_only_the_reply_is_lowered_where_the_prompt_fits() -> None:
    """The error of the first seed: window 4,097, 382 of prompt, 4,000 of reply asked."""
    figures = OverflowFigures(window=4_097, prompt_tokens=382, completion_tokens=4_000)
    step = next(plan_retry(refused(counted=380, max_tokens=4_000), figures, first=True))
    assert isinstance(step, LowerReply)
    assert 3_700 <= step.max_tokens <= 4_097 - 382
    assert step.spec.context_window == 4_097


def test_window_and_ratio_are_learned() -> None:
    """Where no useful reply fits, the window and the tokens for one of ours are learned."""
    figures = OverflowFigures(window=4_096, prompt_tokens=6_000)
    step = next(plan_retry(refused(counted=3_000, max_tokens=500), figures, first=True))
    assert isinstance(step, TrimAgain)
    assert (step.spec.context_window, step.spec.ratio, step.blind) == (4_096, 2.0, False)


def test_a_bound_teaches_the_window_alone() -> None:
    """A lower bound leaves a fifth of the window free, and no reply is lowered twice by it."""
    figures = OverflowFigures(window=4_096, prompt_tokens=3_097, at_least=True)
    asked = refused(counted=3_000, max_tokens=1_000)
    step = next(plan_retry(asked, figures, first=False))
    assert isinstance(step, TrimAgain)
    assert step.spec.context_window == 4_096
    assert step.spec.ratio == pytest.approx(3_097 / 3_000 / 0.8)
    roomy = replace(figures, window=8_192)
    assert isinstance(next(plan_retry(asked, roomy, first=True)), TrimAgain)
    greedy = replace(asked, max_tokens=7_000)
    lowered = next(plan_retry(greedy, roomy, first=True))
    assert isinstance(lowered, LowerReply)
    assert lowered.prompt_tokens is None
    assert lowered.max_tokens < 8_192 - 3_097
    assert isinstance(next(plan_retry(greedy, roomy, first=False)), TrimAgain)


def test_without_figures_seven_tenths_are_tried() -> None:
    """The first guess is seven tenths of what was sent."""
    steps = list(plan_retry(refused(counted=1_000), OverflowFigures(), first=True))
    first = steps[0]
    assert isinstance(first, TrimAgain)
    assert first.blind
    assert first.spec.input_limit is not None
    assert 700 <= first.spec.input_limit <= 720
    assert len(steps) == len(BLIND_SHARES)


def test_a_figure_that_cannot_be_is_not_believed() -> None:
    """A prompt of more tokens than it has bytes is taken for a misreading."""
    figures = OverflowFigures(window=4_096, prompt_tokens=10**8)
    step = next(plan_retry(refused(counted=5_000), figures, first=True))
    assert isinstance(step, TrimAgain)
    assert step.spec.ratio == pytest.approx(1 / 0.8)


def test_a_reply_limit_lowers_only_what_is_over_it() -> None:
    """A limit that the request kept teaches nothing to do."""
    figures = OverflowFigures(output_limit=100)
    assert not list(plan_retry(refused(max_tokens=100), figures, first=True))
    assert not list(plan_retry(refused(max_tokens=None), figures, first=True))
    (step,) = plan_retry(refused(max_tokens=101), figures, first=True)
    assert isinstance(step, LowerReply)
    assert step.max_tokens == 100


def test_what_is_learned_wins_over_the_table() -> None:
    """Window, prompt limit and reply limit of the server replace the table's; the source says."""
    spec = resolve_model("gpt-4o")
    day = Learned(window=4_096, learned_on="2026-11-22")
    assert taught(spec, day).context_window == 4_096
    assert "2026-11-22" in taught(spec, day).source
    prompt_only = taught(spec, replace(day, prompt_only=True))
    assert (prompt_only.context_window, prompt_only.input_limit) == (128_000, 4_096)
    limited = taught(spec, Learned(output_limit=50))
    assert (limited.output_limit, limited.source) == (50, spec.source)
    assert taught(ModelSpec(name="x", context_window=10, known=False), day).known
