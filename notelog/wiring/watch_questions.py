"""What a person is asked before a vault is watched, and how the answer is kept."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from notelog.adapters.vault_index import VaultIndex
    from notelog.adapters.watch_place import WatchFolder
    from notelog.app.due import Completing
    from notelog.app.watch_questions import Questions
    from notelog.app.watch_tools import Watching
    from notelog.core.settings import Config


def choose_auto(
    root: str,
    config: "Config",
    questions: "Questions",
    *,
    place: "WatchFolder",
    files: "Callable[[], VaultIndex]",
) -> None:
    """Offers a folder that is answered without a mark, once for a vault, and keeps the answer."""
    from notelog.app.watch_questions import AutoOffer
    from notelog.core.auto_folder import suggested_folder

    settings = config.watch
    if questions.auto is None or not (questions.anew or _is_open(config, place)):
        return
    suggestion = suggested_folder(found.relative for found in files().scan().changed)
    if suggestion is None:
        return
    offer = AutoOffer(
        suggestion=suggestion,
        settle_s=settings.auto_settle_s,
        asks_per_hour=settings.asks_per_hour,
        end_mark=next(iter(settings.end_marks), ""),
        glob=lambda folder: _glob(root, folder),
    )
    place.choose_auto(questions.auto(offer))


def _is_open(config: "Config", place: "WatchFolder") -> bool:
    from notelog.core.triggers import Mode

    settled = config.watch.auto or config.watch.mode != Mode.MARK
    return not settled and place.chosen_auto() is None


def _glob(root: str, folder: str) -> str:
    from pathlib import Path

    from notelog.core.auto_folder import WHOLE_VAULT, glob_of
    from notelog.core.watch_names import is_ignored
    from notelog.errors import UsageError

    inside = os.path.relpath(os.path.realpath(os.path.join(root, folder)), root)  # noqa: PTH118
    if inside.startswith(os.pardir) or not os.path.isdir(os.path.join(root, inside)):  # noqa: PTH112, PTH118
        raise UsageError(f"there is no folder {folder!r} in the vault")
    if inside != WHOLE_VAULT and any(map(is_ignored, Path(inside).parts)):
        raise UsageError("notes in that folder are not watched")
    glob = glob_of(inside.replace(os.sep, "/"))
    if not glob:
        raise UsageError("its name holds * or ?: name it with watch.auto in the configuration")
    return glob


def agreed_backlog(
    tools: "Watching", completing: "Completing", questions: "Questions"
) -> "AbstractSet[str]":
    """The notes that a person agreed to have answered although they are old or many.

    Raises:
        NotAgreedError: nobody did.
    """
    from notelog.app.watch_backlog import backlog_offer

    offer = backlog_offer(tools, completing)
    if offer.notes:
        questions.backlog(offer)
    return offer.notes
