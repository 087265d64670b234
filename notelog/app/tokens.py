"""Counting for a person: the turns of a chat note, what of them would be sent, and plain texts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from notelog.app.prepare import fitted, model_of, with_system_commands
from notelog.app.reading import Reading, parse_snapshot, refuse_errors
from notelog.core.counting import NoteView, Scale, TokenCount
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import Cost, ModelSpec, cost_of_usage
from notelog.core.note import Note
from notelog.core.note_settings import read_note_settings
from notelog.core.parse import parse_note
from notelog.core.reply import Usage
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, KeySource, Options, Profile, Settings
from notelog.core.source import SourceText, Span
from notelog.core.trim import TrimPlan
from notelog.core.trim_report import Fate
from notelog.errors import ConfigurationError, NotelogError, QuestionTooLargeError
from notelog.ports.learned import LearnedFigures

STANDARD_INPUT: Final = "-"
"""The name under which standard input is counted."""

DEFAULT_MODEL: Final = "gpt-4o"
"""Whose tokens are counted where nothing names a model that the configuration could ask."""

_OFFLINE: Final = Profile(
    name="offline", base_url="http://127.0.0.1/", key=KeySource(required=False)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSize:
    """The size of a text. ``words`` are what blanks part; a BOM is no character."""

    lines: int
    words: int
    chars: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedTurn:
    """A message with its tokens.

    Attributes:
        message: it.
        tokens: with its framing.
        share: of all messages' tokens, 0 to 1.
        fate: kept, shortened or left out.
        sent_tokens: what it costs as it would be sent; 0 where it would not.
        reason: why it would not be sent, or shortened; empty where it would be as it is.
    """

    message: Message
    tokens: int
    share: float
    fate: Fate
    sent_tokens: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted in one note or text.

    Attributes:
        path: as it was named.
        is_chat: it is a chat note; otherwise it is counted as the plain text it is.
        size: of the whole file.
        spec: the model whose tokens are counted, with the window that holds.
        model_origin: what named the model, for a person.
        window_origin: where the window comes from, for a person.
        tokens: of a chat all messages with the framing of the prompt; else of the text alone.
        turns: the messages of a chat in order; of other texts the one question that they make.
        plan: what of them would be sent; None where there is nothing to send or no way to.
        too_large: why there is no way to send it, or None.
        cost: what the prompt would cost; None where the model is unpriced.
    """

    path: str
    is_chat: bool
    size: TextSize
    spec: ModelSpec
    model_origin: str
    window_origin: str
    tokens: TokenCount
    turns: tuple[CountedTurn, ...] = ()
    plan: TrimPlan | None = None
    too_large: QuestionTooLargeError | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallying:
    """What counting needs.

    Attributes:
        reading: where notes are.
        config: the configuration.
        options: what the command line says.
        count: counts tokens in an encoding.
        learned: what servers said of their models, or None.
        read_input: reads standard input to its end.
    """

    reading: Reading
    config: Config
    options: Options
    count: Callable[[str, str], int]
    read_input: Callable[[], bytes]
    learned: LearnedFigures | None = None


def tally(tools: Tallying, path: str) -> Tally:
    """Counts a note, or plain text.

    A note that is no chat is counted as a whole, as plain text. The model is that of the command
    line, else the note's, else the default profile's; where the configuration could ask none of
    them its name alone decides, or ``DEFAULT_MODEL``.

    Args:
        tools: the ports.
        path: of a note; ``-`` is standard input, which is always plain text.

    Raises:
        NoteError: it cannot be read, or is a chat note with errors.
        ConfigurationError: the command line names a profile that cannot be used.
    """
    try:
        if path == STANDARD_INPUT:
            data, note = tools.read_input(), parse_note(SourceText(b""), _no_values)
            text = _text_of(SourceText(data))
            conversation = _one_question(text)
        else:
            snapshot = tools.reading.store.read(path)
            data, note = snapshot.data, parse_snapshot(tools.reading, snapshot)
            text, conversation = _text_of(note.source), note.conversation
        if note.is_chat:
            refuse_errors(note, path)
        return _tallied(tools, path, note, conversation, _size_of(data, text), text)
    except NotelogError as error:
        error.path = error.path or path
        raise


def _tallied(
    tools: Tallying, path: str, note: Note, conversation: Conversation, size: TextSize, text: str
) -> Tally:
    settings = _settings(tools, note)
    spec = model_of(settings, tools.learned)
    scale = Scale(spec, tools.count)
    if conversation:
        conversation = with_system_commands(tools.config, conversation)
    costs = [scale.cost(NoteView().weigh(item)) for item in conversation]
    frame = scale.reply_frame() if costs else 0
    whole = sum(costs) + frame if note.is_chat else scale.tokens(text)
    plan, too_large = _plan(conversation, spec, settings, tools.count)
    return Tally(
        path=path,
        is_chat=note.is_chat,
        size=size,
        spec=spec,
        model_origin=settings.origins["model"],
        window_origin=spec.source,
        tokens=TokenCount(whole, exact=spec.exact, source=scale.source(bounded=False)),
        turns=_turns(conversation, costs, plan),
        plan=plan,
        too_large=too_large,
        cost=_cost(spec, plan.prompt_tokens if plan is not None else whole),
    )


def _plan(
    conversation: Conversation,
    spec: ModelSpec,
    settings: Settings,
    count: Callable[[str, str], int],
) -> tuple[TrimPlan | None, QuestionTooLargeError | None]:
    if not conversation:
        return None, None
    try:
        plan = fitted(conversation, spec, settings, count, exact=True)
    except QuestionTooLargeError as error:
        return None, error
    return plan, None


def _turns(
    conversation: Conversation, costs: list[int], plan: TrimPlan | None
) -> tuple[CountedTurn, ...]:
    report = None if plan is None else plan.report
    total = max(1, sum(costs))
    return tuple(
        CountedTurn(
            message=message,
            tokens=tokens,
            share=tokens / total,
            fate=Fate.KEPT if report is None else report[index].fate,
            sent_tokens=tokens if report is None else report[index].sent_tokens,
            reason="" if report is None else report[index].reason,
        )
        for index, (message, tokens) in enumerate(zip(conversation, costs, strict=True))
    )


def _cost(spec: ModelSpec, prompt_tokens: int) -> Cost | None:
    return cost_of_usage(spec.price, Usage(prompt_tokens=prompt_tokens, completion_tokens=0))


def _settings(tools: Tallying, note: Note) -> Settings:
    """The settings of a request; where none could be sent, those of its model alone."""
    try:
        return resolve_settings(tools.config, note, tools.options)
    except ConfigurationError:
        if tools.options.profile:
            raise
    asked = read_note_settings(note.front_matter, tools.config.ignore_note_keys)
    model, origin = tools.options.model, "--model"
    if not model and (model := asked.route.get("model")):
        origin = f"front matter:{asked.line('model')}"
    elif not model:
        model, origin = DEFAULT_MODEL, "assumed, since nothing names a model"
    settings = resolve_settings(
        replace(tools.config, profiles={_OFFLINE.name: _OFFLINE}),
        note,
        replace(tools.options, model=model, profile=_OFFLINE.name),
    )
    return replace(settings, origins={**settings.origins, "model": origin})


def _no_values(_block: str) -> None:
    """Standard input has no front matter."""


def _one_question(text: str) -> Conversation:
    return (Message(role=Role.USER, content=text),) if text.strip() else ()


def _text_of(source: SourceText) -> str:
    return source.text(Span(source.text_start, len(source.data)))


def _size_of(data: bytes, text: str) -> TextSize:
    ends = text.count("\n")
    return TextSize(
        lines=ends + (not text.endswith("\n") if text else 0),
        words=len(text.split()),
        chars=len(text),
        size_bytes=len(data),
    )
