"""The pages hang together: links lead somewhere, lines are short, characters are plain."""

import re
from pathlib import Path

import pytest
from doc_blocks import PAGES, ROOT, prose_lines, read_page

LONGEST_LINE = 100
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|^\[\w+\]: (?P<named>\S+)$")


def anchors_of(page: Path) -> set[str]:
    """What a link may name after ``#`` in a page: its headings, as a forge writes them."""
    headings = [line for _, line in prose_lines(page) if line.startswith("#")]
    plain = [re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()) for line in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the repository names a file that is there, and a heading in it."""
    for number, line in prose_lines(page):
        for found in _LINK.finditer(line):
            target = found["target"] or found["named"]
            if target.startswith("https://"):
                continue
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), f"{page.name}:{number}: {target}"
            assert not anchor or anchor in anchors_of(file), f"{page.name}:{number}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_short(page: Path) -> None:
    """Prose is wrapped at 100 characters; the rows of tables may be longer."""
    long = [number for number, line in prose_lines(page) if len(line) > LONGEST_LINE]
    rows = {number for number, line in prose_lines(page) if line.startswith("|")}
    assert [number for number in long if number not in rows] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_pictograms(page: Path) -> None:
    """No character lies beyond the Basic Multilingual Plane, where emoji are."""
    assert max(read_page(page)) < "\U00010000"


def test_the_pages_are_these() -> None:
    """A page that is added or taken away is added to or taken out of the tests knowingly."""
    names = [page.relative_to(ROOT).as_posix() for page in PAGES]
    pages = ("design", "how-to", "note-format", "promises", "reference", "security", "tutorial")
    assert names == ["README.md", "README.zh.md", *(f"docs/{name}.md" for name in pages)]
