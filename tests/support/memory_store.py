"""Notes in memory: a NoteStore without files."""

from hashlib import sha256

from notelog.core.edit import EditPlan, apply_plan
from notelog.errors import ConflictError, NoExchangeError, NoteError, NoteWriteError
from notelog.ports.notes import Snapshot


class MemoryNoteStore:
    """Implements ``ports.NoteStore`` over a dictionary.

    Args:
        size_limit_bytes: larger notes are refused.
    """

    def __init__(self, *, size_limit_bytes: int = 8 * 1024 * 1024) -> None:
        self.notes: dict[str, bytes] = {}
        self.read_only: set[str] = set()
        self.only_end: set[str] = set()
        self.edited: set[str] = set()
        self._size_limit_bytes = size_limit_bytes
        self._modified_ns: dict[str, int] = {}

    def put(self, path: str, data: bytes) -> None:
        """A person saves a note."""
        self.notes[path] = data
        self._modified_ns[path] = self._modified_ns.get(path, 0) + 1

    def rename(self, path: str, new: str) -> None:
        """A person renames a note."""
        self.notes[new] = self.notes.pop(path)
        self._modified_ns[new] = self._modified_ns.pop(path)

    def read(self, path: str) -> Snapshot:
        """Reads a note."""
        if path not in self.notes:
            raise NoteError("there is no such note", hint="look at its spelling", path=path)
        data = self.notes[path]
        if len(data) > self._size_limit_bytes:
            raise NoteError("over the size limit", hint="split the note", path=path)
        return Snapshot(
            path=path,
            real_path=path,
            data=data,
            fingerprint=sha256(data).hexdigest(),
            device=1,
            inode=1 + sorted(self.notes).index(path),
            modified_ns=self._modified_ns[path],
        )

    def check_writable(self, snapshot: Snapshot) -> None:
        """Refuses read-only notes."""
        if snapshot.path in self.read_only:
            raise NoteWriteError("read-only", hint="make it writable", path=snapshot.path)

    def check_exchange(self, snapshot: Snapshot) -> None:
        """Most notes can be changed anywhere."""
        if snapshot.path in self.only_end:
            raise NoExchangeError("only its end", hint="", path=snapshot.path)

    def in_editor(self, snapshot: Snapshot) -> bool:
        """Whether an editor has it."""
        return snapshot.path in self.edited

    def sweep(self, snapshot: Snapshot) -> None:
        """Nothing is ever left over."""

    def write(self, snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        """Applies a plan."""
        self.check_writable(snapshot)
        now = self.notes.get(snapshot.path)
        if now != snapshot.data or plan.fingerprint != snapshot.fingerprint:
            raise ConflictError("the note changed meanwhile", path=snapshot.path)
        self.put(snapshot.path, apply_plan(snapshot.data, plan))
        return self.read(snapshot.path)
