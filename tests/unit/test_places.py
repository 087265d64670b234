"""Where notelog keeps its own files, and which vault a note belongs to."""

import os
from pathlib import Path

import pytest

from notelog.adapters.places import (
    cache_dir,
    config_dir,
    is_inside,
    private_folder,
    state_dir,
    vault_of,
)
from notelog.adapters.system_clock import SystemClock
from notelog.errors import JournalError

FOLDERS = {
    "NOTELOG_CONFIG_DIR": config_dir,
    "NOTELOG_STATE_DIR": state_dir,
    "NOTELOG_CACHE_DIR": cache_dir,
}


@pytest.mark.parametrize("variable", FOLDERS)
def test_folder_named_in_the_environment(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder named in the environment is taken; a relative one is made absolute, ~ is home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, "中文 folder")
    assert FOLDERS[variable]() == str(tmp_path / "中文 folder")
    monkeypatch.setenv(variable, "~/x")
    assert FOLDERS[variable]() == str(tmp_path / "home" / "x")


@pytest.mark.parametrize("variable", FOLDERS)
def test_folder_of_the_user(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, or with an empty one, it is the user's own folder, called notelog."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "")
    folder = Path(FOLDERS[variable]())
    assert tmp_path in folder.parents
    assert "notelog" in folder.parts
    assert not folder.exists()


def test_private_folder(tmp_path: Path) -> None:
    """Folders are made 0700 with all that is missing above; one that is there is left as it is."""
    there = tmp_path / "there"
    there.mkdir(0o755)
    before = os.umask(0)
    try:
        made = Path(private_folder(str(there / "a" / "b")))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (there, made.parent, made)] == [
        0o755,
        0o700,
        0o700,
    ]
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="a file stands"):
        private_folder(str(tmp_path / "file"))


def test_vault_of_a_note(tmp_path: Path) -> None:
    """Obsidian's folder decides, then the innermost configured root, then the note's folder."""
    deep = tmp_path / "root" / "inner" / "deep"
    deep.mkdir(parents=True)
    note = str(deep / "a.md")
    assert vault_of(note) == str(deep)
    roots = (str(tmp_path / "root"), str(tmp_path / "root" / "inner"), str(tmp_path / "no"))
    assert vault_of(note, roots) == str(tmp_path / "root" / "inner")
    (tmp_path / "root" / ".obsidian").mkdir()
    assert vault_of(note, roots) == str(tmp_path / "root")


def test_vault_of_a_symlink(tmp_path: Path) -> None:
    """A symlinked note belongs to the vault of the file that it leads to."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "a.md").touch()
    (tmp_path / "link.md").symlink_to("vault/a.md")
    assert vault_of(str(tmp_path / "link.md")) == str(tmp_path / "vault")


def test_is_inside(tmp_path: Path) -> None:
    """A folder is inside itself and its parents; a name that begins alike is not."""
    assert is_inside(str(tmp_path / "a" / "b"), str(tmp_path / "a"))
    assert is_inside(str(tmp_path / "a"), str(tmp_path / "a"))
    assert not is_inside(str(tmp_path / "ab"), str(tmp_path / "a"))
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    assert is_inside(str(tmp_path / "link" / "b"), str(tmp_path / "a"))


def test_home_is_no_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note right in the home folder has a journal; a home that is a vault has none inside it."""
    from notelog.adapters.journal_sqlite import open_journal

    monkeypatch.setenv("HOME", str(tmp_path))
    state = str(tmp_path / ".local" / "state" / "notelog")
    open_journal(str(tmp_path), state).close()
    (tmp_path / ".obsidian").mkdir()
    with pytest.raises(JournalError, match="inside the vault"):
        open_journal(str(tmp_path), state)


def test_clock() -> None:
    """The clock goes on, and waiting for a time that has passed is no wait."""
    clock = SystemClock()
    first = clock.monotonic()
    clock.sleep(-1.0)
    clock.sleep(0.0)
    assert clock.monotonic() >= first
    assert clock.now() > 1_600_000_000
