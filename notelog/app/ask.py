"""Asking until there is an answer, without ever risking to pay twice.

Only what cannot have been billed is sent again; servers that cost nothing are asked again as long
as no word of a reply has come.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from notelog.core.reply import ReplyDelta
from notelog.core.request import ChatRequest
from notelog.core.retry import MOST_CORRECTIONS, Correction, RetryPolicy, correct
from notelog.core.thinking import ThinkingFilter
from notelog.core.waits import told_wait
from notelog.errors import (
    ContextOverflowError,
    InDoubtError,
    InterruptedByUserError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.people import Clock, Reporter
from notelog.ports.servers import Completions, Endpoint, Leaving

_LOOK_S = 0.2
"""How long a wish to stop may go unseen while waiting, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What asking needs of the world.

    Attributes:
        completions: sends one request.
        clock: time.
        reporter: tells a person what is going on.
        chance: gives random numbers from 0 up to 1.
        policy: how patient to be.
    """

    completions: Completions
    clock: Clock
    reporter: Reporter
    chance: Callable[[], float]
    policy: RetryPolicy = field(default_factory=RetryPolicy)


Refitted: TypeAlias = Callable[[ChatRequest, ContextOverflowError], Correction | None]
"""Makes a request that was too long smaller, or gives up."""


def never_refitted(_request: ChatRequest, _refusal: ContextOverflowError) -> Correction | None:
    """Takes a refusal of a request that is too long as final."""
    return None


def ask(
    asking: Asking,
    request: ChatRequest,
    endpoint: Endpoint,
    *,
    cancelled: Callable[[], bool],
    leaving: Leaving,
    refit: Refitted = never_refitted,
) -> Iterator[ReplyDelta]:
    """Asks, and gives the parts of the reply as they arrive, thinking apart from words.

    It ends when the server ends the reply, whole or not, or soon after ``cancelled()`` turns true
    in the middle of it. Parts that were given before an ``InDoubtError`` are a reply cut short.

    Args:
        asking: the ports.
        request: what is asked first.
        endpoint: where.
        cancelled: whether the person wants to stop.
        leaving: is called in each attempt, before it leaves.
        refit: what is asked instead of a request that the server finds too long.

    Raises:
        ConfigurationError: nothing can be sent like this.
        ProviderRefusedError: the server says no, for good.
        ProviderUnavailableError: no model was reached, after all the attempts there are.
        InDoubtError: bytes had left, and what came of them is not known.
        InterruptedByUserError: ``cancelled()`` turned true before anything was sent.
        QuestionTooLargeError: what must be sent does not fit the window that the server names.
    """
    if request.left_out:
        names = ", ".join(request.left_out)
        asking.reporter.notice(f"{request.model} takes no {names}: left out")
    run = _Run(asking, request, endpoint, cancelled, leaving, refit)
    while not (yield from run.attempt()):
        pass


class _Run:
    """One question, over all its attempts."""

    def __init__(
        self,
        asking: Asking,
        request: ChatRequest,
        endpoint: Endpoint,
        cancelled: Callable[[], bool],
        leaving: Leaving,
        refit: Refitted,
    ) -> None:
        self._asking = asking
        self._request = request
        self._endpoint = endpoint
        self._cancelled = cancelled
        self._leaving = leaving
        self._refit = refit
        self._deadline = asking.clock.monotonic() + endpoint.profile.deadline_s
        self._failures = 0
        self._corrections = 0
        self._waited_s = 0.0

    def attempt(self) -> Generator[ReplyDelta, None, bool]:
        """One attempt; True where it was the last."""
        parts = _Parts()
        try:
            yield from parts.of(self._stream())
        except ProviderRefusedError as refusal:
            self._correct(refusal)
            return False
        except ProviderUnavailableError as error:
            self._wait(error)
            return False
        except InDoubtError as error:
            if parts.finished:
                return True
            if parts.begun or self._endpoint.profile.billed:
                raise
            self._wait(ProviderUnavailableError(error.message, hint="try again later"))
            return False
        if parts.worded or parts.finished or self._cancelled():
            return True
        self._nothing_came(begun=parts.begun)
        return False

    def _stream(self) -> Iterator[ReplyDelta]:
        left = max(0.001, self._deadline - self._asking.clock.monotonic())
        profile = replace(self._endpoint.profile, deadline_s=left)
        return self._asking.completions.stream(
            self._request,
            replace(self._endpoint, profile=profile),
            cancelled=self._cancelled,
            leaving=self._leaving,
        )

    def _nothing_came(self, *, begun: bool) -> None:
        """The stream ended without a word; thinking that came before cannot be taken back."""
        name = self._endpoint.profile.name
        words = f"{name} ended the reply before its first word"
        if self._endpoint.profile.billed:
            words = f"{words}; it may have been billed"
        if begun or self._endpoint.profile.billed:
            raise InDoubtError(words, hint="notelog retry NOTE asks anew")
        self._wait(ProviderUnavailableError(words, hint="try again later"))

    def _correct(self, refusal: ProviderRefusedError) -> None:
        if self._corrections >= MOST_CORRECTIONS or self._cancelled():
            raise refusal
        if isinstance(refusal, ContextOverflowError):
            correction = self._refit(self._request, refusal)
        else:
            correction = correct(self._request, refusal)
        if correction is None:
            raise refusal
        self._corrections += 1
        self._request = correction.request
        self._asking.reporter.notice(correction.sentence)

    def _wait(self, error: ProviderUnavailableError) -> None:
        """Waits before the next attempt, or raises the error where there is to be none."""
        self._failures += 1
        wait_s = self._asking.policy.wait_s(
            self._failures,
            busy=error.busy,
            retry_after_s=error.retry_after_s,
            waited_s=self._waited_s,
            chance=self._asking.chance(),
        )
        if wait_s is None or self._asking.clock.monotonic() + wait_s >= self._deadline:
            raise _given_up(error, self._failures) from error
        self._asking.reporter.notice(f"{error.message}; trying again in {told_wait(wait_s)}")
        self._waited_s += wait_s
        self._sleep(wait_s)

    def _sleep(self, seconds: float) -> None:
        until = self._asking.clock.monotonic() + seconds
        while (left := until - self._asking.clock.monotonic()) > 0:
            if self._cancelled():
                raise InterruptedByUserError("stopped while waiting; nothing was billed")
            self._asking.clock.sleep(min(left, _LOOK_S))


class _Parts:
    """The parts of one attempt on their way to the caller.

    Attributes:
        begun: whether anything, text or reasoning or refusal, has been given.
        worded: whether text that is no blank has been given.
        finished: whether a finish_reason was seen.
    """

    def __init__(self) -> None:
        self.begun = False
        self.worded = False
        self.finished = False

    def of(self, stream: Iterator[ReplyDelta]) -> Iterator[ReplyDelta]:
        """The parts, and what was held back of them however they end."""
        thinking = ThinkingFilter()
        try:
            for delta in stream:
                yield self._seen(thinking.feed(delta))
        except Exception:
            yield from self._rest(thinking)
            raise
        yield from self._rest(thinking)

    def _rest(self, thinking: ThinkingFilter) -> Iterator[ReplyDelta]:
        rest = thinking.close()
        if rest.text or rest.reasoning:
            yield self._seen(rest)

    def _seen(self, delta: ReplyDelta) -> ReplyDelta:
        self.begun = self.begun or bool(delta.text or delta.reasoning or delta.refusal)
        self.worded = self.worded or bool(delta.text.strip())
        self.finished = self.finished or bool(delta.finish_reason)
        return delta


def _given_up(error: ProviderUnavailableError, attempts: int) -> ProviderUnavailableError:
    """The same error, and why there is no further attempt."""
    hint = error.hint
    if error.retry_after_s is not None:
        hint = f"it asks to wait {told_wait(error.retry_after_s)}: try again then"
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    return ProviderUnavailableError(
        f"{error.message}{tried}", hint=hint, retry_after_s=error.retry_after_s, busy=error.busy
    )
