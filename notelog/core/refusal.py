"""What an answer that is no reply means: billed or not, final or not, and what a person can do.

The rules are P2 of ``docs/promises.md``: a complete answer with a 4xx status (but 408 and 409)
was not billed; 429 without a quota error, 503 and 529 are worth another attempt; whatever else
comes once a request has left is in doubt.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from notelog.core.overflow import OverflowFigures
from notelog.core.retry import wait_in_message
from notelog.core.said import Said, said_by, said_in
from notelog.core.visible import shortened
from notelog.core.wire import JsonObject
from notelog.errors import (
    ContextOverflowError,
    InDoubtError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

MESSAGE_CHARS = 500
"""The most characters of a server's message that a person is shown."""

_BUSY = frozenset({503, 529})
_DOUBTFUL = frozenset({408, 409})
_AGAIN = "notelog retry NOTE asks anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a request went to, for the sentences.

    Attributes:
        profile: the profile's name.
        model: the model asked.
        key: masked wherever a server sends it back.
        key_source: where the key comes from, for a person.
        billed: whether an answer that was not seen may cost money.
    """

    profile: str
    model: str
    key: str
    key_source: str
    billed: bool = True

    @property
    def doubt(self) -> str:
        """What an answer that was not seen may mean, ready to follow a sentence."""
        return "; it may have been billed" if self.billed else ""

    def __repr__(self) -> str:
        return f"Asked(profile={self.profile!r}, model={self.model!r}, key=...)"


def refusal(
    status: int, body: bytes, asked: Asked, *, retry_after_s: float | None = None
) -> NotelogError:
    """The error that a complete answer with another status than 200 means.

    Args:
        status: the HTTP status.
        body: as much of the body as was read.
        asked: whom it came from.
        retry_after_s: what its Retry-After asks for.
    """
    return _refusal(status, said_in(body), asked, retry_after_s)


def refusal_in_stream(body: JsonObject, asked: Asked) -> NotelogError:
    """The error that an error object means where the first part of a reply was due.

    The status was 200 and a model may have begun, so that only an error of the request itself is
    a refusal; busy servers are no exception, for their next answer might be the second bill.
    """
    said = said_by(body)
    status = said.status
    if not asked.billed and not status:  # LM Studio gives words alone, and repeats them for ever
        overflow = _overflow(400, said, asked, _harmless(said.message, asked))
        if overflow is not None:
            overflow.in_stream = True
            return overflow
    if _is_final(status):
        error = _refusal(status, said, asked, None)
        if isinstance(error, ContextOverflowError):
            error.in_stream = True
        if not isinstance(error, ProviderUnavailableError):
            return error
        return ProviderRefusedError(
            error.message, status=status, reason="rate", hint="wait a little and ask again"
        )
    words = _harmless(said.message, asked)
    return InDoubtError(
        f"{asked.profile} broke off before the first word{_quoted(words)}{asked.doubt}", hint=_AGAIN
    )


def words_of(body: JsonObject, asked: Asked) -> str:
    """The words of an error object, ready to follow a sentence; empty where it has none."""
    return _quoted(_harmless(said_by(body).message, asked))


def redirect_refusal(status: int, target: str, asked: Asked) -> ProviderRefusedError:
    """The error that a redirect means: the conversation is not sent on to somewhere else."""
    where = shortened(_masked(target, asked.key), 200) or "elsewhere"
    return ProviderRefusedError(
        f"{asked.profile} answered {status}: it wants to redirect the conversation to {where}",
        status=status,
        reason="redirect",
        hint="notelog follows no redirect; put the address that is meant into base_url",
    )


def _is_final(status: int) -> bool:
    """Whether a status says that the request itself was wrong."""
    return 400 <= status < 500 and status not in _DOUBTFUL  # noqa: PLR2004  # client errors


def _refusal(status: int, said: Said, asked: Asked, retry_after_s: float | None) -> NotelogError:
    words = _harmless(said.message, asked)
    quota = status == 402 or _is_quota(said)  # noqa: PLR2004  # payment required
    if status in _BUSY or (status == 429 and not quota):  # noqa: PLR2004  # too many requests
        if retry_after_s is None:
            retry_after_s = wait_in_message(said.message)
        return ProviderUnavailableError(
            f"{asked.profile} is busy ({status}){_quoted(words)}",
            hint="try again later",
            retry_after_s=retry_after_s,
            busy=True,
        )
    if not _is_final(status):
        overflow = None if asked.billed else _overflow(400, said, asked, words)
        if overflow is not None:  # asking again costs nothing
            return overflow
        return InDoubtError(
            f"{asked.profile} answered {status}{_quoted(words)}{asked.doubt}",
            hint=_AGAIN,
        )
    overflow = _overflow(status, said, asked, words)
    if overflow is not None:
        return overflow
    reason, what, hint = ("quota", *_QUOTA) if quota else _meaning(status, said)
    fields = {"source": asked.key_source, "model": shortened(asked.model, 100)}
    return ProviderRefusedError(
        f"{asked.profile} {what.format(**fields)} ({status}){_quoted(words)}",
        status=status,
        hint=hint.format(**fields),
        reason=reason,
        said=words,
        parameter=said.parameter,
    )


_QUOTA = (
    "says that the account has no credit left",
    "add credit or raise the limit at the provider",
)
_MEANINGS: Mapping[int, tuple[str, str, str]] = {
    401: ("key", "does not accept the key", "check the key; it comes from {source}"),
    403: (
        "forbidden",
        "refuses this request",
        "the key from {source} may lack the right to {model}, or your country is not served",
    ),
    413: (
        "size",
        "says that the conversation is too large",
        "shorten the note, or set a smaller --context-window",
    ),
    422: ("parameter", "does not accept the request", "check the settings of the note"),
}


_BY_WORDS = (
    (
        re.compile(r"invalid_api_key|api key not valid|api_key_invalid|incorrect api key"),
        _MEANINGS[401],
    ),
    (
        re.compile(r"content_filter|content management policy|input was flagged"),
        ("filter", "declines this text", "say it in other words and ask again"),
    ),
    (
        re.compile(r"no endpoints found"),  # OpenRouter, with the status 404
        (
            "model",
            "has nobody who serves {model}",
            "check the model's name, and the privacy settings of your account",
        ),
    ),
)


def _meaning(status: int, said: Said) -> tuple[str, str, str]:
    """Reason, sentence and hint of a status."""
    text = f"{said.message} {said.kind}".lower()
    for words, meaning in _BY_WORDS:
        if words.search(text):
            return meaning
    if "role" in text and "system" in text and "support" in text:
        return (
            "parameter",
            "does not take system messages for {model}",
            "take system_commands and system turns out of the note, or ask another model",
        )
    if status in {404, 405} or "model_not_found" in text:
        if "model" in text:
            return "model", "does not know the model {model}", "check the model's name"
        return "model", "knows no such address", "check base_url: it usually ends in /v1"
    return _MEANINGS.get(
        status, ("other", "refused the request", "check the model's name and the note's settings")
    )


_QUOTA_WORDS = re.compile(
    r"insufficient_quota|exceeded_current_quota|billing_hard_limit|billing_not_active"
    r"|insufficient (?:balance|credits?|funds)|exceeded your current quota|credit balance"
    r"|out of credits|payment required"
)


def _is_quota(said: Said) -> bool:
    """Whether the account is empty, and waiting does not help."""
    text = f"{said.message} {said.kind}".lower()
    return bool(_QUOTA_WORDS.search(text)) and wait_in_message(said.message) is None


def _overflow(status: int, said: Said, asked: Asked, words: str) -> ContextOverflowError | None:
    """An answer that says that the conversation does not fit, with the figures it names."""
    if status not in {400, 413, 422}:
        return None
    from notelog.core.overflow_figures import read_overflow  # its patterns take 10 ms

    figures = read_overflow(said.message, said.kind, said.body)
    if figures is None:
        return None
    window = figures.window
    what, hint = (
        "that the conversation does not fit",
        f"set --context-window{f' {window}' if window else ''}, or a smaller max_tokens",
    )
    if window is None and figures.output_limit is not None:
        what = "that it gives no reply as long as max_tokens asks for"
        hint = f"set max_tokens to {figures.output_limit} or less"
    return ContextOverflowError(
        f"{asked.profile} says {what}{_counted(figures)}{_quoted(words)}",
        status=status,
        hint=hint,
        said=words,
        body=said.message,
        window=window,
        prompt_tokens=figures.prompt_tokens,
        completion_tokens=figures.completion_tokens,
        total_tokens=figures.total_tokens,
        prompt_only=figures.prompt_only,
        at_least=figures.at_least,
        output_limit=figures.output_limit,
    )


def _counted(figures: OverflowFigures) -> str:
    """The figures that a server names, ready to follow a sentence."""
    least = "at least " if figures.at_least else ""
    named = (
        ("window ", figures.window),
        (f"prompt {least}", figures.prompt_tokens),
        ("reply ", figures.completion_tokens),
        ("reply at most ", figures.output_limit),
    )
    told = [f"{name}{figure}" for name, figure in named if figure is not None]
    return f" ({', '.join(told)} tokens)" if told else ""


_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|xai|key|bearer)[-_ ][\w-]{12,}", re.IGNORECASE)


def _masked(text: str, key: str) -> str:
    """The text without the key, and without what looks like one."""
    if len(key) >= 4:  # noqa: PLR2004  # a shorter "key" is a word such as `ollama` is not
        text = re.sub(re.escape(key), "[key]", text, flags=re.IGNORECASE)
    return _KEY_LIKE.sub("[key]", text)


def _harmless(message: str, asked: Asked) -> str:
    """A server's words as a person may be shown them: masked, visible, one line, shortened."""
    line = " ".join(_masked(message, asked.key).split())
    return shortened(line, MESSAGE_CHARS)


def _quoted(words: str) -> str:
    return f': "{words}"' if words else ""
