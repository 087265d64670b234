"""What a watcher stands on: the scan of a vault, the system's events, its place on this machine."""

import errno
import logging
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from heard import LONGEST_WAIT_S, Heard

from notelog.adapters.journal_pool import KeptJournals
from notelog.adapters.leftovers import temp_name, temp_stem
from notelog.adapters.obsidian import has_chatgpt_md, ignore_filters
from notelog.adapters.vault_index import VaultIndex, is_being_written
from notelog.adapters.watch_place import WatchFolder, parse_duration_s, watched_roots
from notelog.adapters.watch_threads import Inbox, beside, in_thread
from notelog.adapters.watch_view import JsonView, LiveView, PlainView, told_line
from notelog.adapters.watchdog_watcher import WatchdogHints
from notelog.core.settings import Config
from notelog.core.watch_names import Scope, is_ignored, is_sync_temp, matches_any, twin_of
from notelog.core.watching import Busy, Gone
from notelog.errors import ConflictError, JournalError, NoteError, UsageError
from notelog.ports.notes import Snapshot
from notelog.ports.watch_place import Heartbeat, WatchedVault
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import StopWish
from notelog.ports.watching import Hint, Scan
from notelog.wiring import watch as wiring

LIMIT = 1024 * 1024
CHAT = b"q\n\nrole::assistant\n\na\n\nrole::user\n"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one folder."""
    folder = tmp_path / "vault"
    (folder / "Chats").mkdir(parents=True)
    return folder


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[object]:
    """What ends threads, instead of on standard error."""
    found: SimpleQueue[object] = SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda failed: found.put(failed.exc_type))
    return found


def index_of(vault: Path, scope: Scope | None = None) -> VaultIndex:
    """The notes of a vault."""
    return VaultIndex(str(vault), scope or Scope(), size_limit_bytes=LIMIT)


def changed_in(index: VaultIndex) -> set[str]:
    """What a scan finds new or changed."""
    return {found.relative for found in index.scan().changed}


def test_a_scan_tells_what_changed_and_may_be_a_chat(vault: Path) -> None:
    """New, changed and replaced notes are told once; what can be no chat is not."""
    (vault / "words.md").write_bytes(b"only words\n")
    (vault / "Chats" / "a.md").write_bytes(CHAT)
    (vault / "Chats" / "b.markdown").write_bytes(b"---\nnotelog: mark\n---\n")
    (vault / "c.MD").write_bytes(b'\xef\xbb\xbf<HR CLASS="__CHATGPT_PLUGIN">\n')
    (vault / "d.txt").write_bytes(CHAT)
    for ignored in (".obsidian", ".trash"):
        (vault / ignored).mkdir()
        (vault / ignored / "e.md").write_bytes(CHAT)
    index = index_of(vault)
    assert changed_in(index) == {"Chats/a.md", "Chats/b.markdown", "c.MD"}
    assert changed_in(index) == set()
    (vault / "words.md").write_bytes(CHAT)
    new = vault / "new~"
    new.write_bytes(CHAT + b"more\n")
    new.rename(vault / "c.MD")
    assert changed_in(index) == {"words.md", "c.MD"}
    assert index.scan().notes == 4


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_chat_that_an_editor_saved_as_utf_16_is_told(vault: Path, encoding: str) -> None:
    """It cannot be answered, which has to be said; other notes in UTF-16 are left alone."""
    for name, data in {"a.md": CHAT, "words.md": b"only words: no chat\n"}.items():
        (vault / name).write_bytes(f"\ufeff{data.decode()}".encode(encoding))
    index = index_of(vault)
    assert changed_in(index) == {"a.md"}
    assert index.may_matter(str(vault / "a.md"))
    assert not index.may_matter(str(vault / "words.md"))


def test_a_save_that_keeps_size_and_time_stamp_is_found(vault: Path) -> None:
    """A box ticked in place by a program that sets the time stamp back to what it was."""
    note = vault / "a.md"
    note.write_bytes(CHAT + b"- [ ] send\n")
    index = index_of(vault)
    assert changed_in(index) == {"a.md"}
    before = note.stat()
    time.sleep(0.05)  # the system's clock for files ticks every 10 ms at the slowest
    with note.open("r+b") as file:
        file.write(CHAT + b"- [x] send\n")
    os.utime(note, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (note.stat().st_size, note.stat().st_ino) == (before.st_size, before.st_ino)
    assert changed_in(index) == {"a.md"}


def test_a_time_stamp_of_another_machine_is_known(vault: Path) -> None:
    """A sync tool sets it, whichever of the two clocks is ahead; a save here does not."""
    note = vault / "a.md"
    note.write_bytes(CHAT)
    index = index_of(vault)
    assert not index.is_synced(str(note))
    for behind_s in (60, -60):
        os.utime(note, (time.time() - behind_s,) * 2)
        assert index.is_synced(str(note))
    note.write_bytes(CHAT)
    assert not index.is_synced(str(note))
    assert not index.is_synced(str(vault / "gone.md"))


def test_a_scan_tells_beside_which_notes_a_crash_left_a_file(vault: Path) -> None:
    """By the name that the exchange gives it; what it left of other notes is not told of these."""
    for name in ("a.md", "b.md"):
        (vault / "Chats" / name).write_bytes(CHAT)
    (vault / "Chats" / f"{temp_stem('a.md')}0123-4-5").write_bytes(CHAT)
    (vault / f"{temp_stem('b.md')}0123-4-5").write_bytes(CHAT)
    (vault / "Chats" / ".notelog-doctor-1").write_bytes(b"")
    assert index_of(vault).scan().left_beside == (str(vault / "Chats" / "a.md"),)


def test_a_scan_tells_in_which_folder_a_crash_left_a_file_of_a_lost_note(vault: Path) -> None:
    """The note has another name by now: whoever looks at one in its folder clears it away."""
    for name in ("a.md", "b.md"):
        (vault / "Chats" / name).write_bytes(CHAT)
    for name in temp_name("old name.md", b"", CHAT):
        (vault / "Chats" / name).write_bytes(CHAT)
    (left,) = index_of(vault).scan().left_beside
    assert Path(left).parent == vault / "Chats"


def test_a_vault_that_is_gone_or_empty_is_absent(vault: Path) -> None:
    """A missing vault, and one whose notes all vanished at once, is not taken for an empty one."""
    (vault / "a.md").write_bytes(CHAT)
    index = index_of(vault)
    index.scan()
    (vault / "a.md").rename(vault.with_name("a.md"))
    assert "empty" in index.scan().absent
    vault.with_name("a.md").rename(vault / "a.md")
    assert index.scan().absent == ""
    vault.rename(vault.with_name("away"))
    assert index.scan().absent
    vault.with_name("away").rename(vault)
    assert changed_in(index) == set()


def test_a_glance_at_a_note(vault: Path) -> None:
    """A note at rest is read; one open for writing is busy; a missing one is gone."""
    note = vault / "a.md"
    note.write_bytes(CHAT)
    index = index_of(vault)
    seen = index.glance(str(note))
    assert isinstance(seen, Snapshot)
    assert seen.data == CHAT
    with note.open("ab"):
        assert isinstance(index.glance(str(note)), Busy)
        assert is_being_written(str(note))
    with note.open("rb"):
        assert isinstance(index.glance(str(note)), Snapshot)
    assert isinstance(index.glance(str(vault / "b.md")), Gone)
    note.write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(NoteError, match="size limit"):
        index.glance(str(note))


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.md", ".#a.md", "#a.md#", "a.md~", ".a.md.swp", "a.md.swx", "4913",
        ".syncthing.a.md.tmp", "~syncthing~a.md.tmp", "a.sync-conflict-20260101-120000-ABC.md",
        "a (conflicted copy 2026-01-01).md", "a-safeBackup-0001.md", ".a.md.icloud",
    ],
)  # fmt: skip
def test_names_that_are_never_notes(name: str) -> None:
    """Files of editors and sync tools, and conflict copies, are passed over."""
    assert is_ignored(name)


@pytest.mark.parametrize("name", ["a.md", "笔记.md", "a 2.md", "swap.md", "a#b.md", "a~b.md"])
def test_names_that_are_notes(name: str) -> None:
    """Names that only look a little like those are notes."""
    assert not is_ignored(name)


def test_globs_and_obsidians_filters() -> None:
    """Include, exclude and Obsidian's filters leave notes out, and each says why."""
    scope = Scope(
        include=("Chats/**", "*.md"), exclude=("**/Old/**",), hidden=("Templates/", "/x$/")
    )
    assert scope.reason_against("Chats/a/b.md") == ""
    assert scope.reason_against("top.md") == ""
    assert "include" in scope.reason_against("Other/a.md")
    assert "exclude" in scope.reason_against("Chats/Old/a.md")
    assert "Obsidian" in Scope(hidden=("Templates/",)).reason_against("Templates/a.md")
    assert "Obsidian" in Scope(hidden=("/drafts?/",)).reason_against("My drafts/a.md")
    risky = Scope(hidden=("/(a+)+$/", "/a*a*a*b/"))
    assert risky.reason_against("a" * 200) == ""
    assert len(risky.not_understood) == 2
    assert matches_any(("Chats/",), "Chats/a/b.md")
    assert not matches_any(("*.md",), "Chats/a.md")


@pytest.mark.parametrize("named", ["Chats", "/Chats", "./Chats/a", "Chats/", "Chats/a/b.md"])
def test_a_folder_means_what_is_in_it(named: str) -> None:
    """Whoever names a folder means its notes; a name with a wildcard stays a pattern."""
    assert matches_any((named,), "Chats/a/b.md")
    assert not matches_any((named,), "Chats 2/a/b.md")
    assert not matches_any(("*", "C*", "Chat?"), "Chats/a/b.md")
    assert matches_any((".",), "Chats/a/b.md")  # the vault, as in the question of the first start


def test_twins_and_temporary_names() -> None:
    """``a 2.md`` and ``a_2.md`` may be twins of ``a.md``; sync tools have names of their own."""
    assert [twin_of(name) for name in ("a 2.md", "a_2.md", "a (2).md")] == ["a.md"] * 3
    assert twin_of("a.md") is None
    assert is_sync_temp(".syncthing.a.md.tmp")
    assert not is_sync_temp("a.md")


@pytest.fixture
def wishes(tmp_path: Path) -> Path:
    """The folder of a person's wishes."""
    folder = tmp_path / "wishes"
    folder.mkdir()
    return folder


@pytest.fixture
def hints(vault: Path, wishes: Path) -> Iterator[WatchdogHints]:
    """The system's events for a vault."""
    hints = WatchdogHints(str(vault), str(wishes))
    yield hints
    hints.stop()


def test_events_of_every_kind_are_heard(hints: WatchdogHints, vault: Path, wishes: Path) -> None:
    """Saves, renames, deep new folders, moved folders and wishes give hints."""
    heard = Heard()
    assert hints.start(heard.post) == ""
    note = vault / "Chats" / "a.md"
    note.write_bytes(CHAT)
    heard.wait_for(lambda hint: hint.path == str(note))
    new = vault / ".syncthing.b.md.tmp"
    new.write_bytes(CHAT)
    new.rename(vault / "b.md")
    assert heard.wait_for(lambda hint: hint.path == str(vault / "b.md")).by_sync
    deep = vault / "x" / "y" / "z"
    deep.mkdir(parents=True)
    (deep / "c.md").write_bytes(CHAT)
    heard.wait_for(lambda hint: "created" in hint.reason or hint.path == str(deep / "c.md"))
    while not heard.has(lambda hint: hint.path == str(deep / "c.md")):
        (deep / "c.md").write_bytes(CHAT)  # until the new folders are listened to, too
    (vault / "x").rename(vault / "moved")
    heard.wait_for(lambda hint: "moved" in hint.reason)
    (wishes / "pause").write_bytes(b"1")
    heard.wait_for(lambda hint: hint.wish)


def test_an_overflow_is_a_hint_to_look_through_everything(hints: WatchdogHints) -> None:
    """What watchdog tells its log only reaches the watcher."""
    heard = Heard()
    hints.start(heard.post)
    log = logging.getLogger("watchdog.observers.inotify_c")
    log.warning("Inotify queue overflowed; filesystem events were lost")
    assert heard.wait_for(lambda hint: True).reason == "the system lost events"
    hints.stop()
    log.warning("Inotify queue overflowed; filesystem events were lost")
    with pytest.raises(Empty):
        heard._hints.get_nowait()


def test_a_vault_that_was_replaced_is_heard_no_more(hints: WatchdogHints, vault: Path) -> None:
    """The thread lives, but the folder it listens to is gone: that is told."""
    hints.start(Heard().post)
    assert hints.is_alive()
    vault.rename(vault.with_name("old"))
    assert not hints.is_alive()
    vault.mkdir()
    assert not hints.is_alive()
    hints.stop()
    assert hints.start(Heard().post) == ""
    assert hints.is_alive()


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="no /proc here")
def test_folders_without_a_watch_are_counted(hints: WatchdogHints, vault: Path) -> None:
    """The system itself says which folders it watches; one that it does not is found."""
    hints.start(Heard().post)
    folders = index_of(vault).scan().folders
    assert hints.unwatched(folders) == 0
    elsewhere = vault.with_name("elsewhere")
    elsewhere.mkdir()
    assert hints.unwatched(folders | {elsewhere.stat().st_ino}) == 1


def test_one_watcher_a_vault_and_its_heartbeat(tmp_path: Path, vault: Path) -> None:
    """A second lock is refused and names the process; a heartbeat ends with its lock."""
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    assert place.read_heartbeat() is None
    assert not place.is_watched()
    release = place.lock()
    beat = Heartbeat(
        process=77, vault=str(vault), device="desk", started_at=1.0, beat_at=2.0,
        beat_every_s=20.0, events=True, waiting=("笔记.md",),
    )  # fmt: skip
    place.beat(beat)
    assert place.read_heartbeat() == beat
    assert place.is_watched()
    with pytest.raises(ConflictError, match="process 77"):
        WatchFolder(str(tmp_path / "state"), str(vault)).lock()
    assert place.known() == WatchedVault(
        root=str(vault), is_there=True, runs=True, heartbeat=beat, paused_until=None
    )
    release()
    assert not place.is_watched()
    assert place.read_heartbeat() is None
    assert watched_roots(str(tmp_path / "state")) == (str(vault),)
    assert {path.stat().st_mode & 0o077 for path in place.folder.rglob("*")} == {0}


def test_a_heartbeat_that_tells_nothing_new_is_only_stamped(tmp_path: Path, vault: Path) -> None:
    """Its file is not replaced, and still says when it beat last; one that is gone is written."""
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    release = place.lock()
    file = place.folder / "heartbeat.json"
    beat = Heartbeat(
        process=1, vault=str(vault), device="desk", started_at=5.0, beat_at=100.0,
        beat_every_s=30.0, events=True,
    )  # fmt: skip
    place.beat(beat)
    file.unlink()
    place.beat(replace(beat, beat_at=130.0))
    assert file.stat().st_size > 0
    inode = file.stat().st_ino
    later = replace(beat, beat_at=9_000_000_000.0)
    place.beat(later)
    assert (file.stat().st_ino, place.read_heartbeat()) == (inode, later)
    place.beat(replace(later, notes=3))
    assert place.read_heartbeat() == replace(later, notes=3)
    release()
    assert place.read_heartbeat() is None


def test_the_heartbeat_of_a_dead_watcher_stays_until_the_next_one(
    tmp_path: Path, vault: Path
) -> None:
    """What a dead watcher said last can be read, and is not taken for the word of a new one."""
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    place.make()
    place.beat(
        Heartbeat(
            process=77, vault=str(vault), device="desk", started_at=1.0, beat_at=2.0,
            beat_every_s=20.0, events=True,
        )
    )  # fmt: skip
    found = place.known()
    assert (found.runs, found.heartbeat is not None) == (False, True)
    release = place.lock()
    found = place.known()
    assert (found.runs, found.heartbeat) == (True, None)
    release()


@pytest.mark.parametrize("columns", range(30, 140, 9))
def test_no_letter_of_a_line_is_left_out_of_the_live_view(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wide characters fill two cells, and what does not fit stands in the next line."""
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "对话/正则表达式入门.md"
    sentence = "the last message is empty: tick the box of it, or end it with a line ;; to send it"
    LiveView("v", color=False).tell(Told(kind=Kind.WAITING, note=name, sentence=sentence))
    shown = "".join(capsys.readouterr().out.split())[len("00:00:00") :]
    assert shown == "".join(f"{name}: {sentence}".split())


def test_wishes_are_kept(tmp_path: Path, vault: Path) -> None:
    """A pause holds until it is taken back, and each ``resume`` counts."""
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    assert (place.paused_until(), place.resumes()) == (None, 0)
    place.pause(5.5)
    assert place.paused_until() == 5.5
    place.resume()
    place.resume()
    assert (place.paused_until(), place.resumes()) == (None, 2)
    (place.wishes / "pause").write_bytes(b"nonsense")
    assert place.paused_until() is None


@pytest.mark.parametrize("half", [True, False])
def test_a_wish_that_cannot_be_kept_is_told(
    tmp_path: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, *, half: bool
) -> None:
    """On a full disk nobody hears that the watcher is paused while it goes on asking."""
    place = WatchFolder(str(tmp_path / "state"), str(vault))
    place.make()

    def full(descriptor: int, data: bytes) -> int:
        if not half:
            raise OSError(errno.ENOSPC, "no space left on device")
        return write(descriptor, data[: len(data) // 2])

    write = os.write
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalError, match="cannot be kept"):
        place.pause(1234.5)
    with pytest.raises(JournalError, match="cannot be kept"):
        place.resume()
    place.beat(
        Heartbeat(
            process=77, vault=str(vault), device="desk", started_at=1.0, beat_at=2.0,
            beat_every_s=20.0, events=True,
        )
    )  # fmt: skip
    monkeypatch.undo()
    assert (place.paused_until(), place.resumes(), place.read_heartbeat()) == (None, 0, None)
    assert [path.name for path in place.folder.rglob("*")] == ["wishes"]


@pytest.fixture
def kept_open() -> Iterator[ExitStack]:
    """Takes what is to be closed at the end of a test."""
    with ExitStack() as stack:
        yield stack


def test_what_a_thread_fails_to_do_is_not_waited_for(failures: SimpleQueue[object]) -> None:
    """A defect, or too little memory: something is posted all the same, and why is on stderr."""

    def fail() -> StopWish:
        raise MemoryError

    with closing(Inbox()) as inbox:
        in_thread("fails", fail, inbox.post, otherwise=StopWish())
        assert inbox.take(LONGEST_WAIT_S) == StopWish()
        assert failures.get(timeout=LONGEST_WAIT_S) is MemoryError
        in_thread("works", lambda: Hint(path="a"), inbox.post, otherwise=StopWish())
        assert inbox.take(LONGEST_WAIT_S) == Hint(path="a")


def test_the_inbox_keeps_order_and_wakes_for_each(failures: SimpleQueue[object]) -> None:
    """What is posted meanwhile comes at once and in order; nothing late is waited for."""
    with closing(Inbox()) as inbox:
        assert inbox.take(0) is None
        began = time.monotonic()
        assert inbox.take(0.05) is None
        assert time.monotonic() - began >= 0.05
        hints = [Hint(path=str(number)) for number in range(20_000)]  # more than a socket holds
        for hint in hints:
            inbox.post(hint)
        assert [inbox.take(LONGEST_WAIT_S) for _ in hints] == hints
        assert inbox.take(0.05) is None
        beside("posts", lambda: inbox.post(StopWish()))
        assert inbox.take(LONGEST_WAIT_S) == StopWish()
    inbox.post(StopWish())  # whoever is late is no error
    assert failures.empty()


def test_a_scan_that_fails_is_followed_by_another(
    tmp_path: Path,
    vault: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: SimpleQueue[object],
    kept_open: ExitStack,
) -> None:
    """The watcher hears that it came to nothing; else it would wait for its end, and never scan."""
    state = tmp_path / "state"
    monkeypatch.setenv("NOTELOG_STATE_DIR", str(state))
    place = WatchFolder(str(state), str(vault))
    place.make()
    inbox = kept_open.enter_context(closing(Inbox()))
    tools = wiring._watching(
        str(vault), Config(profiles={}), wiring.WatchWishes(once=True), PlainView(),
        place=place, inbox=inbox, journals=KeptJournals(str(state)),
    )  # fmt: skip

    def fail(_index: VaultIndex) -> Scan:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(VaultIndex, "scan", fail)
        tools.start_scan()
        assert inbox.take(LONGEST_WAIT_S) == Scan(absent="to look through it failed")
        assert failures.get(timeout=LONGEST_WAIT_S) is MemoryError
    tools.start_scan()
    found = inbox.take(LONGEST_WAIT_S)
    assert isinstance(found, Scan)
    assert not found.absent


def test_lengths_of_time() -> None:
    """Seconds, minutes, hours and days; nothing is for ever; all else is refused."""
    said = [parse_duration_s(text) for text in ("90", "30m", "2h", "1d", "")]
    assert said == [90, 1800, 7200, 86_400, math.inf]
    for wrong in ("h", "-1h", "1.5h", "soon", "9" * 30, "0", "00m"):
        with pytest.raises(UsageError):
            parse_duration_s(wrong)


def test_obsidians_settings_are_data(vault: Path) -> None:
    """What is there is read; what is damaged, missing or of another form is nothing."""
    assert (ignore_filters(str(vault)), has_chatgpt_md(str(vault))) == ((), False)
    (vault / ".obsidian").mkdir()
    app, plugins = (vault / ".obsidian" / name for name in ("app.json", "community-plugins.json"))
    app.write_bytes(b'{"userIgnoreFilters": ["a/", 7]}')
    plugins.write_bytes(b'["other", "chatgpt-md"]')
    assert (ignore_filters(str(vault)), has_chatgpt_md(str(vault))) == (("a/",), True)
    for damage in (b"[", b"7", b"[" * 100_000, b'{"userIgnoreFilters": {}}'):
        app.write_bytes(damage)
        plugins.write_bytes(damage)
        assert (ignore_filters(str(vault)), has_chatgpt_md(str(vault))) == ((), False)
    assert has_chatgpt_md(str(vault), before=True)


def test_lines_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Controls in a note's name or a server's words are spelt out, plainly and in JSON."""
    told = Told(kind=Kind.FAILED, note="a\x1b[31m.md", sentence="no\u202e", hint="h")
    assert "\x1b" not in told_line(told)
    PlainView().tell(told)
    JsonView().tell(told)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert out.count("\n") == 2


def test_threads_end_with_the_hints(hints: WatchdogHints) -> None:
    """Stopping leaves no observer behind; starting and stopping again and again adds nothing."""
    hints.start(Heard().post)
    hints.stop()
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a count
    for _ in range(5):
        hints.start(Heard().post)
        hints.stop()
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before  # noqa: PTH208


def test_a_system_that_tells_of_nothing_is_not_listened_to(
    hints: WatchdogHints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the trial fails there are no events, for the reason that it gives."""
    name = "notelog.adapters.watchdog_watcher.hears_nothing"
    monkeypatch.setattr(name, lambda _root: "a trial failed")
    assert "a trial failed" in hints.start(lambda _hint: None)
    assert not hints.is_alive()
