"""Which servers told nothing of themselves: their origins, kept for a day in the user's cache."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from notelog.adapters.places import private_folder, replace_private
from notelog.errors import JournalError

HOLDS_S: Final = 86_400.0
_FILE_NAME: Final = "silent-servers.json"
_FILE_BYTES: Final = 1 << 16
_MOST_SERVERS: Final = 100


class SilentServers:
    """Remembers them. It never fails: what it does not know is asked again.

    Args:
        folder: the cache folder; made when something is kept.
        now: seconds since the epoch.
    """

    def __init__(self, folder: str, *, now: Callable[[], float]) -> None:
        self._path = Path(folder, _FILE_NAME)
        self._now = now

    def known(self) -> frozenset[str]:
        """The origins of the servers that told nothing within a day."""
        now = self._now()
        return frozenset(name for name, at in self._read().items() if 0 <= now - at < HOLDS_S)

    def keep(self, origin: str) -> None:
        """Keeps one more."""
        rows = {name: at for name, at in self._read().items() if name in self.known()}
        rows[origin] = self._now()
        data = json.dumps(dict([*rows.items()][-_MOST_SERVERS:])).encode()
        with suppress(OSError, JournalError):
            private_folder(str(self._path.parent))
            replace_private(self._path, data)

    def _read(self) -> dict[str, float]:
        try:
            with self._path.open("rb") as file:
                value: object = json.loads(file.read(_FILE_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        rows = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        return {name: float(at) for name, at in rows.items() if isinstance(at, int | float)}
