"""When a request that failed is sent again: pure rules, no clock and no chance of their own.

Only what cannot have been billed is sent again (``docs/promises.md``, P2).
"""

import re
from dataclasses import dataclass, replace

from notelog.core.messages import Message, Role
from notelog.core.request import ChatRequest
from notelog.core.trim import LEFT_OUT_NOTICE
from notelog.errors import ProviderRefusedError

MOST_CORRECTIONS = 2
"""How often one request is corrected after a 400 or 422 that names a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a request is. All times in seconds.

    Attributes:
        busy_attempts: requests in all where the server says that it is busy.
        unreached_attempts: attempts in all where it is not even reached.
        first_wait_s: before the second attempt; doubled each time.
        longest_wait_s: no own wait is longer.
        total_wait_s: all waits together, those that the server asks for too.
    """

    busy_attempts: int = 4
    unreached_attempts: int = 3
    first_wait_s: float = 1.0
    longest_wait_s: float = 20.0
    total_wait_s: float = 120.0

    def wait_s(
        self,
        failures: int,
        *,
        busy: bool,
        retry_after_s: float | None,
        waited_s: float,
        chance: float,
    ) -> float | None:
        """How long to wait before the next attempt, or None to give up.

        Args:
            failures: how many attempts have failed, this one too; at least 1.
            busy: the server answered that it is busy.
            retry_after_s: what it asks for; never undercut.
            waited_s: all waits so far.
            chance: a random number from 0 up to 1, so that many clients do not come back at once.
        """
        if failures >= (self.busy_attempts if busy else self.unreached_attempts):
            return None
        own = min(self.longest_wait_s, self.first_wait_s * 2 ** (failures - 1))
        if not busy:
            own /= 4
        wait = own * (0.5 + chance / 2)
        if retry_after_s is not None:
            wait = retry_after_s + min(own, 1.0) * chance * 0.25
        return None if waited_s + wait > self.total_wait_s else wait


_SECONDS = re.compile(r"\s*(\d{1,9}(?:\.\d{0,9})?)\s*\Z")


def retry_after_s(value: str, *, now: float) -> float | None:
    """Reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or an HTTP date.

    Args:
        value: the header's value.
        now: seconds since the epoch; best the server's own, from its Date header.

    Returns:
        Seconds to wait, at least 0; None where the value is neither.
    """
    seconds = _SECONDS.match(value)
    if seconds:
        return float(seconds[1])
    at = http_date(value)
    return None if at is None else max(0.0, at - now)


def http_date(value: str) -> float | None:
    """Reads an HTTP date as seconds since the epoch; None where it is none."""
    from email.utils import mktime_tz, parsedate_tz

    try:
        parts = parsedate_tz(value)
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


_MESSAGE_WAIT = re.compile(r"(?:try again|retry) in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)(ms|s))?")


def wait_in_message(message: str) -> float | None:
    """The wait in seconds that a rate limit names in words: ``Please try again in 1m2.5s``."""
    match = _MESSAGE_WAIT.search(message.lower())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, amount, unit = match.groups()
    try:
        seconds = float(amount or 0) * (0.001 if unit == "ms" else 1)
    except ValueError:
        return None
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A request made acceptable, and the sentence that says what was changed."""

    request: ChatRequest
    sentence: str


_LIMITS = ("max_tokens", "max_completion_tokens")
_REJECTION = re.compile(
    r"unsupported|not support|n't support|unrecogni[sz]ed|unknown|unexpected"
    r"|extra (?:inputs|fields)|extra_forbidden|not permitted|not allowed"
    r"|deprecated|cannot both be|can't be used together|must be verified"
    r"|use '?max_completion_tokens",
    re.IGNORECASE,
)


def correct(request: ChatRequest, refusal: ProviderRefusedError) -> Correction | None:
    """Changes the one parameter that a server rejects, if the request can do without it.

    ``max_tokens`` becomes ``max_completion_tokens`` and the other way round; a sampling setting,
    ``stream_options`` or streaming itself is left out; so is notelog's own notice, where a model's
    template takes no second system message. A value that is out of range is not
    corrected: the person chose it.
    """
    if refusal.status not in {400, 422}:
        return None
    fewer = _without_notice(request) if _SYSTEM.search(refusal.said) else None
    return fewer or _without_parameter(request, refusal)


def _without_parameter(request: ChatRequest, refusal: ProviderRefusedError) -> Correction | None:
    if not _REJECTION.search(refusal.said):
        return None
    name = _named(request, refusal)
    if name in _LIMITS and request.max_tokens is not None:
        return _swap_limit(request, name)
    if name == "stream_options" and request.stream and request.include_usage:
        changed = replace(request, include_usage=False)
        return Correction(request=changed, sentence=_left_out(name))
    if name == "stream" and request.stream:
        changed = replace(request, stream=False)
        return Correction(request=changed, sentence="the server streams no reply: asking without")
    if name in request.sampling:
        rest = {key: value for key, value in request.sampling.items() if key != name}
        left_out = (*request.left_out, name)
        return Correction(
            request=replace(request, sampling=rest, left_out=left_out), sentence=_left_out(name)
        )
    return None


_SYSTEM = re.compile(r"system (?:message|role|prompt)|roles? must alternate", re.IGNORECASE)


def _without_notice(request: ChatRequest) -> Correction | None:
    """The request without the message that says that others were left out."""
    notice = Message(role=Role.SYSTEM, content=LEFT_OUT_NOTICE)
    rest = tuple(item for item in request.messages if item != notice)
    if len(rest) == len(request.messages):
        return None
    sentence = "the server takes no such system message: the model is not told what was left out"
    return Correction(request=replace(request, messages=rest), sentence=sentence)


def _left_out(name: str) -> str:
    return f"the server does not accept {name}: it is left out"


def _swap_limit(request: ChatRequest, name: str) -> Correction | None:
    if name != request.max_tokens_parameter:
        return None
    other = _LIMITS[1 - _LIMITS.index(name)]
    return Correction(
        request=replace(request, max_tokens_parameter=other),
        sentence=f"the server does not accept {name}: asking with {other}",
    )


def _named(request: ChatRequest, refusal: ProviderRefusedError) -> str:
    """The parameter of ours that the server means: by its own field, else by its words."""
    sent = [name for name in request.body() if name not in {"model", "messages"}]
    named = refusal.parameter.rpartition(".")[2]
    if named in sent:
        return named
    if refusal.parameter.partition(".")[0] in sent:
        return refusal.parameter.partition(".")[0]
    words = (match[0] for match in re.finditer(r"\w+", refusal.said))
    found = [word for word in words if word in sent]
    if "both" in refusal.said and len(found) > 1:
        return found[1]  # "`temperature` and `top_p` cannot both be specified"
    return found[0] if found else ""
