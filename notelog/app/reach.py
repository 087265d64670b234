"""Reaching the server of a turn: its address and key, and what it says of its own window."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from notelog.app.begin import needs_exact_counts
from notelog.app.due import Completing, Turn
from notelog.app.refine import refine, refit_to_loaded, set_window
from notelog.core.local_model import DEMONSTRATION_MODEL
from notelog.ports.servers import Endpoint


@contextmanager
def endpoint_of(tools: Completing, turn: Turn) -> Generator[Endpoint]:
    """Where a turn is asked; the embedded server runs as long as the context does.

    Raises:
        KeyUnavailableError: its key is missing.
        ConfigurationError: the embedded model is not installed.
        ProviderUnavailableError: the embedded server did not start.
    """
    profile = turn.prepared.settings.profile
    if profile.embedded:
        if not profile.model_path:
            tools.reporter.notice(f"{DEMONSTRATION_MODEL.name}: {DEMONSTRATION_MODEL.about}")
        tools.reporter.waiting("starting the local model")
        with tools.local_server.start(profile) as endpoint:
            yield endpoint
    else:
        key = tools.secrets.key(profile.key, profile.name)
        yield Endpoint(profile=profile, base_url=profile.base_url, key=key)


def refined(tools: Completing, turn: Turn, endpoint: Endpoint) -> Turn:
    """Fitted by the server's own figures, where it is one that tells them."""
    profile = endpoint.profile
    names = {profile.name, *profile.providers}
    if "ollama" in names:
        return _fitted_to_loaded(tools, turn, endpoint)
    counts = profile.embedded or "llamacpp" in names
    if not counts and (profile.billed or turn.prepared.plan.bounded):
        return turn
    prepared = refine(turn.prepared, turn.conversation, endpoint, tools.figures)
    return replace(turn, prepared=prepared)


def _fitted_to_loaded(tools: Completing, turn: Turn, endpoint: Endpoint) -> Turn:
    """Fitted to the window that the server has loaded: it cuts longer prompts silently."""
    settings = turn.prepared.settings
    loaded = tools.loaded.loaded_window(endpoint, settings.model)
    if loaded is None:
        return turn
    if loaded < (set_window(settings) or 0):
        tools.reporter.notice(
            f"{settings.model} is loaded with a window of {loaded:,} tokens, less than the "
            f"context_window of {set_window(settings):,} that is set: fitted to {loaded:,}"
        )
    prepared = refit_to_loaded(
        turn.prepared,
        turn.conversation,
        loaded,
        count=tools.count,
        exact=needs_exact_counts(tools.config),
    )
    return replace(turn, prepared=prepared)
