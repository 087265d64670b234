"""The error tree. Every class has a stable code, an exit code and, where one helps, a hint.

    NotelogError
    +-- UsageError               2  the command line asks for something that does not exist
    +-- ConfigurationError       3  the configuration, a profile or a model name is wrong
    |   +-- KeyUnavailableError  3  no key, or its source cannot be read
    |   +-- JournalError         3  the state folder or the journal in it cannot be used
    |       +-- ReplyNotKeptError 3 the reply came and the journal could not take it
    +-- NoteError                4  the note cannot be read, sent or written; it is untouched
    |   +-- NoteEncodingError    4  not UTF-8
    |   +-- NoteGrammarError     4  the note holds diagnostics that stop sending
    |   +-- NoteWriteError       4  the note cannot be written; the reply is kept
    |   |   +-- NoExchangeError  4  only the note's end can be changed, and that is not enough
    |   +-- QuestionTooLargeError 4 what must be sent does not fit the context window
    +-- ProviderRefusedError     5  a complete answer that says no: unbilled and final
    |   +-- ContextOverflowError 5  the server says that the conversation does not fit its window
    +-- ProviderUnavailableError 6  the request never reached a model: unbilled
    +-- BudgetError              8  a cap would be exceeded: nothing was sent
    +-- ProfileStoppedError     11  the profile failed before and is left alone: nothing was sent
    +-- NotAgreedError          12  it takes several requests, and nobody agreed: nothing was sent
    +-- ConflictError            9  the note changed meanwhile; the reply is kept
    +-- InDoubtError            10  sent, and no answer seen: it may have been billed
    +-- InterruptedByUserError 130  Ctrl-C

Messages are sentences with a lower-case start that say what happened and where; the hint
says what to do next. A message never holds a key.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops sending, a warning is said."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something about a note that its author should know.

    Attributes:
        code: a stable word in kebab case, such as ``unknown-role``.
        line: where, from 1; 0 is the whole file.
        message: a sentence with a lower-case start.
        severity: whether it stops sending.
        hint: what to do; may be empty.
    """

    code: str
    line: int
    message: str
    severity: Severity = Severity.WARNING
    hint: str = ""


class NotelogError(Exception):
    """The root: something a person can be told in one sentence.

    Args:
        message: what happened, in a sentence with a lower-case start and no final full stop.
        hint: what to do next; empty where nothing helps.
        path: the file concerned, as the person named it.
        line: its line, counted from 1.

    Attributes:
        diagnostics: of a note, all that stop sending; empty for errors of another kind.
        lasting: nothing was sent, and it stays so until the note is another.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str = "", path: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        self.line = line
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.lasting = False

    def located(self) -> str:
        """The message with its place before it: ``path:line: message``."""
        place = ":".join(str(part) for part in (self.path, self.line) if part is not None)
        return f"{place}: {self.message}" if place else self.message


class UsageError(NotelogError):
    """The command line asks for something that does not exist."""

    code = "usage"
    exit_code = 2


class ConfigurationError(NotelogError):
    """The configuration, a profile or a model name is wrong."""

    code = "configuration"
    exit_code = 3


class KeyUnavailableError(ConfigurationError):
    """A profile needs a key, and there is none, or its source cannot be read."""

    code = "key"


class JournalError(ConfigurationError):
    """The state folder, or the journal in it, cannot be read or written."""

    code = "journal"


class ReplyNotKeptError(JournalError):
    """A reply arrived, and the journal could not take it; the note was left alone.

    Args:
        reply: the reply's text, so that it can be shown.
    """

    code = "not-kept"

    def __init__(self, message: str, *, hint: str, path: str | None, reply: str) -> None:
        super().__init__(message, hint=hint, path=path)
        self.reply = reply


class NoteError(NotelogError):
    """The note cannot be read or sent; it is as it was."""

    code = "note"
    exit_code = 4


class NoteEncodingError(NoteError):
    """The note is not UTF-8.

    Args:
        message: what is wrong.
        byte_offset: where, counted in bytes from the start of the file.
    """

    code = "encoding"

    def __init__(self, message: str, *, byte_offset: int, line: int, hint: str = "") -> None:
        super().__init__(message, hint=hint, line=line)
        self.byte_offset = byte_offset


class NoteGrammarError(NoteError):
    """The note holds diagnostics that stop sending.

    Args:
        diagnostics: all of them, at least one; the first is the message.
        path: the note.
    """

    code = "grammar"

    def __init__(self, diagnostics: tuple[Diagnostic, ...], *, path: str | None = None) -> None:
        first = diagnostics[0]
        super().__init__(first.message, hint=first.hint, path=path, line=first.line)
        self.diagnostics = diagnostics


class NoteWriteError(NoteError):
    """The note cannot be written; what had to be written is kept in the journal."""

    code = "write"


class NoExchangeError(NoteWriteError):
    """Only the end of the note can be changed here, and the change lies elsewhere."""

    code = "no-exchange"


class QuestionTooLargeError(NoteError):
    """What must be sent does not fit the context window."""

    code = "too-large"


class ProviderRefusedError(NotelogError):
    """The server gave a complete answer that says no: unbilled and final.

    Args:
        message: what the server said, in our words.
        status: the HTTP status, 0 where there was none.
        hint: what to do next.
        reason: ``key``, ``quota``, ``forbidden``, ``model``, ``size``, ``rate``, ``redirect``,
            ``parameter``, ``overflow`` or ``other``: the first two stop a profile until its
            configuration changes.
        said: the server's own words, made harmless and shortened; may be empty.
        parameter: the parameter of the body that the server names, if it names one.
        before: it said so to an earlier request; nothing was sent now.
    """

    code = "refused"
    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        hint: str = "",
        reason: str = "other",
        said: str = "",
        parameter: str = "",
        before: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.before = before
        self.status = status
        self.reason = reason
        self.said = said
        self.parameter = parameter


class ContextOverflowError(ProviderRefusedError):
    """The server says that the conversation does not fit its window. Figures are in tokens.

    Args:
        message: what the server said, in our words.
        status: the HTTP status.
        hint: what to do next.
        said: the server's own words, made harmless and shortened.
        body: the server's whole message, in which more figures may stand; never shown as it is.
        window: the window that it names.
        prompt_tokens: the prompt that it counted.
        completion_tokens: the reply that was asked for.
        total_tokens: both together.
        prompt_only: ``window`` bounds the prompt alone.
        at_least: it stopped counting at ``prompt_tokens``.
        output_limit: the most that it gives as a reply, whatever the prompt.
        in_stream: it was said in place of the first part of a reply, not by the status.
    """

    code = "overflow"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        hint: str = "",
        said: str = "",
        body: str = "",
        window: int | None = None,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        total_tokens: int | None = None,
        prompt_only: bool = False,
        at_least: bool = False,
        output_limit: int | None = None,
        in_stream: bool = False,
    ) -> None:
        super().__init__(message, status=status, hint=hint, reason="overflow", said=said)
        self.body = body
        self.window = window
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = total_tokens
        self.prompt_only = prompt_only
        self.at_least = at_least
        self.output_limit = output_limit
        self.in_stream = in_stream


class ProviderUnavailableError(NotelogError):
    """The request never reached a model: unbilled, and worth trying again later.

    Args:
        message: what happened.
        hint: what to do next.
        retry_after_s: how long the server asks to wait, in seconds; None where it says nothing.
        busy: the server answered that it is busy; False where it was not even reached.
    """

    code = "unavailable"
    exit_code = 6

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after_s: float | None = None,
        busy: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.busy = busy


class BudgetError(NotelogError):
    """A cap would be exceeded; nothing was sent.

    Args:
        message: which cap, where it is set, and what counts against it.
        hint: when there is room again, or what else to do.
        cap: its name in the configuration.
        again_in_s: in how many seconds there is room; None where waiting does not help.
    """

    code = "budget"
    exit_code = 8

    def __init__(
        self, message: str, *, hint: str = "", cap: str = "", again_in_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.cap = cap
        self.again_in_s = again_in_s


class ProfileStoppedError(NotelogError):
    """A breaker is open: the profile failed before and is left alone; nothing was sent.

    Args:
        message: which profile, since when, and why.
        hint: what lets it be asked again.
        again_in_s: in how many seconds time does; None where it does not.
    """

    code = "stopped"
    exit_code = 11

    def __init__(self, message: str, *, hint: str = "", again_in_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.again_in_s = again_in_s


class NotAgreedError(NotelogError):
    """It takes several requests, and nobody agreed to them; nothing was sent."""

    code = "not-agreed"
    exit_code = 12


class ConflictError(NotelogError):
    """The note changed meanwhile; its newer version stands and the reply is kept."""

    code = "conflict"
    exit_code = 9


class InDoubtError(NotelogError):
    """A request was sent and no answer was seen: it may have been billed."""

    code = "in-doubt"
    exit_code = 10


class InterruptedByUserError(NotelogError):
    """The person pressed Ctrl-C."""

    code = "interrupted"
    exit_code = 130
