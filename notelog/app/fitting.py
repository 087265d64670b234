"""Counting and fitting for programs: the library's ``count`` and ``fit``."""

from collections.abc import Collection, Sequence

from notelog.core.api_messages import ApiMessage, ApiView
from notelog.core.counting import Count, Scale, TokenCount, Weighed
from notelog.core.models import ModelSpec, resolve_model
from notelog.core.trim import TrimPlan, plan_fit


def count_tokens(
    counted: str | Sequence[ApiMessage], *, model: str | ModelSpec, count: Count
) -> TokenCount:
    """Counts a text, or a prompt with its framing; see ``notelog.count``."""
    spec = resolve_model(model) if isinstance(model, str) else model
    scale = Scale(spec, count)
    if isinstance(counted, str):
        items, tokens = [Weighed("user", counted)], scale.tokens(counted)
    else:
        view = ApiView()
        view.roles(counted)
        items = [view.weigh(message) for message in counted]
        tokens = sum(map(scale.cost, items)) + scale.reply_frame()
    return TokenCount(tokens, exact=scale.exact(items), source=scale.source(bounded=False))


def fit_messages(
    messages: Sequence[ApiMessage],
    *,
    model: str | ModelSpec,
    max_tokens: int | None,
    context_window: int | None,
    pinned: Collection[int],
    cut_step: float,
    exact: bool,
    count: Count,
) -> TrimPlan[ApiMessage]:
    """Fits messages of the chat API to a model's window; see ``notelog.fit``."""
    return plan_fit(
        messages,
        ApiView(pinned),
        model=resolve_model(model) if isinstance(model, str) else model,
        wish=max_tokens,
        context_window=context_window,
        count=count,
        cut_step=cut_step,
        exact=exact,
    )
