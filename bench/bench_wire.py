"""From a save to the request on the wire, beside a plain loop that keeps no journal: ratios.

All watch at the same time, each its own vault, and are saved to in turn, so that a busy machine
slows all alike. The plain loop is what one writes in half an hour with watchdog and openai: it
asks at every save and remembers nothing. Beside it stands the same loop with the least of a
journal, one durable row before each request, since notelog sends nothing before the intent is on
the disk. Rounds: ``NOTELOG_BENCH_ROUNDS``, 40 unless set.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from program import Program
from scripted_server import ScriptedServer, reply

ROUNDS = int(os.environ.get("NOTELOG_BENCH_ROUNDS", "40"))
AT_ONCE = "[watch]\nsettle_s = 0\nasks_per_hour = 10000\n"
CHAT = "---\nnotelog: mark\n---\n\nquestion {}\n\n{}\n"
MARK = ";;"
PATIENCE_S = 60.0
PAUSE_S = 0.3
STEP_S = 0.0002
PLAIN_LOOP = """
import sqlite3, sys, threading
from openai import OpenAI
from watchdog.events import FileClosedEvent, FileSystemEventHandler
from watchdog.observers import Observer
client = OpenAI(api_key="x", base_url=sys.argv[2], max_retries=0)
journal = sqlite3.connect(sys.argv[3], check_same_thread=False) if sys.argv[3:] else None
if journal:
    journal.execute("PRAGMA journal_mode = WAL")
    journal.execute("PRAGMA synchronous = FULL")
    journal.execute("CREATE TABLE turn (note TEXT, question TEXT)")
class Ask(FileSystemEventHandler):
    def on_closed(self, event):
        if not event.src_path.endswith(".md"):
            return
        with open(event.src_path) as file:
            text = file.read()
        if not text.rstrip().endswith(";;"):
            return
        if journal:
            with journal:
                journal.execute("INSERT INTO turn VALUES (?, ?)", (event.src_path, text))
        messages = [{"role": "user", "content": text}]
        for _ in client.chat.completions.create(model="m", messages=messages, stream=True):
            pass
observer = Observer()
observer.schedule(Ask(), sys.argv[1], recursive=True, event_filter=[FileClosedEvent])
observer.start()
print("ready", flush=True)
threading.Event().wait()
"""


def waited_s(since: float, happened: Callable[[], bool]) -> float:
    """The time until something happens, in seconds."""
    while not happened():
        if time.perf_counter() - since > PATIENCE_S:
            raise TimeoutError
        time.sleep(STEP_S)
    return time.perf_counter() - since


def plain_loop(vault: Path, base_url: str, *journal: Path) -> "subprocess.Popen[bytes]":
    """Starts the plain loop, or one with a journal, and waits until it watches."""
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN_LOOP, str(vault), base_url, *map(str, journal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def configured(home: Path, server: ScriptedServer, settings: str) -> Program:
    """A program with the settings of its watcher."""
    program = Program(home)
    program.serve(server.base_url, profile=settings)
    return program


def started(program: Program, vault: Path) -> "subprocess.Popen[bytes]":
    """Starts the watcher, and waits until it watches."""
    process = program.start("watch", vault, "--log-format", "json")
    kinds: SimpleQueue[str] = SimpleQueue()
    assert process.stdout is not None
    output = process.stdout

    def read() -> None:
        for line in output:
            kinds.put(json.loads(line)["kind"])

    threading.Thread(target=read, daemon=True).start()
    while kinds.get(timeout=PATIENCE_S) != "start":
        pass
    return process


def save_to_wire_s(vault: Path, server: ScriptedServer, number: int) -> float:
    """The time from a save to the arrival of the request, in seconds."""
    asked = len(server.requests)
    data = CHAT.format(number, MARK).encode()
    start = time.perf_counter()
    (vault / f"probe {number}.md").write_bytes(data)
    return waited_s(start, lambda: len(server.requests) > asked)


def tick_to_reply_s(note: Path, number: int) -> float:
    """The time from a tick to the first byte of the reply in the note, in seconds."""
    ticked = CHAT.format(number, MARK).encode()
    start = time.perf_counter()
    note.write_bytes(ticked)
    return waited_s(start, lambda: note.stat().st_size > len(ticked))


def ranked(figures: list[float]) -> tuple[float, float]:
    """The median and the 90th percentile."""
    return statistics.median(figures), sorted(figures)[int(len(figures) * 0.9)]


def bench_wire(folder: Path) -> None:
    """Saves to all in turn."""
    names = "plain loop", "one row kept", "notelog"
    vaults = [folder / name for name in names]
    for vault in vaults:
        vault.mkdir()
    servers = [ScriptedServer([reply("A leaf.")] * (ROUNDS + 1)) for _ in names]
    with servers[0] as plain, servers[1] as kept, servers[2] as ours:
        processes = [
            plain_loop(vaults[0], plain.base_url),
            plain_loop(vaults[1], kept.base_url, folder / "journal.db"),
            started(configured(folder / "home", ours, AT_ONCE), vaults[2]),
        ]
        times: list[list[float]] = [[] for _ in names]
        for number in range(ROUNDS + 1):
            for figures, vault, server in zip(times, vaults, servers, strict=True):
                time.sleep(PAUSE_S)
                figures.append(save_to_wire_s(vault, server, number))
        for process in processes:
            process.terminate()
            process.wait()
    for name, (first, *figures) in zip(names, times, strict=True):
        median, high = ranked(figures)
        ratio, high_ratio = ranked([a / b for a, b in zip(figures, times[0][1:], strict=True)])
        print(
            f"save to wire, {name:<12}  median {median * 1000:5.1f} ms  p90 {high * 1000:5.1f} ms  "
            f"ratio {ratio:.2f}  p90 {high_ratio:.2f}  first {first * 1000:.0f} ms"
        )


def bench_tick(folder: Path) -> None:
    """With the default settings: a chat that is there, ticked at once and once more later."""
    vault = folder / "vault"
    vault.mkdir()
    notes = [vault / "first.md", vault / "second.md"]
    for number, note in enumerate(notes):
        note.write_bytes(CHAT.format(number, "").encode())
    with ScriptedServer([reply("A leaf."), reply("A leaf.")]) as server:
        process = started(configured(folder / "house", server, ""), vault)
        times = [tick_to_reply_s(note, number) for number, note in enumerate(notes)]
        process.terminate()
        process.wait()
    print(
        f"tick to reply in the note, default settings (1 s of them is settle_s): right after the "
        f"start {times[0]:.2f} s, later {times[1]:.2f} s"
    )


def main() -> None:
    """Prints the figures."""
    print(f"from a save to the wire, on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        bench_wire(Path(folder))
        bench_tick(Path(folder))


if __name__ == "__main__":
    main()
