"""Runs the real program on a pseudo-terminal."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from program import Program


def on_a_terminal(
    program: Program, *arguments: str | Path, answers: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Runs a command on a pseudo-terminal; gives its exit code and all that it wrote there.

    Args:
        program: which.
        arguments: of the command.
        answers: what is typed, with Enter, once a question is shown.
    """
    here, there = pty.openpty()
    variables = {"TEST_KEY": "k", "TERM": "xterm-256color", **program.environment}
    command = [sys.executable, "-m", "notelog", *map(str, arguments)]
    with subprocess.Popen(command, stdin=there, stdout=there, stderr=there, env=variables) as run:
        os.close(there)
        written, left = b"", dict(answers)
        while select.select([here], [], [], 30)[0]:
            try:
                part = os.read(here, 65536)
            except OSError:  # Linux reports the end of a terminal so
                break
            if not part:
                break
            written += part
            for question in tuple(left):
                if question in written.decode(errors="replace"):
                    os.write(here, f"{left.pop(question)}\n".encode())
        code = run.wait(30)
    os.close(here)
    return code, written.decode()
