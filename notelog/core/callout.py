"""notelog's own words in a note: Obsidian callouts, which a reader sees and no model is sent."""

from re import compile as regex

from notelog.core.wordings import broken

# What acts inside a block quote too: a tag may run, an image is loaded.
_LIVE = regex(r"(?=<|!\[)")
_BOX = regex(r"^([ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)(?=\[)")
_LINE_END = regex(r"\r\n|\n|\r")
# Half a reply may break off in the middle of a code span, so that none is left to be one.
_ACTIVE = regex(r"(?=[<`]|!\[)")


def mark_callout(text: str, box: str = "") -> list[str]:
    """The callout that says what went wrong and what to do next, as lines.

    Args:
        text: words that may come from a server: no line of them is a box to tick.
        box: the label of a box to tick, or empty.
    """
    first, *rest = (_BOX.sub(r"\1\\", line) for line in _quiet(text))
    boxes = [f"- [ ] {box}"] if box else []
    return [f"> [!notelog] {first}".rstrip(), *_quoted([*rest, *boxes])]


def earlier_callout(title: str, lines: list[str], *, guarded: bool) -> list[str]:
    """The folded callout that keeps an earlier answer in sight, as lines.

    Args:
        title: of which model, and when.
        lines: the answer as it stood in the note.
        guarded: break every mark in it that could close a block above.
    """
    shown = [broken(line) for line in lines] if guarded else lines
    return [f"> [!notelog]- {' '.join(_quiet(title))}", *_quoted(shown)]


def reasoning_callout(text: str) -> list[str]:
    """The folded callout that keeps a model's reasoning, as lines."""
    return ["> [!notelog]- Reasoning", *_quoted(_quiet(text))]


def growing_lines(part: str) -> list[str]:
    """The lines by which a callout grows that shows a reply while it arrives.

    Whatever the parts, no line is a box to tick, and nothing in them acts: not even code is shown
    as such before all of it is there.

    Args:
        part: of the reply, from wherever the one before ended.
    """
    lines = _LINE_END.split(_storable(part).replace("<%", "<\\%"))
    if not lines[-1]:
        lines.pop()
    safe = (broken(_ACTIVE.sub(r"\\", line.rstrip(" \t"))) for line in lines)
    return _quoted([_BOX.sub(r"\1\\", line) for line in safe])


def _quiet(text: str) -> list[str]:
    clean = _storable(text).strip(" \t\r\n")
    lines = [line.rstrip(" \t") for line in _LINE_END.split(clean)]
    return [broken(_LIVE.sub(r"\\", line)) for line in lines]


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _quoted(lines: list[str]) -> list[str]:
    return [f"> {line}".rstrip(" ") for line in lines]
