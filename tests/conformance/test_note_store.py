"""What every NoteStore does: the one in memory and the real one."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from memory_store import MemoryNoteStore

from notelog.adapters.files import NoteFiles
from notelog.core.edit import EditPlan, Insertion, Withdrawal
from notelog.errors import ConflictError, NoteError, NoteWriteError
from notelog.ports.notes import NoteStore, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_BYTES = 1000


class Place(Protocol):
    """A store and the ways in which a person changes its notes."""

    store: NoteStore

    def save(self, name: str, data: bytes) -> str:
        """A person saves a note; gives its path."""
        ...

    def protect(self, name: str) -> None:
        """A person makes a note read-only."""
        ...

    def edit(self, name: str, *, is_open: bool) -> None:
        """A person opens a note in an editor, or closes it."""
        ...


class MemoryPlace:
    """Notes in memory."""

    def __init__(self) -> None:
        self._memory = MemoryNoteStore(size_limit_bytes=LIMIT_BYTES)
        self.store: NoteStore = self._memory

    def save(self, name: str, data: bytes) -> str:
        """Puts it."""
        self._memory.put(name, data)
        return name

    def protect(self, name: str) -> None:
        """Marks it."""
        self._memory.read_only.add(name)

    def edit(self, name: str, *, is_open: bool) -> None:
        """Marks it."""
        (self._memory.edited.add if is_open else self._memory.edited.discard)(name)


class FilePlace:
    """Notes as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.store: NoteStore = NoteFiles(size_limit_bytes=LIMIT_BYTES)

    def save(self, name: str, data: bytes) -> str:
        """Writes it."""
        path = self._folder / name
        path.write_bytes(data)
        return str(path)

    def protect(self, name: str) -> None:
        """Takes all write permissions away."""
        (self._folder / name).chmod(0o444)

    def edit(self, name: str, *, is_open: bool) -> None:
        """Makes the swap file, as vim does, or takes it away."""
        swap = self._folder / f".{name}.swp"
        swap.write_bytes(b"b0VIM") if is_open else swap.unlink()


def adding(snapshot: Snapshot, data: bytes) -> EditPlan:
    """A plan that appends."""
    size = len(snapshot.data)
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=size,
        insertions=(Insertion(offset=size, data=data),),
    )


def taking_out(snapshot: Snapshot, data: bytes, *, instead: bytes = b"") -> EditPlan:
    """A plan that takes out what was inserted, and may put something else in its place."""
    offset = snapshot.data.index(data)
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(Insertion(offset=offset, data=instead),) if instead else (),
        withdrawals=(Withdrawal(offset=offset, data=data, record_id=1),),
    )


@pytest.fixture(params=["memory", "files"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each store in turn."""
    make: dict[str, Callable[[], Place]] = {
        "memory": MemoryPlace,
        "files": lambda: FilePlace(tmp_path),
    }
    return make[request.param]()


class TestNoteStore:
    """The contract of ports.NoteStore."""

    def test_read_gives_all_bytes(self, place: Place) -> None:
        """A note is read byte for byte."""
        path = place.save("笔记.md", b"\xef\xbb\xbfa\r\nb\x00\xff")
        assert place.store.read(path).data == b"\xef\xbb\xbfa\r\nb\x00\xff"

    def test_fingerprint_names_the_bytes(self, place: Place) -> None:
        """Equal bytes have equal fingerprints, other bytes have others."""
        first = place.store.read(place.save("a.md", b"one"))
        same = place.store.read(place.save("b.md", b"one"))
        other = place.store.read(place.save("c.md", b"two"))
        assert first.fingerprint == same.fingerprint != other.fingerprint

    def test_missing_note(self, place: Place) -> None:
        """A missing note is an error with path and hint."""
        with pytest.raises(NoteError) as caught:
            place.store.read("/nowhere/at/all.md")
        assert caught.value.path == "/nowhere/at/all.md"
        assert caught.value.hint

    def test_size_limit_is_exact(self, place: Place) -> None:
        """A note of the limit is read, one byte more is refused."""
        path = place.save("a.md", b"x" * LIMIT_BYTES)
        assert len(place.store.read(path).data) == LIMIT_BYTES
        place.save("a.md", b"x" * (LIMIT_BYTES + 1))
        with pytest.raises(NoteError, match="over the size limit"):
            place.store.read(path)

    def test_append(self, place: Place) -> None:
        """A written plan is in the note, and in the snapshot that is given back."""
        snapshot = place.store.read(place.save("a.md", b"question\n"))
        written = place.store.write(snapshot, adding(snapshot, b"answer\n"))
        assert written.data == place.store.read(snapshot.path).data == b"question\nanswer\n"
        assert written.fingerprint != snapshot.fingerprint
        assert written.modified_ns != snapshot.modified_ns

    def test_insertion_elsewhere(self, place: Place) -> None:
        """An insertion above other text leaves that text below it."""
        snapshot = place.store.read(place.save("a.md", b"question\nfooter\n"))
        plan = EditPlan(
            fingerprint=snapshot.fingerprint,
            size=len(snapshot.data),
            insertions=(Insertion(offset=9, data=b"answer\n"),),
        )
        assert place.store.write(snapshot, plan).data == b"question\nanswer\nfooter\n"

    @pytest.mark.parametrize("below", [b"", b"mine\n"])
    @pytest.mark.parametrize("instead", [b"", b"better\n"])
    def test_withdrawal(self, place: Place, below: bytes, instead: bytes) -> None:
        """What was inserted is taken out, and nothing else: at the end and above other text."""
        snapshot = place.store.read(place.save("a.md", b"question\nanswer\n" + below))
        plan = taking_out(snapshot, b"answer\n", instead=instead)
        written = place.store.write(snapshot, plan)
        assert written.data == b"question\n" + instead + below
        assert written.data == place.store.read(snapshot.path).data

    def test_withdrawal_from_a_changed_note(self, place: Place) -> None:
        """A note that changed since it was read keeps its newer bytes, and what is in them."""
        snapshot = place.store.read(place.save("a.md", b"question\nanswer\n"))
        place.save("a.md", b"question\nanswer\nmine\n")
        with pytest.raises(ConflictError):
            place.store.write(snapshot, taking_out(snapshot, b"answer\n"))
        assert place.store.read(snapshot.path).data == b"question\nanswer\nmine\n"

    def test_changed_note_is_left_alone(self, place: Place) -> None:
        """A note that changed since it was read keeps its newer bytes."""
        snapshot = place.store.read(place.save("a.md", b"question\n"))
        place.save("a.md", b"question, better\n")
        with pytest.raises(ConflictError):
            place.store.write(snapshot, adding(snapshot, b"answer\n"))
        assert place.store.read(snapshot.path).data == b"question, better\n"

    def test_plan_of_another_note(self, place: Place) -> None:
        """A plan for other bytes is refused."""
        first = place.store.read(place.save("a.md", b"one"))
        second = place.store.read(place.save("b.md", b"two"))
        with pytest.raises(ConflictError):
            place.store.write(first, adding(second, b"answer"))

    def test_read_only_note(self, place: Place) -> None:
        """A read-only note is refused before and when it is written, also for root."""
        snapshot = place.store.read(place.save("a.md", b"question\n"))
        place.store.check_writable(snapshot)
        place.protect("a.md")
        with pytest.raises(NoteWriteError, match="read-only"):
            place.store.check_writable(snapshot)
        with pytest.raises(NoteWriteError, match="read-only"):
            place.store.write(snapshot, adding(snapshot, b"answer\n"))
        assert place.store.read(snapshot.path).data == b"question\n"

    def test_in_editor(self, place: Place) -> None:
        """An editor that has the note open says so until it is closed; others do not count."""
        snapshot = place.store.read(place.save("a.md", b"question\n"))
        place.save(".b.md.swp", b"")
        assert not place.store.in_editor(snapshot)
        place.edit("a.md", is_open=True)
        assert place.store.in_editor(snapshot)
        place.edit("a.md", is_open=False)
        assert not place.store.in_editor(snapshot)
