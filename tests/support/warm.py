"""The real program in a fork of this process, in which all is imported already: it starts at once.

A command of the matrix is broken thousands of times, and nearly all that it takes otherwise is to
import an HTTP client. What it does after its imports is the same; it leaves as the program does.
"""

import os
import pkgutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryFile

from program import Program, Run

import notelog

_FURTHER = (
    "anyio.streams.tls",
    "encodings.idna",
    "h11",
    "httpcore2",
    "msgspec.json",
    "openai.resources.chat.completions",
    "ruamel.yaml",
    "sqlite3",
    "stringprep",
    "tiktoken",
    "tomllib",
    "truststore",
)


class Forked:
    """A command that waits until it is told to go.

    Args:
        arguments: of the command line.
        environment: all of it.

    Attributes:
        pid: its process.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        _import_all()
        self._arguments = list(arguments)
        with TemporaryFile() as out, TemporaryFile() as err:
            self._streams = [os.dup(file.fileno()) for file in (out, err)]
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # threads of a server play on
                self.pid = os.fork()
            if self.pid == 0:
                self._run(environment)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])

    def _run(self, environment: Mapping[str, str]) -> None:
        """What is in the forked process."""
        code = 70
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, stream in enumerate(self._streams, 1):
                os.dup2(stream, number)
                os.close(stream)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            os.environ.clear()
            os.environ.update(environment)
            from notelog.__main__ import run

            signal.sigwait([signal.SIGUSR1])
            code = run(self._arguments)
        except BaseException:  # noqa: BLE001  # it must never come back into the test
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def go(self) -> None:
        """Lets it run."""
        os.kill(self.pid, signal.SIGUSR1)

    def ended(self, timeout_s: float) -> "CompletedProcess[bytes]":
        """Waits for its end; one that hangs is killed."""
        end = time.monotonic() + timeout_s
        pid = status = 0
        while not pid:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if not pid and time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutExpired(self._arguments, timeout_s)
            time.sleep(0 if pid else 0.002)
        out, err = map(_read, self._streams)
        return CompletedProcess(self._arguments, os.waitstatus_to_exitcode(status), out, err)


class WarmProgram(Program):
    """The program, whose commands run in forks; those that are only started do not."""

    def run(self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 60) -> Run:
        """Runs a command to its end."""
        assert cwd is None
        forked = Forked([*map(str, arguments)], {"TEST_KEY": "sk-test-canary", **self.environment})
        forked.go()
        ended = forked.ended(timeout)
        return Run(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def _read(stream: int) -> bytes:
    with os.fdopen(stream, "rb") as file:
        file.seek(0)
        return file.read()


@cache
def _import_all() -> None:
    for module in pkgutil.walk_packages(notelog.__path__, "notelog."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in _FURTHER:
        import_module(name)
