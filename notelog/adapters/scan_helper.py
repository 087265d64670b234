"""Looks at the notes of a large vault in two processes, from the front and from the back.

A thread would not do: between two system calls of a microsecond, what threads wait for is the
interpreter's lock. Nor would orders to the child: what sleeps between two of them is woken on the
processor that its parent has. So it is told of all the files at once, where they are known even
before they are found again, and what it finds waits in a wide pipe; it ends when nobody reads that;
whatever becomes of it, the parent looks at the rest.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from notelog.adapters.note_looks import STAMP_BYTES, receive, stamps_of, write_all

if TYPE_CHECKING:
    from notelog.adapters.note_looks import Look, Looked

ENOUGH_NOTES = 1_000
"""A child begins in the time in which some more notes than this are read ..."""

ENOUGH_STAMPS = 5_000
"""... and it is not worth a process if fewer are only asked for their time stamps."""

_BATCH = 32
_PIPE_BYTES = 1 << 20  # what a user may have, pipe(7): it takes the answers of a walk through all
_PACKAGE = Path(__file__).parents[1]
_PROGRAM = """\
import sys
for name in ("notelog", "notelog.adapters", "notelog.core"):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = [sys.argv[1] + name[7:].replace(".", "/")]
from notelog.adapters import note_looks
note_looks.serve(getattr(note_looks, sys.argv[2]), int(sys.argv[3]))
"""


def examine(
    paths: Iterable[str], look: "Look", limit_bytes: int, *, expected: Collection[str] = ()
) -> "tuple[list[str], list[str], Looked]":
    """Looks at files as they are found.

    Args:
        paths: the files.
        look: one of ``note_looks``.
        limit_bytes: larger ones are not read.
        expected: what is likely to be found: it is looked at meanwhile, found or not.

    Returns:
        The files; what was looked at: what was expected, and before it what else was found; and
        what was found of that.
    """
    enough = ENOUGH_STAMPS if look is stamps_of else ENOUGH_NOTES
    found: list[str] = []
    named = list(expected)
    child: _Child | None = None
    try:
        if len(expected) >= enough:
            child = _Child.started(look, limit_bytes)
        if child is not None:
            child.tell(named)
        for path in paths:
            found.append(path)
            if child is None and len(found) == enough:  # it begins while the rest of them is found
                child = _Child.started(look, limit_bytes)
        if found == named or not expected:
            named = found
        else:
            named = [*(path for path in found if path not in expected), *named]
        if child is not None and not child.told:
            child.tell(named)
        return found, named, _shared(named, look, limit_bytes, child)
    finally:
        if child is not None:
            child.end()


def _shared(paths: list[str], look: "Look", limit_bytes: int, child: "_Child | None") -> "Looked":
    front: list[tuple[int, Looked]] = []
    back: list[tuple[int, Looked]] = []
    low, high = 0, len(paths)
    while low < high:
        if child is not None:
            try:
                while (answer := child.answer()) is not None:
                    start = high - len(answer[0]) // STAMP_BYTES
                    if start < low:
                        break
                    back.append((start, answer))
                    high = start
            except (OSError, EOFError, ValueError, TypeError):
                child = None
        own = paths[low : min(low + _BATCH, high)]
        front.append((low, look(own, limit_bytes)))
        low += len(own)
    return _joined(front + back[::-1])


def _joined(parts: "list[tuple[int, Looked]]") -> "Looked":
    return (
        b"".join(found[0] for _, found in parts),
        [start + number for start, found in parts for number in found[1]],
        [start + number for start, found in parts for number in found[2]],
    )


class _Child:
    """The process; see the module.

    Attributes:
        told: whether it was told of files.

    Raises:
        OSError: it cannot be started, or this system has no such way to start one.
    """

    @classmethod
    def started(cls, look: "Look", limit_bytes: int) -> "_Child | None":
        """One that runs; None where none can be had."""
        try:
            return cls(look, limit_bytes)
        except OSError:
            return None

    def __init__(self, look: "Look", limit_bytes: int) -> None:
        if not (hasattr(os, "posix_spawn") and sys.executable and _is_room()):
            raise OSError
        theirs_in, self._paths = os.pipe()
        self._answers, theirs_out = os.pipe()
        arguments = ("-I", "-S", "-c", _PROGRAM, str(_PACKAGE), look.__name__, str(limit_bytes))
        try:
            self._process = os.posix_spawn(
                sys.executable,
                (sys.executable, *arguments),
                {"LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")},  # and no key
                file_actions=(
                    (os.POSIX_SPAWN_DUP2, theirs_in, 0),
                    (os.POSIX_SPAWN_DUP2, theirs_out, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ),
            )
        except OSError:
            os.close(self._paths)
            os.close(self._answers)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        if sys.platform == "linux":
            import fcntl

            with suppress(OSError):
                fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._come = select.poll()
        self._come.register(self._answers, select.POLLIN)
        self._telling: threading.Thread | None = None
        self.told = False

    def tell(self, paths: Sequence[str]) -> None:
        """Gives it the files, the last first, beside: a pipe takes no more than it has room for.

        As bytes, for it may have another idea of how names are encoded.
        """
        self.told = True

        def write() -> None:
            with suppress(OSError):
                write_all(self._paths, os.fsencode("\0".join([*reversed(paths), ""])))
            os.close(self._paths)

        self._telling = threading.Thread(target=write, name="scan-helper", daemon=True)
        self._telling.start()

    def answer(self) -> "Looked | None":
        """What it found of the last files that it has not answered for; None where it is at work.

        Raises:
            OSError, EOFError, ValueError, TypeError: it has ended, or writes what it should not.
        """
        if not self._come.poll(0):
            return None
        return cast("Looked", receive(self._answers))

    def end(self) -> None:
        """Ends it; it holds nothing."""
        with suppress(OSError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        os.close(self._answers)
        if self._telling is None:
            os.close(self._paths)
        else:
            self._telling.join()


def _is_room() -> bool:
    """Whether there are two processors: on one two processes only take turns.

    Where other programs keep them busy, two get the greater share of them: beside four of these on
    two processors a scan took 0.7 of the time.
    """
    return (os.cpu_count() or 1) > 1
