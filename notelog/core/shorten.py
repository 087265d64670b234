"""Shortening a text to a number of tokens: its beginning and its end stay, a marker stands between.

Everything is counted, nothing guessed; each count is of about as much as is kept.
"""

import re
from collections.abc import Callable
from typing import Final

from notelog.core.counting import last_additive_cut, next_additive_cut
from notelog.core.fences import Fences
from notelog.core.graphemes import cut_after, cut_before

HEAD_SHARE: Final = 0.7
"""How much of what is kept is the text's beginning."""

_ROUNDS: Final = 24
_NEAR_ENOUGH: Final = 128  # one part in so many of what is allowed may stay unused
_FIRST_CHARS_PER_TOKEN: Final = 3
_SNAP_SHARE: Final = 8  # a cut is moved by at most one part in so many to a better place
_LINE_SNAP_SHARE: Final = 16
_LINE_ENDS: Final = re.compile(r"[\r\n]+")
_TRIES: Final = 12

LEAST_TOKENS: Final = 16
"""What must be left of a text at least: with less nothing could be answered."""

_Tokens = Callable[[str], int]


def shorten_text(text: str, limit: int, tokens: _Tokens) -> str | None:
    """A text with a part of its middle taken out.

    The cuts lie where a line, a sentence or a word ends if such a place is near, and never within
    a character that a reader sees (UAX 29). Code that is cut open is closed before the marker and
    opened again behind it.

    Args:
        text: what is too long.
        limit: the most tokens that the result may have.
        tokens: the tokens of a text.

    Returns:
        The result, which has a marker with the figures; None where no useful part would fit.
    """
    return _Shortening(text, tokens).to(limit)


def marker(left_out: int, whole: int) -> str:
    """What stands where a part was taken out."""
    return f"[… {left_out:,} of {whole:,} tokens left out …]"


def least_tokens(tokens: _Tokens) -> int:
    """The smallest limit that is enough for any text up to 10 million tokens."""
    return _marker_tokens(9_999_999, tokens) + LEAST_TOKENS


def _marker_tokens(whole: int, tokens: _Tokens) -> int:
    return tokens(f"\n\n{marker(whole, whole)}\n\n")


class _Shortening:
    def __init__(self, text: str, tokens: _Tokens) -> None:
        self.text = text
        self.tokens = tokens
        self.whole = tokens(text)
        self.fences = Fences(text)

    def to(self, limit: int) -> str | None:
        room = limit - _marker_tokens(self.whole, self.tokens)
        for _ in range(_TRIES):
            if room < LEAST_TOKENS:
                return None
            made = self._cut_to(room)
            over = self.tokens(made) - limit
            if over <= 0:
                return made or None
            room -= over
        return None

    def _cut_to(self, room: int) -> str:
        """The text with about ``room`` tokens of its own; empty where there are none."""
        end = self._head_end(max(1, round(room * HEAD_SHARE)))
        end, closer = self.fences.before(end)
        head = self.text[:end].rstrip()
        head_tokens = self.tokens(head)
        start = self._tail_start(room - head_tokens, end)
        if found := _LINE_ENDS.match(self.text, start):
            start = found.end()
        start, opener = self.fences.after(start)
        tail = self.text[start:]
        if not head and not tail.strip():
            return ""
        left_out = max(1, self.whole - head_tokens - self.tokens(tail))
        above = [head, *([closer] if closer else []), ""] if head else []
        below = ["", *([opener] if opener else []), tail.lstrip("\r\n")] if tail.strip() else []
        return "\n".join([*above, marker(left_out, self.whole), *below])

    def _head_end(self, limit: int) -> int:
        text = self.text
        end = _longest(len(text), limit, lambda size: self.tokens(text[:size]))
        end = cut_before(text, end)
        line = text.rfind("\n", end - end // _LINE_SNAP_SHARE, end) + 1
        return line or last_additive_cut(text, end - end // _SNAP_SHARE, end) or end

    def _tail_start(self, limit: int, floor: int) -> int:
        text = self.text
        whole = len(text)
        if limit < 1:
            return whole
        size = _longest(whole - floor, limit, lambda size: self.tokens(text[whole - size :]))
        start = cut_after(text, whole - size)
        size = whole - start
        line = text.find("\n", start, start + size // _LINE_SNAP_SHARE) + 1
        return line or next_additive_cut(text, start, start + size // _SNAP_SHARE) or start


def _longest(size: int, limit: int, tokens_of: Callable[[int], int]) -> int:
    """About the most characters that ``tokens_of`` finds to be no more than ``limit``.

    Each guess is drawn from the tokens of those before, so that a few are enough.
    """
    low = low_tokens = 0
    high = high_tokens = 0
    guess = min(size, limit * _FIRST_CHARS_PER_TOKEN)
    for _ in range(_ROUNDS):
        counted = tokens_of(guess)
        if counted <= limit:
            low, low_tokens = guess, counted
        else:
            high, high_tokens = guess, counted
        free = limit - low_tokens
        if low == size or free <= limit // _NEAR_ENOUGH or 0 < high <= low + 1:
            break
        if high:
            least = (high - low) // _ROUNDS
            guess = low + (high - low) * free // max(1, high_tokens - low_tokens)
            guess = min(max(guess, low + 1, low + least), high - 1, high - least)
        else:
            guess = min(size, low + 1 + (free + 1) * low // max(1, low_tokens))
    return low
