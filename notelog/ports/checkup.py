"""What ``notelog doctor`` looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notelog.core.model_list import ModelList
    from notelog.core.privacy_checks import Permission
    from notelog.core.settings import Profile
    from notelog.core.vault_checks import FileSystem, Room, Survey, WatcherSeen, WatchLimits
    from notelog.ports.servers import Endpoint


class ModelLists(Protocol):
    """Asks a server for its models: one request that generates nothing."""

    def models(self, endpoint: Endpoint) -> ModelList:
        """What the server has.

        Raises:
            ConfigurationError: base_url or key are such that nothing was sent.
            ProviderRefusedError: a complete answer that says no.
            ProviderUnavailableError: it was not reached, or its answer is no list of models.
        """
        ...


class Machine(Protocol):
    """This machine, and this user on it."""

    def versions(self) -> str:
        """Python, notelog and the packages it stands on, each loaded once.

        Raises:
            ConfigurationError: one is missing or cannot be loaded.
        """
        ...

    def local_model(self, profile: Profile) -> str:
        """The file of an embedded profile's model.

        Raises:
            ConfigurationError: the engine or the model is not installed.
        """
        ...

    def permissions(self, folder: str) -> tuple[Permission, ...]:
        """A folder and what is in it; nothing where there is none, or no such permissions."""
        ...

    def rooms(self, places: Sequence[tuple[str, str]]) -> tuple[Room, ...]:
        """The free space for places, each by its name and path; one disk only once."""
        ...

    def watcher(self, vault: str) -> WatcherSeen:
        """The watcher of a vault."""
        ...

    def journal(self, vault: str) -> str:
        """The path of a vault's journal, read through; empty where there is none yet.

        Raises:
            JournalError: it would lie inside the vault, cannot be read, or is damaged.
        """
        ...

    def watch_limits(self) -> WatchLimits | None:
        """The limits of inotify; None where the system has none."""
        ...


class VaultTrial(Protocol):
    """Looks at a vault as the watcher and the writer would use it."""

    def survey(self, vault: str) -> Survey:
        """Looks through all of a vault.

        Raises:
            NoteError: it cannot be read, or is no folder.
        """
        ...

    def file_system(self, vault: str) -> FileSystem:
        """Tries what writing needs, with hidden files that are removed at once."""
        ...
