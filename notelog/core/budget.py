"""The token budget: what the prompt may cost so that a useful reply still fits beside it."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from notelog.core.models import ModelSpec

MARGIN_TOKENS: Final = 8
MARGIN_SHARE: Final = Fraction(1, 1_000)
"""Kept free besides: what servers add and do not publish."""

SMALL_REPLY_TOKENS: Final = 256
REASONING_RESERVE_TOKENS: Final = 25_000
"""What a reasoning model should have at least (OpenAI's guide to reasoning models)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How a window is shared out. All counts in tokens.

    Attributes:
        window: prompt and reply together.
        prompt_limit: the most the prompt may cost; at least 0.
        reserve: what is kept free for the reply: the smallest that is worth asking for.
        margin: what is kept free besides.
        wish: the most tokens asked for the reply, cut to the model's limit; None where nobody
            asked for any.
    """

    window: int
    prompt_limit: int
    reserve: int
    margin: int
    wish: int | None

    def completion(self, prompt_tokens: int) -> int | None:
        """The most tokens the reply may have beside such a prompt; None leaves it open."""
        if self.wish is None:
            return None
        return max(1, min(self.wish, self.window - prompt_tokens - self.margin))


def plan_budget(model: ModelSpec, wish: int | None) -> Budget:
    """Shares out a model's window.

    Args:
        model: with the window that counts.
        wish: the most tokens asked for the reply, or None.
    """
    window = model.context_window
    reserve, margin = _reserve(model, wish), _margin(window)
    # Rounded once: two roundings could make a larger window hold one token less.
    limit = window - math.ceil(reserve + margin)
    if model.input_limit is not None:
        limit = min(limit, model.input_limit - math.ceil(margin))
    return Budget(
        window=window,
        prompt_limit=max(0, limit),
        reserve=math.ceil(reserve),
        margin=math.ceil(margin),
        wish=None if wish is None else _least(wish, model.output_limit),
    )


def _margin(window: int) -> Fraction:
    return min(MARGIN_TOKENS + MARGIN_SHARE * window, Fraction(window, 8))


def _reserve(model: ModelSpec, wish: int | None) -> Fraction:
    window = Fraction(model.context_window)
    if model.reasoning:
        enough = min(Fraction(REASONING_RESERVE_TOKENS), window / 4)
    else:
        enough = max(Fraction(SMALL_REPLY_TOKENS), window / 8)
    limits = [Fraction(limit) for limit in (model.output_limit, wish) if limit is not None]
    return max(Fraction(1), min([enough, window / 2, *limits]))


def _least(wish: int, limit: int | None) -> int:
    return wish if limit is None else min(wish, limit)
