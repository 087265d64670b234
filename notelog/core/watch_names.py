"""Which files of a vault are watched: names that no note has, and the globs of the configuration.

The names come from what editors and sync tools were seen to leave beside a note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from notelog.core.conflict_copies import is_conflict_copy

_NO_NOTES = re.compile(
    r"\..*"  # hidden: .obsidian, .trash, .#note.md, .syncthing.*, .note.md.icloud, ours
    r"|.*~|#.*#|.*\.sw[a-z]|4913"  # vim, emacs
    r"|~syncthing~.*",
    re.IGNORECASE | re.DOTALL,
)
_SYNC_TEMP = re.compile(r"(?:\.syncthing\.|~syncthing~|\.sync|\.~|\.goutputstream).*", re.DOTALL)
_TWIN = re.compile(r"(?P<name>.+?)(?: \d{1,2}|_\d{1,2}| \(\d{1,2}\))(?P<ending>\.[^.]+)")
_RISKY = re.compile(r"\)[*+?{]|\\[1-9]|\(\?")
_QUANTIFIER = re.compile(r"[*+{]")
_MOST_PATTERN_CHARS = 200
_MOST_QUANTIFIERS = 2


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is never looked at."""
    return _NO_NOTES.fullmatch(name) is not None or is_conflict_copy(name)


def is_sync_temp(name: str) -> bool:
    """Whether a sync tool writes under this name before it moves the file to its place."""
    return _SYNC_TEMP.fullmatch(name) is not None


def twin_of(name: str) -> str | None:
    """The name of which this may be a conflict twin: ``a 2.md`` and ``a_2.md`` of ``a.md``."""
    found = _TWIN.fullmatch(name)
    return None if found is None else found["name"] + found["ending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which notes of a vault are watched, by their paths relative to it with ``/``.

    Attributes:
        include: globs; none means every note.
        exclude: globs that win over ``include``.
        hidden: Obsidian's own excluded files (``userIgnoreFilters``): the beginning of a path, or
            a regular expression between slashes.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def reason_against(self, path: str) -> str:
        """Why a note is not watched, as the end of a sentence; empty where it is."""
        if self.include and not matches_any(self.include, path):
            return "no glob of watch.include matches its path"
        if matches_any(self.exclude, path):
            return "a glob of watch.exclude matches its path"
        if any(_is_hidden(path, pattern) for pattern in self.hidden):
            return "Obsidian's excluded files name it"
        return ""

    @property
    def not_understood(self) -> tuple[str, ...]:
        """Obsidian's filters that are passed over: they could take for ever to match."""
        return tuple(item for item in self.hidden if _expression(item) and not _is_safe(item[1:-1]))


def matches_any(globs: Sequence[str], path: str) -> bool:
    """Whether a glob matches: ``*`` stays within a folder, ``**`` does not; case counts.

    One without either may name a folder, and means all that is in it; ``.`` is the vault.
    """
    return any(_compiled(glob).fullmatch(path) for glob in globs)


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    rules = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    glob = "**" if glob in {".", "./"} else glob.removeprefix("./").removeprefix("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    whole = "".join(rules.get(part) or re.escape(part) for part in parts)
    below = ".*" if glob.endswith("/") else "(?:/.*)?" if len(parts) == 1 else ""
    return re.compile(whole + below, re.DOTALL)


def _expression(pattern: str) -> bool:
    return len(pattern) > 2 and pattern[0] == pattern[-1] == "/"  # noqa: PLR2004  # two slashes


def _is_hidden(path: str, pattern: str) -> bool:
    if not _expression(pattern):
        return bool(pattern) and path.startswith(pattern)
    return _is_safe(pattern[1:-1]) and re.search(pattern[1:-1], path) is not None


@lru_cache(maxsize=256)
def _is_safe(pattern: str) -> bool:
    """Whether a pattern, which may come from anywhere, matches in a time that is bounded."""
    if len(pattern) > _MOST_PATTERN_CHARS or _RISKY.search(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return len(_QUANTIFIER.findall(pattern)) <= _MOST_QUANTIFIERS
