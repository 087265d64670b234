"""What the scanner of blocks finds in a text."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from notelog.core.note import OpenBlock


class Header(NamedTuple):
    """A separator, a marker, or both.

    Attributes:
        start: the start of the line it begins on.
        separator_end: the end of the separator's part, its line end included; -1 where a marker
            stands alone.
        marker: where the role marker begins; -1 where there is none.
        body: where the text after both begins.
    """

    start: int
    separator_end: int
    marker: int
    body: int


@dataclass(slots=True)
class Blocks:
    """What the scanner found in a text, each list in order.

    Attributes:
        headers: separators and markers.
        hidden: ranges that are never sent.
        protected: ranges of fences, comments, raw HTML, math and indented code.
        fences: those of them that are fences.
        tasks: notelog's task lines.
        callouts: ranges of notelog's callouts.
        escapes: offsets of backslashes that make a line inert.
        links: ranges of links, embeds and images.
        unclosed: blocks without an end.
    """

    headers: list[Header] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)
    protected: list[tuple[int, int]] = field(default_factory=list)
    fences: list[tuple[int, int]] = field(default_factory=list)
    tasks: list[re.Match[bytes]] = field(default_factory=list)
    callouts: list[tuple[int, int]] = field(default_factory=list)
    escapes: list[int] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    unclosed: list[OpenBlock] = field(default_factory=list)
