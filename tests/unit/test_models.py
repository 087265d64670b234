"""Model names are found in the table, with dates, tags and makers around them."""

import pytest

from notelog.core.models import (
    DEFAULT_WINDOW,
    OLLAMA_WINDOW,
    Cost,
    ModelSpec,
    Price,
    cost_of_usage,
    resolve_model,
    with_window,
)
from notelog.core.reply import Usage
from notelog.core.settings import KeySource, Profile


def profile(**changes: object) -> Profile:
    """A profile with nothing but what the test says."""
    values: dict[str, object] = {"name": "p", "base_url": "https://x.test", "key": KeySource()}
    return Profile(**(values | changes))  # type: ignore[arg-type]  # the test names the fields


@pytest.mark.parametrize(
    ("name", "window", "output", "encoding"),
    [
        ("gpt-3.5-turbo", 16_385, 4_096, "cl100k_base"),
        ("gpt-3.5-turbo-0301", 4_097, 4_096, "cl100k_base"),
        ("gpt-3.5-turbo-0613", 4_097, 4_096, "cl100k_base"),
        ("gpt-35-turbo", 16_385, 4_096, "cl100k_base"),
        ("gpt-4", 8_192, 8_192, "cl100k_base"),
        ("gpt-4-0613", 8_192, 8_192, "cl100k_base"),
        ("gpt-4-turbo-2024-04-09", 128_000, 4_096, "cl100k_base"),
        ("gpt-4-1106-preview", 128_000, 4_096, "cl100k_base"),
        ("gpt-4o-2024-08-06", 128_000, 16_384, "o200k_base"),
        ("gpt-4o-mini", 128_000, 16_384, "o200k_base"),
        ("ft:gpt-4o-mini-2024-07-18:org::id", 128_000, 16_384, "o200k_base"),
        ("gpt-4.1-nano-2025-04-14", 1_047_576, 32_768, "o200k_base"),
        ("o3-mini-2025-01-31", 200_000, 100_000, "o200k_base"),
        ("gpt-5", 400_000, 128_000, "o200k_base"),
        ("anthropic/claude-3-5-sonnet-20241022", 200_000, 8_192, "o200k_base"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 200_000, 64_000, "o200k_base"),
        ("claude-opus-4-1@20250805", 200_000, 32_000, "o200k_base"),
        ("models/gemini-2.5-flash", 1_048_576, 65_536, "o200k_base"),
        ("deepseek-chat", 131_072, 8_192, "o200k_base"),
        ("deepseek-reasoner", 131_072, 65_536, "o200k_base"),
        ("qwen3:8b", 40_960, None, "o200k_base"),
        ("Qwen/Qwen2.5-7B-Instruct", 32_768, None, "o200k_base"),
        ("meta-llama/Llama-3.1-8B-Instruct", 131_072, None, "o200k_base"),
        ("hf.co/someone/Llama-3.2-3B-Instruct-GGUF", 131_072, None, "o200k_base"),
        ("SmolLM2-135M-Instruct", 8_192, None, "o200k_base"),
        ("openai@gpt-4o", 128_000, 16_384, "o200k_base"),
    ],
)
def test_names_are_found(name: str, window: int, output: int | None, encoding: str) -> None:
    """Window, output limit and encoding of a known name are those of the table."""
    spec = resolve_model(name)
    assert spec.known
    assert spec.name == name
    assert (spec.context_window, spec.output_limit, spec.encoding) == (window, output, encoding)


@pytest.mark.parametrize(
    ("name", "ratio", "exact"),
    [
        ("gpt-4o", 1.0, True),
        ("gpt-5", 1.0, False),
        ("qwen3:8b", 1.1, False),
        ("llama3.2", 1.1, False),
        ("deepseek-chat", 1.1, False),
        ("claude-opus-4-6", 1.45, False),
        ("claude-opus-4-7", 1.8, False),
        ("gemini-2.5-pro", 1.3, False),
        ("mistral-large-latest", 1.3, False),
        ("no-such-model", 1.3, False),
    ],
)
def test_family_ratios(name: str, ratio: float, exact: bool) -> None:  # noqa: FBT001  # a column
    """Only OpenAI's chat models count exactly; the others have their family's ratio."""
    spec = resolve_model(name)
    assert (spec.ratio, spec.exact) == (ratio, exact)


def test_reasoning_models_take_max_completion_tokens() -> None:
    """OpenAI's reasoning models reject max_tokens; others know nothing else."""
    for name in ("o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini-2025-08-07", "gpt-6-sol"):
        spec = resolve_model(name)
        assert spec.reasoning
        assert spec.max_tokens_parameter == "max_completion_tokens"
    for name in ("gpt-4o", "deepseek-chat", "qwen3:8b", "claude-sonnet-4-5", "no-such-model"):
        assert resolve_model(name).max_tokens_parameter == "max_tokens"
    assert not resolve_model("gpt-5-chat-latest").reasoning
    assert resolve_model("deepseek-reasoner").reasoning


def test_gpt_5_takes_less_than_its_window() -> None:
    """The gpt-5 family takes 272,000 tokens of prompt in a window of 400,000."""
    spec = resolve_model("gpt-5-2025-08-07")
    assert (spec.input_limit, spec.output_limit) == (272_000, 128_000)


def test_unknown_names_say_so() -> None:
    """An unknown name gets the stated default, an unknown member its family's."""
    stranger = resolve_model("my-own-model")
    assert not stranger.known
    assert stranger.context_window == DEFAULT_WINDOW
    assert "8,192" in stranger.source
    assert stranger.price is None
    newcomer = resolve_model("claude-9-opus")
    assert not newcomer.known
    assert newcomer.context_window == 200_000
    assert "Claude" in newcomer.source


def test_a_profile_wins_over_the_table() -> None:
    """The window and the price that a profile names are used, and a window makes it known."""
    spec = resolve_model(
        "my-own-model",
        profile(context_window=2_048, price=(1.0, 2.0), currency="EUR"),
    )
    assert spec.known
    assert spec.context_window == 2_048
    assert spec.price == Price(prompt=1.0, completion=2.0, currency="EUR", as_of="")
    assert "profile p" in spec.source


def test_a_profile_that_costs_nothing_is_unpriced() -> None:
    """A local server's models have no price, whatever the table says of the name."""
    assert resolve_model("deepseek-chat").price is not None
    assert resolve_model("deepseek-chat", profile(billed=False)).price is None


def test_ollama_loads_a_small_window_unless_told() -> None:
    """On Ollama the window is its own default until the profile names one."""
    ollama = profile(name="ollama", billed=False)
    assert resolve_model("qwen3:8b", ollama).context_window == OLLAMA_WINDOW
    assert "set context_window" in resolve_model("qwen3:8b", ollama).source
    told = profile(name="ollama", billed=False, context_window=32_768)
    assert resolve_model("qwen3:8b", told).context_window == 32_768


def test_a_larger_window_has_no_input_limit() -> None:
    """A window beyond the table's drops the table's limit of the prompt, a smaller keeps it."""
    spec = resolve_model("gpt-5")
    assert with_window(spec, 300_000).input_limit == 272_000
    assert with_window(spec, 1_000_000).input_limit is None


def test_prices_are_dated_and_never_zero() -> None:
    """Each price has the day it was gathered; none says that a model is free."""
    for name in ("gpt-4o", "deepseek-chat", "claude-sonnet-4-5", "gemini-2.5-flash"):
        price = resolve_model(name).price
        assert price is not None
        assert len(price.as_of) == len("2026-01-31")
        assert price.prompt > 0
        assert price.completion > 0


def test_costs_follow_the_servers_figures() -> None:
    """Cached prompt tokens cost their own price; an unpriced model costs nothing known."""
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=500_000, cached_tokens=400_000)
    price = Price(prompt=2.0, completion=8.0, cached_prompt=0.5, as_of="2026-01-31")
    assert cost_of_usage(price, usage) == Cost(amount=1.2 + 0.2 + 4.0, currency="USD")
    assert cost_of_usage(None, usage) is None
    assert cost_of_usage(price, None) is None
    assert cost_of_usage(Price(prompt=2.0, completion=8.0, as_of=""), usage) == Cost(
        amount=6.0, currency="USD"
    )


def test_the_whole_table_is_sane() -> None:
    """Every row's limits are within its window, and every name resolves to its own row."""
    from notelog.core.model_table import FAMILIES

    for family in FAMILIES:
        for names, window, output, prices in family.rows:
            assert output is None or output <= window, names
            assert len(prices) in {0, 2, 3}, names
            assert all(price > 0 for price in prices), names
            for name in names.split():
                spec: ModelSpec = resolve_model(name)
                assert (spec.context_window, spec.family) == (window, family.name), name
        for names, most in family.input_limits:
            assert {resolve_model(name).input_limit for name in names.split()} == {most}, names
