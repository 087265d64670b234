"""The network matrix through to the note: exit code, journal, bytes of the note, requests.

What the client makes of each script is tested in ``test_network``; here the whole command meets
it, with a real note and a real journal, and is run a second time.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile_servers import CUT, DOUBTFUL, END, ENDS, FINAL, OVERFLOWS, START
from ordeal import FULL
from program import Program
from scripted_server import Script, ScriptedServer, Step, reply, reply_events, response, status
from stepped import Command

import notelog
from notelog.core.messages import Role
from notelog.core.reply import ReplyState

QUESTION = b"What is a note? \xe4\xbd\xa0\xe5\xa5\xbd\n"
KEY = "sk-test-canary"

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@dataclass(frozen=True)
class Came:
    """What came of one run of ``notelog complete``.

    Attributes:
        code: its exit code.
        said: what it printed.
        state: of the turn, by the journal.
        kept: the reply that the journal holds; None for none.
        held: the note.
        asked: how many requests there were, from the first run on.
    """

    code: int | None
    said: str
    state: str
    kept: str | None
    held: bytes
    asked: int


class Desk:
    """A note with a question, and a server."""

    def __init__(self, folder: Path, server: ScriptedServer, profile: str = "") -> None:
        self._home = folder / "home"
        self._server = server
        self.note = folder / "vault" / "note.md"
        self.note.parent.mkdir(parents=True)
        self.note.write_bytes(QUESTION)
        Program(self._home).serve(server.base_url, profile=f"read_timeout_s = 0.3\n{profile}")

    def complete(self, *options: str) -> Came:
        """Runs the command."""
        import sqlite3

        command = Command(self._home, ["complete", *options, str(self.note)], None)
        (database,) = (self._home / "state/journal").glob("*.sqlite3")
        question = (
            "SELECT turn.state, CAST(reply.text AS TEXT) FROM turn"
            " LEFT JOIN reply ON reply.turn_id = turn.id ORDER BY turn.id DESC"
        )
        with closing(sqlite3.connect(database)) as connection:
            state, kept = connection.execute(question).fetchone()
        files = [path for path in self._home.rglob("*") if path.is_file()]
        assert not [path for path in files if KEY.encode() in path.read_bytes()]
        assert "defect" not in command.said
        assert [path.name for path in self.note.parent.iterdir()] == [self.note.name]
        held = self.note.read_bytes()
        return Came(command.code, command.said, state, kept, held, len(self._server.requests))


def messages(held: bytes) -> list[str]:
    """What the note says, the question left out."""
    turns = [turn for turn in notelog.parse(held.decode()).turns if turn.content]
    assert turns[0].content == QUESTION.decode().strip()
    assert all(turn.role is Role.ASSISTANT for turn in turns[1:])
    return [turn.content for turn in turns[1:]]


@pytest.mark.parametrize(("name", "script"), DOUBTFUL, ids=[name for name, _ in DOUBTFUL])
def test_what_brought_no_word_is_in_doubt(tmp_path: Path, name: str, script: Script) -> None:
    """Exit code 10, the note is as it was, and the next run sends nothing; ``--again`` does."""
    with ScriptedServer([script, reply("At last.")]) as server:
        desk = Desk(tmp_path, server)
        for _ in range(2):
            came = desk.complete()
            assert (came.code, came.state, came.asked) == (10, "in-doubt", 1), came.said
            assert (came.held, came.kept) == (QUESTION, None)
            assert "billed" in came.said
        came = desk.complete("--again")
    assert (came.code, came.state, came.asked) == (0, "delivered", 2), came.said
    assert messages(came.held) == ["At last."]


@pytest.mark.parametrize(("name", "script"), CUT, ids=[name for name, _ in CUT])
def test_what_was_cut_is_in_the_note(tmp_path: Path, name: str, script: Script) -> None:
    """Exit code 7, the part is in note and journal with a callout, and is paid for once."""
    with ScriptedServer([script, reply("never")]) as server:
        desk = Desk(tmp_path, server)
        came = desk.complete()
        assert (came.code, came.state, came.kept, came.asked) == (7, "delivered", "Hello", 1)
        assert came.held.startswith(QUESTION)
        assert messages(came.held) == ["Hello"]
        assert came.held.count(b"> [!notelog]") == 1
        again = desk.complete()
    assert (again.code, again.held, again.asked) == (0, came.held, 1)


@pytest.mark.parametrize(("script", "reason"), FINAL)
def test_a_complete_no_leaves_no_doubt(tmp_path: Path, script: Script, reason: str) -> None:
    """Exit code 5, the note is as it was, nothing is owed: the turn may be asked again at once."""
    with ScriptedServer([script, reply("Now.")]) as server:
        desk = Desk(tmp_path, server)
        came = desk.complete()
    assert (came.code, came.state, came.kept, came.asked) == (5, "failed", None, 1), came.said
    assert came.held == QUESTION
    assert "\n" in came.said.strip()  # what happened, and what to do


@pytest.mark.parametrize(("name", "script", "state", "text"), ENDS, ids=[row[0] for row in ENDS])
def test_how_a_reply_ends_in_the_note(
    tmp_path: Path, name: str, script: Script, state: ReplyState, text: str
) -> None:
    """Only a whole reply is exit code 0; what came is there once; nothing is paid twice."""
    codes = {ReplyState.COMPLETE: 0, ReplyState.REFUSED: 5}
    with ScriptedServer([script, reply("never")]) as server:
        desk = Desk(tmp_path, server)
        came = desk.complete()
        again = desk.complete()
    assert came.code == codes.get(state, 7), came.said
    assert (came.state, came.kept) == ("delivered" if text else "failed", text)
    assert came.held.startswith(QUESTION)
    assert messages(came.held) == ([text] if text else [])
    assert (came.held.count(b"> [!notelog]") == 1) == (bool(text) and came.code != 0)
    assert (again.code, again.held, again.asked) == (0 if text else 9, came.held, 1), again.said


WIRE = b"".join(
    step for step in response(*reply_events("Hé 你好 😀 end")) if isinstance(step, bytes)
)


@pytest.mark.timeout(600 if FULL else 120)
@pytest.mark.parametrize("share", range(4))
def test_cut_at_every_byte(tmp_path: Path, share: int) -> None:
    """Wherever a stream is cut: in doubt, or a prefix in the note with a callout, or whole."""
    reason = WIRE.index(b'"finish_reason": "stop"')
    whole = WIRE.index(b"\n\n", reason) + 1
    for cut in range(share, len(WIRE), 4 if FULL else 4 * 37):
        with ScriptedServer([[WIRE[:cut]], reply("never")]) as server:
            desk = Desk(tmp_path / str(cut), server)
            came = desk.complete()
            again = desk.complete()
        told = messages(came.held)
        expected = {10: "in-doubt", 7: "delivered", 0: "delivered"}
        assert came.state == expected.get(came.code or 0), came
        assert came.held.startswith(QUESTION)
        assert (came.code == 0) == (told == ["Hé 你好 😀 end"] and cut > whole)
        assert (came.kept or "") == "".join(told)
        assert "Hé 你好 😀 end".startswith("".join(told))
        assert (again.held, again.asked) == (came.held, 1)


BUSY = {
    "429": status(429),
    "429, Retry-After": status(429, headers={"Retry-After": "2"}),
    "503": status(503),
    "529": status(529),
}


@pytest.mark.parametrize("name", BUSY)
def test_busy_is_no_doubt(tmp_path: Path, name: str) -> None:
    """A busy server is asked again by itself; one that stays busy costs nothing and is told."""
    with ScriptedServer([BUSY[name], reply("Hello")]) as server:
        came = Desk(tmp_path / "once", server).complete()
    assert (came.code, came.state, came.asked) == (0, "delivered", 2), came.said
    assert messages(came.held) == ["Hello"]
    with ScriptedServer([BUSY[name]] * 4 + [reply("Hello")]) as server:
        desk = Desk(tmp_path / "for ever", server)
        came = desk.complete()
        assert (came.code, came.state, came.asked) == (6, "failed", 4), came.said
        assert came.held == QUESTION
        assert desk.complete().code == 0


def test_a_refused_connection(tmp_path: Path) -> None:
    """Nobody there: exit code 6, nothing is in doubt, the note is as it was."""
    with ScriptedServer([]) as server:
        desk = Desk(tmp_path, server)
    came = desk.complete()
    assert (came.code, came.state, came.held) == (6, "failed", QUESTION), came.said


@pytest.mark.parametrize("message", OVERFLOWS)
def test_an_overflow_is_never_a_doubt(tmp_path: Path, message: str) -> None:
    """What the server found too long is unbilled: three requests at most, and none is in doubt."""
    refusal = status(400, {"error": {"message": message}})
    with ScriptedServer([refusal] * 9) as server:
        came = Desk(tmp_path, server).complete()
    assert came.code in {4, 5}, came.said
    assert (came.state, came.held) == ("failed", QUESTION)
    assert came.asked <= 3


def test_a_slow_drip_ends_at_the_deadline(tmp_path: Path) -> None:
    """Bytes that never end and say nothing: the part that came is kept when the time is over."""

    def drip() -> Iterable[Step]:
        yield from response(START, framing="close")
        yield from [b": drip\n"] * 10_000_000

    with ScriptedServer([drip(), reply("never")]) as server:
        came = Desk(tmp_path, server, "deadline_s = 1.0\n").complete()
    assert (came.code, came.state, came.asked) == (7, "delivered", 1), came.said
    assert "deadline" in came.said
    assert messages(came.held) == ["Hello"]


def test_what_comes_after_the_end_is_not_waited_for(tmp_path: Path) -> None:
    """After a finish reason a connection that breaks costs nothing."""
    with ScriptedServer([response(START, END, b"data: {no", end=False)]) as server:
        came = Desk(tmp_path, server).complete()
    assert (came.code, came.state) == (0, "delivered"), came.said
