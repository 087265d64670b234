"""Splitting a long text into portions that each fit, at the best places there are.

Headings are better than paragraphs, those than lines, and lines than sentences; a code fence is
broken only where it is larger than a portion, and what a person sees as one character only where
it alone is. The portions one after another are the text, to the last blank.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from notelog.core.counting import size_bytes
from notelog.core.graphemes import cut_before

Tokens: TypeAlias = Callable[[str], int]
"""The tokens of a text; at most its bytes."""

_Pieces: TypeAlias = Callable[[str], list[str]]

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_HEADING: Final = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)", re.MULTILINE)
_SENTENCE: Final = re.compile(
    r"[^\n]*?(?:[。！？；…!?;]+[”’」』）)\"']*\s*|\.[\"')\]]*\s+|\n)|[^\n]+", re.DOTALL
)
_WORD: Final = re.compile(r"[^\s,，、:：]*[\s,，、:：]+|[^\s,，、:：]+")

_FILLED: Final = 3
"""Larger pieces than one third of a portion are split further, so that portions are well filled."""

_LONGEST_TOKEN_CHARS: Final = 128
"""No token of tiktoken's two encodings is longer (128 blanks): what is longer needs no counting."""


def split_portions(text: str, room: int, tokens: Tokens) -> tuple[str, ...]:
    """Splits a text into portions of at most ``room`` tokens, in order.

    Args:
        text: any text; an empty one has no portions.
        room: the most tokens of a portion, at least 4: the bytes of one character.
        tokens: counts.
    """
    portions: list[str] = []
    current: list[str] = []
    size = 0
    for item, cost in _items(text, 0, room, tokens):
        if current and size + cost > room:
            current = _closed(portions, current, room, tokens)
            size = sum(map(tokens, current))
        current.append(item)
        size += cost
    while current:
        current = _closed(portions, current, room, tokens)
    return tuple(portions)


def _closed(portions: list[str], items: list[str], room: int, tokens: Tokens) -> list[str]:
    """Makes a portion of as many items as really fit, and gives the others back.

    Counts are not additive everywhere: the items together may have a token more than each alone.
    """
    left: list[str] = []
    while len(items) > 1 and tokens("".join(items)) > room:
        left.insert(0, items.pop())
    portions.append("".join(items))
    return left


def _items(text: str, level: int, room: int, tokens: Tokens) -> Iterator[tuple[str, int]]:
    """The text as pieces that fit, each as large as its level allows."""
    if not text:
        return
    pieces, share = _LEVELS[level]
    if len(text) <= room * _LONGEST_TOKEN_CHARS:
        cost = tokens(text)
        if cost <= room // share:
            yield text, cost
            return
    if level == len(_LEVELS) - 1:
        for block in _blocks(text, room):
            yield block, tokens(block)
        return
    for piece in pieces(text):
        yield from _items(piece, level + 1, room, tokens)


def _sections(text: str) -> list[str]:
    return _joined(text, lambda _before, line: _HEADING.match(line) is not None)


def _paragraphs(text: str) -> list[str]:
    return _joined(text, lambda before, line: not before.strip() and bool(line.strip()))


def _lines(text: str) -> list[str]:
    return _joined(text, lambda _before, _line: True)


def _joined(text: str, begins: Callable[[str, str], bool]) -> list[str]:
    """The lines joined to pieces; none begins within a code fence.

    Args:
        text: what is split.
        begins: whether a piece begins with a line, by the line before it and itself.
    """
    pieces: list[list[str]] = [[]]
    fence, before = "", ""
    for line in _LINE.findall(text):
        if not fence and pieces[-1] and begins(before, line):
            pieces.append([])
        pieces[-1].append(line)
        fence, before = _fence_after(fence, line), line
    return ["".join(piece) for piece in pieces]


def _fence_after(fence: str, line: str) -> str:
    """The fence that is open after a line; empty where none is."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return "" if found[1][0] == "`" and "`" in found[2] else found[1]
    closes = found[1].startswith(fence) and not found[2].strip()
    return "" if closes else fence


def _blocks(text: str, room: int) -> Iterator[str]:
    """A text without any better place, in blocks of at most ``room`` bytes."""
    start = 0
    step = max(1, room if text.isascii() else room // 4)
    while start < len(text):
        end = min(start + step, len(text))
        whole = cut_before(text, end, start)
        end = whole if whole > start else end
        yield text[start:end]
        start = end


def clipped(text: str, room: int, tokens: Tokens) -> str:
    """The beginning of a text, of at most ``room`` tokens; the whole of it where it fits."""
    if size_bytes(text) <= room or tokens(text) <= room:
        return text
    return split_portions(text, room, tokens)[0]


_LEVELS: Final[tuple[tuple[_Pieces, int], ...]] = (
    (_sections, _FILLED),
    (_paragraphs, _FILLED),
    (_lines, _FILLED),
    (_LINE.findall, 1),
    (_SENTENCE.findall, 1),
    (_WORD.findall, 1),
    (list, 1),
)
"""How a text is split, best first, and the share of a portion that a piece may be for it to stay
whole."""
