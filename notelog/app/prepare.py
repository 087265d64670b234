"""From a conversation to the request that would be sent: where it goes and what of it fits."""

from collections.abc import Callable
from dataclasses import dataclass

from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import ModelSpec, resolve_model
from notelog.core.note import Note
from notelog.core.request import ChatRequest, build_request
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, Options, Settings
from notelog.core.trim import TrimPlan, plan_trim
from notelog.errors import NotelogError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that is ready to be sent, and all that led to it."""

    settings: Settings
    spec: ModelSpec
    plan: TrimPlan
    request: ChatRequest


def with_system_commands(config: Config, conversation: Conversation) -> Conversation:
    """A note's conversation with the configuration's system messages before it."""
    own = (Message(role=Role.SYSTEM, content=text) for text in config.system_commands if text)
    return (*own, *conversation)


def prepare(
    note: Note,
    conversation: Conversation,
    *,
    path: str,
    config: Config,
    options: Options,
    count: Callable[[str, str], int],
    exact: bool = False,
) -> Prepared:
    """Settles where a conversation goes and what of it fits.

    Args:
        note: the note whose front matter has a say.
        conversation: what is to be sent.
        path: the note's name for messages.
        config: the configuration.
        options: what the command line says.
        count: counts tokens in an encoding.
        exact: count even where bytes show that everything fits.

    Raises:
        ConfigurationError: no profile, or none that the note may use.
        NoteError: a setting in the note is wrong, or the question does not fit.
    """
    try:
        settings = resolve_settings(config, note, options)
        spec = resolve_model(settings.model, settings.profile)
        plan = plan_trim(
            conversation,
            model=spec,
            wish=settings.max_tokens,
            context_window=settings.context_window,
            count=count,
            exact=exact,
        )
    except NotelogError as error:
        error.path = error.path or path
        raise
    request = build_request(settings, spec, plan)
    return Prepared(settings=settings, spec=spec, plan=plan, request=request)
