"""Which files say that a note is open in an editor."""

from pathlib import Path

import pytest

from notelog.adapters.editor_locks import is_in_editor


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the state of programs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize(
    "name",
    [
        ".tea [1].md.swp",
        ".tea [1].md.swo",
        ".#tea [1].md",
        ".~lock.tea [1].md#",
        "~$tea [1].md",
        ".tea [1].md.kate-swp",
    ],
)
def test_the_files_of_editors(tmp_path: Path, name: str) -> None:
    """Of this very note; emacs makes a symlink that leads nowhere."""
    note = tmp_path / "tea [1].md"
    note.write_bytes(b"")
    assert not is_in_editor(str(note))
    (tmp_path / name).symlink_to("user@host.1:2")
    assert is_in_editor(str(note))
    assert not is_in_editor(str(tmp_path / "other.md"))


def test_neovim_keeps_its_swap_files_elsewhere(tmp_path: Path, state: Path) -> None:
    """In one folder, by the note's whole path."""
    note = tmp_path / "tea.md"
    assert not is_in_editor(str(note))
    swap = state / "nvim" / "swap" / f"{str(note).replace('/', '%')}.swp"
    swap.parent.mkdir(parents=True)
    swap.write_bytes(b"b0nvim")
    assert is_in_editor(str(note))


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Nothing is open there."""
    assert not is_in_editor(str(tmp_path / "gone" / "tea.md"))
