"""Watching a vault beside what one would use instead, in one run on this machine: ratios.

The vaults hold notes of about a kilobyte, one in a hundred a chat, and as many that only show the
separator in a code fence; then come vaults of nothing but chats. Sizes: ``NOTELOG_BENCH_NOTES``,
unless it is set 1,000, 10,000 and 100,000. Without ripgrep (``rg``) the search is grep's, which is
slower.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from bench_wire import started
from program import Program
from scripted_server import ScriptedServer, reply
from vault_storms import deaf, probe, storm, wait_until

from notelog.adapters.vault_index import VaultIndex
from notelog.core.watch_names import Scope

SEPARATOR = '<hr class="__chatgpt_plugin">'
LIMIT_BYTES = 8 * 1024 * 1024
SETTINGS = "[watch]\nsettle_s = 0\nasks_per_hour = 1000\n"
SAVES = 15
LOST = 10
PAUSES = 5
SETTLED_S = 6
IDLE_NOTES = 10_000


def make_vault(root: Path, notes: int) -> None:
    """A vault in folders of a hundred notes."""
    words = "Tea is an aromatic drink made of the leaves of a bush. 茶是一种饮料。 " * 14
    chat = f"What is tea?\n\n{SEPARATOR}\n\nrole::assistant\n\n{words}\n"
    fence = f"```\n{SEPARATOR}\n```\n\n{words}\n"
    for number in range(notes):
        folder = root / f"folder {number // 100}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        text = {0: chat, 50: fence}.get(number % 100, words)
        (folder / f"note {number}.md").write_bytes(f"{number}\n\n{text}".encode())


def make_chats(root: Path, notes: int, ending: str) -> None:
    """A vault of nothing but answered chats of ten turns; ``ending`` is that of a question."""
    turn = f"\n\n{SEPARATOR}\n\nrole::"
    words = "Tea is an aromatic drink made of the leaves of a bush. 茶是一种饮料。 " * 7
    text = f"What is tea?{ending}{turn}assistant\n\n{words}{turn}user\n\n" * 5
    for number in range(notes):
        folder = root / f"folder {number // 100}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        (folder / f"note {number}.md").write_bytes(f"{number}\n\n{text}".encode())


def side_by_side(rounds: int, **works: Callable[[], object]) -> dict[str, list[float]]:
    """How long each of some works took, in seconds, taken in turns so that each meets the same."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return times


def ratio(times: list[float], others: list[float]) -> float:
    """The median of what one took by what the other took in the same round."""
    return statistics.median(one / other for one, other in zip(times, others, strict=True))


def bench_scans(root: Path, notes: int) -> None:
    """The first scan and the one that finds nothing new, beside a search for the separator."""
    name = "rg" if shutil.which("rg") else "grep"
    order = ["rg", "-l"] if name == "rg" else ["grep", "-rl"]
    again = VaultIndex(str(root), Scope(), size_limit_bytes=LIMIT_BYTES, quick=True)
    again.scan()
    named: list[int] = []

    def first() -> None:
        index = VaultIndex(str(root), Scope(), size_limit_bytes=LIMIT_BYTES, quick=True)
        named.append(len(index.scan().changed))

    def other() -> None:
        subprocess.run(
            [*order, "__chatgpt_plugin", str(root)], stdout=subprocess.DEVNULL, check=False
        )

    other()
    times = side_by_side(max(5, 30_000 // notes), other=other, first=first, again=again.scan)
    print(f"{notes:,} notes: {name} -l {min(times['other']):.3f} s")
    for what, words in (("first", "first scan "), ("again", "scan again ")):
        least = min(times[what])
        print(f"  {words}         {least:.3f} s  ratio {ratio(times[what], times['other']):.2f}")
    print(f"  notes named {set(named)}, chats {notes // 100}, fences not named")
    assert set(named) == {notes // 100}, "a note that only shows a separator was named"


def memory_mb(process: int) -> float:
    """The resident memory of a process."""
    for line in Path(f"/proc/{process}/status").read_bytes().decode().split("\n"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def wakes(process: int) -> int:
    """How often the threads of a process gave the processor up of their own will."""
    total = 0
    for task in Path(f"/proc/{process}/task").iterdir():
        for line in (task / "status").read_bytes().decode().split("\n"):
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def bench_watch(root: Path, home: Path, notes: int) -> None:
    """The real watcher: start, memory, wake-ups when idle, and from a save to the request."""
    with ScriptedServer([reply("A leaf.") for _ in range(6 * SAVES + PAUSES * LOST)]) as server:
        program = Program(home)
        program.serve(server.base_url, profile=SETTINGS)
        process, started_s = timed_start(program, root)
        time.sleep(10)  # the rest of the start
        memory = memory_mb(process.pid)
        idle = idle_wakes(process.pid) if notes == IDLE_NOTES else None
        latency = save_to_wire_s(root, server)
        storms: dict[str, float] = {}
        for ending, words in ((".txt", "other files"), (".md", "other notes")):
            with storm(root / f"storm{ending}", ending):
                storms[words] = save_to_wire_s(root, server)
        overflow_s = overflow_until_asked_s(root, server, process.pid)
        process.terminate()
        process.wait()
    print(f"  watching starts in  {started_s:.2f} s, {memory:.0f} MB")
    if idle is not None:
        print(f"  wake-ups in a minute without work: {idle}")
    print(f"  save to request     {latency * 1000:.1f} ms (beside a plain loop: bench_wire.py)")
    for words, delayed in storms.items():
        print(f"  while 1,000 {words} a second are saved: ratio {delayed / latency:.2f}")
    told = f"{statistics.median(overflow_s):.2f} s, at most {max(overflow_s):.2f} s"
    print(f"  {LOST} changes of which no event told, from the end of a pause: asked in {told}")


def bench_chats(folder: Path, notes: int) -> None:
    """The first start and the second where every note is a chat."""
    for number, (ending, words) in enumerate((("", "no mark"), ("\n\n- [x] send", "marks"))):
        root = folder / f"chats {number}"
        make_chats(root, notes, ending)
        program = Program(folder / f"home {number}")
        times: list[float] = []
        for _ in range(2):
            process, started_s = timed_start(program, root)
            times.append(started_s)
            memory = memory_mb(process.pid)
            process.terminate()
            process.wait()
        told = f"{times[0]:.2f} s, and {times[1]:.2f} s the next time, {memory:.0f} MB"
        print(f"  {notes:,} chats with {words:<7} {told}")


def timed_start(program: Program, root: Path) -> "tuple[subprocess.Popen[bytes], float]":
    """Starts the watcher, and waits until it watches: how long that took, in seconds."""
    start = time.perf_counter()
    process = started(program, root)
    return process, time.perf_counter() - start


def idle_wakes(process: int) -> int:
    """How often a process wakes up in a minute in which nothing happens."""
    before = wakes(process)
    time.sleep(60)
    return wakes(process) - before


def save_to_wire_s(root: Path, server: ScriptedServer) -> float:
    """The median time from a save to the request, in seconds; the first, which imports, is left."""
    times: list[float] = []
    for number in range(SAVES):
        seen = server.connections
        note = root / f"probe {number} {time.monotonic_ns()}.md"
        start = time.perf_counter()
        note.write_bytes(f"---\nnotelog: mark\n---\n\nq {time.monotonic_ns()}\n\n;;\n".encode())
        while server.connections == seen:
            time.sleep(0.0002)
        times.append(time.perf_counter() - start)
        time.sleep(0.4)
    return statistics.median(times[1:])


def overflow_until_asked_s(root: Path, server: ScriptedServer, process: int) -> list[float]:
    """From the end of a pause, in which events were lost, to the request for the last change.

    The changes of which no event tells are those of old notes and of new ones, in many folders.
    """
    times: list[float] = []
    for pause in range(PAUSES):
        asked = len(server.requests)
        with deaf(process, root):
            for number in range(LOST):
                name = f"note {number * 101 + 1}" if number % 2 else f"lost {pause} {number}"
                note = root / f"folder {number}" / f"{name}.md"
                note.write_bytes(probe(number, seed=f"in pause {pause}"))
        times.append(wait_until(lambda asked=asked: len(server.requests) >= asked + LOST, 60))  # type: ignore[misc]
        time.sleep(SETTLED_S)
    return times


def main() -> None:
    """Prints the figures for each size."""
    sizes = os.environ.get("NOTELOG_BENCH_NOTES", "1000 10000 100000").split()
    print(f"watching a vault, on {os.cpu_count()} processors")
    for notes in map(int, sizes):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "vault")
            make_vault(root, notes)
            bench_scans(root, notes)
            bench_watch(root, Path(folder, "home"), notes)
            bench_chats(Path(folder), notes)


if __name__ == "__main__":
    main()
