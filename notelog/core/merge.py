"""Two saves of one note brought together so that no line of either is lost."""

from collections.abc import Iterator
from difflib import SequenceMatcher


def keep_all_lines(older: bytes, newer: bytes) -> bytes:
    """Merges two versions of a note: every line of both is in the result, each in its order.

    Where one version holds all lines of the other, in order, it is the result. Otherwise lines
    that both have stand once, and where they differ the older's stand before the newer's: a
    person who sees both can choose, one who sees neither cannot.

    Args:
        older: the version that was saved first.
        newer: the version that was saved after it.
    """
    first, second = _lines(older), _lines(newer)
    if _holds(second, first):
        return newer
    if _holds(first, second):
        return older
    return b"".join(_joined(_union(first, second)))


def _lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [
        line for line in data.split(b"\n")[-1:] if line
    ]


def _holds(lines: list[bytes], wanted: list[bytes]) -> bool:
    """Whether ``wanted`` is found in ``lines``, in order."""
    rest = iter(lines)
    return all(any(line == other for other in rest) for line in wanted)


def _union(first: list[bytes], second: list[bytes]) -> Iterator[bytes]:
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    end = 0
    while end < min(len(first), len(second)) - start and first[-1 - end] == second[-1 - end]:
        end += 1
    ours, theirs = first[start : len(first) - end], second[start : len(second) - end]
    yield from first[:start]
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield from ours[a:b]
        if tag != "equal":
            yield from theirs[c:d]
    yield from first[len(first) - end :]


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines, with a line end after one that was the last of its version and is no more."""
    open_line = False
    for line in lines:
        if open_line:
            yield b"\n"
        yield line
        open_line = not line.endswith(b"\n")
