r"""Makes a reply inert for the other plugins of a vault, and for the network.

Some plugins run what they find in a note, and an image is fetched as soon as a note is shown, which
tells its server what the model was led to put into the address. A reply is text from outside:

* fences that Dataview, Templater, JS Engine or Meta Bind run are labelled ``text`` first;
* inline queries `` `= x` `` and `` `$= x` `` and Templater's ``<%`` get a backslash, in code too;
* tags that load or run something (``<script>``, ``<img>``) get a backslash, and remote images
  become links, both outside code.

Every rewrite leaves nothing that it would rewrite again.
"""

from collections.abc import Iterator, Sequence
from re import DOTALL, IGNORECASE, MULTILINE
from re import compile as regex

_RUN_FENCE = regex(
    r"^((?:[ \t>]|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*+(?:`{3,}+|~{3,}+)[ \t]*+)"
    r"(?=(?:dataview(?:js)?|js-engine|templater|meta-bind-js-view)\b)",
    IGNORECASE | MULTILINE,
)
_TEMPLATER = regex(r"<(?=%)")
_INLINE_QUERY = regex(r"(?<!`)(`++[ \t]*+)(?=\$=|=[ \t])")
_TAG = regex(
    r"(?<!\\)((?:\\\\)*+)<(?=(?:script|iframe|frame|img|image|video|audio|object|embed|source|link)\b)",
    IGNORECASE,
)
_ADDRESS = r"[ \t\n]*+<?(?:[a-z][a-z0-9+.\-]*+:|//|\\|&)"
_ALT = r"(?:[^\[\]\\]|\\.)*+"
_UNNAMED_IMAGE = regex(rf"!\[\](?=\({_ADDRESS})", IGNORECASE)
_BANGS = r"(?<!\\)((?:\\\\)++(?:\\!)?+|\\!|(?<!!))!++"
_REMOTE_IMAGE = regex(
    rf"{_BANGS}(?=\[(?!\[){_ALT}(?:\[|\](?:\[|\({_ADDRESS})))", IGNORECASE | DOTALL
)
_REFERRED_IMAGE = regex(rf"{_BANGS}(?=\[(?!\[))")
_DEFINITION = regex(rf"^[ \t>]*+\[[^\[\]]++\]:{_ADDRESS}", IGNORECASE | MULTILINE)
_TICKS = regex(r"`++")
_ANGLE = regex(r"<[A-Za-z/!?]")


def is_quiet(text: str) -> bool:
    """Whether a text holds nothing that any rewrite could concern: most replies, and fast."""
    return not any(mark in text for mark in ("<", "`", "![", "~~~"))


def quiet(text: str, code: Sequence[bool]) -> str:
    """The text made inert.

    Args:
        text: lines that end in LF.
        code: for each line, whether it stands in fenced or indented code.
    """
    lines = _TEMPLATER.sub(r"<\\", _RUN_FENCE.sub(r"\1text ", text)).split("\n")
    prose = [
        line if is_code or "`" not in line else _INLINE_QUERY.sub(r"\1\\", line)
        for line, is_code in zip(lines, code, strict=True)
    ]
    masked = "\n".join(_masked(prose, code))
    return _edited("\n".join(prose), sorted(_edits(masked)))


def _edits(masked: str) -> Iterator[tuple[int, int, str]]:
    """What is changed outside code: from, to, and what stands there instead."""
    for found in _TAG.finditer(masked):
        yield found.end() - 1, found.end() - 1, "\\"
    for found in _UNNAMED_IMAGE.finditer(masked):
        yield found.end() - 1, found.end() - 1, "image"
    image = _REFERRED_IMAGE if _DEFINITION.search(masked) else _REMOTE_IMAGE
    for found in image.finditer(masked):
        yield found.end(1), found.end(), ""


def _edited(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    done = 0
    for start, stop, instead in edits:
        parts += (text[done:start], instead)
        done = stop
    return "".join((*parts, text[done:]))


def _masked(lines: Sequence[str], code: Sequence[bool]) -> Iterator[str]:
    """The lines with ``x`` for each character that is certainly code.

    A code span is certain within one line, where nothing before it in the paragraph can take its
    first backtick (a tag, a backtick without partner) and no table can cut it in two.
    """
    certain = True
    for line, is_code in zip(lines, code, strict=True):
        if is_code:
            yield "x" * len(line)
            certain = True
            continue
        certain = certain or not line.strip(" \t")
        if not certain:
            yield line
            continue
        if "`" not in line:
            yield line
            certain = not _ANGLE.search(line)
            continue
        parts: list[str] = []
        done = 0
        for start, stop in _spans(line):
            if start < 0 or _ANGLE.search(line, done, start):
                break
            masked = line[start:stop] if "|" in line[start:stop] else "x" * (stop - start)
            parts += (line[done:start], masked)
            done = stop
        rest = line[done:]
        certain = "`" not in rest and not _ANGLE.search(rest)
        yield "".join((*parts, rest))


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """The code spans of one line; (-1, -1) where a run of backticks has no partner in it."""
    runs = [(found.start(), found.end()) for found in _TICKS.finditer(line)]
    partners = _next_of_same_length(runs)
    index = 0
    while index < len(runs):
        start = runs[index][0]
        escaped = start > 0 and line[start - 1] == "\\"
        if escaped or partners[index] < 0:
            yield -1, -1
            return
        index = partners[index]
        yield start, runs[index][1]
        index += 1


def _next_of_same_length(runs: Sequence[tuple[int, int]]) -> list[int]:
    """For each run, the index of the next that is as long, or -1."""
    partners = [-1] * len(runs)
    seen: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        partners[index] = seen.get(length, -1)
        seen[length] = index
    return partners
