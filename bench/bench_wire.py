"""From a save to the request on the wire, beside a plain loop that keeps no journal: ratios.

Both watch at the same time, each its own vault, and are saved to in turn, so that a busy machine
slows both alike. The plain loop is what one writes in half an hour with watchdog and openai: it
asks at every save and remembers nothing. Beside it stands what one fsync costs on this disk, since
notelog sends nothing before the intent is on it. Rounds: ``NOTELOG_BENCH_ROUNDS``, 40 unless set.
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
import sys, threading
from openai import OpenAI
from watchdog.events import FileClosedEvent, FileSystemEventHandler
from watchdog.observers import Observer
client = OpenAI(api_key="x", base_url=sys.argv[2], max_retries=0)
class Ask(FileSystemEventHandler):
    def on_closed(self, event):
        if not event.src_path.endswith(".md"):
            return
        with open(event.src_path) as file:
            text = file.read()
        if not text.rstrip().endswith(";;"):
            return
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


def plain_loop(vault: Path, base_url: str) -> "subprocess.Popen[bytes]":
    """Starts the plain loop, and waits until it watches."""
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN_LOOP, str(vault), base_url],
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


def fsync_s(folder: Path) -> float:
    """The median time of an fsync of 4 KiB in a folder, in seconds."""
    times: list[float] = []
    with (folder / "synced").open("wb") as file:
        for _ in range(ROUNDS):
            file.write(bytes(4096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def ranked(figures: list[float]) -> tuple[float, float]:
    """The median and the 90th percentile."""
    return statistics.median(figures), sorted(figures)[int(len(figures) * 0.9)]


def bench_wire(folder: Path) -> None:
    """Saves to both in turn."""
    vaults = folder / "ours", folder / "plain"
    for vault in vaults:
        vault.mkdir()
    replies = [reply("A leaf.") for _ in range(ROUNDS + 1)]
    with ScriptedServer(replies) as server, ScriptedServer(replies) as other:
        processes = [
            started(configured(folder / "home", server, AT_ONCE), vaults[0]),
            plain_loop(vaults[1], other.base_url),
        ]
        pairs: list[tuple[float, float]] = []
        for number in range(ROUNDS + 1):
            time.sleep(PAUSE_S)
            ours = save_to_wire_s(vaults[0], server, number)
            time.sleep(PAUSE_S)
            pairs.append((ours, save_to_wire_s(vaults[1], other, number)))
        for process in processes:
            process.terminate()
            process.wait()
    first, *rest = pairs
    for name, figures in zip(("notelog", "plain loop"), zip(*rest, strict=True), strict=True):
        median, high = ranked(list(figures))
        print(f"save to wire, {name:<12} median {median * 1000:6.1f} ms  p90 {high * 1000:6.1f} ms")
    median, high = ranked([ours / plain for ours, plain in rest])
    print(f"  ratio of each round       median {median:6.2f}     p90 {high:6.2f}")
    print(f"  first request       {first[0] * 1000:.0f} ms  plain loop {first[1] * 1000:.0f} ms")
    print(f"  one fsync of 4 KiB  {fsync_s(folder) * 1000:.1f} ms")


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
