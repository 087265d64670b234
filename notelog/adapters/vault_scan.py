"""Finds the notes of a vault on disk."""

import os
from collections.abc import Iterator

from notelog.errors import NoteError

_NOTE_ENDINGS = (".md", ".markdown")


def find_notes(vault: str) -> Iterator[tuple[str, str]]:
    """The notes below a folder, in the order of their paths; or just the one note that is named.

    Folders whose name begins with a dot (``.obsidian``, ``.trash``, ``.git``) are passed over, and
    symlinked folders are not entered: they could lead out of the vault or round in a circle.

    Args:
        vault: the path of a folder, or of a note.

    Yields:
        The path of each note, and the same relative to the vault.

    Raises:
        NoteError: there is no such folder, or it cannot be read.
    """
    if os.path.isfile(vault):
        yield vault, os.path.basename(vault)
        return
    yield from _notes_below(vault, "")


def _notes_below(folder: str, shown: str) -> Iterator[tuple[str, str]]:
    for entry in _entries(folder):
        relative = os.path.join(shown, entry.name)
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _notes_below(entry.path, relative)
        elif entry.name.lower().endswith(_NOTE_ENDINGS) and not entry.is_dir():
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
