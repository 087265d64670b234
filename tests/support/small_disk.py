"""A small disk of its own, that can be really full: a tmpfs in a mount namespace.

Only commands that are run ``within`` it see the disk; a test looks at it through ``seen``.
"""

import errno
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self


class SmallDisk:
    """A tmpfs mounted on a folder, within a ``with`` block.

    Args:
        folder: an empty folder; it stays empty for everybody outside of the namespace.
        size_kb: how much the disk can hold, in KiB.
    """

    def __init__(self, folder: Path, size_kb: int) -> None:
        self._folder = folder
        script = f'mount -t tmpfs -o size={size_kb}k none "$0" && echo ready && exec cat'
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self._command = ["unshare", *user, "--mount", "sh", "-c", script, str(folder)]
        self._user = ["--user", "--preserve-credentials"] if user else []

    def __enter__(self) -> Self:
        self._holder = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"ready\n":
            _, words = self._holder.communicate(timeout=10)
            raise OSError(f"no disk could be mounted: {words.decode()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._holder.communicate(timeout=10)

    @property
    def within(self) -> list[str]:
        """Put before a command, it lets the command see the disk."""
        target = f"--target={self._holder.pid}"
        return ["nsenter", target, *self._user, "--mount", f"--wd={Path.cwd()}", "--"]

    def seen(self, path: Path) -> Path:
        """A file on the disk, as a process outside of the namespace can reach it."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def fill(self) -> None:
        """Leaves no free block; the last blocks of files may have room."""
        with self.seen(self._folder / "filler").open("ab", buffering=0) as filler:
            for size in (4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        """Takes away what ``fill`` put there."""
        self.seen(self._folder / "filler").unlink()
