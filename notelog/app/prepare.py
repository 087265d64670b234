"""From a conversation to the request that would be sent: where it goes and what of it fits."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from notelog.core.learned import taught
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import ModelSpec, resolve_model, with_window
from notelog.core.note import Note
from notelog.core.profiles import profile_origin
from notelog.core.request import ChatRequest, build_request
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, Options, Profile, Settings
from notelog.core.trim import LEFT_OUT_NOTICE, TrimPlan, plan_trim
from notelog.errors import NotelogError
from notelog.ports.learned import LearnedFigures


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
    learned: LearnedFigures | None = None,
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
        learned: what servers said of their models.

    Raises:
        ConfigurationError: no profile, or none that the note may use.
        NoteError: a setting in the note is wrong, or the question does not fit.
    """
    try:
        settings = resolve_settings(config, note, options)
        spec = model_of(settings, learned)
        plan = fitted(conversation, spec, settings, count, exact=exact)
    except NotelogError as error:
        error.path = error.path or path
        raise
    request = build_request(settings, spec, plan)
    return Prepared(settings=settings, spec=spec, plan=plan, request=request)


def fitted(
    conversation: Conversation,
    spec: ModelSpec,
    settings: Settings,
    count: Callable[[str, str], int],
    *,
    exact: bool,
    noticed: bool = False,
) -> TrimPlan:
    """What of a conversation fits, fitted as the person has set it.

    Args:
        conversation: what is to be sent.
        spec: the model.
        settings: of the request.
        count: counts tokens in an encoding.
        exact: count even where bytes show that everything fits.
        noticed: messages before these were left out already.

    Raises:
        QuestionTooLargeError: what must be sent does not fit.
    """
    return plan_trim(
        conversation,
        model=spec,
        wish=settings.max_tokens,
        count=count,
        exact=exact,
        oversized="shorten" if settings.context.shorten else "stop",
        notice=LEFT_OUT_NOTICE if settings.context.notice else "",
        noticed=noticed,
    )


def model_of(settings: Settings, learned: LearnedFigures | None) -> ModelSpec:
    """The model's figures: those set by the person win over the server's, they over the table's."""
    own_window = settings.context_window is not None
    spec = model_at(settings.profile, settings.model, learned, own_window=own_window)
    if settings.context_window is not None:
        spec = with_window(spec, settings.context_window)
        origin = settings.origins.get("context_window", "")
        spec = replace(spec, source=origin or spec.source)
    return spec


def model_at(
    profile: Profile, model: str, learned: LearnedFigures | None, *, own_window: bool = False
) -> ModelSpec:
    """A model's figures at a profile, with what its server said of it.

    Args:
        profile: the server; a window that is set for it is not overruled.
        model: the model's name there.
        learned: what servers said.
        own_window: nor is one that is set elsewhere.
    """
    spec, origin = resolve_model(model, profile), profile_origin(profile)
    said = None if learned is None or origin is None else learned.read(str(origin), model)
    if said is None:
        return spec
    is_set = own_window or profile.context_window is not None
    return taught(spec, replace(said, window=None) if is_set else said)
