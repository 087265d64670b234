"""Which profiles are stopped, for all vaults of this user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.core.breaker import Breaker


class Breakers(Protocol):
    """Remembers the failures of profiles. It never fails: what cannot be kept is said."""

    def all(self) -> tuple[Breaker, ...]:
        """Every profile that failed last; ``is_open`` says which are stopped."""
        ...

    def read(self, profile: str) -> Breaker | None:
        """The failures of a profile; None where its last request went well."""
        ...

    def salt(self) -> bytes:
        """What is hashed with every key."""
        ...

    def change(self, profile: str, change: Callable[[Breaker | None], Breaker | None]) -> None:
        """Puts what ``change`` gives in the place of what it is given.

        No other process changes the same profile meanwhile; None takes it out. What ``change``
        raises leaves everything as it was.
        """
        ...
