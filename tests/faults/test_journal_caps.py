"""Counting what was spent over the journals of all vaults, whatever state they are in."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from notelog.adapters import journal_schema
from notelog.adapters.journal_sqlite import SqliteJournal, open_journal
from notelog.adapters.note_locks import take_lock
from notelog.core.cap import LOOK_BACK_S
from notelog.core.caps import Spent
from notelog.core.records import Intent
from notelog.errors import BudgetError, JournalError


def opened(folder: Path, name: str, *, now: float = 1e9) -> tuple[SqliteJournal, str]:
    """The journal of a vault of that name, and a note in it; its clock stands still."""
    vault = folder / name
    vault.mkdir(exist_ok=True)
    note = vault / "note.md"
    note.touch()
    return open_journal(str(vault), str(folder / "state"), now=lambda: now), str(note)


def intent(note: str, profile: str = "p") -> Intent:
    """An intent to ask."""
    return Intent(
        turn_key="k",
        note=note,
        vault="",
        profile=profile,
        model="m",
        prompt_tokens=10,
        prompt="q",
        reply_tokens=5,
    )


def database(folder: Path, of: SqliteJournal | None = None) -> Path:
    """The one database there is, besides that of a journal."""
    own = of._path if of is not None else ""
    (found,) = (
        path for path in (folder / "state" / "journal").glob("*.sqlite3") if str(path) != own
    )
    return found  # fmt: skip


def test_all_vaults_of_the_user_count(tmp_path: Path) -> None:
    """What a profile took in another vault is counted, but not for this note."""
    here, note = opened(tmp_path, "库 #1 ?")
    there, other = opened(tmp_path, "other")
    with here, there:
        here.begin(intent(note))
        there.begin(intent(other))
        there.begin(intent(other, "another profile"))
        spent = here.spent("p", note)
    assert [(item.tokens, item.of_note) for item in spent.charges] == [(15, True), (15, False)]
    assert spent.unread == ()


def test_what_is_older_than_any_cap_is_left_out(tmp_path: Path) -> None:
    """Only the last 30 days are read."""
    before, note = opened(tmp_path, "vault", now=1e9 - LOOK_BACK_S)
    with before:
        before.begin(intent(note))
    later, _ = opened(tmp_path, "vault")
    with later:
        assert later.spent("p", note) == Spent()


@pytest.mark.parametrize(
    "damage", [b"", b"no database at all" * 300, b"SQLite format 3\0" + b"x" * 200]
)
def test_a_damaged_journal_of_another_vault_is_told(tmp_path: Path, damage: bytes) -> None:
    """It does not stop this vault, and it is not silently counted as nothing."""
    there, _ = opened(tmp_path, "other")
    there.close()
    broken = database(tmp_path)
    here, note = opened(tmp_path, "vault")
    with here:
        broken.write_bytes(damage)
        here.begin(intent(note))
        spent = here.spent("p", note)
    assert len(spent.charges) == 1
    assert [str(broken) in sentence for sentence in spent.unread] == [True]
    assert "not counted" in spent.unread[0]
    assert broken.read_bytes() == damage


def test_a_journal_that_is_just_being_made_holds_nothing(tmp_path: Path) -> None:
    """An empty file beside is no error."""
    here, note = opened(tmp_path, "vault")
    with here:
        Path(here._path).with_name("new.sqlite3").touch()
        assert here.spent("p", note) == Spent()


def test_reading_changes_nothing_in_another_journal(tmp_path: Path) -> None:
    """It is opened to be read only."""
    there, other = opened(tmp_path, "other")
    with there:
        there.begin(intent(other))
    here, note = opened(tmp_path, "vault")
    with here:
        path = database(tmp_path, here)
        before = path.read_bytes()
        assert len(here.spent("p", note).charges) == 1
        assert path.read_bytes() == before


def test_journals_of_the_first_schema_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of an older notelog counts as it is, unpriced; opened, it is brought up to date."""
    import sqlite3

    with monkeypatch.context() as patch:
        patch.setattr(journal_schema, "_MIGRATIONS", journal_schema._MIGRATIONS[:1])
        old, other = opened(tmp_path, "old")
        old.close()
    path = database(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO turn (turn_key, attempt, note, profile, model, prompt_tokens, prompt,"
            " state, started_at, changed_at)"
            " VALUES ('k', 1, x'6e6f74652e6d64', x'70', x'6d', 7, x'71', 'in-doubt', 1e9, 1e9)"
        )
    connection.close()
    here, note = opened(tmp_path, "vault")
    with here:
        (charge,) = here.spent("p", note).charges
        assert (charge.tokens, charge.cost, charge.in_doubt) == (7, None, True)
    renewed, _ = opened(tmp_path, "old")
    with renewed:
        (charge,) = renewed.spent("p", other).charges
        record = renewed.latest("k", other)
    assert charge.of_note
    assert record is not None
    assert (record.intent.prompt_tokens, record.intent.price) == (7, None)


def once(barrier: Barrier) -> Callable[[Spent], None]:
    """Allows a turn where nothing was spent; both processes come to it at one time."""

    def allowed(spent: Spent) -> None:
        if spent.charges:
            raise BudgetError("enough")

    barrier.wait()
    return allowed


@pytest.mark.parametrize("vaults", [("one", "two"), ("one", "one")])
def test_of_two_at_once_one_is_allowed(tmp_path: Path, vaults: tuple[str, str]) -> None:
    """Counting and recording are one step, over all vaults: a cap of 1 lets 1 through."""
    barrier, outcomes = Barrier(2), list[str]()

    def ask(number: int, vault: str) -> None:
        journal, note = opened(tmp_path, vault)
        with journal:
            try:
                journal.begin(intent(note.replace("note", f"note{number}")), once(barrier))
                outcomes.append("begun")
            except BudgetError:
                outcomes.append("refused")

    threads = [Thread(target=ask, args=pair) for pair in enumerate(vaults)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["begun", "refused"]


def test_a_refusal_gives_the_lock_back(tmp_path: Path) -> None:
    """After a refusal, and after a turn, the next process can count."""
    journal, note = opened(tmp_path, "vault")

    def never(spent: Spent) -> None:
        raise BudgetError("enough")

    with journal:
        for _ in range(2):
            with pytest.raises(BudgetError):
                journal.begin(intent(note), never)
        journal.begin(intent(note), lambda spent: None)
        assert not list((tmp_path / "state" / "journal" / "locks").glob("caps.lock"))


def test_a_lock_that_is_never_given_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is begun without having counted."""
    monkeypatch.setattr("notelog.adapters.note_locks._WAIT_S", 0.0)
    journal, note = opened(tmp_path, "vault")
    with journal:
        release = take_lock(str(tmp_path / "state" / "journal" / "locks" / "caps.lock"))
        assert release is not None
        with pytest.raises(JournalError, match="counting"):
            journal.begin(intent(note), lambda spent: None)
        release()
        assert journal.spent("p", note) == Spent()
