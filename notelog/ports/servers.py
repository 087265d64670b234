"""What is asked of servers: replies, figures, and the keys to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from notelog.core.json_value import JsonValue
    from notelog.core.reply import ReplyDelta
    from notelog.core.request import ChatRequest
    from notelog.core.settings import KeySource, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a request goes.

    Attributes:
        profile: the server.
        base_url: the profile's, or the embedded server's.
        key: kept out of every repr and message; empty where none is needed.
    """

    profile: Profile
    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"Endpoint(profile={self.profile.name!r}, base_url={self.base_url!r}, key=...)"


Leaving: TypeAlias = "Callable[[Callable[[], None]], None]"
"""Records that a request is about to leave, and starts what it is given on its way: as soon as all
that is left is to wait for the disk."""


class Completions(Protocol):
    """Asks a server for one chat completion: one attempt, at most one request."""

    def stream(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        *,
        cancelled: Callable[[], bool],
        leaving: Leaving,
    ) -> Iterator[ReplyDelta]:
        """Sends the request and gives the parts of the reply as they arrive.

        It ends when the server ends the stream, whether or not a finish_reason was seen, or
        soon after ``cancelled()`` turns true. No byte of the request leaves before ``leaving``
        has returned, nor where it raises; what makes the connection is given to it.

        Raises:
            ProviderRefusedError: a complete answer that says no.
            ProviderUnavailableError: the request never reached a model.
            InDoubtError: bytes had left, and what came of them is not known.
        """
        ...


class ServerFigures(Protocol):
    """Asks a server for its own figures, without generating anything."""

    def window(self, endpoint: Endpoint) -> int | None:
        """The context window in tokens that it has loaded; None where it does not say."""
        ...

    def prompt_tokens(self, endpoint: Endpoint, body: Mapping[str, JsonValue]) -> int | None:
        """The tokens of a request's prompt; None where it does not count."""
        ...


class LoadedWindows(Protocol):
    """Asks a server that cuts long prompts silently how large a window it has loaded."""

    def loaded_window(self, endpoint: Endpoint, model: str) -> int | None:
        """The window in tokens of a model as it is loaded; None where that is not known."""
        ...


class Secrets(Protocol):
    """Finds keys."""

    def key(self, source: KeySource, profile: str) -> str:
        """The key of a profile; empty where none is required and none is set.

        Raises:
            KeyUnavailableError: there is none, or its source cannot be read.
        """
        ...


class LocalServer(Protocol):
    """The embedded local model's server."""

    def start(self, profile: Profile) -> AbstractContextManager[Endpoint]:
        """Starts the server as a child process; it ends with the context.

        Raises:
            ConfigurationError: the engine or the model is not installed.
            ProviderUnavailableError: it did not start.
        """
        ...
