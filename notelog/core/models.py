"""What is known of each model: window, limits, encoding, prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from notelog.core.model_table import FAMILIES, PRICES_AS_OF, Family, Row
from notelog.core.reply import Usage

if TYPE_CHECKING:
    from notelog.core.settings import Profile  # it imports requests, which import this module

DEFAULT_WINDOW: Final = 8_192
"""The window of a model that nothing is known of."""

OLLAMA_WINDOW: Final = 4_096
"""What Ollama loads a model with unless it is told: it cuts the front of longer prompts silently,
whatever the model could hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices for 1,000,000 tokens, in ``currency``, as published on ``as_of`` (YYYY-MM-DD).

    ``as_of`` is empty where the price comes from the configuration.
    """

    prompt: float
    completion: float
    cached_prompt: float | None = None
    currency: str = "USD"
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Money."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model as the fitting needs it.

    Attributes:
        name: as the server knows it.
        context_window: tokens of prompt and reply together.
        input_limit: the most tokens of prompt; None where only the window bounds it.
        output_limit: the most tokens of reply; None where only the window bounds it.
        encoding: the tiktoken encoding that counts it.
        ratio: its tokens for one of the encoding's; 1.0 where the encoding is its own.
        exact: whether that count is exact.
        calibrated: whether the ratio comes from what the server counted before.
        reasoning: it thinks before it answers, and rejects sampling settings.
        max_tokens_parameter: ``max_tokens`` or ``max_completion_tokens``.
        price: None where unpriced, never 0.
        known: False where the name is unknown and the figures are the stated default.
        source: where the figures come from, for a person.
        family: whose model it is, for a person; empty where that is unknown.
        tokens_per_message: the framing of a message besides its role.
        tokens_per_name: what a name adds to it, besides the name's own tokens.
    """

    name: str
    context_window: int
    input_limit: int | None = None
    output_limit: int | None = None
    encoding: str = "o200k_base"
    ratio: float = 1.0
    exact: bool = False
    calibrated: bool = False
    reasoning: bool = False
    max_tokens_parameter: str = "max_tokens"
    price: Price | None = None
    known: bool = True
    source: str = "model table"
    family: str = ""
    tokens_per_message: int = 3
    tokens_per_name: int = 1


def resolve_model(name: str, profile: "Profile | None" = None) -> ModelSpec:
    """What is known of a model, by its name and by what its profile says of it.

    Args:
        name: as the server knows it: with a date, a tag or the maker before a slash
            (``gpt-4o-2024-08-06``, ``qwen3:8b``, ``anthropic/claude-sonnet-4``).
        profile: the server; its ``context_window`` and ``price`` win over the table.

    Returns:
        The model's figures. An unknown name has those of its maker's family, or a window of
        ``DEFAULT_WINDOW``, and is marked: ``known`` is False and ``source`` says so.
    """
    spec = _look_up(name)
    if profile is None:
        return spec
    if "ollama" in {profile.name, *profile.providers} and spec.context_window > OLLAMA_WINDOW:
        spec = replace(
            spec,
            context_window=OLLAMA_WINDOW,
            source="what Ollama loads a model with unless told; set context_window",
        )
    if profile.context_window is not None:
        spec = replace(with_window(spec, profile.context_window), source=f"profile {profile.name}")
    return replace(spec, price=_profile_price(profile, spec.price))


def with_window(spec: ModelSpec, context_window: int) -> ModelSpec:
    """The model with a window that a person or a server names: it is known then."""
    return replace(
        spec,
        context_window=context_window,
        input_limit=spec.input_limit if context_window <= spec.context_window else None,
        known=True,
    )


def cost_of_usage(price: Price | None, usage: Usage | None) -> Cost | None:
    """What a reply cost by the server's figures; None where the model is unpriced or silent.

    Reasoning tokens are among the completion tokens, cached ones among the prompt tokens.
    """
    if price is None or usage is None:
        return None
    cached_price = price.prompt if price.cached_prompt is None else price.cached_prompt
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    amount = (
        (usage.prompt_tokens - cached) * price.prompt
        + cached * cached_price
        + usage.completion_tokens * price.completion
    ) / 1_000_000
    return Cost(amount=amount, currency=price.currency)


def _profile_price(profile: "Profile", published: Price | None) -> Price | None:
    if profile.price is not None:
        prompt, completion = profile.price
        return Price(prompt=prompt, completion=completion, currency=profile.currency, as_of="")
    return published if profile.billed else None


_TUNED: Final = re.compile(r"ft:([^:]+)")
_BEFORE_NAME: Final = re.compile(r"^(?:.*/|[a-z]+@)|^(?:[a-z-]+\.)+(?=[a-z])")
_NAME_ENDS: Final = frozenset("-:@_")


@lru_cache(maxsize=16)
def _look_up(name: str) -> ModelSpec:
    plain = _plain_name(name)
    entries = _entries()
    for end in range(len(plain), 0, -1):
        known = plain[:end]
        if known in entries and (end == len(plain) or plain[end] in _NAME_ENDS):
            family, row = entries[known]
            return _spec_of_row(name, known, family, row)
    families = [(prefix, item) for item in FAMILIES for prefix in item.prefixes]
    for prefix, family in sorted(families, key=lambda pair: -len(pair[0])):
        if plain.startswith(prefix):
            return _spec_of_family(name, family)
    return ModelSpec(
        name=name,
        context_window=DEFAULT_WINDOW,
        ratio=1.3,
        known=False,
        source=f"unknown model: a window of {DEFAULT_WINDOW:,} tokens is assumed;"
        " set context_window",
    )


def _plain_name(name: str) -> str:
    """The name without the maker or router before it, and without a fine-tuner's words."""
    plain = name.strip().lower()
    if tuned := _TUNED.match(plain):
        return tuned[1]
    return _BEFORE_NAME.sub("", plain)


@cache
def _entries() -> Mapping[str, tuple[Family, Row]]:
    return {
        known: (family, row)
        for family in FAMILIES
        for row in family.rows
        for known in row[0].split()
    }


def _spec_of_row(name: str, known: str, family: Family, row: Row) -> ModelSpec:
    _names, window, output_limit, prices = row
    limits = ((names.split(), most) for names, most in family.input_limits)
    first = known.endswith("-0301")
    return replace(
        _spec_of_family(name, family),
        context_window=window,
        input_limit=next((most for names, most in limits if known in names), None),
        output_limit=output_limit,
        price=_table_price(prices),
        known=True,
        source="model table" if name == known else f"model table, as {known}",
        tokens_per_message=4 if first else 3,
        tokens_per_name=-1 if first else 1,
    )


def _spec_of_family(name: str, family: Family) -> ModelSpec:
    window = family.default_window or DEFAULT_WINDOW
    return ModelSpec(
        name=name,
        context_window=window,
        encoding=family.encoding,
        ratio=family.ratio,
        exact=family.exact,
        reasoning=family.reasoning,
        max_tokens_parameter=family.max_tokens_parameter,
        known=False,
        source=f"unknown model of the family {family.name}: a window of {window:,} tokens is"
        " assumed; set context_window",
        family=family.name,
    )


def _table_price(prices: tuple[float, ...]) -> Price | None:
    if not prices:
        return None
    prompt, completion, *cached = prices
    return Price(
        prompt=prompt,
        completion=completion,
        cached_prompt=cached[0] if cached else None,
        as_of=PRICES_AS_OF,
    )
