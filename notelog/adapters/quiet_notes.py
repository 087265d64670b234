"""The notes of a vault in which nothing can ask, kept from one start of a watcher to the next.

A file in the user's cache: hashes of names with what marks the files as they were, and nothing
else. A note that was written since has another mark, and so is read anew; so is every note where
the file is missing, damaged, or of other end marks.
"""

from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from notelog.adapters.places import private_folder, replace_private
from notelog.errors import JournalError

FOLDER_NAME = "quiet-notes-1"
"""Of all vaults; another number where the form, or what counts as a mark, changes."""

_HASH_BYTES = 16


class QuietNotes:
    """What was found at the last start. It never fails: it only does not know.

    Args:
        file: where it is kept.
        rules: what the finding hangs on besides a note's content.
    """

    def __init__(self, file: Path, rules: bytes) -> None:
        self._file = file
        self._rules = blake2b(rules, digest_size=_HASH_BYTES).digest()
        self._last: frozenset[bytes] | None = None
        self._now: set[bytes] = set()

    def knows(self, path: str, stamp: bytes, *, unmarked: bool) -> bool:
        """Whether nothing in a note can ask: it was found so, and is as it was then.

        Args:
            path: the note.
            stamp: what marks the file now.
            unmarked: whether what bears no mark may be sent, too.
        """
        if self._last is None:
            self._last = self._read()
        name = self._name(path, stamp, unmarked=unmarked)
        if name not in self._last:
            return False
        self._now.add(name)
        return True

    def add(self, path: str, stamp: bytes, *, unmarked: bool) -> None:
        """Nothing in a note, as it was when it bore this stamp, can ask; see ``knows``."""
        self._now.add(self._name(path, stamp, unmarked=unmarked))

    def keep(self) -> None:
        """Keeps what was found since the start, and nothing of notes that are gone."""
        if frozenset(self._now) != (self._last or frozenset()):
            with suppress(OSError, JournalError):
                private_folder(str(self._file.parent))
                replace_private(self._file, b"".join(sorted(self._now)))
        self._last, self._now = None, set()

    def _read(self) -> frozenset[bytes]:
        try:
            data = self._file.read_bytes()
        except OSError:
            return frozenset()
        places = range(0, len(data), _HASH_BYTES)
        return frozenset(data[place : place + _HASH_BYTES] for place in places)

    def _name(self, path: str, stamp: bytes, *, unmarked: bool) -> bytes:
        named = path.encode("utf-8", "surrogateescape") + (b"\0" if unmarked else b"\1") + stamp
        return blake2b(named, digest_size=_HASH_BYTES, key=self._rules).digest()
