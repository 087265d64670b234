"""Paths as a person reads and copies them."""

import os
import shlex


def shown_path(path: str) -> str:
    """A path from the current folder where it lies below it, else the whole one."""
    here = os.getcwd()  # noqa: PTH109  # it is joined as text
    return path.removeprefix(here.rstrip(os.sep) + os.sep)


def shell_path(path: str) -> str:
    """A path as an argument of a command that can be copied from the terminal."""
    shown = shown_path(path)
    return shlex.quote(f".{os.sep}{shown}" if shown.startswith("-") else shown)
