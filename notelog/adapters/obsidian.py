"""What Obsidian's own settings in a vault say: data from the network, which only restricts."""

import json
from pathlib import Path
from typing import cast

_LIMIT_BYTES = 1024 * 1024
_CHATGPT_MD = "chatgpt-md"


def ignore_filters(root: str, before: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Obsidian's excluded files (``userIgnoreFilters``).

    Args:
        root: the vault.
        before: what they were, for where the list cannot be read now.
    """
    found = _json(root, "app.json")
    if not isinstance(found, dict):
        return before
    return tuple(_texts(cast("dict[str, object]", found).get("userIgnoreFilters")))


def has_chatgpt_md(root: str, *, before: bool = False) -> bool:
    """Whether the ChatGPT MD plugin is enabled in the vault.

    Args:
        root: the vault.
        before: whether it was, for where the list cannot be read now.
    """
    found = _json(root, "community-plugins.json")
    if not isinstance(found, list):
        return before
    return _CHATGPT_MD in _texts(cast("list[object]", found))


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _json(root: str, name: str) -> object:
    try:
        with Path(root, ".obsidian", name).open("rb") as file:
            parsed: object = json.loads(file.read(_LIMIT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return parsed
