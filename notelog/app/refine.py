"""Fitting once more with the figures of a server that counts for itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from notelog.app.prepare import Prepared, fitted
from notelog.core.budget import plan_budget
from notelog.core.counting import size_bytes
from notelog.core.messages import Conversation
from notelog.core.models import ModelSpec, with_window
from notelog.core.request import build_request
from notelog.core.settings import Settings
from notelog.core.trim import TrimPlan
from notelog.errors import QuestionTooLargeError
from notelog.ports.servers import Endpoint, ServerFigures

ROUNDS = 4
"""How often the server is asked to count before the best fit so far is taken."""

WELL_FILLED = 0.8
"""The share of the budget from which on leaving out less is not tried any more."""

COUNTED = "counted by the server"
"""The source of a count that a server made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A plan with the server's own count of it."""

    prepared: Prepared
    tokens: int

    @property
    def fits(self) -> bool:
        return self.tokens <= self.prepared.plan.budget


def refine(
    prepared: Prepared, conversation: Conversation, endpoint: Endpoint, figures: ServerFigures
) -> Prepared:
    """Fits a conversation exactly, where the server tells its window and counts prompts.

    The demonstration model needs 2.2 tokens for each of o200k_base's on a Chinese note, so that
    no ratio guessed beforehand would do. The server counts the whole conversation first; if that
    is too much, tokens are taken to be spread evenly over its bytes, and each plan is counted.

    Args:
        prepared: as it was fitted offline.
        conversation: all that could be sent.
        endpoint: the server.
        figures: asks it.

    Returns:
        ``prepared`` itself where the server tells nothing.

    Raises:
        QuestionTooLargeError: what must be sent does not fit.
    """
    served = figures.window(endpoint)
    if served is None:
        return prepared
    window = min(served, prepared.settings.context_window or served)
    spec = replace(with_window(prepared.spec, window), ratio=1.0, source="told by the server")
    whole = _fit(prepared, spec, conversation, _spread(0))
    tokens = figures.prompt_tokens(endpoint, whole.request.body())
    if tokens is None:
        return replace(prepared, spec=spec)
    counted = _Counted(prepared=whole, tokens=tokens)
    if not counted.fits:
        counted = _search(counted, conversation, endpoint, figures)
    return _settled(counted)


def refit_to_loaded(
    prepared: Prepared,
    conversation: Conversation,
    loaded: int,
    *,
    count: Callable[[str, str], int],
    exact: bool,
) -> Prepared:
    """Fits a conversation to the window that a server has loaded the model with.

    Args:
        prepared: as it was fitted before.
        conversation: all that could be sent.
        loaded: that window, which is the most there is; a person may have set a smaller one.
        count: counts tokens in an encoding.
        exact: count even where bytes show that everything fits.

    Raises:
        QuestionTooLargeError: what must be sent does not fit.
    """
    window = min(loaded, set_window(prepared.settings) or loaded)
    if window == prepared.spec.context_window:
        return prepared
    spec = replace(with_window(prepared.spec, window), source="loaded by the server")
    plan = fitted(conversation, spec, prepared.settings, count, exact=exact)
    return _with_plan(prepared, spec, plan)


def set_window(settings: Settings) -> int | None:
    """The window that the person has set, in the note, the configuration or the command line."""
    return settings.context_window or settings.profile.context_window


def _search(
    whole: _Counted, conversation: Conversation, endpoint: Endpoint, figures: ServerFigures
) -> _Counted:
    """The fullest plan that fits, of a few."""
    share = whole.tokens / max(1, sum(size_bytes(item.content) for item in conversation))
    best: _Counted | None = None
    for _ in range(ROUNDS):
        prepared = _fit(whole.prepared, whole.prepared.spec, conversation, _spread(share))
        tokens = figures.prompt_tokens(endpoint, prepared.request.body())
        if tokens is None:
            break
        counted = _Counted(prepared=prepared, tokens=tokens)
        if counted.fits and (best is None or tokens > best.tokens):
            best = counted
        if counted.fits and (not prepared.plan.dropped or _is_well_filled(counted)):
            break
        share *= tokens / max(1, prepared.plan.prompt_tokens) * (1 if counted.fits else 1.02)
    if best is None:
        raise QuestionTooLargeError(
            f"what must be sent does not fit the window of {whole.prepared.plan.window:,} tokens, "
            "as the server counts it",
            hint="ask less in one message, or use a model with a larger window",
        )
    return best


def _spread(share: float) -> Callable[[str, str], int]:
    return lambda text, _encoding: math.ceil(size_bytes(text) * share)


def _is_well_filled(counted: _Counted) -> bool:
    return counted.tokens >= WELL_FILLED * counted.prepared.plan.budget


def _fit(
    prepared: Prepared,
    spec: ModelSpec,
    conversation: Conversation,
    count: Callable[[str, str], int],
) -> Prepared:
    plan = fitted(conversation, spec, prepared.settings, count, exact=True)
    return _with_plan(prepared, spec, plan)


def _with_plan(prepared: Prepared, spec: ModelSpec, plan: TrimPlan) -> Prepared:
    request = build_request(prepared.settings, spec, plan)
    return replace(prepared, spec=spec, plan=plan, request=request)


def _settled(counted: _Counted) -> Prepared:
    """The plan with the server's figure in it, and the reply's limit that follows from it."""
    prepared = counted.prepared
    budget = plan_budget(prepared.spec, prepared.settings.max_tokens)
    plan = replace(
        prepared.plan,
        prompt_tokens=counted.tokens,
        exact=True,
        bounded=False,
        completion_tokens=budget.completion(counted.tokens),
        count_source=COUNTED,
    )
    return _with_plan(prepared, prepared.spec, plan)
