"""The process is killed between the steps of a turn; what does the next one see?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from notelog.adapters import journal_schema
from notelog.adapters.journal_schema import checked_database
from notelog.adapters.journal_shelf import JournalShelf
from notelog.adapters.journal_sqlite import open_journal
from notelog.core.records import Intent, TurnState
from notelog.core.reply import ReplyState
from notelog.errors import ConflictError, JournalError

STEPS = ("begin", "sent", "part", "received", "landing", "delivered")

CHILD = """
import os, sys
from notelog.adapters.journal_sqlite import open_journal
from notelog.core.edit import Insertion, Landed
from notelog.core.records import Intent
from notelog.core.reply import Reply, ReplyDelta, ReplyState

LANDED = Landed(reply=(Insertion(offset=1, data=b"x"),))

vault, state, last = sys.argv[1:]
note = os.path.join(vault, "a.md")
journal = open_journal(vault, state)
with journal.working_on(note):
    record = journal.begin(Intent(turn_key="k", note=note, vault="", profile="p", model="m",
                                  prompt_tokens=1, prompt="q"))
    reply = Reply(text="whole answer", reasoning="", state=ReplyState.COMPLETE,
                  finish_reason="stop", usage=None, model="m")
    steps = {
        "begin": lambda: None,
        "sent": lambda: journal.sent(record.record_id),
        "part": lambda: [journal.part(record.record_id, ReplyDelta(text=word))
                         for word in ("whole", " ans")],
        "received": lambda: journal.received(record.record_id, reply),
        "landing": lambda: journal.landing(record.record_id, LANDED),
        "delivered": lambda: journal.delivered(record.record_id),
    }
    for name, step in steps.items():
        step()
        if name == last:
            print("reached", flush=True)
            sys.stdin.read()
"""


@contextmanager
def process_at(step: str, vault: Path, state: Path) -> Generator[subprocess.Popen[str]]:
    """A process that stopped just after a step of a turn."""
    command = [sys.executable, "-c", CHILD, str(vault), str(state), step]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "reached\n"
        yield child
        child.kill()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a note."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "a.md").write_bytes(b"q\n")
    return folder


AFTERWARDS = {
    "begin": (TurnState.FAILED, None),
    "sent": (TurnState.IN_DOUBT, None),
    "part": (TurnState.IN_DOUBT, ("whole ans", ReplyState.CUT)),
    "received": (TurnState.RECEIVED, ("whole answer", ReplyState.COMPLETE)),
    "landing": (TurnState.RECEIVED, ("whole answer", ReplyState.COMPLETE)),
    "delivered": (TurnState.DELIVERED, ("whole answer", ReplyState.COMPLETE)),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_each_step(vault: Path, tmp_path: Path, step: str) -> None:
    """Whatever was done is there, and what had been sent without an answer is in doubt."""
    note = str(vault / "a.md")
    with process_at(step, vault, tmp_path / "state") as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
    with open_journal(str(vault), str(tmp_path / "state")) as journal, journal.working_on(note):
        record = journal.latest("k", note)
        assert record is not None
        reply = record.reply and (record.reply.text, record.reply.state)
        assert (record.state, reply) == AFTERWARDS[step]
        assert (record.insertion is not None) == (step in {"landing", "delivered"})
        waiting = [item.record_id for item in journal.undelivered(note)]
        assert waiting == ([record.record_id] if record.state is TurnState.RECEIVED else [])


def test_living_process_is_respected(vault: Path, tmp_path: Path) -> None:
    """While the other process lives, its turn is no doubt, and its note is its own."""
    note = str(vault / "a.md")
    with (
        process_at("sent", vault, tmp_path / "state") as child,
        open_journal(str(vault), str(tmp_path / "state")) as journal,
    ):
        record = journal.latest("k", note)
        assert record is not None
        assert record.state is TurnState.SENT
        with (
            pytest.raises(ConflictError, match="another notelog process"),
            journal.working_on(note),
        ):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
        with journal.working_on(note):
            later = journal.latest("k", note)
            assert later is not None
            assert later.state is TurnState.IN_DOUBT


@pytest.mark.parametrize("step", ["begin", "sent"])
def test_a_renamed_note_is_still_in_work(vault: Path, tmp_path: Path, step: str) -> None:
    """A note that was renamed while it is asked belongs to the process that asks, while it lives.

    Its turn is neither given up nor asked a second time under the new name.
    """
    with (
        process_at(step, vault, tmp_path / "state") as child,
        open_journal(str(vault), str(tmp_path / "state")) as journal,
    ):
        new = str((vault / "a.md").rename(vault / "b.md"))
        with journal.working_on(new):
            with pytest.raises(ConflictError, match="another notelog process"):
                journal.latest("k", new)
            child.send_signal(signal.SIGKILL)
            child.wait()
            record = journal.latest("k", new)
        assert record is not None
        assert (record.intent.note, record.state) == (new, AFTERWARDS[step][0])


WRITER = """
import os, sys
from notelog.adapters.journal_sqlite import open_journal
from notelog.core.records import Intent
from notelog.core.reply import ReplyDelta

vault, state, name = sys.argv[1:]
note = os.path.join(vault, name)
for number in range(10):
    with open_journal(vault, state) as journal, journal.working_on(note):
        record = journal.begin(Intent(turn_key=f"{name}{number}", note=note, vault="", profile="p",
                                      model="m", prompt_tokens=1, prompt="q"))
        journal.sent(record.record_id)
        for word in ("a", "b", "c"):
            journal.part(record.record_id, ReplyDelta(text=word))
"""


def test_many_writers_at_once(vault: Path, tmp_path: Path) -> None:
    """Four commands on four notes of one new vault: every part of every turn is there."""
    state = str(tmp_path / "state")
    names = ("a.md", "b.md", "c.md", "d.md")
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(vault), state, name]) for name in names
    ]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    with open_journal(str(vault), state) as journal:
        for name in names:
            found = [journal.latest(f"{name}{n}", str(vault / name)) for n in range(10)]
            assert [item.reply.text for item in found if item and item.reply] == ["abc"] * 10


def test_private_under_any_umask(vault: Path, tmp_path: Path) -> None:
    """Folders are 0700 and files 0600, whatever the umask takes or leaves."""
    for umask in (0o000, 0o777):
        before = os.umask(umask)
        try:
            state = tmp_path / f"state{umask}"
            with open_journal(str(vault), str(state)) as journal:
                note = str(vault / "a.md")
                journal.begin(intent(note))
                modes = {
                    path.name: path.stat().st_mode & 0o777 for path in (state, *state.rglob("*"))
                }
        finally:
            os.umask(before)
        assert {modes.pop(name) for name in (state.name, "journal", "locks")} == {0o700}
        assert len(modes) >= 4
        assert set(modes.values()) == {0o600}


def test_nothing_of_ours_in_the_vault(vault: Path) -> None:
    """A state folder inside the vault is refused in words, and nothing is made."""
    with pytest.raises(JournalError, match="inside the vault") as caught:
        open_journal(str(vault), str(vault / "state"))
    assert "NOTELOG_STATE_DIR" in caught.value.hint
    link = vault.parent / "link"
    link.symlink_to(vault)
    with pytest.raises(JournalError, match="inside the vault"):
        open_journal(str(vault), str(link / "state"))
    assert [path.name for path in vault.iterdir()] == ["a.md"]


def intent(note: str, key: str = "k") -> Intent:
    """An intent to ask."""
    return Intent(
        turn_key=key, note=note, vault="", profile="p", model="m", prompt_tokens=1, prompt="q"
    )


def test_vault_moves(vault: Path, tmp_path: Path) -> None:
    """A vault that was moved keeps its journal, and its notes their turns."""
    state = str(tmp_path / "state")
    with open_journal(str(vault), state) as journal:
        journal.begin(intent(str(vault / "a.md")))
    moved = vault.rename(tmp_path / "搬家")
    with open_journal(str(moved), state) as journal:
        record = journal.latest("k", str(moved / "a.md"))
        assert record is not None
        assert record.intent.note == str(moved / "a.md")
        assert record.intent.vault == str(moved)


def test_vault_is_restored_at_its_path(vault: Path, tmp_path: Path) -> None:
    """A vault that was copied back to its old path, with other inodes, keeps its journal."""
    state = str(tmp_path / "state")
    note = str(vault / "a.md")
    with open_journal(str(vault), state) as journal:
        journal.begin(intent(note))
    vault.rename(tmp_path / "gone")
    vault.mkdir()
    for _ in range(2):
        with open_journal(str(vault), state) as journal:
            assert journal.latest("k", note) is not None


def test_note_is_renamed(vault: Path, tmp_path: Path) -> None:
    """A renamed note keeps its turns: what was in doubt is not asked again."""
    with open_journal(str(vault), str(tmp_path / "state")) as journal:
        record = journal.begin(intent(str(vault / "a.md")))
        journal.sent(record.record_id)
        journal.in_doubt(record.record_id, "no answer")
        new = (vault / "a.md").rename(vault / "b.md")
        found = journal.latest("k", str(new))
        assert found is not None
        assert (found.record_id, found.intent.note) == (record.record_id, str(new))
        assert [item.state for item in journal.unfinished(str(new))] == [TurnState.IN_DOUBT]


@pytest.mark.parametrize("now", [b"", b"another question", b"a question\n\nand more"])
def test_another_note_bears_the_old_name(vault: Path, tmp_path: Path, now: bytes) -> None:
    """Whose question it is has the turn; where both hold it one is a copy. Others stay."""
    note, new = vault / "a.md", vault / "b.md"
    with open_journal(str(vault), str(tmp_path / "state")) as journal:
        for key, prompt in {"k": "a question", "other": "another question"}.items():
            record = journal.begin(replace(intent(str(note)), turn_key=key, prompt=prompt))
            journal.sent(record.record_id)
            journal.in_doubt(record.record_id, "no answer")
        new.write_bytes(b"a question")
        note.write_bytes(now)
        found = journal.latest("k", str(new))
        assert (found is None) == (b"a question" in now)
        turns = [item.intent.turn_key for item in journal.turns(str(note))]
        assert turns == (["other"] if found else ["k", "other"])


def test_other_vault_has_another_journal(vault: Path, tmp_path: Path) -> None:
    """Two vaults share no record."""
    other = tmp_path / "other"
    other.mkdir()
    with open_journal(str(vault), str(tmp_path / "state")) as journal:
        journal.begin(intent(str(vault / "a.md")))
    with open_journal(str(other), str(tmp_path / "state")) as journal:
        assert journal.unfinished() == ()


def test_damaged_journal_is_said(vault: Path, tmp_path: Path) -> None:
    """A journal that is no database, or of a newer notelog, is an error with its path."""
    state = tmp_path / "state"
    with open_journal(str(vault), str(state)) as journal:
        journal._connection.execute("PRAGMA user_version = 999")
    with pytest.raises(JournalError, match="newer notelog"):
        open_journal(str(vault), str(state))
    (database,) = (state / "journal").glob("*.sqlite3")
    database.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(JournalError, match="no database") as caught:
        open_journal(str(vault), str(state))
    assert caught.value.path == str(database)


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "Input/output error")])
def test_journals_that_cannot_be_listed_are_said(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """A folder of journals that cannot be read is not an empty one, and a sentence."""
    state = tmp_path / "state"
    below = vault / "below"
    below.mkdir()
    open_journal(str(below), str(state)).close()
    shelf = JournalShelf(str(state), now=time.time)
    assert shelf.below(str(vault)) == (str(below),)
    listed = os.scandir

    def refused(folder: str = ".") -> object:
        if str(folder) == str(state / "journal"):
            raise error
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refused)
    for look in (
        lambda: shelf.below(str(vault)),
        lambda: list(shelf.vaults()),
        lambda: list(shelf.vault(str(vault))),
        lambda: shelf.knows(str(vault)),
        lambda: open_journal(str(vault), str(state)),
    ):
        with pytest.raises(JournalError, match="cannot be used") as caught:
            look()
        assert caught.value.path == str(state / "journal")


@pytest.mark.parametrize("log", [b"", b"what was not yet in the database"])
def test_an_emptied_journal_is_said(vault: Path, tmp_path: Path, log: bytes) -> None:
    """One of 0 bytes is no new one: nothing begins in it, and the log beside it stays."""
    state = tmp_path / "state"
    open_journal(str(vault), str(state)).close()
    (database,) = (state / "journal").glob("*.sqlite3")
    beside = database.with_name(f"{database.name}-wal")
    database.write_bytes(b"")
    beside.write_bytes(log)
    for _ in range(2):
        with pytest.raises(JournalError, match="emptied") as caught:
            open_journal(str(vault), str(state))
        assert caught.value.path == str(database)
        assert [isinstance(it, str) for it in JournalShelf(str(state), now=time.time).vaults()]
        with pytest.raises(JournalError, match="emptied"):
            checked_database(str(vault), str(state))
        assert (database.read_bytes(), beside.read_bytes()) == (b"", log)
    database.unlink()
    beside.unlink()
    died_in_first_start(vault, state)
    open_journal(str(vault), str(state)).close()


def died_in_first_start(vault: Path, state: Path) -> None:
    """A program makes the file of a journal, and dies before there is a byte in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_schema, "_connect", lambda _path: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            open_journal(str(vault), str(state))
    assert [item.stat().st_size for item in (state / "journal").glob("*.sqlite3")] == [0]


def test_a_first_start_that_died_is_no_emptied_journal(vault: Path, tmp_path: Path) -> None:
    """The file that it had made, without a byte, becomes the journal."""
    state = tmp_path / "state"
    open_journal(str(vault), str(state)).close()
    (database,) = (state / "journal").glob("*.sqlite3")
    for path in (state / "journal").glob(f"{database.stem}.*"):
        path.unlink()
    database.write_bytes(b"")
    with open_journal(str(vault), str(state)) as journal:
        assert journal.unfinished() == ()


def test_state_folder_is_a_file(vault: Path, tmp_path: Path) -> None:
    """A file where the state folder should be is said in words."""
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(JournalError):
        open_journal(str(vault), str(tmp_path / "state"))
