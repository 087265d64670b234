"""The fenced blocks of README and the pages of ``docs/``, with what is said about each.

A comment on a line of its own above a block tells what becomes of it:

    <!-- generated: help complete -->  the block is written by ``renew_docs.py``
    <!-- file: Chats/Tea.md -->        it is the content of this file, for the examples below it
    <!-- shown: REASON -->             it is not run; REASON is one of ``REASONS``
    <!-- words vary -->                a model answers: only the last line is compared
    <!-- in error -->                  the note in it is one that notelog refuses
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md")))

REASONS = frozenset(
    {
        "reaches the internet",
        "installs",
        "runs until it is stopped",
        "another system",
        "takes minutes",
        "needs an answered note",
    }
)
"""Why an example may be shown without being run."""

_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})(?P<language>[a-z]*)\s*")
_COMMENT = re.compile(r"<!-- (?P<name>[a-z ]+)(?:: (?P<value>.*?))? -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes:
        page: the file it stands in.
        line: the line of its opening fence, from 1.
        language: the word after the fence.
        text: its content, each line ended by LF.
        said: the comments directly above it, by name.
    """

    page: Path
    line: int
    language: str
    text: str
    said: dict[str, str]

    @property
    def place(self) -> str:
        """Where it is, for the message of a failing test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_page(page: Path) -> str:
    """The text of a page."""
    return page.read_bytes().decode()


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = read_page(page).split("\n")
    said: dict[str, str] = {}
    number = 0
    while number < len(lines):
        fence = _FENCE.fullmatch(lines[number])
        if fence:
            end = lines.index(fence["ticks"], number + 1)
            text = "".join(f"{line}\n" for line in lines[number + 1 : end])
            yield Block(
                page=page, line=number + 1, language=fence["language"], text=text, said=said
            )
            number = end
        comment = _COMMENT.fullmatch(lines[number])
        if comment:
            said = {**said, comment["name"]: comment["value"] or ""}
        elif lines[number]:
            said = {}
        number += 1


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of all pages that are in one of some languages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]


def prose_lines(page: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside fenced blocks, with their numbers from 1."""
    closing = ""
    for number, line in enumerate(read_page(page).split("\n"), 1):
        fence = _FENCE.fullmatch(line)
        if closing:
            closing = "" if line == closing else closing
        elif fence:
            closing = fence["ticks"]
        else:
            yield number, line


def table_after(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head and outer backticks."""
    lines = [line for _, line in prose_lines(page)]
    start = next(number for number, line in enumerate(lines) if line.lstrip("#") == f" {heading}")
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        if line.startswith("|"):
            rows.append([_cell(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows or line.startswith("#"):
            break
    return rows[2:]


def _cell(text: str) -> str:
    plain = text.strip().replace("\\|", "|")
    return plain[1:-1] if plain[:1] == plain[-1:] == "`" and plain.count("`") == 2 else plain
