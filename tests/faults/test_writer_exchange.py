"""The guarded exchange: what it keeps, what it refuses, and saves that come at every step."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from notelog.adapters import exchange, leftovers
from notelog.adapters.files import NoteFiles
from notelog.adapters.leases import Lease
from notelog.adapters.leftovers import temp_name
from notelog.core.conflict_copies import is_conflict_copy
from notelog.core.edit import EditPlan, Insertion, Withdrawal
from notelog.core.merge import keep_all_lines
from notelog.errors import ConflictError, NoExchangeError, NoteWriteError
from notelog.ports.notes import Snapshot

OLD = b"question\nfooter\n"
NEW = b"question\nanswer\nfooter\n"


def no_pause(_seconds: float) -> None:
    """Waits not at all."""


def plan_for(snapshot: Snapshot) -> EditPlan:
    """A plan that puts the answer above the footer."""
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(Insertion(offset=9, data=b"answer\n"),),
    )


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A note whose answer belongs above its footer."""
    folder = tmp_path / "vault"
    folder.mkdir()
    path = folder / "聊天.md"
    path.write_bytes(OLD)
    return path


def withdrawal_for(snapshot: Snapshot) -> EditPlan:
    """A plan that takes the answer out again."""
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(),
        withdrawals=(Withdrawal(offset=9, data=b"answer\n", record_id=1),),
    )


PLANS = {"insert": (OLD, plan_for), "withdraw": (NEW, withdrawal_for)}


def write(note: Path, pause: Callable[[float], None] = no_pause) -> bytes:
    """Reads the note and writes the answer into it."""
    store = NoteFiles(pause=pause)
    snapshot = store.read(str(note))
    return store.write(snapshot, plan_for(snapshot)).data


def left_beside(note: Path) -> list[str]:
    """What is in the folder besides the note."""
    return [name for name in os.listdir(note.parent) if name != note.name]  # noqa: PTH208  # hidden


def test_keeps_what_the_note_is(note: Path) -> None:
    """Mode, owner, attributes and a symlink stay, and nothing is left beside the note."""
    note.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(note, 1234, 2345)
    os.setxattr(note, "user.mark", b"mine")
    link = note.parent.parent / "link.md"
    link.symlink_to(note)
    before = note.stat()
    assert write(link) == NEW
    after = note.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert os.getxattr(note, "user.mark") == b"mine"
    assert link.is_symlink()
    assert left_beside(note) == []


def test_hard_link_is_refused(note: Path) -> None:
    """A note with a second name is left alone: an exchange would tear the names apart."""
    note.with_name("twin.md").hardlink_to(note)
    with pytest.raises(NoExchangeError, match=r"hard link.*kept") as caught:
        write(note)
    assert "--at-end" in caught.value.hint
    assert note.read_bytes() == OLD
    assert left_beside(note) == ["twin.md"]


def impossible(_one: Path, other: Path) -> None:
    """Two files on a file system that cannot exchange them."""
    raise exchange._refused(other, exchange._NO_EXCHANGE)


def test_file_system_without_exchange(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two files cannot be exchanged the note is as it was."""
    monkeypatch.setattr(exchange, "_exchange", impossible)
    with pytest.raises(NoExchangeError, match="cannot exchange"):
        write(note)
    assert note.read_bytes() == OLD
    assert left_beside(note) == []


def test_whether_a_note_can_be_exchanged(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried with two files of our own; the note is not touched and nothing is left."""
    before = note.stat()
    exchange.check_exchange(str(note))
    assert left_beside(note) == []
    monkeypatch.setattr(exchange, "_exchange", impossible)
    with pytest.raises(NoExchangeError, match=r"cannot exchange.*nothing was sent"):
        exchange.check_exchange(str(note))
    assert (note.stat(), left_beside(note)) == (before, [])


@pytest.mark.parametrize("leases", [True, False])
def test_the_end_is_taken_away_in_place(
    note: Path, monkeypatch: pytest.MonkeyPatch, *, leases: bool
) -> None:
    """Where two files cannot be exchanged; but only where nobody else can have the note open."""
    monkeypatch.setattr(exchange, "_exchange", impossible)
    if not leases:
        monkeypatch.setattr(Lease, "_code", lambda _lease: -1)
    store, inode = NoteFiles(pause=no_pause), note.stat().st_ino
    snapshot = store.read(str(note))
    tail = Withdrawal(offset=len(OLD) - 4, data=OLD[-4:], record_id=1)
    plan = EditPlan(
        fingerprint=snapshot.fingerprint, size=len(OLD), insertions=(), withdrawals=(tail,)
    )
    if leases:
        assert store.write(snapshot, plan).data == OLD[:-4]
    else:
        with pytest.raises(NoExchangeError):
            store.write(snapshot, plan)
    assert note.read_bytes() == OLD[:-4] if leases else OLD
    assert (note.stat().st_ino, left_beside(note)) == (inode, [])


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "urandom"])
def test_new_note_cannot_be_made(note: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A failure while the new note is made leaves the old one and no file beside it."""

    def fail(*_arguments: object) -> object:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises((NoteWriteError, OSError)):
            write(note)
    assert note.read_bytes() == OLD
    assert left_beside(note) == []


def saves() -> dict[str, Callable[[Path], None]]:
    """Ways in which a person's program adds a line."""

    def append(note: Path) -> None:
        with note.open("ab") as file:
            file.write(b"theirs\n")

    def in_place(note: Path) -> None:
        note.write_bytes(b"theirs\n" + note.read_bytes())

    def rename(note: Path) -> None:
        new = note.with_name("new")
        new.write_bytes(b"theirs\n" + note.read_bytes())
        new.rename(note)

    return {"append": append, "in_place": in_place, "rename": rename}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("style", saves())
@pytest.mark.parametrize("moment", ["before", "rename just before", "after"])
def test_save_at_each_moment(
    note: Path, monkeypatch: pytest.MonkeyPatch, style: str, moment: str, plan: str
) -> None:
    """A save before, at and after the exchange is in the note afterwards, whatever its style."""
    save = saves()[style]
    old, planned = PLANS[plan]
    note.write_bytes(old)
    true_exchange = exchange._exchange
    done: list[str] = []

    def exchanged(one: Path, other: Path) -> None:
        if not done and moment == "rename just before":
            saves()["rename"](note)  # the one save that the lease cannot hold back
        true_exchange(one, other)
        if not done and moment == "after":
            save(note)
        done.append("once")

    monkeypatch.setattr(exchange, "_exchange", exchanged)
    store = NoteFiles(pause=no_pause)
    snapshot = store.read(str(note))
    if moment == "before":
        save(note)
    try:
        store.write(snapshot, planned(snapshot))
    except ConflictError:
        assert moment != "after"
        assert (b"answer\n" in note.read_bytes()) is (plan == "withdraw")
    else:
        assert (b"answer\n" in note.read_bytes()) is (plan == "insert")
    assert b"theirs\n" in note.read_bytes()
    assert b"question\n" in note.read_bytes()
    assert left_beside(note) == []


def test_save_into_the_file_that_came_out(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save by somebody who had found the old file just before gets its place again."""
    true_exchange = exchange._exchange
    inode = note.stat().st_ino
    done: list[str] = []

    def exchanged(one: Path, other: Path) -> None:
        true_exchange(one, other)
        if not done:
            done.append("once")
            one.write_bytes(OLD + b"theirs\n")

    # the lease would hold this very process back
    monkeypatch.setattr(exchange, "leased", no_lease)
    monkeypatch.setattr(exchange, "_exchange", exchanged)
    with pytest.raises(ConflictError):
        write(note)
    assert note.read_bytes() == OLD + b"theirs\n"
    assert note.stat().st_ino == inode
    assert left_beside(note) == []


def test_two_saves_into_both_files(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save into each of the two files: the lines of both are in the note."""
    true_exchange = exchange._exchange
    done: list[str] = []

    def exchanged(one: Path, other: Path) -> None:
        true_exchange(one, other)
        if not done:
            done.append("once")
            one.write_bytes(OLD + b"theirs\n")
            other.write_bytes(b"hers\n" + other.read_bytes())

    monkeypatch.setattr(exchange, "leased", no_lease)
    monkeypatch.setattr(exchange, "_exchange", exchanged)
    write(note)
    assert set(note.read_bytes().split()) >= {b"question", b"theirs", b"hers", b"answer"}
    assert left_beside(note) == []


def no_lease(*_arguments: object, **_options: object) -> "NoLease":
    """A system without leases."""
    return NoLease()


class NoLease:
    """A lease that is not there."""

    supported = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None

    def unbroken(self) -> bool:
        """Never held."""
        return False


def test_without_leases_the_note_is_let_rest(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without leases a fresh note is waited for, and what came out is kept for five seconds."""
    waits: list[float] = []
    monkeypatch.setattr(exchange, "leased", no_lease)
    assert write(note, waits.append) == NEW
    assert len(waits) == 2
    assert 0 < waits[0] <= exchange.QUIET_S
    assert waits[1] == exchange.BLIND_WAITS_S[0]


def test_writer_that_stays_is_a_conflict(note: Path) -> None:
    """A program that keeps the note open for writing is waited for, and then left alone."""
    with note.open("ab"), pytest.raises(ConflictError):
        write(note)
    assert note.read_bytes() == OLD
    assert left_beside(note) == []


def left_of(note_name: str, left: str) -> tuple[str, bytes]:
    """The name of what a crash leaves of a note, and what it holds."""
    part, named = temp_name(note_name, OLD, NEW)
    return {
        "part": (part, b"answ"),
        "old": (named, OLD),
        "new": (named, NEW),
        "save": (named, OLD + b"theirs\n"),
    }[left]


@pytest.mark.parametrize("left", ["part", "old", "new", "save"])
def test_leftovers_of_a_crash(note: Path, left: str) -> None:
    """After a crash our own leftovers go, and a person's save among them is merged first."""
    name, data = left_of(note.name, left)
    note.with_name(name).write_bytes(data)
    exchange.sweep_leftovers(str(note), no_pause)
    assert note.read_bytes() == (OLD + b"theirs\n" if left == "save" else OLD)
    assert left_beside(note) == []


def test_leftovers_of_other_notes_stay(note: Path) -> None:
    """Files of other notes and of other programs are not touched."""
    others = [".notelog-ffffffffffff-0.part", ".聊天.md.swp", "聊天 2.md"]
    for name in others:
        note.with_name(name).write_bytes(b"x")
    exchange.sweep_leftovers(str(note), no_pause)
    assert sorted(left_beside(note)) == sorted(others)


@pytest.mark.parametrize("left", ["part", "old", "new", "save"])
def test_leftovers_of_a_note_that_was_renamed(
    note: Path, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours go; a person's save whose note cannot be told any more can be seen, and stays whole."""
    name, data = left_of("older name.md", left)
    note.with_name(name).write_bytes(data)
    exchange.sweep_leftovers(str(note), no_pause)
    assert left_beside(note) == [name]  # an editor may be saving it just now
    monkeypatch.setattr(leftovers, "ORPHAN_S", 0.0)
    note.with_name("older name.md").write_bytes(OLD)
    exchange.sweep_leftovers(str(note), no_pause)
    assert sorted(left_beside(note)) == [name, "older name.md"]  # whose note is there
    note.with_name("older name.md").unlink()
    exchange.sweep_leftovers(str(note), no_pause)
    kept = left_beside(note)
    assert note.read_bytes() == OLD
    assert [note.with_name(name).read_bytes() for name in kept] == [data] * (left == "save")
    assert all(is_conflict_copy(name) for name in kept)


@pytest.mark.parametrize(
    ("older", "newer", "merged"),
    [
        (b"a\nb\n", b"a\nb\nc\n", b"a\nb\nc\n"),
        (b"a\nb\nc\n", b"a\nc\n", b"a\nb\nc\n"),
        (b"a\nx\nb\n", b"a\ny\nb\n", b"a\nx\ny\nb\n"),
        (b"a\nx", b"a\ny", b"a\nx\ny"),
        (b"a\r\nx\r\n", b"y\r\na\r\n", b"y\r\na\r\nx\r\n"),
        (b"", b"a", b"a"),
    ],
)
def test_merge_keeps_all_lines(older: bytes, newer: bytes, merged: bytes) -> None:
    """No line of either version is lost, and equal lines stand once."""
    assert keep_all_lines(older, newer) == merged
