"""Runs the real program on a pseudo-terminal."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from program import Program

_LONGEST_WAIT_S = 60.0
_STEP_S = 0.01
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command that runs on a pseudo-terminal, and somebody who reads and types there."""

    def __init__(self, here: int, process: "subprocess.Popen[bytes]") -> None:
        self._here = here
        self.process = process
        self.written = ""
        self._seen = 0

    @property
    def plain(self) -> str:
        """All that it wrote so far, without what steers a terminal."""
        return _STEERING.sub("", self.written).replace("\r\n", "\n")

    def read_to(self, words: str) -> str:
        """Reads until some words come; gives all since the last time."""
        while words not in self.plain[self._seen :]:
            assert self._read(), f"{words!r} did not come:\n{self.plain}"
        start, self._seen = self._seen, self.plain.index(words, self._seen) + len(words)
        return self.plain[start : self._seen]

    def read_all(self) -> int:
        """Reads until the command ends; gives its exit code."""
        while self._read():
            pass
        return self.process.wait(_LONGEST_WAIT_S)

    def type(self, text: str) -> None:
        """Types something, Ctrl-C too, once the command waits for it.

        A signal between the prompt and the reading is heard of at the next key only: nobody is as
        quick as that, but a test is.
        """
        status = Path(f"/proc/{self.process.pid}/stat")
        end = time.monotonic() + _LONGEST_WAIT_S
        while status.exists() and b") S " not in status.read_bytes() and time.monotonic() < end:
            time.sleep(_STEP_S)
        os.write(self._here, text.encode())

    def _read(self) -> bool:
        if not select.select([self._here], [], [], _LONGEST_WAIT_S)[0]:
            return False
        try:
            part = os.read(self._here, 65536)
        except OSError:  # Linux reports the end of a terminal so
            return False
        self.written += part.decode()
        return bool(part)


_WITH_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "notelog", *sys.argv[1:]])
"""
"""Makes standard input the terminal of the new session, whose Ctrl-C it gets.

Who runs the tests in the background of a shell script has them ignore that signal.
"""


@contextmanager
def terminal(program: Program, *arguments: str | Path) -> Iterator[Terminal]:
    """Runs a command on a pseudo-terminal until the end of a ``with`` block."""
    here, there = pty.openpty()
    variables = {"TEST_KEY": "k", "TERM": "xterm-256color", **program.environment}
    command = [sys.executable, "-c", _WITH_TERMINAL, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, env=variables, start_new_session=True
    ) as process:
        os.close(there)
        try:
            yield Terminal(here, process)
        finally:
            process.kill()
            os.close(here)


def on_a_terminal(
    program: Program, *arguments: str | Path, answers: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Runs a command on a pseudo-terminal; gives its exit code and all that it wrote there.

    Args:
        program: which.
        arguments: of the command.
        answers: what is typed, with Enter, once a question is shown, in this order.
    """
    with terminal(program, *arguments) as screen:
        for question, answer in answers.items():
            screen.read_to(question)
            screen.type(f"{answer}\n")
        code = screen.read_all()
    return code, screen.written
