"""Chats in which nothing can ask are not read again at the next start."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from notelog.adapters.note_looks import content_of
from notelog.adapters.quiet_notes import QuietNotes
from notelog.adapters.vault_index import VaultIndex
from notelog.core.watch_names import Scope

QUIET = b'What is tea?\n\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n\nA leaf.\n'
ASKING = QUIET + b'\n<hr class="__chatgpt_plugin">\n\nrole::user\n\nAnd coffee?\n\n- [x] send\n'
READ_LATE_S = 0.05  # what was written an instant ago may be written again in the same instant


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Three chats: two are quiet, one asks."""
    vault = tmp_path / "vault"
    vault.mkdir()
    for name, data in (("a.md", QUIET), ("b.md", QUIET + b"More.\n"), ("c.md", ASKING)):
        (vault / name).write_bytes(data)
    time.sleep(READ_LATE_S)
    return vault


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the notes that are read, each time they are."""
    names: list[str] = []

    def counted(path: str, limit_bytes: int) -> bytes:
        names.append(Path(path).name)
        return content_of(path, limit_bytes)

    monkeypatch.setattr("notelog.adapters.vault_index.content_of", counted)
    return names


@pytest.fixture
def start(vault: Path, tmp_path: Path) -> Callable[..., list[bool]]:
    """Asks of each note whether it may ask, as each start does."""

    def start(rules: bytes = b";;") -> list[bool]:
        quiet = QuietNotes(tmp_path / "cache" / "quiet", rules)
        index = VaultIndex(str(vault), Scope(), size_limit_bytes=1_000, quiet=quiet)
        found = [index.may_ask(str(path)) for path in sorted(vault.iterdir())]
        index.remember()
        return found

    return start


def test_what_is_quiet_is_read_once(
    vault: Path, read: list[str], start: Callable[..., list[bool]]
) -> None:
    """The next starts read only what asks and what was written since, if only its time stamp."""
    for _ in range(3):
        assert start() == [False, False, True]
    assert read == ["a.md", "b.md", "c.md", "c.md", "c.md"]
    read.clear()
    (vault / "a.md").write_bytes(ASKING)
    (vault / "b.md").touch()
    time.sleep(READ_LATE_S)
    assert start() == [True, False, True]
    assert read == ["a.md", "b.md", "c.md"]
    read.clear()
    assert start() == [True, False, True]
    assert read == ["a.md", "c.md"]


def test_what_was_written_an_instant_ago_is_not_kept(
    vault: Path, read: list[str], start: Callable[..., list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written once more and bear the same stamp."""
    at_ns = (vault / "b.md").stat().st_ctime_ns + 1
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: at_ns)
        start()
    read.clear()
    assert start() == [False, False, True]
    assert read == ["a.md", "b.md", "c.md"]


@pytest.mark.parametrize("damage", [b"", b"x" * 7, b"x" * 4_000, None])
def test_a_damaged_file_is_none(
    tmp_path: Path, read: list[str], start: Callable[..., list[bool]], damage: bytes | None
) -> None:
    """All is read again, and kept again."""
    start()
    file = tmp_path / "cache" / "quiet"
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    read.clear()
    assert start() == start() == [False, False, True]
    assert read == ["a.md", "b.md", "c.md", "c.md"]


def test_other_end_marks_make_it_another_question(
    read: list[str], start: Callable[..., list[bool]]
) -> None:
    """What was found under others says nothing."""
    start()
    read.clear()
    start(b"++")
    assert read == ["a.md", "b.md", "c.md"]


def test_nothing_is_written_where_nothing_changed(
    tmp_path: Path, start: Callable[..., list[bool]]
) -> None:
    """A pass of every minute costs the disk nothing; notes that are gone are forgotten."""
    start()
    file = tmp_path / "cache" / "quiet"
    before = file.stat()
    start()
    assert file.stat() == before
    assert before.st_mode & 0o777 == 0o600
    (tmp_path / "vault" / "a.md").unlink()
    start()
    assert len(file.read_bytes()) == len(bytes(16))


def test_a_cache_that_cannot_be_written(tmp_path: Path, start: Callable[..., list[bool]]) -> None:
    """Then all is read at each start."""
    (tmp_path / "cache").write_bytes(b"")
    assert start() == start() == [False, False, True]


def test_what_bears_no_mark_is_quiet_only_where_marks_send(vault: Path, tmp_path: Path) -> None:
    """In a folder that is answered by itself only an answered chat is."""
    (vault / "d.md").write_bytes(ASKING.replace(b"- [x] send\n", b""))
    time.sleep(READ_LATE_S)
    for _ in range(2):
        quiet = QuietNotes(tmp_path / "cache" / "quiet", b"")
        index = VaultIndex(str(vault), Scope(), size_limit_bytes=1_000, quiet=quiet)
        asks = [
            (index.may_ask(str(path)), index.may_ask(str(path), unmarked=True))
            for path in sorted(vault.iterdir())
        ]
        index.remember()
        assert asks == [(False, False), (False, False), (True, True), (False, True)]
