"""The scanner's fences are CommonMark's, with markdown-it-py as the judge."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # noqa: TID253  # the judge of this test

from notelog.core.blocks import scan_blocks

_ORACLE = MarkdownIt("commonmark", {"maxNesting": 200})
_ORACLE.disable("reference")  # a definition of a link is not structure of a chat

_PIECES = [
    *["```", "````", "~~~", "~~~~", "```py", "``` a`b", "~~~ x", "`", "``"],
    *["- ", "* ", "+ ", "1. ", "2. ", "10) ", "-", "> ", ">", ">> ", "-\t", ">\t"],
    *[" ", "  ", "   ", "    ", "      ", "\t", "a", "text", "# h", "===", "---", "- - -", "***"],
    *[
        "<div>",
        "</div>",
        "<pre>",
        "</pre>",
        "<script>",
        "</style>",
        "<!--",
        "-->",
        "<b>",
        "<b",
        ">",
    ],
    *["<?x", "?>", "<!X", "<![CDATA[", "]]>", "<textarea x", "中文", "\\", "é"],
]
_LINE = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
_TEXT = st.lists(_LINE, max_size=14).map(lambda lines: "\n".join(lines).rstrip(" \t>\n"))


def _oracle_lines(text: str) -> set[tuple[int, int]]:
    """The first line and the line after the last of each fence and raw HTML block."""
    found = set()
    for token in _ORACLE.parse(text):
        if token.type == "fence" and token.map:
            found.add((token.map[0], token.map[1]))
    return found


def _scanner_lines(text: str) -> set[tuple[int, int]]:
    data = text.encode()
    found = set()
    for start, stop in scan_blocks(data, 0).fences:
        last = data.count(b"\n", 0, stop) + (0 if data[stop - 1 : stop] == b"\n" else 1)
        found.add((data.count(b"\n", 0, start), last))
    return found


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(_TEXT)
@example("- a\n\n  ```\n  b\n c")
@example("> ```\n> a\nb")
def test_fences_are_those_of_commonmark(text: str) -> None:
    """Every fence begins and ends on the lines on which markdown-it-py's does."""
    assert _scanner_lines(text) == _oracle_lines(text)
