"""Ranges of byte offsets in order: those of a turn, and what is left between them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
Ranges: TypeAlias = Sequence[Range]


def _first(span: Range) -> int:
    return span[0]


def within(ranges: Ranges, start: int, stop: int) -> Ranges:
    """The ranges that begin in ``start`` to ``stop``."""
    if not ranges:
        return ()
    first = bisect_left(ranges, start, key=_first)
    return ranges[first : bisect_left(ranges, stop, lo=first, key=_first)]


def offsets_within(offsets: Sequence[int], start: int, stop: int) -> Sequence[int]:
    """The offsets in ``start`` to ``stop``."""
    first = bisect_left(offsets, start)
    return offsets[first : bisect_left(offsets, stop, lo=first)]


def covers(ranges: Ranges, offset: int) -> bool:
    """Whether one of some ranges, in order, holds ``offset``."""
    place = bisect_right(ranges, offset, key=_first)
    return place > 0 and offset < ranges[place - 1][1]


def in_order(hidden: Ranges, metadata: Ranges) -> Ranges:
    """Both in one, in the order of their starts."""
    return sorted([*hidden, *metadata]) if metadata else hidden


def gaps(start: int, stop: int, cuts: Ranges) -> Ranges:
    """What is left between cuts, the last first."""
    if not cuts:
        return ((start, stop),)
    edges = [start]
    for begin, end in cuts:
        edges += [begin, end]
    edges.append(stop)
    return list(zip(edges[::2], edges[1::2], strict=True))[::-1]
