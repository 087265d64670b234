"""Where a text may be cut so that no character that a reader sees is torn.

The rules are those of Unicode's text segmentation (UAX 29, extended grapheme clusters) as far as
Python's own tables reach; where they leave a doubt nothing is cut.
"""

from typing import Final
from unicodedata import category, combining

_JOINERS: Final = frozenset("\u200c\u200d")
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})
_OTHER_EXTENDERS: Final = frozenset("\u0e33\u0eb3\uff9e\uff9f")
_PREPENDED: Final = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
_VIRAMA: Final = 9


def cut_before(text: str, index: int, floor: int = 0) -> int:
    """The last place up to ``index`` where a text may be cut; ``floor`` where there is none.

    Args:
        text: any text, lone surrogates too.
        index: in characters.
        floor: how far to look back.
    """
    while index > floor and not may_cut(text, index):
        index -= 1
    return index


def cut_after(text: str, index: int) -> int:
    """The first place from ``index`` on where a text may be cut, at the latest its end."""
    while index < len(text) and not may_cut(text, index):
        index += 1
    return index


def may_cut(text: str, index: int) -> bool:
    """Whether a cut before the character at ``index`` tears none."""
    if index <= 0 or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if before.isascii() and after.isascii():
        return before != "\r" or after != "\n"
    if before == "\u200d" or before in _PREPENDED or after in _JOINERS or _extends(after):
        return False
    if _is_region(before) and _is_region(after):
        return _regions_before(text, index) % 2 == 0
    return not (_is_pair(before, after) or _same_syllable(before, after))


def _extends(char: str) -> bool:
    """Marks, variation selectors, skin tones and tags: they belong to what stands before."""
    return (
        category(char) in _MARKS
        or char in _OTHER_EXTENDERS
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
    )


def _is_pair(before: str, after: str) -> bool:
    """Whether two halves of a surrogate pair, or a virama and a letter that it joins, meet."""
    if combining(before) == _VIRAMA:
        return category(after) == "Lo"
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"


def _is_region(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _regions_before(text: str, index: int) -> int:
    first = index
    while first and _is_region(text[first - 1]):
        first -= 1
    return index - first


def _same_syllable(before: str, after: str) -> bool:
    """Whether two characters of Hangul may be one syllable."""
    leading = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97c"
    if "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb":
        return leading or "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7fb"
    follows = (
        "\u1100" <= after <= "\u115f"
        or "\ua960" <= after <= "\ua97c"
        or "\uac00" <= after <= "\ud7a3"
    )
    return leading and follows
