"""Real editors on terminals of their own, worked by a person's keys.

with Editor("vim", note) as editor:
    editor.press(*editor.keys.tick, *editor.keys.save)
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LONGEST_WAIT_S = 30.0
_ENTER, _ESCAPE = b"\r", b"\x1b"
_STEERING = re.compile(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()].|[=>])|[\x00-\x1f]")


@dataclass(frozen=True)
class Keys:
    """How an editor is worked.

    Attributes:
        command: that starts it, without anybody's settings; the note comes last.
        tick: ticks the first empty box.
        save: saves what is in the buffer.
        warns: what it says before it saves a file that is another than the one it read.
        anyway: saves all the same.
        begin: what it warns at, where that is not the saving.
    """

    command: tuple[str, ...]
    tick: tuple[bytes, ...]
    save: tuple[bytes, ...]
    warns: bytes
    anyway: tuple[bytes, ...]
    begin: tuple[bytes, ...] = ()


_VI_TICK = (b":%s/- \\[ /- [x/" + _ENTER,)
EDITORS = {
    "vim": Keys(("vim", "-u", "NONE", "-N"), _VI_TICK, (b":w\r",), b"has been changed", (b"y",)),
    "nvim": Keys(("nvim", "-u", "NONE"), _VI_TICK, (b":w\r",), b"has been changed", (b"y",)),
    "nano": Keys(
        ("nano", "--ignorercfiles"),
        (b"\x1c[ ]\r", b"[x]\r", b"y"),
        (b"\x0f", _ENTER),
        b"disk has changed",
        (b"y",),
    ),
    "emacs": Keys(
        ("emacs", "-nw", "-Q"),
        (_ESCAPE + b"%[ ]\r", b"[x]\r", b"!"),
        (b"\x18\x13",),
        b"changed on disk",
        (b"y", b"\x18\x13", b"yes\r"),
        begin=(b"\x15" + _ESCAPE + b"~",),
    ),
}
"""Each with its defaults. Under ``/tmp`` vim and emacs would save in another way."""


class Editor:
    """An editor that shows a note, until the end of a ``with`` block.

    Args:
        name: of ``EDITORS``.
        note: what it is opened with.
        home: an empty folder.
    """

    def __init__(self, name: str, note: Path, home: Path) -> None:
        self.keys = EDITORS[name]
        self._command = [*self.keys.command, str(note)]
        self._note = note
        self._home = home
        self._shown = b""

    def __enter__(self) -> Self:
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
        kept = {"PATH": os.environ["PATH"], "HOME": str(self._home)}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *self._command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "TERM": "xterm", "LANG": "C.UTF-8"},
        )
        os.close(theirs)
        self.wait_for(self._note.read_bytes().rstrip().rpartition(b"\n")[2])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def press(self, *keys: bytes) -> None:
        """Presses keys as fast as a person may who knows the editor: what it shows is read."""
        for some in keys:
            os.write(self._terminal, some)
            self._read(0.2)

    def wait_for(self, words: bytes) -> None:
        """Waits until the editor shows some words; what it showed before counts no more."""
        end = time.monotonic() + LONGEST_WAIT_S
        while words not in _STEERING.sub(b"", self._shown):
            assert time.monotonic() < end, f"it never showed {words!r}: {self._shown!r}"
            self._read(0.1)
        self._shown = b""

    def save(self) -> None:
        """Saves the buffer and waits until it is on the disk."""
        before = self._note.stat().st_mtime_ns
        self.press(*self.keys.save)
        self._wait_until_saved(before)

    def save_anyway(self) -> None:
        """Saves an old buffer over what is on the disk, though the editor warns."""
        before = self._note.stat().st_mtime_ns
        self.press(*(self.keys.begin or self.keys.save))
        self.wait_for(self.keys.warns)
        self.press(*self.keys.anyway)
        self._wait_until_saved(before)

    def _wait_until_saved(self, before: int) -> None:
        end = time.monotonic() + LONGEST_WAIT_S
        while not (self._note.exists() and self._note.stat().st_mtime_ns != before):
            assert time.monotonic() < end, f"it never saved: {self._shown!r}"
            self._read(0.05)

    def _read(self, patience_s: float) -> None:
        """Takes what the editor shows until it shows nothing for a while."""
        while select.select([self._terminal], [], [], patience_s)[0]:
            self._shown += os.read(self._terminal, 65_536)
