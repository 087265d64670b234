"""Finds the notes of a vault on disk."""

import os
from collections.abc import Iterator
from pathlib import Path

from notelog.errors import NoteError

NOTE_ENDINGS = (".md", ".markdown")
"""How the names of notes end, in small letters."""


def find_notes(vault: str) -> Iterator[tuple[str, str] | NoteError]:
    """The notes below a folder, in the order of their paths; or just the one note that is named.

    Folders whose name begins with a dot (``.obsidian``, ``.trash``, ``.git``) are passed over, and
    symlinked folders are not entered: they could lead out of the vault or round in a circle.

    Args:
        vault: the path of a folder, or of a note.

    Returns:
        One after the other, the path of each note and the one to show, relative to the vault; or
        the reason why a folder in the vault cannot be read.

    Raises:
        NoteError: there is no such folder, or it cannot be read.
    """
    if os.path.lexists(vault) and not Path(vault).is_dir():
        return iter([(vault, vault)])
    return _notes_in("", _entries(vault))


def _notes_in(
    shown: str, entries: "list[os.DirEntry[str]]"
) -> Iterator[tuple[str, str] | NoteError]:
    for entry in entries:
        relative = f"{shown}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            try:
                below = _entries(entry.path)
            except NoteError as error:
                error.path = relative
                yield error
            else:
                yield from _notes_in(f"{relative}{os.sep}", below)
        elif entry.name.lower().endswith(NOTE_ENDINGS) and not Path(entry.path).is_dir():
            yield entry.path, relative


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise NoteError(
            f"the folder cannot be read: {error.strerror}",
            path=folder,
            hint="name the folder of your vault",
        ) from error
