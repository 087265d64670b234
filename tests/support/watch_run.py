"""The real watcher in a process of its own, followed by what it tells."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from program import Program

LONGEST_WAIT_S = 30.0
QUICK = (
    "[watch]\nsettle_s = 0.05\nauto_settle_s = 0.1\nsync_wait_s = 0\nsync_spread_s = 0\n"
    "poll_s = 0.2\n"
)
"""Settings with which a test need not wait; they stand behind a profile."""

UNTICKED = "---\nnotelog: mark\n---\n\n{}\n\n- [ ] send\n"
"""A chat whose box is not ticked."""


class WatchRun:
    """``notelog watch`` until the end of a ``with`` block.

    Args:
        program: its folders and configuration.
        vault: what is watched.
        arguments: further ones.
    """

    def __init__(self, program: Program, vault: Path, *arguments: str) -> None:
        self._program = program
        self._arguments: Sequence[str | Path] = ("watch", vault, "--log-format", "json", *arguments)
        self._lines: SimpleQueue[dict[str, object] | None] = SimpleQueue()
        self.seen: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        self.process = self._program.start(*self._arguments)
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for("start")
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def wait_for(self, kind: str, note: str = "", words: str = "") -> dict[str, object]:
        """The next line of a kind, of a note, with some words; all before it is passed over."""
        return self._wait(
            lambda line: (
                line["kind"] == kind
                and (not note or line["note"] == note)
                and words in str(line["message"])
            ),
            f"{kind} {note} {words}",
        )

    def _wait(self, fits: Callable[[dict[str, object]], bool], what: str) -> dict[str, object]:
        while True:
            try:
                line = self._lines.get(timeout=LONGEST_WAIT_S)
            except Empty:
                raise AssertionError(f"no {what} came: {self.seen}") from None
            if line is None:
                assert self.process.stderr is not None
                said = self.process.stderr.read().decode()
                raise AssertionError(f"it ended before {what} came: {self.seen} {said}")
            self.seen.append(line)
            if fits(line):
                return line

    def wait_for_reply(self, note: str) -> dict[str, object]:
        """The line that tells of a reply, whole or cut at its limit."""
        return self._wait(lambda line: line["note"] == note and "tokens_out" in line, note)

    def kill(self) -> None:
        """Ends it as a power cut does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(LONGEST_WAIT_S)

    def stop(self) -> int:
        """Ends it as a service manager does; gives its exit code."""
        self.process.terminate()
        return self.process.wait(LONGEST_WAIT_S)


def in_place(note: Path, data: bytes) -> None:
    """As an editor that opens the file itself, empties and writes it."""
    with note.open("r+b") as file:
        file.truncate(0)
        file.write(data)


def renamed_over(note: Path, data: bytes) -> None:
    """As an editor that writes a new file and renames it over the old one."""
    new = note.with_name(f".{note.name}.new~")
    new.write_bytes(data)
    new.replace(note)


def synced(note: Path, data: bytes) -> None:
    """As Syncthing does: a temporary file of its own, the time stamp of the other machine."""
    new = note.with_name(f".syncthing.{note.name}.tmp")
    new.write_bytes(data)
    os.utime(new, (1_700_000_000, 1_700_000_000))
    new.replace(note)


def by_sed(note: Path, data: bytes) -> None:
    """``sed -i`` ticks the box; what it makes must be what is expected."""
    subprocess.run(["sed", "-i", "s/- \\[ \\] send/- [x] send/", str(note)], check=True)
    assert note.read_bytes() == data


def by_rsync(note: Path, data: bytes) -> None:
    """As a copy from another machine: a temporary file of rsync's own, then a rename.

    Without ``--ignore-times`` a note of the same length and the same second is left as it was.
    """
    theirs = note.parent.with_name("theirs.md")
    theirs.write_bytes(data)
    subprocess.run(["rsync", "--times", "--ignore-times", str(theirs), str(note)], check=True)


def by_git(note: Path, data: bytes) -> None:
    """As ``git checkout`` of another version: the old file is deleted, a new one is made."""

    def git(*words: str) -> bytes:
        command = ["git", "-C", str(note.parent), *words]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    git("init", "--quiet")
    blob = git("hash-object", "-w", "--stdin").decode().strip()
    git("update-index", "--add", "--cacheinfo", f"100644,{blob},{note.name}")
    git("checkout", "--", note.name)


SAVES: dict[str, Callable[[Path, bytes], None]] = {
    "in place": in_place,
    "rename over": renamed_over,
    "sync": synced,
    "sed -i": by_sed,
    "rsync": by_rsync,
    "git checkout": by_git,
}
"""How programs save a note."""
