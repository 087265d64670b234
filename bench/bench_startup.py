"""Start-up and streaming beside llm, the command line tool: CPU and wall time as ratios.

It installs llm into a scratch environment below ``.cache/`` the first time, serves both programs
from one loopback server, and runs them in turn, so that a busy machine slows both alike. The
figure is the median of each; a ratio under 1 means that notelog needs less.
"""

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROUNDS = 7
LLM_VERSION = "0.36"
CHUNKS = 20_000
SCRATCH = Path(__file__).parents[1] / ".cache" / "bench-llm"


def install_llm() -> Path:
    """Gives llm's program, installing it if need be."""
    program = SCRATCH / "bin" / "llm"
    if not program.exists():
        venv.create(SCRATCH, with_pip=True, clear=True)
        subprocess.run(
            [SCRATCH / "bin" / "python", "-m", "pip", "install", "-q", f"llm=={LLM_VERSION}"],
            check=True,
        )
    return program


def chunk(text: str | None, finish: str | None = None) -> bytes:
    """One server-sent event of a streamed completion."""
    delta = {} if text is None else {"content": text}
    data = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }  # fmt: skip
    return f"data: {json.dumps(data)}\n\n".encode()


def body_of(words: int) -> bytes:
    """A whole streamed reply of that many parts."""
    return b"".join([chunk("word ")] * words) + chunk(None, "stop") + b"data: [DONE]\n\n"


class InstantServer:
    """Answers every request at once with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self._answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        ) + body
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                fields, _, rest = head.partition(b"\r\n\r\n")
                size = int(fields.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                while len(rest) < size:
                    rest += connection.recv(65536)
                connection.sendall(self._answer)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """The CPU and the wall time of a command, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


Side = Callable[[], tuple[float, float]]


def compare(name: str, ours: Side, theirs: Side, *, wall: bool, goal: float, rounds: int) -> None:
    """Runs both sides in turn and prints the ratio of their medians."""
    ours(), theirs()  # files into the cache, byte code compiled
    pairs = [(ours()[wall], theirs()[wall]) for _ in range(rounds)]
    left, right = (statistics.median(side) for side in zip(*pairs, strict=True))
    kind = "wall" if wall else "CPU"
    print(
        f"{name:<44} {left * 1000:8.0f} ms {right * 1000:8.0f} ms {kind:<5}"
        f" ratio {left / right:5.3f}  goal {goal}"
    )


def main() -> None:
    """Prints all ratios."""
    llm = str(install_llm())
    notelog = str(Path(sys.executable).with_name("notelog"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        small = home / "small.md"
        small.write_text("---\nmodel: gpt-4o\n---\n\nHello?\n", encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "LLM_USER_PATH": folder,
            "NOTELOG_CONFIG_DIR": folder, "NOTELOG_STATE_DIR": f"{folder}/state",
            "NOTELOG_CACHE_DIR": f"{folder}/cache", "OPENAI_API_KEY": "x",
        }  # fmt: skip

        def run(*command: str) -> Side:
            return lambda: timed(list(command), environment)

        print(f"{'':<44} {'notelog':>11} {'llm':>11}")
        version = run(llm, "--version")
        compare("--version", run(notelog, "--version"), version,
                wall=False, goal=0.1, rounds=ROUNDS)  # fmt: skip
        compare("--help (llm: --version)", run(notelog, "--help"), version,
                wall=False, goal=0.1, rounds=ROUNDS)  # fmt: skip
        compare("show, a small note (llm: --version)", run(notelog, "show", str(small)), version,
                wall=False, goal=0.25, rounds=ROUNDS)  # fmt: skip
        for words, wall, goal, rounds in ((1, True, 0.85, ROUNDS), (CHUNKS, False, 0.85, 3)):
            server = InstantServer(body_of(words))
            configure(home, server.base_url)
            note = home / "note.md"

            def ours(note: Path = note) -> tuple[float, float]:
                note.write_text("Hello?\n", encoding="utf-8")
                return timed([notelog, "complete", "--again", str(note)], environment)

            name = "complete, 1 part" if words == 1 else f"complete, {words:,} parts"
            compare(name, ours, run(llm, "-n", "-m", "bench", "--key", "x", "Hello?"),
                    wall=wall, goal=goal, rounds=rounds)  # fmt: skip


def configure(home: Path, base_url: str) -> None:
    """Makes the server a profile of notelog's and a model of llm's."""
    (home / "config.toml").write_text(
        f'default_profile = "bench"\n[profiles.bench]\nbase_url = "{base_url}"\nmodel = "m"\n'
        "context_window = 8192\nkey_required = false\n",
        encoding="utf-8",
    )
    (home / "extra-openai-models.yaml").write_text(
        f"- model_id: bench\n  model_name: m\n  api_base: {base_url}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
