"""What a crash leaves beside a note, and what becomes of it.

The name of a file that is made beside a note begins with a hash of the note's name, and holds the
hashes of the note as it was read and as it was to be. So one look tells a leftover of ours from
somebody's save, and nothing else has to be kept. A note may be renamed between the crash and the
next look: then no note has the name any more that the file was made for.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from re import compile as regex
from re import escape

from notelog.adapters.appending import not_writable
from notelog.core.temp_names import TEMP_PREFIX

ORPHAN_S = 60.0
"""So old is a file whose note is gone before it is looked at: an editor may be saving that note."""

_MADE = regex(
    rf"(?P<stem>{escape(TEMP_PREFIX)}[0-9a-f]{{12}}-)[0-9a-f]{{16}}(?:\.part|-[0-9a-f]{{24}}-[0-9a-f]{{24}})"
)


def sweep_beside(real_path: str, take_in: Callable[[Path], None]) -> None:
    """Clears away what a crash left beside a note, or beside one that has another name now.

    Call it only while the note is kept to this process. A person's save whose note cannot be told
    any more becomes a conflict copy that can be seen, as a sync tool would have made it.

    Args:
        real_path: the note, symlinks resolved.
        take_in: merges a file that holds a person's save into the note, and removes it.

    Raises:
        NoteWriteError: a save was found and could not be merged; its file is named, and stays.
    """
    note = Path(real_path)
    try:
        names = os.listdir(note.parent)  # noqa: PTH208  # fast
    except (PermissionError, FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise not_writable(real_path, error) from error
    left = sorted(name for name in names if name.startswith(TEMP_PREFIX))
    ours = temp_stem(note.name)
    for leftover in (note.parent / name for name in left if name.startswith(ours)):
        if not clear_if_ours(leftover):
            take_in(leftover)
    if orphans := orphans_among(left, names):
        _care_for(note.parent / name for name in orphans)


def temp_stem(note_name: str) -> str:
    """How the names begin of all files that are made beside a note of this name."""
    return f"{TEMP_PREFIX}{sha256(os.fsencode(note_name)).hexdigest()[:12]}-"


def temp_name(note_name: str, base: bytes, new: bytes) -> tuple[str, str]:
    """The names of a file that is made beside a note: while it is written, and afterwards."""
    stem = f"{temp_stem(note_name)}{os.urandom(8).hex()}"
    return f"{stem}.part", f"{stem}-{_digest(base)}-{_digest(new)}"


def orphans_among(left: Iterable[str], names: Iterable[str]) -> list[str]:
    """The files made beside notes that are not among the names of their folder."""
    made = [found for name in left if (found := _MADE.fullmatch(name))]
    owners = {temp_stem(name) for name in names} if made else set[str]()
    return [found[0] for found in made if found["stem"] not in owners]


def clear_if_ours(leftover: Path) -> bool:
    """Removes a file that holds nothing but the old or the new note; False where it holds more."""
    if leftover.suffix != ".part" and not _is_ours(leftover):
        return False
    with suppress(OSError):
        leftover.unlink()
    return True


def _care_for(orphans: Iterable[Path]) -> None:
    for orphan in orphans:
        with suppress(OSError):  # another process was quicker, or nothing can be done here
            if time.time() - orphan.lstat().st_ctime >= ORPHAN_S and not clear_if_ours(orphan):
                orphan.rename(orphan.with_name(_conflict_name()))


def _conflict_name() -> str:
    """The name of a conflict copy as Syncthing gives it: neither it nor a watcher answers one."""
    now = time.strftime("%Y%m%d-%H%M%S")
    letters = "".join(chr(ord("A") + byte % 26) for byte in os.urandom(7))
    return f"kept by notelog.sync-conflict-{now}-{letters}.md"


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:24]


def _is_ours(leftover: Path) -> bool:
    """Whether a file beside a note holds exactly the old or the new note of its name."""
    try:
        return _digest(leftover.read_bytes()) in leftover.name.split("-")[3:]
    except OSError:
        return False
