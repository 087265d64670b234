"""What came of a turn, and how it is told: on the terminal, to a script, in the note."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from notelog.app.digest import DigestOffer
from notelog.app.prepare import Prepared
from notelog.core.models import Cost
from notelog.core.reply import Reply, ReplyState, Usage
from notelog.core.silent_cut import SilentCut
from notelog.errors import Diagnostic


class Outcome(StrEnum):
    """What ``complete`` came to."""

    ANSWERED = "answered"
    NOTHING_DUE = "nothing-due"
    DRY_RUN = "dry-run"
    REFUSED = "refused"  # the model, or a filter, gave no text
    INCOMPLETE = "incomplete"  # what arrived is in the note, with a mark
    INTERRUPTED = "interrupted"  # the same, by the person's wish
    IN_DOUBT = "in-doubt"


_EXIT_CODES = {
    Outcome.ANSWERED: 0,
    Outcome.NOTHING_DUE: 0,
    Outcome.DRY_RUN: 0,
    Outcome.REFUSED: 5,
    Outcome.INCOMPLETE: 7,
    Outcome.IN_DOUBT: 10,
    Outcome.INTERRUPTED: 130,
}


NOT_ALL_READ = "not all of the text was read whole"
_READ_ONLY = "the server read only "

_OTHER_WORDS = "Say it in other words and ask again"
_ANEW = "Ask again with notelog retry NOTE, or ask another model"
_OR_THE_BOX = ", or the box in the note,"
_REAL_WINDOW = (
    "Set context_window to the window that the server really has, or give it a larger one; then "
    f"notelog again NOTE{_OR_THE_BOX} asks anew"
)
_LACKS: Mapping[str, str] = {
    NOT_ALL_READ: "Ask for what is missing in a new message, or ask a model with a larger window",
    _READ_ONLY: _REAL_WINDOW,
}
"""How the sentences begin that tell what a reply did not take into account, and what to do.
They are lines of the fault of a reply: what was found out when it came is told whenever it lands.
"""
_GO_ON = (
    "notelog complete --continue NOTE goes on from there; "
    f"notelog again NOTE{_OR_THE_BOX} asks anew"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The requests behind a reply.

    Attributes:
        requests: how many there were, the last one too.
        asked: how many of them were made now.
        usage: of all; None where the server did not count one of them.
    """

    requests: int
    asked: int
    usage: Usage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What ``complete`` did.

    Attributes:
        outcome: in one word.
        sentence: the same for a person.
        hint: what to do next; may be empty.
        reply: what arrived, if anything did.
        line: the first line of the reply in the note, from 1; None where nothing was written.
        prepared: the request and the plan behind it; None where nothing was due.
        diagnostics: what the note's author should know.
        seconds: how long it took.
        cost: what it cost, where the model is priced and the server counted.
        offer: how the question would be read in parts, in a dry run.
        calls: the requests behind the reply, where its question was read in parts.
    """

    outcome: Outcome
    sentence: str
    hint: str = ""
    reply: Reply | None = None
    line: int | None = None
    prepared: Prepared | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
    cost: Cost | None = None
    offer: DigestOffer | None = None
    calls: Calls | None = None

    @property
    def usage(self) -> Usage | None:
        """What all requests behind the reply took, as far as the server counted."""
        if self.calls is not None:
            return self.calls.usage
        return self.reply.usage if self.reply is not None else None

    @property
    def exit_code(self) -> int:
        """The exit code that tells a script."""
        return _EXIT_CODES[self.outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a reply that ended counts.

    Attributes:
        outcome: in one word.
        sentence: why, for a person.
        hint: what to do next.
    """

    outcome: Outcome
    sentence: str
    hint: str = ""

    @property
    def mark(self) -> str:
        """The callout's text in the note; empty for a whole reply."""
        if self.outcome is Outcome.ANSWERED:
            return ""
        return f"{self.sentence}. {self.hint}".strip().rstrip(".") + "."


def cut_words(cut: SilentCut) -> str:
    """What a server left out of a request without a word, as a line of its reply's fault."""
    return (
        f"{_READ_ONLY}{cut.read_tokens:,} of about {cut.sent_tokens:,} tokens: it cut the "
        "conversation without a word, and the reply may miss what you asked"
    )


def judge(reply: Reply, prepared: Prepared | None = None) -> Judgement:
    """Says how a reply counts; only COMPLETE is a whole one, and only to all that was sent.

    Args:
        reply: as far as it arrived.
        prepared: the request that it answers, for the cause of a limit; None where only the reply
            is left, which has no box below it then.
    """
    lines = reply.fault.split("\n")
    fault = "\n".join(line for line in lines if not line.startswith(tuple(_LACKS)))
    judgement = _judge(replace(reply, fault=fault), prepared)
    for start, hint in _LACKS.items():
        for lack in (line for line in lines if line.startswith(start)):
            if judgement.outcome is Outcome.ANSWERED:
                judgement = Judgement(outcome=Outcome.INCOMPLETE, sentence=lack, hint=hint)
            else:
                judgement = replace(judgement, sentence=f"{judgement.sentence}; {lack}")
    if prepared is None:
        return replace(judgement, hint=judgement.hint.replace(_OR_THE_BOX, ""))
    return judgement


def _judge(reply: Reply, prepared: Prepared | None) -> Judgement:
    part = Outcome.INCOMPLETE if reply.text else Outcome.REFUSED
    match reply.state:
        case ReplyState.COMPLETE:
            told = (Outcome.ANSWERED, "answered", "")
        case ReplyState.LENGTH:
            told = (Outcome.INCOMPLETE, *_cut_at_limit(reply, prepared))
        case ReplyState.FILTERED:
            told = (part, "the server's content filter stopped the reply", _OTHER_WORDS)
        case ReplyState.REFUSED:
            told = (part, f"the model declined to answer{_quoted(reply.refusal)}", _OTHER_WORDS)
        case ReplyState.EMPTY:
            why = reply.fault or f"finish reason: {reply.finish_reason}"
            told = (Outcome.INCOMPLETE, f"the reply is empty ({why})", _ANEW)
        case ReplyState.INTERRUPTED:
            told = (Outcome.INTERRUPTED, "stopped by you while the reply arrived", _GO_ON)
        case ReplyState.CUT:
            told = (Outcome.INCOMPLETE, f"the reply was cut off: {reply.fault}", _GO_ON)
        case _:
            assert_never(reply.state)
    return Judgement(outcome=told[0], sentence=told[1], hint=told[2])


def _cut_at_limit(reply: Reply, prepared: Prepared | None) -> tuple[str, str]:
    """The setting that ended the reply, with its line, and what to do."""
    if prepared is None:
        return "the reply ends at a limit of tokens", "Ask for the rest in a new message"
    limit = prepared.request.max_tokens
    origin = prepared.settings.origins.get("max_tokens", "")
    if limit is None or (reply.usage is not None and reply.usage.completion_tokens < limit):
        sentence = f"the reply ends at the model's limit (window {prepared.plan.window:,} tokens)"
        hint = "notelog complete --continue NOTE asks for the rest"
    else:
        sentence = f"the reply ends at max_tokens = {limit}{f' ({origin})' if origin else ''}"
        hint = "Raise it, or let notelog complete --continue NOTE ask for the rest"
    if not reply.text:
        sentence += "; all of it was spent on reasoning" if reply.reasoning else "; no text came"
    return sentence, hint


def _quoted(text: str) -> str:
    return f": {text}" if text else ""
