"""What a watcher answers notes with, by a configuration that may change meanwhile."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.due import Completing
    from notelog.core.settings import Config
    from notelog.ports.watch_view import WatchView

_CONFIG_CHANGED = (
    "the configuration was changed: requests follow it from now on, and what stands under [watch] "
    "holds from the next start"
)
_AT_REST_S = 1.0
"""The configuration is read anew when it was saved longer ago than that."""


class Requests:
    """What answers a note: most of the program, so it is imported once the vault is watched.

    A configuration that is saved meanwhile holds from the next request on, but for what the watcher
    itself goes by.

    Args:
        config: as it was at the start.
        make: imports it.
        view: where is told what was read anew.
        changed: is called then.
    """

    def __init__(
        self,
        config: "Config",
        make: "Callable[[], Completing]",
        view: "WatchView",
        changed: "Callable[[], None]",
    ) -> None:
        from threading import Lock

        self._config = config
        self._make = make
        self._view = view
        self._changed = changed
        self._made: Completing | None = None
        self._saved: tuple[int, int] | None = None
        self._lock = Lock()

    def get(self) -> "Completing":
        """What the next request is made with."""
        with self._lock:
            made = self._made or self._make()
            self._read_anew()
            self._made = replace(made, config=self._config)
            return self._made

    def _read_anew(self) -> None:
        from notelog.errors import ConfigurationError
        from notelog.ports.watch_view import Kind, Told

        saved = _saved(self._config.path)
        if saved in {None, self._saved}:
            return
        self._saved = saved
        kind, sentence = Kind.NOTICE, _CONFIG_CHANGED
        try:
            found = load_config()
        except ConfigurationError as error:
            kind, sentence = Kind.WARNING, f"{error.located()}; what was read before holds"
        else:
            kept = self._config
            found = replace(
                found, watch=kept.watch, note_size_limit_bytes=kept.note_size_limit_bytes
            )
            if found == kept:
                return
            self._config = found
            self._changed()
        self._view.tell(Told(kind=kind, sentence=sentence))


def _saved(path: str) -> tuple[int, int] | None:
    """What tells one version of the configuration from another; None while it is being saved."""
    from time import time

    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    at_rest = time() - found.st_mtime > _AT_REST_S
    return (found.st_mtime_ns, found.st_size) if at_rest else None
