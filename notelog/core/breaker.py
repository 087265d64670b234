"""Breakers: a profile that failed is left alone until something changed (``docs/promises.md``, P7).

A refused key and an empty account stop a profile until its configuration or its key is another, or
the person says so. A run of equal errors stops it for a time, which doubles as long as the one try
that follows fails too. Pure: the state and the time are arguments.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from re import compile as regex
from typing import Final

from notelog.core.settings import Profile
from notelog.core.waits import told_wait
from notelog.errors import (
    ContextOverflowError,
    InDoubtError,
    NotelogError,
    ProfileStoppedError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

RUN: Final = 5
"""How many equal errors in a row stop a profile."""

WITHIN_S: Final = 600.0
"""How long ago the error before may be to count as in a row, in seconds."""

PAUSE_S: Final = 300.0
"""How long the first stop after a run lasts, in seconds; each further one lasts twice as long."""

LONGEST_PAUSE_S: Final = 3_600.0

_FOR_GOOD: Final = frozenset({"key", "quota"})
_DETAILS = regex(r'[:("]')  # what follows differs from one telling to the next


class Asker(StrEnum):
    """Who wants to ask, and so how much a breaker says."""

    WATCHER = "watcher"  # obeys every breaker
    COMMAND = "command"  # typed: obeys where asking could cost something, or a no was final
    WORD = "word"  # typed with ``--again`` or the like: one try, whatever the breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a request failed.

    Attributes:
        kind: equal for equal errors.
        cause: for a person, as the error says it.
        for_good: time mends it not: the key or the account was refused.
        costly: a further one may cost something, or bothers a server that said no.
    """

    kind: str
    cause: str
    for_good: bool = False
    costly: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The failures of one profile. Times are in seconds since the epoch.

    Attributes:
        profile: its name.
        fingerprint: see ``fingerprint_of``; with another one none of this holds.
        failure: the last one; all that are counted are equal to it.
        count: how many in a row.
        since: when it opened; when the last one was where it is closed.
        until: when it is tried again; None where it is closed, or time does not open it.
        pause_s: how long it was last stopped for.
        trying: the one try after that is being made; nobody else tries until ``until``.
    """

    profile: str
    fingerprint: str
    failure: Failure
    count: int
    since: float
    until: float | None = None
    pause_s: float = 0.0
    trying: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the profile is stopped."""
        return self.failure.for_good or self.until is not None

    @property
    def reset(self) -> str:
        """What closes it, for a person."""
        if self.failure.for_good:
            return (
                "when the key or its account is in order: another key or address is tried by "
                "itself, the same one with notelog complete --again NOTE"
            )
        return "time closes it by itself; notelog complete --again NOTE tries at once"


def fingerprint_of(profile: Profile, key: str, salt: bytes, *more: str) -> str:
    """Which server is asked with which key, as a salted hash: the key cannot be read from it.

    Args:
        profile: its address and model count; its caps and patience do not.
        key: the key.
        salt: 16 random bytes that are kept beside the hash.
        more: what else makes it another.
    """
    digest = blake2b(key=salt, digest_size=20)
    for part in (profile.base_url, profile.api_version, profile.model, key, *more):
        text = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(text), text))
    return digest.hexdigest()


def failure_of(error: NotelogError, *, billed: bool) -> Failure | None:
    """How an error counts; None where it says nothing about the profile.

    Args:
        error: what ended a request.
        billed: whether the profile costs money.
    """
    kind = f"{error.code}: {_DETAILS.split(error.message)[0]}"
    match error:
        case ContextOverflowError():
            return None
        case ProviderRefusedError():
            kind = f"{error.code}: {error.status} {error.reason}"
            return Failure(
                kind=kind,
                cause=error.message,
                for_good=billed and error.reason in _FOR_GOOD,
                costly=billed,
            )
        case ProviderUnavailableError():
            return Failure(kind=kind, cause=error.message, costly=billed and error.busy)
        case InDoubtError():
            return Failure(kind=kind, cause=error.message, costly=billed)
        case _:
            return None


def after_failure(
    before: Breaker | None, failure: Failure, *, profile: str, fingerprint: str, now: float
) -> Breaker:
    """The breaker after a failed request."""
    same = (
        before is not None and _holds(before, fingerprint) and before.failure.kind == failure.kind
    )
    if before is None or not same:
        before = Breaker(
            profile=profile, fingerprint=fingerprint, failure=failure, count=0, since=now
        )
    elif not before.is_open and not 0 <= now - before.since <= WITHIN_S:
        before = replace(before, count=0)
    return _opened(replace(before, failure=failure, count=before.count + 1), now)


def _opened(breaker: Breaker, now: float) -> Breaker:
    """The same, opened where its failures are enough for that."""
    if breaker.failure.for_good:
        return breaker if breaker.count > 1 else replace(breaker, since=now)
    if breaker.count < RUN:
        return replace(breaker, since=now)
    if breaker.until is not None and now < breaker.until and not breaker.trying:
        return breaker  # a typed command tried early: nobody waits longer for that
    pause_s = min(breaker.pause_s * 2 or PAUSE_S, LONGEST_PAUSE_S)
    since = breaker.since if breaker.pause_s else now
    return replace(breaker, since=since, until=now + pause_s, pause_s=pause_s, trying=False)


def _holds(breaker: Breaker, fingerprint: str) -> bool:
    return breaker.fingerprint == fingerprint


def refusal_by(
    breaker: Breaker, fingerprint: str, *, asker: Asker, now: float
) -> ProfileStoppedError | None:
    """Why a profile may not be asked now; None where it may.

    Args:
        breaker: what is known of it.
        fingerprint: of what would be asked now.
        asker: who wants to ask.
        now: seconds since the epoch.
    """
    if not breaker.is_open or not _holds(breaker, fingerprint) or asker is Asker.WORD:
        return None
    free = asker is Asker.COMMAND and not breaker.failure.costly
    left_s = None if breaker.until is None else breaker.until - now
    over = left_s is not None and not 0 < left_s <= LONGEST_PAUSE_S
    if free or over:
        return None
    if left_s is None:
        return ProfileStoppedError(
            f"profile {breaker.profile} is stopped: {breaker.failure.cause}; nothing was sent",
            hint=f"it is asked again {breaker.reset}",
        )
    return ProfileStoppedError(
        f"profile {breaker.profile} is stopped for {told_wait(left_s)}, after {breaker.count} "
        f"equal errors in a row: {breaker.failure.cause}; nothing was sent",
        hint=breaker.reset,
        again_in_s=left_s,
    )


def claimed(breaker: Breaker, *, patience_s: float, now: float) -> Breaker:
    """The breaker while the one try after a stop is made: nobody else tries meanwhile.

    Args:
        breaker: open.
        patience_s: the longest that the try can take.
        now: seconds since the epoch.
    """
    if breaker.until is None or now < breaker.until:
        return breaker  # a typed command's own try
    return replace(breaker, until=now + min(patience_s, LONGEST_PAUSE_S), trying=True)
