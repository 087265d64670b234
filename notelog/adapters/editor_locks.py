"""The files by which editors say that they have a note open.

Obsidian, gedit and the like write none: for them there is only the time since the last save.
"""

import os
import re

_BESIDE = (
    (".", r"\.sw[a-p]"),  # vim; nano with its locking switched on
    (".#", ""),  # emacs, joe: a symlink to nowhere
    (".~lock.", "#"),  # LibreOffice
    ("~$", ""),  # Word
    (".", r"\.kate-swp"),
)
"""What stands before and behind the note's name."""


def is_in_editor(real_path: str) -> bool:
    """Whether a swap or lock file stands beside a note, or in neovim's folder for such files.

    Args:
        real_path: the note, symlinks resolved.
    """
    folder, name = os.path.split(real_path)
    beside = "|".join(re.escape(before + name) + behind for before, behind in _BESIDE)
    swap = re.escape(real_path.replace(os.sep, "%")) + r"\.sw[a-p]"
    return _holds(folder, beside) or _holds(_neovim_folder(), swap)


def _holds(folder: str, wanted: str) -> bool:
    try:
        return any(re.fullmatch(wanted, found) for found in os.listdir(folder))  # noqa: PTH208  # names are enough
    except OSError:
        return False  # no such folder, or it may not be read


def _neovim_folder() -> str:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111  # Path.home raises where there is none
    return os.path.join(state, "nvim", "swap")  # noqa: PTH118  # it is text
