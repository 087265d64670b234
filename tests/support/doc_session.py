"""Runs the ``console`` examples of a page, one after the other, in a copy of the sample vault.

An example is a line that begins with ``$ `` and, below it, what the program prints to either
stream. Below a command only what is printed is compared: ``...`` stands for any lines, every
figure of seconds for every other, and the folders of the reader are those of a Linux user "me".
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from doc_blocks import ROOT, Block
from program import Program

_SECONDS = re.compile(r"\d+\.\d s\b")
_DEAD_PROXY = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Example:
    """A command and what it prints."""

    command: str
    printed: tuple[str, ...]


def examples_of(block: Block) -> Iterator[Example]:
    """The commands of a console block; a line that ends in a backslash goes on."""
    command, printed = "", list[str]()
    for line in block.text.removesuffix("\n").split("\n"):
        if command.endswith("\\"):
            command = command[:-1] + line.lstrip("> ")
        elif line.startswith("$ "):
            if command:
                yield Example(command, tuple(printed))
            command, printed = line[2:], []
        else:
            printed.append(line)
    yield Example(command, tuple(printed))


def agrees(wanted: tuple[str, ...], printed: list[str]) -> bool:
    """Whether lines are what an example shows."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(_timeless(line)) + r"\n" for line in wanted
    )
    return bool(re.fullmatch(pattern, "".join(f"{_timeless(line)}\n" for line in printed)))


def last_line_agrees(wanted: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the last lines are alike but for their figures, and something stands above."""
    lines = [re.sub(r"\d+", "0", _timeless(line[-1])) for line in (wanted, printed)]
    return len(printed) > 1 and lines[0] == lines[1]


def _timeless(line: str) -> str:
    return _SECONDS.sub("0.0 s", line.rstrip())


@dataclass
class Session:
    """A terminal in the vault of a reader.

    Attributes:
        folder: a temporary folder; the vault and the program's folders are made in it.
        models: where the demonstration model is installed.
        variables: what was exported so far.
        code: the exit code of the last command.
    """

    folder: Path
    models: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    code: int = 0

    def __post_init__(self) -> None:
        """Makes the vault."""
        ignored = shutil.ignore_patterns("demo.py", "__pycache__")
        shutil.copytree(ROOT / "sample_vault", self.vault, ignore=ignored)

    @property
    def vault(self) -> Path:
        """The vault, where commands run."""
        return self.folder / "vault"

    @property
    def home(self) -> Path:
        """Below it are the program's folders."""
        return self.folder / "home"

    def put(self, name: str, text: str) -> None:
        """Writes a file of the reader: the configuration, or a note."""
        path = self.home / "config" / name if name == "config.toml" else self.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def run(self, command: str) -> list[str]:
        """Runs a command; gives the lines that it prints."""
        words = shlex.split(command)
        match words:
            case ["notelog", *arguments]:
                return self._notelog(arguments)
            case ["export", setting]:
                name, _, value = setting.partition("=")
                self.variables[name] = value
                return []
            case ["cat", name]:
                return self._lines((self.vault / name).read_bytes().decode())
            case ["echo", "$?"]:
                return [str(self.code)]
            case _:
                message = f"an example runs {words[0]}, which no session knows"
                raise AssertionError(message)

    def _notelog(self, arguments: list[str]) -> list[str]:
        environment = Program(self.home, self.variables).environment
        done = subprocess.run(
            [sys.executable, "-m", "notelog", *arguments],
            cwd=self.vault,
            env=environment
            | {"NOTELOG_CACHE_DIR": str(self.models.parent), "HTTPS_PROXY": _DEAD_PROXY},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=100,
            check=False,
        )
        self.code = done.returncode
        return self._lines(done.stdout.decode())

    def _lines(self, text: str) -> list[str]:
        places = {
            str(self.home / "config"): "/home/me/.config/notelog",
            str(self.models.parent): "/home/me/.cache/notelog",
        }
        for place, shown in places.items():
            text = text.replace(place, shown)
        return text.rstrip("\n").split("\n") if text else []
