"""Watching a vault beside what one would use instead, in one run on this machine: ratios.

The vaults hold notes of about a kilobyte, one in a hundred a chat, and as many that only show the
separator in a code fence. Sizes: ``NOTELOG_BENCH_NOTES``, 1,000 and 10,000 unless it is set.
"""

import json
import os
import shutil
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

from notelog.adapters.vault_index import VaultIndex
from notelog.core.watch_names import Scope

SEPARATOR = '<hr class="__chatgpt_plugin">'
LIMIT_BYTES = 8 * 1024 * 1024
SETTINGS = "[watch]\nsettle_s = 0\nasks_per_hour = 1000\n"
SAVES = 15
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


def best_s(work: Callable[[], object], rounds: int = 5) -> float:
    """The shortest of some runs, in seconds."""
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def search(root: Path) -> tuple[str, Callable[[], object]]:
    """What one would look for chats with."""
    name = "rg" if shutil.which("rg") else "grep"
    order = (
        ["rg", "-l", "__chatgpt_plugin"] if name == "rg" else ["grep", "-rl", "__chatgpt_plugin"]
    )
    return name, lambda: subprocess.run([*order, str(root)], stdout=subprocess.DEVNULL, check=False)


def bench_scans(root: Path, notes: int) -> None:
    """The first scan and the one that finds nothing new, beside a search for the separator."""
    name, work = search(root)
    work()
    other_s = best_s(work)
    first_s = best_s(lambda: VaultIndex(str(root), Scope(), size_limit_bytes=LIMIT_BYTES).scan())
    index = VaultIndex(str(root), Scope(), size_limit_bytes=LIMIT_BYTES)
    index.scan()
    again_s = best_s(index.scan)
    changed = sorted(root.rglob("*.md"))[:1000]
    for note in changed:
        note.write_bytes(note.read_bytes() + b"\nrole::user\n")
    start = time.perf_counter()
    found = len(index.scan().changed)
    overflow_s = time.perf_counter() - start
    print(f"{notes:,} notes: {name} -l {other_s:.3f} s")
    print(f"  first scan          {first_s:.3f} s  ratio {first_s / other_s:.2f}")
    print(f"  scan again          {again_s:.3f} s  ratio {again_s / other_s:.2f}")
    print(f"  {found:,} changes without an event found in {overflow_s:.3f} s")


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


def bench_watch(root: Path, home: Path) -> None:
    """The real watcher: start, memory, wake-ups when idle, and from a save to the request."""
    with ScriptedServer([reply("A leaf.") for _ in range(4 * SAVES)]) as server:
        program = Program(home)
        program.serve(server.base_url, profile=SETTINGS)
        start = time.perf_counter()
        process = program.start("watch", root, "--log-format", "json")
        lines: SimpleQueue[str] = SimpleQueue()
        assert process.stdout is not None
        output = process.stdout

        def read() -> None:
            for line in output:
                lines.put(json.loads(line)["kind"])

        threading.Thread(target=read, daemon=True).start()
        while lines.get(timeout=60) != "start":
            pass
        started_s = time.perf_counter() - start
        time.sleep(3)  # the rest of the start
        memory = memory_mb(process.pid)
        before = wakes(process.pid)
        time.sleep(60)
        idle = wakes(process.pid) - before
        latency = save_to_wire_s(root, server)
        process.terminate()
        process.wait()
        plain = subprocess.Popen(
            [sys.executable, "-c", PLAIN_LOOP, str(root), server.base_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert plain.stdout is not None
        plain.stdout.readline()
        other = save_to_wire_s(root, server)
        plain.terminate()
        plain.wait()
    print(f"  watching starts in  {started_s:.2f} s, {memory:.0f} MB, {idle} wake-ups in 60 s idle")
    print(
        f"  save to request     {latency * 1000:.1f} ms  plain loop {other * 1000:.1f} ms  "
        f"ratio {latency / other:.2f}"
    )


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


def main() -> None:
    """Prints the figures for each size."""
    sizes = os.environ.get("NOTELOG_BENCH_NOTES", "1000 10000").split()
    print(f"watching a vault, on {os.cpu_count()} processors")
    for notes in map(int, sizes):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "vault")
            make_vault(root, notes)
            bench_scans(root, notes)
            bench_watch(root, Path(folder, "home"))


if __name__ == "__main__":
    main()
