"""The embedded local model: llama.cpp's OpenAI-compatible server as a child process.

A child, because an in-process server took 30 s to stop while it generated, and a child 0.02 s;
and because a crash of the engine must not take notelog along.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from notelog.adapters import local_child
from notelog.adapters.installing import install_again
from notelog.adapters.local_child import KEY_VARIABLE, ChildOrder
from notelog.core.local_model import DEMONSTRATION_MODEL
from notelog.core.settings import Profile
from notelog.core.visible import one_line
from notelog.errors import ConfigurationError, ProviderUnavailableError
from notelog.ports.servers import Endpoint

# The demonstration model's own window. Memory measured for it: 327 MiB, of which the window
# takes 180; 237 MiB at 4,096 tokens. A model trained for less is served at what it was trained for.
DEFAULT_CONTEXT_WINDOW = 8_192
START_SECONDS = 120.0  # the demonstration model takes 0.4 to 0.9; several GB from a slow disk, more
STOP_SECONDS = 2.0
IDLE_SECONDS = 300
_GGUF_MAGIC = b"GGUF"
_TAIL_LINES = 40
_SECRET_ENDINGS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class EmbeddedServer:
    """Starts the local model's server (the port ``LocalServer``).

    Args:
        models: the folder of the installed models.
        context_window: in tokens, where the profile names none.
        idle_seconds: after this long without a request the server unloads the model (the
            process falls from 353 to 67 MiB); the next request loads it again.
    """

    def __init__(
        self,
        models: Path,
        *,
        context_window: int = DEFAULT_CONTEXT_WINDOW,
        idle_seconds: int = IDLE_SECONDS,
    ) -> None:
        self._models = models
        self._context_window = context_window
        self._idle_seconds = idle_seconds

    @contextmanager
    def start(self, profile: Profile) -> Generator[Endpoint]:
        """Starts the server and waits until it listens; it ends with the context.

        Raises:
            ConfigurationError: the engine, a library or the model is missing or no model.
            ProviderUnavailableError: it did not start.
        """
        running = self.launch(profile)
        try:
            yield running.endpoint
        finally:
            running.stop()

    def launch(self, profile: Profile) -> "RunningServer":
        """Starts the server and waits until it listens; whoever calls this stops it.

        Raises:
            ConfigurationError: as ``start``.
            ProviderUnavailableError: as ``start``.
        """
        child = _Child.spawn(self._order(profile), secrets.token_urlsafe(32))
        try:
            base_url = child.wait_until_listening(START_SECONDS)
        except BaseException:  # Ctrl-C while it loads, too
            child.stop()
            raise
        endpoint = Endpoint(profile=profile, base_url=base_url, key=child.key)
        return RunningServer(endpoint=endpoint, child=child)

    def installed(self, profile: Profile) -> str:
        """The file of a profile's model, where it and the engine are here.

        Raises:
            ConfigurationError: one of them is not.
        """
        return self._order(profile).model_path

    def _order(self, profile: Profile) -> ChildOrder:
        if find_spec("xllamacpp") is None:
            raise _engine_missing()
        model = self._model_file(profile)
        return ChildOrder(
            model_path=str(model),
            model_name=profile.model or model.stem,
            context_window=profile.context_window or self._context_window,
            threads=max(1, _usable_cores() - 1),
            idle_seconds=self._idle_seconds,
        )

    def _model_file(self, profile: Profile) -> Path:
        if profile.model_path:
            return _checked_gguf(
                Path(profile.model_path).expanduser().absolute(),
                hint=f"set model_path of profile {profile.name!r} to a GGUF file",
            )
        return _checked_gguf(
            self._models / DEMONSTRATION_MODEL.file_name,
            hint="run: notelog model install",
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunningServer:
    """A server that listens."""

    endpoint: Endpoint
    child: "_Child"

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self.child.process.poll() is None

    def stop(self) -> None:
        """Ends it, whatever it does."""
        self.child.stop()


class KeptServer:
    """Keeps the server between turns, one turn at a time (the port ``LocalServer``).

    For whoever answers many notes: the first turn starts the server, the next ones find it
    running. One that has died, or that serves another profile, is replaced.

    Args:
        embedded: starts it.
    """

    def __init__(self, embedded: EmbeddedServer) -> None:
        self._embedded = embedded
        self._running: RunningServer | None = None
        self._turn = threading.Lock()

    @contextmanager
    def start(self, profile: Profile) -> Generator[Endpoint]:
        """Gives the running server, started if need be; it stays when the context ends.

        Raises:
            ConfigurationError: as ``EmbeddedServer.start``.
            ProviderUnavailableError: as ``EmbeddedServer.start``.
        """
        with self._turn:
            yield self._current(profile).endpoint

    def close(self) -> None:
        """Ends the server, after the turn that is under way."""
        with self._turn:
            self._stop()

    def _current(self, profile: Profile) -> RunningServer:
        running = self._running
        if running is None or not running.alive or running.endpoint.profile != profile:
            self._stop()
            running = self._running = self._embedded.launch(profile)
        return running

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None


@dataclass(frozen=True, slots=True, repr=False)
class _Child:
    """The running child: its process, its key, and what it says."""

    process: subprocess.Popen[bytes]
    key: str
    report: "_Output"
    log: "_Output"

    @classmethod
    def spawn(cls, order: ChildOrder, key: str) -> "_Child":
        process = subprocess.Popen(
            [sys.executable, "-P", local_child.__file__, json.dumps(asdict(order))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_child_environment(os.environ, key),
            cwd=Path(order.model_path).parent,  # a child in the vault would keep it mounted
            start_new_session=True,  # Ctrl-C in the terminal is for notelog, which stops it itself
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert process.stdout is not None
        assert process.stderr is not None
        return cls(process, key, _Output(process.stdout), _Output(process.stderr))

    def wait_until_listening(self, seconds: float) -> str:
        """The server's base URL; the child's own report or its end wakes this, no polling."""
        report = self.report.wait(seconds)
        if report is None:
            raise ProviderUnavailableError(
                f"the local model did not start within {seconds:.0f} s{self.log.said()}"
            )
        if not report:
            code = self.process.wait()
            raise ProviderUnavailableError(
                f"the local model ended while it started (exit {code}){self.log.said()}"
            )
        said = json.loads(report)
        if "fault" in said:
            raise self._refused(said["fault"], said["reason"])
        return f"{said['address']}/v1"

    def _refused(self, fault: str, reason: str) -> ConfigurationError:
        if fault == "engine-missing":
            return _engine_missing()
        if fault == "library-missing":
            return _library_missing(reason)
        self.process.wait()  # all that it had to say is in the log then
        return ConfigurationError(
            f"the local model's engine refuses the model file{self.log.said()}",
            hint="install it anew with: notelog model install, or name another by model_path",
        )

    def stop(self) -> None:
        """Ends the child, whatever it does: SIGTERM, and SIGKILL if that takes over 2 s."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.report.join()
        self.log.join()


class _Output:
    """The last lines of a stream, read as they come so that the writer never has to wait."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: deque[bytes] = deque(maxlen=_TAIL_LINES)
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream as stream:
            while line := stream.readline(4_096):
                self._lines.append(line)

    def wait(self, seconds: float) -> bytes | None:
        """What the stream held once it has ended; None where it has not by then."""
        self._thread.join(seconds)
        return None if self._thread.is_alive() else b"".join(self._lines)

    def said(self) -> str:
        """What the engine logged last, as the end of a sentence; empty if nothing."""
        self._thread.join(0.2)
        text = one_line(b"".join(self._lines), _TAIL_LINES)
        return f"; the engine said: {text}" if text else ""

    def join(self) -> None:
        """Waits for the end of the stream; its writer has ended."""
        self._thread.join(STOP_SECONDS)


def _child_environment(environment: Mapping[str, str], key: str) -> dict[str, str]:
    """What the child needs of the environment: not the keys of other servers."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.upper().endswith(_SECRET_ENDINGS)
    }
    # Threads that wait by spinning starve each other as soon as anything else runs: with two
    # busy processes beside it, two threads fell to 2 tokens a second where one held 31.
    return kept | {"OMP_WAIT_POLICY": "passive", KEY_VARIABLE: key}


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked_gguf(path: Path, *, hint: str) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except FileNotFoundError as error:
        message = "the local model is not installed"
        raise ConfigurationError(message, hint=hint, path=str(path)) from error
    except OSError as error:
        message = f"the local model cannot be read: {error.strerror}"
        raise ConfigurationError(message, hint=hint, path=str(path)) from error
    if magic != _GGUF_MAGIC:
        raise ConfigurationError("no GGUF model file", hint=hint, path=str(path))
    return path


def _engine_missing() -> ConfigurationError:
    return ConfigurationError(
        "the local model's engine is not installed", hint=f"install it {install_again('local')}"
    )


def _library_missing(reason: str) -> ConfigurationError:
    hint = f"install it again {install_again('local')}"
    if "libgomp" in reason:
        hint = (
            "install the GNU OpenMP library: 'libgomp1' on Debian and Ubuntu,"
            " 'libgomp' on Fedora, Alpine and Arch (part of 'gcc-libs' there)"
        )
    return ConfigurationError(f"the local model's engine cannot be loaded: {reason}", hint=hint)
