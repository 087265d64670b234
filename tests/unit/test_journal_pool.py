"""Journals that a watcher keeps open: each is whose it is, and the file that it was."""

from pathlib import Path

import pytest

from notelog.adapters.journal_pool import KeptJournals
from notelog.core.records import Intent, TurnState
from notelog.errors import JournalError


@pytest.fixture
def vault(tmp_path: Path) -> str:
    """A vault with a note."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "a.md").write_bytes(b"q\n")
    return str(folder)


def intent(vault: str) -> Intent:
    """A question in the note."""
    return Intent(
        turn_key="k", note=f"{vault}/a.md", vault="", profile="p", model="m",
        prompt_tokens=1, prompt="q",
    )  # fmt: skip


def test_one_that_is_given_back_is_given_again(tmp_path: Path, vault: str) -> None:
    """Two uses after each other share one journal, two at once do not."""
    with KeptJournals(str(tmp_path / "state")) as journals:
        with journals.open(vault) as first, journals.open(vault) as beside:
            assert beside is not first
        with journals.open(vault) as second:
            assert second in {first, beside}


def test_its_notes_are_given_back(tmp_path: Path, vault: str) -> None:
    """A turn that was in work when its journal was given back is settled by the next look."""
    note = f"{vault}/a.md"
    with KeptJournals(str(tmp_path / "state")) as journals:
        with journals.open(vault) as journal:
            journal.sent(journal.begin(intent(vault)).record_id)
        with journals.open(vault) as other, journals.open(vault) as another:
            assert not another.in_work(note)
            last = other.latest("k", note)
        assert last is not None
        assert last.state is TurnState.IN_DOUBT


def test_one_that_failed_is_not_used_again(tmp_path: Path, vault: str) -> None:
    """An error closes the journal in whose use it came."""
    with KeptJournals(str(tmp_path / "state")) as journals:
        with pytest.raises(JournalError), journals.open(vault) as failed:
            raise JournalError("the disk reported an error")
        with journals.open(vault) as next_one:
            assert next_one is not failed


def test_a_database_that_was_moved_away_is_begun_anew(tmp_path: Path, vault: str) -> None:
    """A file that was moved away is let go, as the advice for a damaged journal needs it."""
    note = f"{vault}/a.md"
    with KeptJournals(str(tmp_path / "state")) as journals:
        with journals.open(vault) as journal:
            journal.begin(intent(vault))
        for file in Path(journal.path).parent.glob("*.sqlite3*"):
            file.rename(tmp_path / file.name)
        with journals.open(vault) as anew:
            assert anew.latest("k", note) is None
        assert Path(anew.path).exists()
