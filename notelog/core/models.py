"""What is known of each model: window, limits, encoding, prices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices for 1,000,000 tokens, in ``currency``, as published on ``as_of`` (YYYY-MM-DD)."""

    prompt: float
    completion: float
    cached_prompt: float | None = None
    currency: str = "USD"
    as_of: str


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
        reasoning: it thinks before it answers, and rejects sampling settings.
        max_tokens_parameter: ``max_tokens`` or ``max_completion_tokens``.
        price: None where unpriced, never 0.
        known: False where the name is unknown and the figures are the stated default.
        source: where the figures come from, for a person.
    """

    name: str
    context_window: int
    input_limit: int | None = None
    output_limit: int | None = None
    encoding: str = "o200k_base"
    ratio: float = 1.0
    exact: bool = False
    reasoning: bool = False
    max_tokens_parameter: str = "max_tokens"
    price: Price | None = None
    known: bool = True
    source: str = "model table"
