"""A request under the breaker of its profile."""

from collections.abc import Generator
from contextlib import contextmanager

from notelog.core.breaker import (
    Asker,
    Breaker,
    after_failure,
    claimed,
    failure_of,
    fingerprint_of,
    refusal_by,
)
from notelog.errors import NotelogError
from notelog.ports.breakers import Breakers
from notelog.ports.people import Clock, Reporter
from notelog.ports.servers import Endpoint


@contextmanager
def under_breaker(
    breakers: Breakers, endpoint: Endpoint, asker: Asker, *, clock: Clock, reporter: Reporter
) -> Generator[None]:
    """Within it one request may be made; how it ends is remembered.

    The embedded model has no breaker: it is a child process that costs nothing.

    Raises:
        ProfileStoppedError: the profile failed before; nothing may be sent.
    """
    profile = endpoint.profile
    if profile.embedded:
        yield
        return
    before = breakers.read(profile.name)
    fingerprint = fingerprint_of(profile, endpoint.key, breakers.salt())
    if before is not None:
        _check(breakers, before, endpoint, fingerprint, asker, clock=clock, reporter=reporter)
    try:
        yield
    except NotelogError as error:
        failure = failure_of(error, billed=profile.billed)
        if failure is None:
            _give_back(breakers, before)
            raise
        now = clock.now()
        breakers.change(
            profile.name,
            lambda found: after_failure(
                found, failure, profile=profile.name, fingerprint=fingerprint, now=now
            ),
        )
        raise
    if before is not None:
        breakers.change(profile.name, lambda _: None)


def _check(
    breakers: Breakers,
    before: Breaker,
    endpoint: Endpoint,
    fingerprint: str,
    asker: Asker,
    *,
    clock: Clock,
    reporter: Reporter,
) -> None:
    """Refuses, or takes the one try that is allowed."""

    def take(found: Breaker | None) -> Breaker | None:
        if found is None:
            return None
        refusal = refusal_by(found, fingerprint, asker=asker, now=clock.now())
        if refusal is not None:
            raise refusal
        return claimed(found, patience_s=endpoint.profile.deadline_s, now=clock.now())

    if not before.is_open or before.fingerprint != fingerprint:
        return
    breakers.change(before.profile, take)
    reporter.notice(
        f"profile {before.profile} was stopped ({before.failure.cause}): it is tried once"
    )


def _give_back(breakers: Breakers, before: Breaker | None) -> None:
    """A try that said nothing about the profile leaves its breaker as it was."""
    if before is not None and before.is_open:
        breakers.change(before.profile, lambda _: before)
