"""Who else may read notelog's state, or change its configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from notelog.core.checkup import Remark, fail, ok, warn

_OTHERS = 0o077
_WRITE_OTHERS, _WRITE_GROUP = 0o002, 0o020


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A file or folder with its owner and mode, as POSIX has them.

    Attributes:
        path: where it is.
        mode: the permission bits.
        mine: it belongs to this user.
        of_root: it belongs to the administrator.
        own_group: its group is this user's own, in which nobody else is.
    """

    path: str
    mode: int
    mine: bool
    of_root: bool = False
    own_group: bool = False


def judge_state(found: Sequence[Permission], folder: str) -> Remark:
    """Whether the journals, which hold what was asked and answered, are this user's alone.

    Args:
        found: the folder of the journals and what is in it; nothing where there is none yet.
        folder: the state folder, for the sentence.
    """
    check = "state-folder"
    for item in found:
        if not item.mine:
            return fail(
                check,
                f"{item.path} belongs to another user",
                "give it back to yourself with chown, or name another folder with"
                " NOTELOG_STATE_DIR",
            )
    open_to_others = [item for item in found if item.mode & _OTHERS]
    if open_to_others:
        first = open_to_others[0]
        return fail(
            check,
            f"other users may look into {first.path} (mode {first.mode:04o}), which holds your"
            " chats",
            f"make it yours alone: chmod -R go= {quote(folder)}",
        )
    return ok(check, f"{folder}, yours alone" if found else f"{folder}, made when it is needed")


def judge_config_permission(found: Sequence[Permission]) -> Remark | None:
    """What is wrong where others may change the configuration; None where nothing is.

    It says where keys go: who can write it, or the folder it is in, can have them.
    """
    for item in found:
        others = _WRITE_OTHERS | (0 if item.own_group else _WRITE_GROUP)
        if item.mode & others or not (item.mine or item.of_root):
            return warn(
                "configuration",
                f"other users may change {item.path} (mode {item.mode:04o}), which says where"
                " keys go",
                f"make it yours alone: chmod go-w {quote(item.path)}",
            )
    return None
