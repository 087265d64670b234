"""The vaults that are, or were, watched on this machine."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.adapters.watch_place import WatchFolder
    from notelog.ports.watch_place import WatchedVault


def vault_root(named: str | None) -> str:
    """The real path of a vault that is to be watched: a symlinked one gives no events.

    Args:
        named: its folder; None takes the vault that the current folder lies in.

    Raises:
        UsageError: it is no folder, or there is none.
    """
    from notelog.errors import UsageError
    from notelog.wiring.doctor import vault_here

    vault = named or vault_here()
    if vault is None:
        raise UsageError(
            "no vault is named, and the current folder lies in none",
            hint="name the folder of your vault",
        )
    root = os.path.realpath(vault)
    if not os.path.isdir(root):  # noqa: PTH112  # realpath gives text
        there = os.path.exists(root)  # noqa: PTH110
        raise UsageError(
            "a file, and no folder" if there else "there is no such folder",
            hint="name the folder of your vault"
            + ("; for one note there is: notelog complete NOTE" if there else ""),
            path=vault,
        )
    return root


def watched_around(path: str) -> "tuple[str, ...]":
    """The folders with a watcher on this machine that a real path is, or lies in."""
    from pathlib import Path

    from notelog.adapters.places import state_dir
    from notelog.adapters.watch_place import WatchFolder, watched_roots

    state = state_dir()
    return tuple(
        root
        for root in watched_roots(state)
        if Path(path).is_relative_to(root) and WatchFolder(state, root).is_watched()
    )


def pause(vault: str, duration: str) -> "tuple[str, ...]":
    """Lets watchers ask nothing for a time; gives the vaults."""
    from time import time

    from notelog.adapters.watch_place import parse_duration_s

    until = time() + parse_duration_s(duration)
    folders = _folders(vault)
    for folder in folders.values():
        folder.pause(until)
    return tuple(folders)


def resume(vault: str) -> "tuple[str, ...]":
    """Lets watchers go on; gives the vaults."""
    folders = _folders(vault)
    for folder in folders.values():
        folder.resume()
    return tuple(folders)


def watched_vaults() -> "tuple[WatchedVault, ...]":
    """What is known of each vault that was ever watched on this machine."""
    return tuple(folder.known() for folder in _folders("").values())


def _folders(vault: str) -> "dict[str, WatchFolder]":
    from notelog.adapters.places import state_dir
    from notelog.adapters.watch_place import WatchFolder, watched_roots

    state = state_dir()
    roots = (vault_root(vault),) if vault else watched_roots(state)
    return {root: WatchFolder(state, root) for root in roots}
