"""Forgetting what was said: replies, questions and what was written go from the journals."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notelog.app.kept import kept_replies
from notelog.ports.shelf import Forgetting, Shelf, ShelvedVault

if TYPE_CHECKING:
    from notelog.core.records import TurnRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be forgotten.

    Attributes:
        paths: notes, or folders of vaults; empty for all vaults of this user.
        before: only what was asked before this time, in seconds since the epoch; None for all.
        settled: only what nobody waits for: delivered, failed without a word, taken back.
    """

    paths: tuple[str, ...] = ()
    before: float | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToForget:
    """What would be forgotten.

    Attributes:
        turns: how many.
        notes: in how many notes.
        kept: how many replies among them are in no note, and would be lost.
    """

    turns: int
    notes: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten.

    Attributes:
        chosen: what there was to forget.
        done: False where the person did not agree.
        gone: whether the text is gone from the files too.
        unread: what could not be looked at, in sentences.
    """

    chosen: ToForget
    done: bool
    gone: bool
    unread: tuple[str, ...]


def forget(
    shelf: Shelf,
    wanted: Wanted,
    agreed: Callable[[ToForget], bool],
    *,
    vault_of: Callable[[str], str],
) -> Forgotten:
    """Forgets what was said in some turns; figures stay, so that nothing is paid twice.

    Args:
        shelf: all journals.
        wanted: which turns.
        agreed: asks the person.
        vault_of: the vault of a note or folder.
    """
    for path in wanted.paths:
        shelf.knows(vault_of(path))
    turns: list[TurnRecord] = []
    unread: list[str] = []
    for vault in shelf.vaults():
        if isinstance(vault, str):
            unread.append(vault)
        else:
            for choice in _choices(vault, wanted, vault_of):
                turns += vault.journal.forgettable(choice)
    chosen = ToForget(
        turns=len(turns),
        notes=len({item.intent.note for item in turns}),
        kept=len(kept_replies(tuple(turns))),
    )
    if not turns or not agreed(chosen):
        return Forgotten(chosen=chosen, done=False, gone=True, unread=tuple(unread))
    gone = [
        vault.journal.forget(choice)
        for vault in shelf.vaults()
        if not isinstance(vault, str)
        for choice in _choices(vault, wanted, vault_of)
    ]
    return Forgotten(chosen=chosen, done=True, gone=all(gone), unread=tuple(unread))


def _choices(
    vault: ShelvedVault, wanted: Wanted, vault_of: Callable[[str], str]
) -> Iterator[Forgetting]:
    """What is to be forgotten in one vault."""
    everything = Forgetting(before=wanted.before, settled=wanted.settled)
    if not wanted.paths:
        yield everything
    for path in wanted.paths:
        if vault_of(path) == vault.root:
            is_vault = os.path.realpath(path) == vault.root
            yield everything if is_vault else replace(everything, note=os.path.realpath(path))
