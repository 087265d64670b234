"""Replies are made inert for other plugins and for the network."""

import time

import pytest

from notelog.core import inert
from notelog.core.blocks import Blocks, scan_blocks
from notelog.core.end_marks import EndMarks
from notelog.core.plugins import is_quiet, quiet


def prose(text: str) -> str:
    """The text made inert, none of its lines in code."""
    return quiet(text, [False] * (text.count("\n") + 1))


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("```dataview", "```text dataview"),
        ("~~~~  DataviewJS x", "~~~~  text DataviewJS x"),
        ("- > ```js-engine", "- > ```text js-engine"),
        ("1. ```templater", "1. ```text templater"),
        ("```dataviewer", "```dataviewer"),
        ("<% tp.file.title %>", "<\\% tp.file.title %>"),
        ("`$= dv.pages()`", "`\\$= dv.pages()`"),
        ("`= this.x`", "`\\= this.x`"),
        ("`==` and `=`", "`==` and `=`"),
        ("<script>x</script>", "\\<script>x</script>"),
        ("\\<script>", "\\<script>"),
        ("\\\\<script>", "\\\\\\<script>"),
        ("<IMG src=x>", "\\<IMG src=x>"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("use `<img>` here", "use `<img>` here"),
        ("![x](http://e.x/y)", "[x](http://e.x/y)"),
        ("![](//e.x/y)", "[image](//e.x/y)"),
        ("![x]( <https://e.x> )", "[x]( <https://e.x> )"),
        ("!![x](http://e.x)", "[x](http://e.x)"),
        ("\\![x](http://e.x)", "\\![x](http://e.x)"),
        ("\\\\![x](http://e.x)", "\\\\[x](http://e.x)"),
        ("\\!![x](http://e.x)", "\\![x](http://e.x)"),
        ("![a[b[c]]](http://e.x)", "[a[b[c]]](http://e.x)"),
        ("![a `b` c](http://e.x)", "[a `b` c](http://e.x)"),
        ("![a\nb](http://e.x)", "[a\nb](http://e.x)"),
        ("![x][y]", "[x][y]"),
        ("![x](local.png)", "![x](local.png)"),
        ("![[embed]]", "![[embed]]"),
        ("wow! [x](http://e.x)", "wow! [x](http://e.x)"),
        ("![x]\n\n[x]: http://e.x", "[x]\n\n[x]: http://e.x"),
    ],
)
def test_what_acts_is_made_inert_and_nothing_else(text: str, inert: str) -> None:
    """Each thing that would run or load is rewritten, everything else is left alone."""
    assert prose(text) == inert


@pytest.mark.parametrize(
    "text",
    [
        "a ` b\n` <img src=//e> `c",
        "<a title='`'><img src=//e>`",
        "\\` <img src=//e> `",
        "| `a | <img src=//e> | b` |",
    ],
)
def test_what_only_looks_like_a_code_span_hides_nothing(text: str) -> None:
    """A tag is rewritten where it is not certain that it stands in a code span."""
    assert "\\<img" in prose(text)


def test_code_is_left_alone() -> None:
    """Tags and images in a fence are shown as the model wrote them."""
    text = "```html\n<script src=x></script>\n![x](http://e.x)\n```"
    assert quiet(text, [True] * 4) == text


def test_inert_text_stays_as_it_is() -> None:
    """Rewriting twice gives the same as once."""
    text = "```dataview\n<% x %> `$= y` <img> !![a](http://b) ![](//c)\n[r]: http://x\n![r]"
    assert prose(prose(text)) == prose(text)


@pytest.mark.parametrize("unit", ["!", "![", "\\", "`", "` ``", "<%", "> ", "![a]", "<", "- "])
def test_hostile_text_costs_linear_time(unit: str) -> None:
    """A quarter megabyte of one hostile unit takes less than a second of CPU."""
    text = unit * (250_000 // len(unit))
    before = time.process_time()
    prose(text)
    assert time.process_time() - before < 1


def test_text_without_any_such_mark_is_passed_over() -> None:
    """What is told to be quiet stays as it is, and whatever is rewritten is not told so."""
    for text in ("a *b* [c](http://d) $x$", "> - 1. x\n\n    y\n~~gone~~ %% \\"):
        assert is_quiet(text)
        assert prose(text) == text
    for text in ("<img>", "`= x`", "![x](//e)", "~~~dataview", "```dataview", "<% x %>"):
        assert prose(text) != text
        assert not is_quiet(text)


@pytest.mark.parametrize("reply", ["plain", "`code` and <b>", "role::user", "%%", ";;\n- [x] pin"])
def test_a_reply_is_scanned_once(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    """To normalise a usual reply and to escape it takes one scan, however hostile its lines."""
    scanned: list[int] = []

    def counted(text: bytes, start: int, *, end_marks: EndMarks) -> Blocks:
        scanned.append(len(text))
        return scan_blocks(text, start, end_marks=end_marks)

    monkeypatch.setattr(inert, "scan_blocks", counted)
    inert.escape(inert.normalise(f"{reply} \n"))
    assert len(scanned) == 1
