"""The folder whose notes a person may have answered without a mark."""

from collections import Counter
from collections.abc import Iterable

WHOLE_VAULT = "."
"""Names the vault itself among its folders."""

_GLOB = frozenset("*?")


def suggested_folder(chats: Iterable[str]) -> str | None:
    """The top folder with the most chats; the vault itself where they lie in none.

    Args:
        chats: their paths in the vault, with ``/``.

    Returns:
        None where there are no chats.
    """
    folders = Counter(path.partition("/")[0] if "/" in path else WHOLE_VAULT for path in chats)
    named = [folder for folder in folders if folder != WHOLE_VAULT and glob_of(folder)]
    if named:
        return max(sorted(named), key=lambda folder: folders[folder])
    return WHOLE_VAULT if folders else None


def glob_of(folder: str) -> str:
    """The glob of all notes in a folder; empty where its name has letters that a glob reads.

    Args:
        folder: its path in the vault, with ``/``.
    """
    if folder == WHOLE_VAULT:
        return "**"
    return "" if _GLOB & set(folder) else f"{folder}/**"
