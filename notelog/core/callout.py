"""notelog's own words in a note: Obsidian callouts, which a reader sees and no model is sent."""

from re import compile as regex

from notelog.core.wordings import broken

# What acts inside a block quote too: a tag may run, an image is loaded.
_LIVE = regex(r"(?=<|!\[)")
_LINE_END = regex(r"\r\n|\n|\r")


def mark_callout(text: str) -> list[str]:
    """The callout that says what went wrong and what to do next, as lines."""
    first, *rest = _quiet(text)
    return [f"> [!notelog] {first}".rstrip(), *_quoted(rest)]


def reasoning_callout(text: str) -> list[str]:
    """The folded callout that keeps a model's reasoning, as lines."""
    return ["> [!notelog]- Reasoning", *_quoted(_quiet(text))]


def _quiet(text: str) -> list[str]:
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    lines = [line.rstrip(" \t") for line in _LINE_END.split(clean.strip(" \t\r\n"))]
    return [broken(_LIVE.sub(r"\\", line)) for line in lines]


def _quoted(lines: list[str]) -> list[str]:
    return [f"> {line}".rstrip(" ") for line in lines]
