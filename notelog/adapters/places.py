"""Where notelog keeps what is no note: configuration, state and cache, never inside a vault.

What has authority or is secret lies outside vaults, which are shared and synced.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.errors import JournalError

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

PRIVATE_MODE = 0o700


def config_dir() -> str:
    """The folder of ``config.toml``: ``NOTELOG_CONFIG_DIR``, or the user's configuration folder."""
    return _named("NOTELOG_CONFIG_DIR") or _user_folders().user_config_dir


def state_dir() -> str:
    """The folder of the journals: ``NOTELOG_STATE_DIR``, or the user's state folder."""
    return _named("NOTELOG_STATE_DIR") or _user_folders().user_state_dir


def cache_dir() -> str:
    """What can be made again: ``NOTELOG_CACHE_DIR``, or the user's cache folder."""
    return _named("NOTELOG_CACHE_DIR") or _user_folders().user_cache_dir


def name_for(root: str) -> str:
    """The name of a file or folder that is kept for a vault: a hash of its real path."""
    from hashlib import sha256

    return sha256(os.fsencode(root)).hexdigest()[:32]


def private_folder(path: str) -> str:
    """Makes a folder that only its owner can open, whatever the umask.

    A folder that is there already is left as it is, since it may serve others too.

    Raises:
        JournalError: it cannot be made, or a file stands in its way.
    """
    place = Path(path)
    try:
        make_private(place)
        there = place.is_dir()
    except OSError as error:
        raise JournalError(
            f"the folder cannot be made: {error.strerror or error}",
            hint="make it yourself, or name another one (see NOTELOG_STATE_DIR)",
            path=path,
        ) from error
    if not there:
        raise JournalError(
            "a file stands where a folder is needed",
            hint="move it away, or name another folder (see NOTELOG_STATE_DIR)",
            path=path,
        )
    return path


def vault_of(note_path: str, configured_roots: Sequence[str] = ()) -> str:
    """The vault that a note belongs to, symlinks resolved."""
    return vault_of_real(os.path.realpath(note_path), lambda: configured_roots)


def vault_of_real(note_path: str, configured_roots: Callable[[], Sequence[str]]) -> str:
    """The vault that a note belongs to whose path holds no symlink.

    It is the nearest folder above the note that holds ``.obsidian``, else the innermost
    configured root above it, else the note's own folder.
    """
    folder = os.path.dirname(note_path)  # noqa: PTH120  # a look asks this
    if above := _vault_above(folder):
        return above
    roots = {os.path.realpath(root) for root in configured_roots()}
    return next((place for place in _upwards(folder) if place in roots), folder)


def vault_above(path: Path) -> Path | None:
    """The nearest folder at or above ``path`` that holds ``.obsidian``, or None."""
    above = _vault_above(str(path.absolute()))
    return Path(above) if above else None


def _vault_above(folder: str) -> str:
    inside = (place for place in _upwards(folder) if os.path.isdir(f"{place}{os.sep}.obsidian"))  # noqa: PTH112
    return next(inside, "")


def _upwards(folder: str) -> Iterator[str]:
    """A folder and all that it lies in."""
    above = ""
    while folder != above:
        yield folder
        above, folder = folder, os.path.dirname(folder)  # noqa: PTH120


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it, symlinks resolved."""
    place = Path(os.path.realpath(path))
    root = Path(os.path.realpath(folder))
    return root == place or root in place.parents


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable, where a folder can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private(folder: Path) -> None:
    """Makes what is missing of a folder's path, for the owner alone, whatever the umask.

    Raises:
        OSError: the system refuses.
    """
    for place in (*reversed(folder.parents), folder):
        if os.path.lexists(place):
            continue
        try:
            place.mkdir(PRIVATE_MODE)
        except FileExistsError:
            continue
        place.chmod(PRIVATE_MODE)  # the umask may have taken away more than it should


def write_private(path: Path, data: bytes) -> None:
    """Makes a new file that only its owner can read, whole or not at all, and on the disk.

    Raises:
        FileExistsError: there is one already; it is as it was.
        OSError: the system refuses.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            path.chmod(0o600)  # the umask may have taken away more than it should
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace_private(path: Path, data: bytes) -> None:
    """Puts a new file, as ``write_private`` makes it, into the place of the old one, at once.

    Raises:
        OSError: the system refuses; the old one is as it was.
    """
    from secrets import token_hex

    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    write_private(temporary, data)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _named(variable: str) -> str:
    """The folder that an environment variable names; empty where it names none."""
    named = os.environ.get(variable, "")
    return str(Path(named).expanduser().absolute()) if named else ""


def _user_folders() -> "PlatformDirs":
    from platformdirs import PlatformDirs

    return PlatformDirs("notelog", appauthor=False)
