"""The watcher where something is away for a while: the drive, the events, the journal, a reader."""

import errno
from dataclasses import replace

import pytest
from watch_world import World, chat, with_settings

from notelog.app.watch_tools import WatchOptions
from notelog.core.edit import EditPlan
from notelog.core.watching import Busy, Gone
from notelog.errors import ConflictError, JournalError, NoteError, ProviderUnavailableError
from notelog.ports.notes import Snapshot
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Hint

DUE = chat("What is tea?")
UNTICKED = chat("What is tea?", tail="\n- [ ] send\n")


@pytest.mark.parametrize("after", [UNTICKED, DUE.replace(b"\n- [x]", b"\n[stop]\n\n- [x]")])
def test_a_request_is_taken_back_where_only_scans_tell(after: bytes) -> None:
    """On a network drive, too, unticking the box or a line [stop] ends a request that runs."""
    world = World()
    world.hints.unheard = 1
    world.let_pass(5)
    world.save("a.md", DUE, event=False)
    world.let_pass(10, answering=False)
    assert not world.jobs[0][1]()
    world.save("a.md", after, event=False)
    world.let_pass(10, answering=False)
    assert world.jobs[0][1]()
    assert "stopped by you; what came is kept" in world.sentences()


@pytest.mark.parametrize("noticed", [True, False])
def test_a_drive_that_is_away_when_its_note_is_due_forgets_nothing(*, noticed: bool) -> None:
    """The network is down: neither server nor drive. When both are back, the question is asked."""
    world = World(with_settings(scan_s=3600.0))
    world.let_pass(5)
    world.server.faults += [ProviderUnavailableError("away")] * 100
    world.save("a.md", DUE)
    world.let_pass(5)
    world.hint(Hint(reason="a scan knows the note as it is"))
    world.let_pass(5)
    notes = dict(world.store.notes)
    world.store.notes.clear()
    world.absent = noticed
    if noticed:
        world.hint(Hint(reason="a folder was deleted"))
    world.let_pass(700)
    world.server.faults.clear()
    world.server.asked.clear()
    world.store.notes.update(notes)
    world.absent = False
    world.let_pass(3600)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("a.md")


def test_a_reply_that_met_a_drive_in_trouble_lands_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was paid for and is kept: it goes into its note as soon as that can be read again."""
    write = world.store.write

    def unwritable(snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        raise NoteError("the disk reported an error", path=snapshot.path) from OSError(errno.EIO)

    world.server.meanwhile = lambda: monkeypatch.setattr(world.store, "write", unwritable)
    world.save("a.md", DUE)
    world.hint(Hint(reason="a scan knows the note as it is"))
    world.let_pass(100)
    assert "reply" not in world.text("a.md")
    monkeypatch.setattr(world.store, "write", write)
    world.let_pass(300)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("a.md")


def test_a_scan_starts_the_wait_anew_where_nothing_else_tells() -> None:
    """Who types into a note on a drive whose clock is ahead is not interrupted in mid-sentence."""
    world = World()
    world.hints.unheard = 1
    world.let_pass(5)
    words = "What is tea and who drank it first of all"
    for end in range(1, len(words.split())):
        said = " ".join(words.split()[:end])
        world.save("a.md", chat(said, tail="", head="notelog: auto"), event=False)
        world.modified[world.path("a.md")] += 3600
        world.let_pass(5)
    assert world.server.asked == []
    world.let_pass(30)
    assert len(world.server.asked) == 1


def test_a_note_that_cannot_be_read_for_a_moment_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virus scanner, a network drive: a person is told once, and no further save is needed."""
    glance = world.files.glance

    def locked(path: str) -> Snapshot:
        raise NoteError("the note may not be read by this user", path=path) from PermissionError(13)

    monkeypatch.setattr(world.files, "glance", locked)
    world.save("a.md", DUE)
    world.let_pass(200)
    assert world.sentences(Kind.WAITING) == ["the note may not be read by this user"]
    monkeypatch.setattr(world.files, "glance", glance)
    world.let_pass(61)
    assert world.server.asked == ["What is tea?"]


def test_a_tick_is_not_lost_where_the_journal_cannot_be_used(world: World) -> None:
    """A full disk under the state folder is told, and the box is answered when there is room."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.journal_fault = JournalError("the journal cannot be written", hint="the disk is full")
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(600)
    assert len(world.server.asked) == 1
    assert "the journal cannot be written" in world.sentences(Kind.FAILED)
    world.journal_fault = None
    world.let_pass(600)
    assert len(world.server.asked) == 2
    assert "reply 2" in world.text("a.md")
    world.let_pass(3600)
    assert len(world.server.asked) == 2


def test_an_answered_tick_asks_nothing_after_the_journal_was_away(world: World) -> None:
    """What was answered to before stays so, whatever seemed new meanwhile."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(100)
    assert len(world.server.asked) == 2
    world.journal_fault = JournalError("the journal cannot be written", hint="the disk is full")
    world.save("a.md", world.text("a.md").encode() + b"\n")
    world.let_pass(600)
    world.journal_fault = None
    world.let_pass(3600)
    assert len(world.server.asked) == 2


def test_one_pass_does_not_wait_for_ever_for_a_note_that_is_kept_open() -> None:
    """A pass by a timer ends though some program keeps a note open; the next one looks again."""
    world = World(options=WatchOptions(once=True))
    world.open.add(world.path("a.md"))
    world.save("a.md", DUE)
    world.save("b.md", chat("What is coffee?"))
    world.let_pass(60)
    assert world.watcher.is_over
    assert world.server.asked == ["What is coffee?"]
    assert [item.note for item in world.told if "open for writing" in item.sentence] == ["a.md"]
    world.open.clear()
    world.start()
    world.let_pass(60)
    assert world.server.asked == ["What is coffee?", "What is tea?"]


class _OneCase(dict[str, bytes]):
    """Files of a system that takes ``a.md`` and ``A.md`` for one."""

    def spelt(self, path: object) -> str:
        """A file's name as it is stored."""
        return next((known for known in self if known.lower() == str(path).lower()), str(path))

    def __contains__(self, path: object) -> bool:
        return dict.__contains__(self, self.spelt(path))

    def get(self, path: str, default: object = None) -> object:  # type: ignore[override]
        return dict.get(self, self.spelt(path), default)

    def __getitem__(self, path: str) -> bytes:
        return dict.__getitem__(self, self.spelt(path))

    def __setitem__(self, path: str, data: bytes) -> None:
        dict.__setitem__(self, self.spelt(path), data)


def test_a_name_whose_case_is_changed_in_mid_request_asks_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ``a.md`` and ``A.md`` are one file, as on macOS and Windows, it is no other note."""
    notes = world.store.notes = _OneCase(world.store.notes)
    read = world.store.read

    def read_one(path: str) -> Snapshot:
        return replace(read(notes.spelt(path)), path=path, real_path=path)

    monkeypatch.setattr(world.store, "read", read_one)
    world.save("a.md", DUE)
    world.let_pass(2, answering=False)
    assert len(world.jobs) == 1
    world.rename("a.md", "A.md")
    world.let_pass(60, answering=False)
    assert len(world.jobs) == 1
    world.let_pass(3600)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("A.md")


def test_a_copy_of_a_note_that_is_asked_and_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher does not die of it."""
    glance = world.files.glance

    def locked(path: str) -> Snapshot | Busy | Gone:
        if path == world.path("a.md"):
            raise NoteError("the disk reported an error", path=path) from OSError(errno.EIO)
        return glance(path)

    world.save("a.md", DUE)
    world.let_pass(2, answering=False)
    monkeypatch.setattr(world.files, "glance", locked)
    world.save("copy.md", DUE)
    world.let_pass(5, answering=False)
    assert [job.relative for job, _ in world.jobs] == ["a.md", "copy.md"]


def test_a_note_that_is_saved_whenever_its_reply_is_put_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply is tried again by itself, for nothing: neither paused nor left to the person."""
    tries: list[str] = []

    def refuse(snapshot: Snapshot, _plan: EditPlan) -> Snapshot:
        tries.append(snapshot.path)
        world.save("a.md", DUE + b"\n" * (len(tries) % 2))
        raise ConflictError("the note changed meanwhile", path=snapshot.path)

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "write", refuse)
        world.save("a.md", DUE)
        for _ in range(8):
            world.let_pass(12)
    assert len(tries) > 5 * 5
    world.let_pass(700)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("a.md")
    assert "[!notelog]" not in world.text("a.md")
    assert world.sentences(Kind.HELD) == []


def test_a_reply_that_was_kept_for_another_text_asks_nothing_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found no place again and again, and then its message was changed: a new mark asks that."""

    def refuse(snapshot: Snapshot, _plan: EditPlan) -> Snapshot:
        raise ConflictError("the note changed meanwhile", path=snapshot.path)

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "write", refuse)
        world.save("a.md", DUE)
        world.let_pass(100)
    world.save("a.md", chat("What is coffee?"))
    world.let_pass(1000)
    assert world.server.asked == ["What is tea?"]
    assert any("not asked again" in item for item in world.sentences())


def test_a_reply_that_is_there_is_not_said_to_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was written, and looked for at the instant at which an editor had emptied the note."""
    write, read = world.store.write, world.store.read
    empty = [0]

    def write_and_be_emptied(snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        write(snapshot, plan)
        empty[0] = 2
        raise ConflictError("the note changed meanwhile", path=snapshot.path)

    def read_emptied(path: str) -> Snapshot:
        found = read(path)
        if empty[0]:
            empty[0] -= 1
            return replace(found, data=b"", fingerprint="nothing")
        return found

    monkeypatch.setattr(world.store, "write", write_and_be_emptied)
    monkeypatch.setattr(world.store, "read", read_emptied)
    world.save("a.md", DUE)
    world.let_pass(100)
    assert world.text("a.md").count("reply 1") == 1
    assert not any(item == "its reply is kept" for item in world.sentences())
    assert [item.note for item in world.told if item.kind is Kind.ANSWERED] == ["a.md"]
