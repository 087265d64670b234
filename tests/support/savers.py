"""Programs that save a note while notelog writes it, each in the style of an editor.

Run as a script: ``savers.py STYLE NOTE COUNT LONGEST_PAUSE_MS [LINE]``. Each save adds one line of
its own, LINE with its number in place of ``#``; the lines that were saved are printed. The pauses
between saves are irregular, so that each moment of a write is met.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path


def append(note: Path, line: bytes) -> None:
    """As ``echo line >> note`` does."""
    with note.open("ab") as file:
        file.write(line)


def in_place(note: Path, line: bytes) -> None:
    """As an editor that truncates and writes: what it read before, and its line above."""
    text = note.read_bytes()
    with note.open("r+b") as file:
        file.truncate(0)
        file.write(line + text)


def rename(note: Path, line: bytes) -> None:
    """As an editor that writes a new file and renames it over the old one."""
    new = note.with_name(f".{note.name}.{os.getpid()}~")
    new.write_bytes(line + note.read_bytes())
    new.rename(note)


def vim(note: Path, line: bytes) -> None:
    """As vim does with ``backupcopy=no``: the old file becomes a backup, a new one is written."""
    text = note.read_bytes()
    backup = note.with_name(f"{note.name}~")
    note.rename(backup)
    note.write_bytes(line + text)
    backup.unlink()


def sed(note: Path, line: bytes) -> None:
    """What ``sed -i`` itself does."""
    text = line.decode().rstrip("\n")
    subprocess.run(["sed", "-i", "-e", f"1i {text}", str(note)], check=True)


STYLES = {"append": append, "in_place": in_place, "rename": rename, "vim": vim, "sed": sed}


def main() -> None:
    """Saves again and again."""
    style, note, count, longest_ms, *rest = sys.argv[1:]
    text = rest[0] if rest else "line-#"
    irregular = random.Random(7)
    saved: list[str] = []
    for number in range(int(count)):
        line = text.replace("#", str(number)) + "\n"
        STYLES[style](Path(note), line.encode())
        saved.append(line)
        time.sleep(irregular.random() * int(longest_ms) / 1000)
    sys.stdout.write("".join(saved))


if __name__ == "__main__":
    main()
