"""The model table: windows, limits and prices as their makers published them.

A row is: names, context window, output limit, prices for 1,000,000 tokens (prompt, completion,
cached prompt; none where unpriced). A name stands for itself and for itself with a suffix, such
as a date: ``gpt-4o`` for ``gpt-4o-2024-08-06``; the longest name that fits wins.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

PRICES_AS_OF: Final = "2026-11-20"
"""The day on which the prices were gathered."""

Row: TypeAlias = tuple[str, int, int | None, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a maker's models have in common.

    Attributes:
        name: for a person.
        rows: its models.
        default_window: of one that is in no row; None where that is the default of all.
        prefixes: how the names of its models begin, for those that are in no row.
        encoding: the tiktoken encoding that counts them.
        ratio: their tokens for one of the encoding's.
        exact: whether that count and the framing are published, so that counts are exact.
        reasoning: they think before they answer, and reject or ignore sampling settings.
        max_tokens_parameter: which parameter limits the reply.
        input_limits: names and the most tokens of prompt, where that is less than the window.
    """

    name: str
    rows: tuple[Row, ...]
    prefixes: tuple[str, ...] = ()
    default_window: int | None = None
    encoding: str = "o200k_base"
    ratio: float = 1.0
    exact: bool = False
    reasoning: bool = False
    max_tokens_parameter: str = "max_tokens"
    input_limits: tuple[tuple[str, int], ...] = ()


_M: Final = 1_048_576

FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        name="GPT-3.5 and GPT-4",
        encoding="cl100k_base",
        exact=True,
        rows=(
            ("gpt-3.5-turbo gpt-35-turbo", 16_385, 4_096, (0.5, 1.5)),
            ("gpt-3.5-turbo-1106 gpt-35-turbo-1106", 16_385, 4_096, (1, 2)),
            ("gpt-3.5-turbo-16k gpt-35-turbo-16k", 16_385, 4_096, (3, 4)),
            ("gpt-3.5-turbo-0301 gpt-35-turbo-0301", 4_097, 4_096, (1.5, 2)),
            ("gpt-3.5-turbo-0613 gpt-35-turbo-0613", 4_097, 4_096, (1.5, 2)),
            ("gpt-4", 8_192, 8_192, (30, 60)),
            ("gpt-4-32k", 32_768, 32_768, (60, 120)),
            ("gpt-4-turbo gpt-4-1106 gpt-4-0125 gpt-4-vision", 128_000, 4_096, (10, 30)),
        ),
    ),
    Family(
        name="GPT-4o and GPT-4.1",
        exact=True,
        rows=(
            ("gpt-4o", 128_000, 16_384, (2.5, 10, 1.25)),
            ("gpt-4o-2024-05-13", 128_000, 4_096, (5, 15)),
            ("chatgpt-4o", 128_000, 16_384, (5, 15)),
            ("gpt-4o-mini", 128_000, 16_384, (0.15, 0.6, 0.075)),
            ("gpt-4.1", 1_047_576, 32_768, (2, 8, 0.5)),
            ("gpt-4.1-mini", 1_047_576, 32_768, (0.4, 1.6, 0.1)),
            ("gpt-4.1-nano", 1_047_576, 32_768, (0.1, 0.4, 0.025)),
            ("gpt-4.5", 128_000, 16_384, (75, 150, 37.5)),
        ),
    ),
    Family(
        name="GPT chat models",
        prefixes=("gpt-", "chatgpt-"),
        default_window=128_000,
        max_tokens_parameter="max_completion_tokens",
        rows=(
            ("gpt-5-chat gpt-5.1-chat", 128_000, 16_384, (1.25, 10, 0.125)),
            ("gpt-5.2-chat gpt-5.3-chat", 128_000, 16_384, (1.75, 14, 0.175)),
        ),
    ),
    Family(
        name="OpenAI reasoning models",
        prefixes=("gpt-5", "gpt-6", "gpt-7", "o1-", "o3-", "o4-", "o5"),
        default_window=200_000,
        reasoning=True,
        max_tokens_parameter="max_completion_tokens",
        rows=(
            ("o1", 200_000, 100_000, (15, 60, 7.5)),
            ("o1-preview", 128_000, 32_768, (15, 60, 7.5)),
            ("o1-mini", 128_000, 65_536, (1.1, 4.4, 0.55)),
            ("o1-pro", 200_000, 100_000, (150, 600)),
            ("o3", 200_000, 100_000, (2, 8, 0.5)),
            ("o3-mini", 200_000, 100_000, (1.1, 4.4, 0.55)),
            ("o3-pro", 200_000, 100_000, (20, 80)),
            ("o4-mini", 200_000, 100_000, (1.1, 4.4, 0.275)),
            ("gpt-5 gpt-5-codex gpt-5.1", 400_000, 128_000, (1.25, 10, 0.125)),
            ("gpt-5-mini gpt-5.1-codex-mini", 400_000, 128_000, (0.25, 2, 0.025)),
            ("gpt-5-nano", 400_000, 128_000, (0.05, 0.4, 0.005)),
            ("gpt-5-pro", 400_000, 272_000, (15, 120)),
            ("gpt-5.2 gpt-5.3", 400_000, 128_000, (1.75, 14, 0.175)),
            ("gpt-5.2-pro", 400_000, 128_000, (21, 168)),
            ("gpt-5.4", 1_050_000, 128_000, (2.5, 15, 0.25)),
            ("gpt-5.4-mini", 400_000, 128_000, (0.75, 4.5, 0.075)),
            ("gpt-5.4-nano", 400_000, 128_000, (0.2, 1.25, 0.02)),
            ("gpt-5.5", 1_050_000, 128_000, (5, 30, 0.5)),
            ("gpt-5.4-pro gpt-5.5-pro", 1_050_000, 128_000, (30, 180)),
            ("gpt-5.6 gpt-5.6-sol", 1_050_000, 128_000, (4, 20, 0.4)),
            ("gpt-5.6-terra", 1_050_000, 128_000, (2, 12, 0.2)),
            ("gpt-5.6-luna", 1_050_000, 128_000, (0.2, 1.2, 0.02)),
            ("gpt-6-astra", 1_050_000, 128_000, (10, 50, 1)),
            ("gpt-6-sol", 1_050_000, 128_000, (2, 10, 0.2)),
            ("gpt-6.1-sol", 1_050_000, 128_000, (2, 10, 0.1)),
            ("gpt-6-luna", 1_050_000, 128_000, (0.1, 0.5, 0.01)),
        ),
        input_limits=(
            ("gpt-5 gpt-5-mini gpt-5-nano gpt-5-codex gpt-5.1 gpt-5.1-codex-mini", 272_000),
            ("gpt-5.2 gpt-5.2-pro gpt-5.3 gpt-5.4-mini gpt-5.4-nano", 272_000),
            ("gpt-5.6 gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna", 922_000),
            ("gpt-6-astra gpt-6-sol gpt-6.1-sol gpt-6-luna", 922_000),
        ),
    ),
    Family(
        name="gpt-oss",
        prefixes=("gpt-oss",),
        default_window=131_072,
        rows=(("gpt-oss", 131_072, 65_536, ()),),
    ),
    Family(
        name="Claude up to 4.6",
        ratio=1.45,
        rows=(
            ("claude-2 claude-instant", 100_000, 4_096, ()),
            ("claude-3-haiku", 200_000, 4_096, (0.25, 1.25, 0.03)),
            ("claude-3-sonnet", 200_000, 4_096, (3, 15)),
            ("claude-3-opus", 200_000, 4_096, (15, 75, 1.5)),
            ("claude-3-5-haiku claude-3.5-haiku", 200_000, 8_192, (0.8, 4, 0.08)),
            ("claude-3-5-sonnet claude-3.5-sonnet", 200_000, 8_192, (3, 15, 0.3)),
            ("claude-3-7-sonnet claude-3.7-sonnet", 200_000, 64_000, (3, 15, 0.3)),
            ("claude-sonnet-4 claude-4-sonnet", 200_000, 64_000, (3, 15, 0.3)),
            ("claude-opus-4 claude-4-opus", 200_000, 32_000, (15, 75, 1.5)),
            ("claude-opus-4-1 claude-opus-4.1", 200_000, 32_000, (15, 75, 1.5)),
            ("claude-haiku-4-5 claude-haiku-4.5", 200_000, 64_000, (1, 5, 0.1)),
            ("claude-sonnet-4-5 claude-sonnet-4.5", 200_000, 64_000, (3, 15, 0.3)),
            ("claude-opus-4-5 claude-opus-4.5", 200_000, 64_000, (5, 25, 0.5)),
            ("claude-sonnet-4-6 claude-sonnet-4.6", 1_000_000, 128_000, (3, 15, 0.3)),
            ("claude-opus-4-6 claude-opus-4.6", 1_000_000, 128_000, (5, 25, 0.5)),
        ),
    ),
    Family(
        name="Claude after 4.6",
        prefixes=("claude",),
        default_window=200_000,
        ratio=1.8,
        reasoning=True,
        rows=(
            ("claude-opus-4-7 claude-opus-4.7", 1_000_000, 128_000, (5, 25, 0.5)),
            ("claude-opus-4-8 claude-opus-4.8", 1_000_000, 128_000, (5, 25, 0.5)),
            ("claude-sonnet-5", 1_000_000, 128_000, (2, 10, 0.2)),
            ("claude-sonnet-5-5 claude-sonnet-5.5", 1_000_000, 128_000, (2, 10, 0.1)),
            ("claude-opus-5", 1_000_000, 128_000, (5, 25, 0.5)),
            ("claude-opus-5-5 claude-opus-5.5", 1_000_000, 128_000, (4, 20, 0.2)),
            ("claude-haiku-5-5 claude-haiku-5.5", 1_000_000, 128_000, (0.1, 0.5, 0.01)),
            ("claude-fable-5 claude-mythos-5", 1_000_000, 128_000, (10, 50, 1)),
            ("claude-fable-5-1 claude-mythos-5-1", 1_000_000, 128_000, (10, 50, 0.25)),
        ),
    ),
    Family(
        name="Gemini",
        prefixes=("gemini",),
        default_window=_M,
        ratio=1.3,
        rows=(
            ("gemini-1.5-pro", 2 * _M, 8_192, (1.25, 5)),
            ("gemini-1.5-flash", _M, 8_192, (0.075, 0.3)),
            ("gemini-2.0-flash", _M, 8_192, (0.1, 0.4, 0.025)),
            ("gemini-2.5-pro", _M, 65_536, (1.25, 10, 0.125)),
            ("gemini-2.5-flash", _M, 65_536, (0.3, 2.5, 0.03)),
            ("gemini-2.5-flash-lite", _M, 65_536, (0.1, 0.4, 0.01)),
            ("gemini-3-pro gemini-3.1-pro", _M, 65_536, (2, 12, 0.2)),
            ("gemini-3-flash", _M, 65_536, (0.5, 3, 0.05)),
            ("gemini-3.1-flash-lite", _M, 65_536, (0.25, 1.5, 0.025)),
            ("gemini-3.5-flash", _M, 65_536, (1.5, 9, 0.15)),
            ("gemini-3.5-flash-lite", _M, 65_536, (0.3, 2.5, 0.03)),
            ("gemini-3.6-flash gemini-3.7-flash gemini-3.8-flash", _M, 65_536, (0.75, 3.75, 0.075)),
        ),
    ),
    Family(
        name="DeepSeek",
        prefixes=("deepseek",),
        default_window=65_536,
        ratio=1.1,
        rows=(
            ("deepseek-chat", 131_072, 8_192, (0.28, 0.42, 0.028)),
            ("deepseek-v3", 65_536, 8_192, ()),
            ("deepseek-v3.1 deepseek-v3.2", 131_072, None, ()),
            ("deepseek-v4-flash deepseek-flash", 1_000_000, 393_216, (0.3, 1.2, 0.006)),
            ("deepseek-v4-pro", 1_000_000, 393_216, (1.32, 3.96, 0.044)),
            ("deepseek-r1", 65_536, None, ()),
        ),
    ),
    Family(
        name="DeepSeek reasoner",
        ratio=1.1,
        reasoning=True,
        rows=(("deepseek-reasoner", 131_072, 65_536, (0.28, 0.42, 0.028)),),
    ),
    Family(
        name="Qwen",
        prefixes=("qwen", "qwq", "qvq"),
        default_window=32_768,
        ratio=1.1,
        rows=(
            ("qwen2 qwen2.5", 32_768, None, ()),
            ("qwen2.5-coder", 32_768, None, ()),
            ("qwen3", 40_960, None, ()),
            ("qwen3-coder qwen3-next", 262_144, None, ()),
            ("qwen3-max", 258_048, 65_536, ()),
            ("qwen3.5 qwen3.6", 262_144, None, ()),
            ("qwen3.5-plus", 991_808, 65_536, ()),
            ("qwen3.7-max", 991_808, 65_536, (2.5, 7.5, 0.5)),
            ("qwen3.7-plus", 991_808, 65_536, ()),
            ("qwen3.8-max", 991_808, 131_072, (2, 6, 0.25)),
            ("qwen3.8-flash", 991_808, 131_072, (0.15, 0.47, 0.016)),
            ("qwen-max", 30_720, 8_192, (1.6, 6.4)),
            ("qwen-plus", 129_024, 16_384, (0.4, 1.2)),
            ("qwen-turbo", 129_024, 16_384, (0.05, 0.2)),
            ("qwen-flash", 997_952, 32_768, ()),
        ),
    ),
    Family(
        name="Llama",
        prefixes=("llama", "meta-llama", "codellama"),
        default_window=8_192,
        ratio=1.1,
        rows=(
            ("llama2 llama-2", 4_096, None, ()),
            ("llama3 llama-3 llama3-", 8_192, None, ()),
            ("llama3.1 llama-3.1 llama3-1", 131_072, None, ()),
            ("llama3.2 llama-3.2 llama3-2", 131_072, None, ()),
            ("llama3.3 llama-3.3 llama3-3", 131_072, None, ()),
            ("llama4 llama-4 llama-4-maverick", 1_000_000, None, ()),
        ),
    ),
    Family(
        name="Mistral",
        prefixes=(
            "mistral",
            "ministral",
            "magistral",
            "codestral",
            "devstral",
            "mixtral",
            "open-m",
        ),
        default_window=32_768,
        ratio=1.3,
        rows=(
            ("mistral", 32_768, None, ()),
            ("mistral-large", 262_144, None, (0.5, 1.5, 0.05)),
            ("mistral-medium", 262_144, None, (1.5, 7.5, 0.15)),
            ("mistral-small", 131_072, None, (0.15, 0.6, 0.015)),
            ("mistral-nemo open-mistral-nemo", 128_000, None, (0.3, 0.3, 0.03)),
            ("magistral-medium", 131_072, None, (1.5, 7.5, 0.15)),
            ("codestral", 128_000, None, (0.3, 0.9, 0.03)),
            ("devstral", 131_072, None, ()),
            ("mixtral", 32_768, None, ()),
        ),
    ),
    Family(
        name="Grok",
        prefixes=("grok",),
        default_window=131_072,
        ratio=1.3,
        rows=(
            ("grok-3 grok-3-mini", 131_072, None, ()),
            ("grok-4", 256_000, None, ()),
            ("grok-4.20 grok-4.3", 1_000_000, None, (1.25, 2.5, 0.2)),
            ("grok-4.5", 500_000, None, (2, 6, 0.3)),
            ("grok-4.6 grok-4.7", 500_000, None, (2, 6, 0.5)),
        ),
    ),
    Family(
        name="Kimi",
        prefixes=("kimi", "moonshot"),
        default_window=131_072,
        ratio=1.3,
        rows=(
            ("kimi-k2", 131_072, None, ()),
            ("kimi-k2.5", 262_144, None, (0.6, 3, 0.1)),
            ("kimi-k2.6 kimi-k2.7", 262_144, None, (0.95, 4, 0.16)),
            ("kimi-k3", _M, None, (3, 15, 0.3)),
            ("moonshot-v1-8k", 8_192, None, (0.2, 2)),
            ("moonshot-v1-32k", 32_768, None, (1, 3)),
            ("moonshot-v1-128k", 131_072, None, (2, 5)),
        ),
    ),
    Family(
        name="GLM",
        prefixes=("glm",),
        default_window=128_000,
        ratio=1.3,
        rows=(
            ("glm-4.5", 128_000, 32_000, (0.6, 2.2)),
            ("glm-4.6 glm-4.7", 200_000, 128_000, (0.6, 2.2, 0.11)),
            ("glm-5", 200_000, 128_000, (1, 3.2, 0.2)),
            ("glm-5.1", 200_000, 128_000, (1.4, 4.4, 0.26)),
            ("glm-5.2 glm-5.3", 1_000_000, 128_000, (1.4, 4.4, 0.26)),
        ),
    ),
    Family(
        name="other open models",
        ratio=1.3,
        rows=(
            ("gemma gemma2 gemma-2", 8_192, None, ()),
            ("gemma3 gemma-3", 131_072, None, ()),
            ("gemma4 gemma-4", 262_144, None, ()),
            ("phi3 phi-3", 4_096, None, ()),
            ("phi4 phi-4", 16_384, None, ()),
            ("smollm2 smollm2-135m-instruct", 8_192, None, ()),
            ("command-r command-r-plus", 128_000, 4_096, ()),
            ("command-a", 256_000, 8_000, ()),
        ),
    ),
)
