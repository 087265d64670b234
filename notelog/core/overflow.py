"""What to ask instead where a server refuses a conversation that is too long."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from notelog.core.budget import plan_budget
from notelog.core.learned import Learned, taught
from notelog.core.models import ModelSpec

BOUND_SHARE: Final = 0.8
"""How much of the window is used where the server only bounds the prompt's size from below."""

BLIND_SHARES: Final = (0.7, 0.8, 0.9, 0.97)
"""How much of a prompt is tried where the server gives no figures: the first that holds what must
be sent."""

_FOREIGN_TOKENS: Final = 10_000
"""What a server may add to a prompt by itself; a larger figure is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowFigures:
    """What a server says of a conversation that is too long. All in tokens, None where unsaid.

    Attributes:
        window: prompt and reply together, or the prompt alone where ``prompt_only``.
        prompt_only: the reply does not count against ``window``.
        output_limit: the most that a reply may have, whatever the prompt.
        prompt_tokens: the prompt as the server counted it.
        at_least: the server stopped counting there: ``prompt_tokens`` is a lower bound.
        completion_tokens: the reply that was asked for, by the request or by the server itself.
        total_tokens: prompt and reply together.
    """

    window: int | None = None
    prompt_only: bool = False
    output_limit: int | None = None
    prompt_tokens: int | None = None
    at_least: bool = False
    completion_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was refused.

    Attributes:
        spec: the model as it was fitted to.
        prompt_tokens: the prompt by our count.
        prompt_bytes: the size of its texts in UTF-8.
        max_tokens: the most tokens asked for the reply, or None.
    """

    spec: ModelSpec
    prompt_tokens: int
    prompt_bytes: int
    max_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerReply:
    """Asks for less of a reply, and sends the same messages.

    Attributes:
        spec: the model as the server taught it.
        max_tokens: the most tokens of the reply.
        prompt_tokens: the prompt as the server counted it; None where it did not.
    """

    spec: ModelSpec
    max_tokens: int
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimAgain:
    """Leaves out more.

    Attributes:
        spec: the model as the server taught it.
        wish: the most tokens of the reply.
        blind: it is a guess, with no figure of the server behind it.
    """

    spec: ModelSpec
    wish: int | None
    blind: bool = False


def plan_retry(
    refused: Refused, figures: OverflowFigures, *, first: bool
) -> Iterator[LowerReply | TrimAgain]:
    """What to send instead, the best first; none where nothing would help.

    Args:
        refused: what was sent.
        figures: what the server said of it.
        first: it is the first refusal; a second one of a prompt that is only bounded from below
            is not met by a guess at the reply again.
    """
    if figures.window is None:
        yield from _by_output(refused, figures)
        return
    learned = Learned(window=figures.window, prompt_only=figures.prompt_only)
    spec = replace(taught(refused.spec, learned), source="told by the server")
    counted = max(1, refused.prompt_tokens)
    told = _believed(refused, figures)
    if told is None or figures.at_least:
        prompt = round(max(told or 0, counted) / BOUND_SHARE)
        ratios = [max(1.0, (told or 0) / counted) / share for share in (BOUND_SHARE, 1.0)]
    else:
        prompt, ratios = told, [told / counted]
    exact = told if told is not None and not figures.at_least else None
    if not figures.prompt_only and (first or exact is not None):
        yield from _by_reply(refused, figures, spec, prompt, exact)
    for ratio in ratios:
        scaled = replace(spec, ratio=spec.ratio * ratio, exact=False)
        yield TrimAgain(spec=scaled, wish=_wish(refused, figures))
    yield from _blind(refused)


def _by_output(refused: Refused, figures: OverflowFigures) -> Iterator[LowerReply | TrimAgain]:
    limit = figures.output_limit
    if limit is None:
        yield from _blind(refused)
    elif refused.max_tokens is not None and refused.max_tokens > limit:
        spec = replace(refused.spec, output_limit=limit, source="told by the server")
        yield LowerReply(spec=spec, max_tokens=limit)


def _by_reply(
    refused: Refused,
    figures: OverflowFigures,
    spec: ModelSpec,
    prompt: int,
    exact: int | None,
) -> Iterator[LowerReply]:
    """A smaller reply, where a useful one fits beside the prompt."""
    wish = _wish(refused, figures)
    budget = plan_budget(spec, wish)
    room = spec.context_window - prompt - budget.margin
    if wish is not None and wish > room >= budget.reserve:
        yield LowerReply(spec=spec, max_tokens=room, prompt_tokens=exact)


def _blind(refused: Refused) -> Iterator[LowerReply | TrimAgain]:
    budget = plan_budget(refused.spec, refused.max_tokens)
    for share in BLIND_SHARES:
        limit = int(refused.prompt_tokens * share) + budget.margin
        spec = replace(refused.spec, input_limit=limit)
        yield TrimAgain(spec=spec, wish=refused.max_tokens, blind=True)
    if refused.max_tokens is not None and refused.max_tokens > budget.reserve:
        yield LowerReply(spec=refused.spec, max_tokens=budget.reserve)


def _wish(refused: Refused, figures: OverflowFigures) -> int | None:
    """The reply that was asked for; the server's own, where the request named none."""
    return figures.completion_tokens if refused.max_tokens is None else refused.max_tokens


def _believed(refused: Refused, figures: OverflowFigures) -> int | None:
    """The server's figure for the prompt, unless it cannot be: a token has at least one byte."""
    told = figures.prompt_tokens
    if told is None and figures.total_tokens is not None:
        told = figures.total_tokens - (_wish(refused, figures) or 0)
    most = refused.prompt_bytes + _FOREIGN_TOKENS
    return told if told is not None and 0 < told <= most else None
