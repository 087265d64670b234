"""Two machines with one vault, which a real Syncthing keeps the same."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ordeal import FULL
from program import Program
from scripted_server import ScriptedServer, reply
from syncthing_pair import SyncthingPair
from watch_run import LONGEST_WAIT_S, QUICK, UNTICKED, WatchRun

ROUNDS = 25 if FULL else 1

pytestmark = pytest.mark.timeout(1200 if FULL else 240)


@pytest.fixture
def pair(tmp_path: Path, needed: Callable[[str], None]) -> Iterator[SyncthingPair]:
    """Two vaults that are kept the same."""
    needed("syncthing")
    needed("unshare")
    with SyncthingPair(tmp_path) as made:
        yield made


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Answers each request by its number."""
    with ScriptedServer([reply(f"reply-{number}-end") for number in range(200)]) as made:
        yield made


def machine(folder: Path, server: ScriptedServer, name: str, settings: str = QUICK) -> Program:
    """A machine of that name; all of them ask one server, so that it counts what is paid."""
    program = Program(folder / name)
    program.serve(server.base_url, profile=f'{settings}device = "{name}"\n')
    return program


def question(number: int) -> bytes:
    """A note whose box is ticked."""
    return UNTICKED.format(f"question {number}?").replace("[ ]", "[x]").encode()


def until(what: Callable[..., object], *about: object) -> None:
    """Waits for something that comes by sync."""
    end = time.monotonic() + 2 * LONGEST_WAIT_S
    while not what(*about):
        assert time.monotonic() < end
        time.sleep(0.02)


def holds(where: Path, *words: str) -> bool:
    """Whether a note, or the notes of a vault together, hold all these words."""
    notes = [where] if where.suffix else where.glob("*.md")
    text = b"".join(map(held, notes))
    return all(some.encode() in text for some in words)


def conflict_files(vault: Path) -> list[Path]:
    """What Syncthing put beside a note that was written on both machines."""
    return [*vault.glob("*.sync-conflict-*")]


def held(note: Path) -> bytes:
    """What a note holds; nothing while Syncthing exchanges it, and it is not there."""
    try:
        return note.read_bytes()
    except FileNotFoundError:
        return b""


def test_a_note_is_answered_on_another_machine(
    tmp_path: Path, pair: SyncthingPair, server: ScriptedServer
) -> None:
    """Written here, answered there, read here; both machines watch, and the pin names one."""
    here, there = pair.vaults
    desk, laptop = (machine(tmp_path, server, name) for name in ("desk", "laptop"))
    with WatchRun(desk, there, "--take-over") as answering, WatchRun(laptop, here) as looking:
        until(holds, here / "notelog device.md", "desk")
        for number in range(ROUNDS):
            note = here / f"{number}.md"
            note.write_bytes(question(number))
            answering.wait_for("answered", note.name)
            until(holds, note, f"reply-{number}-end")
            assert held(note).startswith(question(number))
        looking.wait_for("held", words="'desk'")
        _write_at_both(pair)
        answering.wait_for("answered", "both.md")
        until(holds, here / "both.md", f"reply-{ROUNDS}-end")
        (copy,) = conflict_files(here)
        (there / "later.md").write_bytes(question(-1))  # by now the conflict file was passed over
        answering.wait_for("answered", "later.md")
        assert (answering.stop(), looking.stop()) == (0, 0)
    assert b"role::assistant" not in held(copy)
    assert (b"from here" in held(copy)) != (b"from here" in held(here / "both.md"))
    assert len(server.requests) == ROUNDS + 2


def _write_at_both(pair: SyncthingPair) -> None:
    """Both machines write one note while they do not reach each other; then they do again."""
    here, there = (vault / "both.md" for vault in pair.vaults)
    pair.cut()
    here.write_bytes(UNTICKED.format("from here").encode())
    there.write_bytes(UNTICKED.format("from there").encode())
    pair.join()
    for vault in pair.vaults:
        until(conflict_files, vault)
    until(lambda: held(here) == held(there) != b"")
    for path in [*conflict_files(here.parent), here]:
        path.write_bytes(path.read_bytes().replace(b"[ ]", b"[x]"))


def test_two_machines_and_no_pin(
    tmp_path: Path,
    pair: SyncthingPair,
    server: ScriptedServer,
    record_property: Callable[[str, object], None],
) -> None:
    """Both may answer; whatever was paid for stands in both vaults, beside every question."""
    waits = QUICK.replace("wait_s = 0", "wait_s = 4").replace("spread_s = 0", "spread_s = 4")
    machines = [machine(tmp_path, server, name, waits) for name in ("desk", "laptop")]
    watches = [WatchRun(*both) for both in zip(machines, pair.vaults, strict=True)]
    with watches[0], watches[1]:
        for number in range(ROUNDS):
            (pair.vaults[number % 2] / f"{number}.md").write_bytes(question(number))
            watches[number % 2].wait_for("answered", f"{number}.md")
        assert [watch.stop() for watch in watches] == [0, 0]
    replies = [f"reply-{number}-end" for number in range(len(server.requests))]
    questions = [f"question {number}?" for number in range(ROUNDS)]
    for vault in pair.vaults:
        until(holds, vault, *questions, *replies)
    record_property("points", ROUNDS)
    record_property("lost", 0)
    assert ROUNDS <= len(replies) <= 2 * ROUNDS
