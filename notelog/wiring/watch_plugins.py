"""A plugin of Obsidian that answers where a watcher might."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.ports.watch_view import WatchView

_ENABLED = (
    "the ChatGPT MD plugin is enabled in this vault and writes empty assistant markers itself: "
    "they ask for nothing here"
)
_DISABLED = (
    "the ChatGPT MD plugin is not enabled in this vault any more: empty assistant markers ask for "
    "a reply"
)


class ChatGptMd:
    """Whether that plugin is enabled, as it is at each look; says so when it changes.

    Args:
        root: the vault.
        view: is told.
        at_once: look, and say it, now.
    """

    def __init__(self, root: str, view: "WatchView", *, at_once: bool) -> None:
        self._root = root
        self._view = view
        self._enabled = False
        if at_once:
            self.is_enabled()

    def is_enabled(self) -> bool:
        """Whether it is; as before where the list of plugins is being saved."""
        from notelog.adapters.obsidian import has_chatgpt_md
        from notelog.ports.watch_view import Kind, Told

        enabled = has_chatgpt_md(self._root, before=self._enabled)
        if enabled != self._enabled:
            self._enabled = enabled
            sentence = _ENABLED if enabled else _DISABLED
            self._view.tell(Told(kind=Kind.NOTICE, sentence=sentence))
        return enabled
