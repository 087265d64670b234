"""The names that sync services give to the losing side of a conflict."""

import re
from collections.abc import Collection

_MARKED = re.compile(
    r"\.sync-conflict-\d{8}-\d{6}"  # Syncthing
    r"|\(\s*(?:[^()]*\s)?conflicted copy\b[^()]*\)"  # Dropbox, Obsidian Sync, Nextcloud
    r"|\([^()]*(?:冲突副本|衝突複本|的冲突)[^()]*\)"  # Dropbox in Chinese
    r"|-safeBackup-\d+"  # OneDrive
    r"|(?-i:-(?:DESKTOP|LAPTOP)-[A-Z0-9]{6,8})(?:-\d+)?(?=\.)"  # OneDrive: the computer's name
    r"|\(SFConflict [^()]*\)"  # Seafile
    r"|_[^_]+_[A-Z][a-z]{2}-\d{2}-\d{6}-\d{4}_Conflict(?=\.)",  # Synology Drive
    re.IGNORECASE,
)
_TWIN = re.compile(r"(?P<name>.+?) [2-9](?P<ending>\.[^.]+)\Z")


def is_conflict_copy(name: str) -> bool:
    """Whether a file's name says that it is the losing side of a sync conflict."""
    return _MARKED.search(name) is not None


def twin_of(name: str, beside: Collection[str]) -> str:
    """The note of which iCloud may have made this one: ``Tea 2.md`` beside ``Tea.md``; or empty.

    People number notes the same way: it is a guess, good where the vault is iCloud's.
    """
    match = _TWIN.match(name)
    first = f"{match['name']}{match['ending']}" if match else ""
    return first if first in beside else ""
