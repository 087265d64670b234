"""Counts tokens exactly with tiktoken, offline: its rank tables come with this package.

tiktoken itself downloads them at first use, without a time limit.
"""

import pkgutil
import re
import zlib
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from notelog.core.counting import BLOCK_CHARS, split_blocks

if TYPE_CHECKING:
    from tiktoken import Encoding

    from notelog.adapters.count_cache import CountCache

CACHE_ENTRIES: Final = 100_000
"""How many blocks' counts are remembered: about 15 MB when full."""

RECENT_CHARS: Final = 4_000_000
"""How many characters of texts are kept with their counts, so that the very same text, asked for
again, needs no hash of its own."""

# The patterns and special tokens of tiktoken_ext/openai_public.py, whose functions give them only
# together with a download.
_PATTERNS: Final[Mapping[str, str]] = {
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
        r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
    "o200k_base": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
_SPECIAL_TOKENS: Final[Mapping[str, Mapping[str, int]]] = {
    "cl100k_base": {
        "<|endoftext|>": 100257,
        "<|fim_prefix|>": 100258,
        "<|fim_middle|>": 100259,
        "<|fim_suffix|>": 100260,
        "<|endofprompt|>": 100276,
    },
    "o200k_base": {"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
}

# tiktoken's regular expression engine gives up on a run of some 999,000 blanks: each costs it an
# entry of its stack. What counts as a blank is Unicode's White_Space, as in Rust's \s; line ends
# are apart because the pattern takes a run up to its last line end without the stack.
_BLANK: Final = r"\t\x0b\x0c \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_BLANKS: Final = rf"[{_BLANK}]{{2,}}"
_LONG_RUN_CHARS: Final = 100_000


class TiktokenCounter:
    """Counts tokens exactly; remembers what it has counted, by hash.

    Nothing is imported or loaded before the first count that is not known.

    Args:
        kept: what is remembered from one process to the next; None remembers nothing.
    """

    def __init__(self, kept: "CountCache | None" = None) -> None:
        self._known: dict[bytes, int] = {}
        self._recent: dict[tuple[str, str], int] = {}
        self._recent_chars = 0
        self._kept = kept

    def count(self, text: str, encoding: str) -> int:
        """The number of tokens of ``text``; what looks like a special token counts as text.

        Args:
            text: any text; a lone surrogate counts as U+FFFD.
            encoding: ``cl100k_base`` or ``o200k_base``.

        Raises:
            KeyError: the encoding is another.
        """
        found = self._recent.get((text, encoding))
        if found is None:
            found = self._recent[text, encoding] = self._count(text, encoding)
            self._recent_chars += len(text)
            if self._recent_chars > RECENT_CHARS:
                self._recent.clear()
                self._recent_chars = 0
        return found

    def _count(self, text: str, encoding: str) -> int:
        if len(text) <= BLOCK_CHARS:
            return self._count_block(text, encoding)
        return sum(self._count_block(block, encoding) for block in split_blocks(text))

    def _count_block(self, block: str, encoding: str) -> int:
        if not block:
            return 0
        data = block.encode("utf-8", "surrogatepass")
        key = blake2b(data, digest_size=16, person=encoding.encode("ascii")).digest()
        known = self._known.get(key)
        if known is None:
            known = self._count_anew(block, encoding, key)
            if len(self._known) >= CACHE_ENTRIES:
                self._known.clear()
            self._known[key] = known
        return known

    def _count_anew(self, block: str, encoding: str, key: bytes) -> int:
        """A count that this process does not know yet: from the disk, else by the encoder."""
        found = self._kept.get(key) if self._kept is not None else None
        if found is None:
            found = count_block(block, encoding)
            if self._kept is not None:
                self._kept.put(key, found)
        return found


@cache
def shared_counter() -> TiktokenCounter:
    """One for the process, so that what was counted once is not counted again."""
    return TiktokenCounter()


def count_block(block: str, encoding: str) -> int:
    """The number of tokens of a text, by the encoder itself."""
    if len(block) <= _LONG_RUN_CHARS:
        return _encoded(load_encoding(encoding), block)
    shorter, tokens = _shorten_runs(block, encoding)
    return _encoded(load_encoding(encoding), shorter) + tokens


def _shorten_runs(block: str, encoding: str) -> tuple[str, int]:
    """Takes long runs of blanks out of a text.

    Before other text, all but the last blank of a run are one piece of the pattern, so that two
    blanks in its place leave all other pieces as they were. At the end of the text a run is one
    piece in o200k_base; cl100k_base takes it there without using its stack.

    Returns:
        The text with short runs in their place, and the tokens that this took away.
    """
    whole = _load_piece_encoding(encoding)
    parts: list[str] = []
    tokens = 0
    done = 0
    for run in re.finditer(_BLANKS, block):
        at_end = run.end() == len(block)
        harmless = encoding == "cl100k_base" if at_end else block[run.end()] in "\r\n"
        if harmless or run.end() - run.start() < _LONG_RUN_CHARS:
            continue
        kept = 1 if at_end else 2
        piece, short = (run[0], run[0][-1:]) if at_end else (run[0][:-1], run[0][-2:-1])
        tokens += _encoded(whole, piece) - _encoded(whole, short)
        parts.append(block[done : run.start()] + run[0][-kept:])
        done = run.end()
    return "".join([*parts, block[done:]]), tokens


def _encoded(encoding: "Encoding", text: str) -> int:
    return len(encoding.encode(text, disallowed_special=()))


@cache
def load_ranks(encoding: str) -> dict[bytes, int]:
    """The rank of each token, from this package's own files."""
    packed = pkgutil.get_data("notelog.adapters", f"ranks/{encoding}.zlib")
    if packed is None:
        raise KeyError(encoding)
    data = zlib.decompress(packed)
    first = 4 + int.from_bytes(data[:4], "big")
    ends = accumulate(data[4:first], initial=first)
    return {data[start:end]: rank for rank, (start, end) in enumerate(pairwise(ends))}


@cache
def load_encoding(encoding: str) -> "Encoding":
    """The tiktoken encoding of this name, as tiktoken itself would make it."""
    from tiktoken import Encoding

    return Encoding(
        encoding,
        pat_str=_PATTERNS[encoding],
        mergeable_ranks=load_ranks(encoding),
        special_tokens=dict(_SPECIAL_TOKENS[encoding]),
    )


@cache
def _load_piece_encoding(encoding: str) -> "Encoding":
    """The same tokens, but a text is one piece, whatever it holds."""
    from tiktoken import Encoding

    return Encoding(
        f"{encoding}-piece",
        pat_str=r"(?s:.)++",
        mergeable_ranks=load_ranks(encoding),
        special_tokens={},
    )
