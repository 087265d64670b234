"""Learning how many tokens a model makes of a text, from what its server counted."""

import math
from typing import Final

from notelog.core.models import ModelSpec

LEAST_RATIO: Final = 0.7
MOST_RATIO: Final = 2.5
"""What is believed: beyond these a server counts something else than the prompt."""

LEAST_TOKENS: Final = 256
"""Shorter prompts teach nothing: in them a server's own template weighs too much."""

CUT_SHARE: Final = 0.6
"""A server that reports less than this share of the estimate cut the prompt silently."""

MOST_SURE: Final = 1.3
"""The ratios of some families are those of their worst texts: a real one may be far below them."""

_WEIGHT_DOWN: Final = 0.2
_PLACES: Final = 10_000


def learned_ratio(spec: ModelSpec, counted_tokens: int, reported_tokens: int) -> float | None:
    """The model's tokens for one of its encoding's, after one more reply.

    A prompt that came out larger than estimated counts at once, since the next one must fit; a
    smaller one only by a fifth, since the next one may be in another language.

    Args:
        spec: with the ratio by which was estimated.
        counted_tokens: of the prompt in the encoding, not scaled.
        reported_tokens: of the prompt, as the server says.

    Returns:
        The ratio, rounded up, or None where there is nothing to learn: the count is exact, the
        prompt short, or cut by the server.
    """
    if spec.exact or counted_tokens < LEAST_TOKENS:
        return None
    if reported_tokens < CUT_SHARE * counted_tokens * min(spec.ratio, MOST_SURE):
        return None
    seen = reported_tokens / counted_tokens
    if seen < spec.ratio:
        seen = spec.ratio + (seen - spec.ratio) * _WEIGHT_DOWN
    return min(MOST_RATIO, max(LEAST_RATIO, math.ceil(seen * _PLACES) / _PLACES))
