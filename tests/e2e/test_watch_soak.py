"""A real watcher for a long time: thousands of saves and turns, and nothing that grows.

A few seconds with the suite; ten minutes with NOTELOG_PROOF=full, or NOTELOG_SOAK_S seconds of it.
Ten minutes are a day where the clocks of the process, and its waits with them, run 144 times as
fast.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from ordeal import FULL, at_once
from program import Program
from scripted_server import Script, ScriptedServer, status
from watch_run import QUICK, SAVES, UNTICKED, WatchRun

from notelog.adapters.watch_place import WatchFolder

SECONDS = float(os.environ.get("NOTELOG_SOAK_S", "600" if FULL else "12"))
TURN_EVERY_S = 0.6  # more than 20 notes in 10 s would be a burst
SAVES_A_TURN = 10
NOTES = 400
STYLES = ("in place", "rename over", "sync")
MOST_GROWTH_KB = 8 * 1024
AN_INSTANT = 4  # what a look or a heartbeat may have open just then; a leak is one a turn
MOST_WAL_BYTES = 8 * 1024 * 1024
FASTER = 144
QUESTION_EVERY_S = 1.5
BUSY_EVERY = 3
BUSY_S = 120
BEATS_WITHIN_S = 120.0
SCANNED_WITHIN_S = 900.0

pytestmark = pytest.mark.timeout(SECONDS + 300)


@dataclass(frozen=True)
class Size:
    """What a process takes at one time."""

    memory_kb: int
    threads: int
    descriptors: int
    wal_bytes: int


def size_of(process: int, home: Path) -> Size:
    """What the watcher takes now, and the journal's log with it."""
    told = Path(f"/proc/{process}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in told if ":\t" in line)
    return Size(
        memory_kb=int(fields["VmRSS"].split()[0]),
        threads=int(fields["Threads"]),
        descriptors=len(list(Path(f"/proc/{process}/fd").iterdir())),
        wal_bytes=sum(path.stat().st_size for path in (home / "state").rglob("*-wal")),
    )


def replies() -> Iterator[Script]:
    """Replies without end."""
    for number in count():
        yield at_once(f"reply {number} " + "and some more words " * 30)


def test_nothing_grows(
    program: Program, vault: Path, record_property: Callable[[str, object], None]
) -> None:
    """Memory, threads, descriptors and the journal's log stay; each turn is asked once."""
    turns = 0
    sizes: list[Size] = []
    with ScriptedServer(replies()) as server:
        program.serve(server.base_url, profile=f"{QUICK}asks_per_hour = 86400\n")
        with WatchRun(program, vault) as watch:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                began = time.monotonic()
                note = vault / f"{turns % NOTES}.md"
                save_others(vault, turns)
                held = note.read_bytes() if note.exists() else b""
                note.write_bytes(asked(held, turns))
                watch.wait_for("answered", note.name)
                turns += 1
                sizes.append(size_of(watch.process.pid, program.home))
                time.sleep(max(0.0, began + TURN_EVERY_S - time.monotonic()))
            time.sleep(1)
            last = size_of(watch.process.pid, program.home)
            assert watch.stop() == 0
    begun = sizes[: len(sizes) // 3]
    record_property("figures", f"{turns} turns; at a third {begun[-1]}; at the end {last}")
    assert len(server.requests) == turns
    assert last.memory_kb - begun[-1].memory_kb <= MOST_GROWTH_KB
    assert last.threads <= max(size.threads for size in begun) + AN_INSTANT
    assert last.descriptors <= max(size.descriptors for size in begun) + AN_INSTANT
    assert max(size.wal_bytes for size in sizes) <= MOST_WAL_BYTES
    record_property("points", turns * (SAVES_A_TURN + 1))
    record_property("lost", 0)


def save_others(vault: Path, turn: int) -> None:
    """Somebody saves notes that want no answer, some of them chats."""
    for number in range(SAVES_A_TURN):
        note = vault / f"other {number}.md"
        words = UNTICKED if number % 2 else "words {}\n"
        if not note.exists():
            note.write_bytes(b"words\n")
        SAVES[STYLES[number % len(STYLES)]](note, words.format(f"of turn {turn}").encode())


def asked(held: bytes, turn: int) -> bytes:
    """A note with one more question, marked as finished; it begins anew when it is long."""
    if not held or len(held) > 20_000:
        held = UNTICKED.format("").encode()
    before, box, after = held.rpartition(b"- [ ] send")
    assert box
    return before + f"question {turn}?\n\n- [x] send".encode() + after


def mostly_at_once() -> Iterator[Script]:
    """Replies without end; before every third the server is busy for some minutes."""
    for number in count(1):
        if number % BUSY_EVERY == 0:
            yield status(429, headers={"Retry-After": str(BUSY_S)})
        yield at_once(f"reply {number}")


def test_a_day_on_a_fast_clock(
    program: Program,
    vault: Path,
    needed: Callable[[str], None],
    record_property: Callable[[str, object], None],
) -> None:
    """Each question is asked once and answered, nothing else is; it beats, scans, stays small."""
    needed("faketime")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    clock = {"LD_PRELOAD": str(library), "FAKETIME": f"+0 x{FASTER}"}
    fast = Program(program.home, variables=clock)
    turns = round(SECONDS / QUESTION_EVERY_S)
    with ScriptedServer(mostly_at_once()) as server:
        fast.serve(server.base_url)
        began, started = time.time(), time.monotonic()
        with WatchRun(fast, vault) as watch:
            sizes: list[Size] = []
            for turn in range(1, turns + 1):
                note = vault / f"{turn % SAVES_A_TURN}.md"
                words = UNTICKED.format(f"question {turn}?").encode()
                note.write_bytes(words)
                time.sleep(0.1)  # a quarter of a minute in which it is not finished
                SAVES[STYLES[turn % 2]](note, words.replace(b"- [ ]", b"- [x]"))
                watch.wait_for("answered", note.name)
                assert f"reply {turn}\n" in note.read_text()
                sizes.append(size_of(watch.process.pid, fast.home))
                time.sleep(max(0.0, started + turn * QUESTION_EVERY_S - time.monotonic()))
            beat = WatchFolder(str(fast.home / "state"), str(vault)).read_heartbeat()
            now = began + (time.time() - began) * FASTER
            assert watch.stop() == 0
    record_property("figures", f"{(now - began) / 3600:.1f} h, {turns} turns, {sizes[-1]}")
    assert len(server.requests) == turns + turns // BUSY_EVERY
    assert beat is not None
    assert (beat.answered, beat.waiting, beat.held) == (turns, (), "")
    assert now - beat.beat_at <= BEATS_WITHIN_S
    assert now - beat.last_scan_at <= SCANNED_WITHIN_S
    third = sizes[: -(-turns // 3)]
    assert sizes[-1].memory_kb - third[-1].memory_kb <= MOST_GROWTH_KB
    assert sizes[-1].threads <= max(size.threads for size in third) + AN_INSTANT
    assert sizes[-1].descriptors <= max(size.descriptors for size in third) + AN_INSTANT
    record_property("points", turns)
    record_property("lost", 0)
