"""Keeps a model's thinking apart from its words, wherever a network cuts them."""

from dataclasses import replace
from re import compile as regex

from notelog.core.reply import ReplyDelta

_OPEN = "<think>"
_CLOSE = "</think>"
_MOST_BLANKS = 4096
_SURROGATE = regex("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


class ThinkingFilter:
    """Moves a ``<think>`` block that opens a reply from its text to its reasoning.

    Only at the start: later on the tag is a word that the model writes about. What may still
    become a tag is held back until it is decided: blanks, and seven characters at most. It also
    joins surrogate pairs that a server cut in two; a half that stays alone becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._state = self._at_start
        self._held = ""
        self._half = ""

    def feed(self, delta: ReplyDelta) -> ReplyDelta:
        """What a part adds, its text and reasoning told apart; either may come later."""
        if not delta.text and not _SURROGATE.search(delta.reasoning + delta.refusal):
            return delta
        text, reasoning = self._state(self._joined(delta.text)) if delta.text else ("", "")
        return replace(
            delta,
            text=text,
            reasoning=_SURROGATE.sub(_REPLACEMENT, delta.reasoning) + reasoning,
            refusal=_SURROGATE.sub(_REPLACEMENT, delta.refusal),
        )

    def close(self) -> ReplyDelta:
        """What was held back, once nothing more comes."""
        rest = self._held + (_REPLACEMENT if self._half else "")
        thinking = self._state == self._inside
        self._held = self._half = ""
        return ReplyDelta(reasoning=rest) if thinking else ReplyDelta(text=rest)

    def _joined(self, text: str) -> str:
        """The text without half characters; a first half at its end waits for the second."""
        text = self._half + text
        self._half = ""
        if not _SURROGATE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _at_start(self, text: str) -> tuple[str, str]:
        self._held += text
        word = self._held.lstrip()
        if word.startswith(_OPEN):
            self._held = ""
            self._state = self._inside
            return self._inside(word[len(_OPEN) :])
        if _OPEN.startswith(word) and len(self._held) <= _MOST_BLANKS:
            return "", ""
        text, self._held = self._held, ""
        self._state = self._outside
        return text, ""

    def _inside(self, text: str) -> tuple[str, str]:
        thought, closed, rest = (self._held + text).partition(_CLOSE)
        if closed:
            self._held = ""
            self._state = self._after
            words, _ = self._after(rest)
            return words, thought
        keep = _started(thought, _CLOSE)
        self._held = thought[len(thought) - keep :]
        return "", thought[: len(thought) - keep]

    def _after(self, text: str) -> tuple[str, str]:
        """Blanks between the thinking and the first word belong to neither."""
        words = text.lstrip()
        if words:
            self._state = self._outside
        return words, ""

    def _outside(self, text: str) -> tuple[str, str]:
        return text, ""


def _started(text: str, tag: str) -> int:
    """How many characters at the end of ``text`` may be the start of ``tag``."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return length
    return 0
