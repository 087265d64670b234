"""Runs the real program as its user would, in folders of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def fields(self) -> dict[str, object]:
        """The JSON object on standard output."""
        parsed = json.loads(self.out)
        assert isinstance(parsed, dict)
        return parsed


@dataclass(frozen=True)
class Program:
    """notelog with configuration, state and cache folders below ``home``.

    Attributes:
        home: a temporary folder.
        variables: further environment variables.
        within: a command that runs the command, such as one that enters a namespace.
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    within: Sequence[str] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command: nothing of the person who runs the tests."""
        kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.home),
            "NOTELOG_CONFIG_DIR": str(self.home / "config"),
            "NOTELOG_STATE_DIR": str(self.home / "state"),
            "NOTELOG_CACHE_DIR": str(self.home / "cache"),
            "PYTHONWARNINGS": "error",
            **self.variables,
        }

    def configure(self, text: str) -> None:
        """Writes ``config.toml``."""
        folder = self.home / "config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_bytes(text.encode())

    def serve(self, base_url: str, *, profile: str = "", default: bool = True) -> None:
        """Configures a profile ``test`` (model ``m``) at a loopback server."""
        head = 'default_profile = "test"\n' if default else ""
        self.configure(
            f'{head}[profiles.test]\nbase_url = "{base_url}"\nmodel = "m"\n'
            f'context_window = 8192\nkey_environment = "TEST_KEY"\n{profile}'
        )

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
        """Starts a command."""
        return subprocess.Popen(
            [*self.within, sys.executable, "-m", "notelog", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"TEST_KEY": "sk-test-canary", **self.environment},
            cwd=cwd,
        )

    def run(self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 60) -> Run:
        """Runs a command to its end."""
        with self.start(*arguments, cwd=cwd) as process:
            out, err = process.communicate(timeout=timeout)
        return Run(process.returncode, out.decode(), err.decode())
