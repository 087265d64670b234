"""Replies are shown while they arrive."""

import io
import re
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len  # noqa: TID253  # a test may start slowly
from rich.console import Console  # noqa: TID253  # a test may start slowly
from rich.markdown import Markdown  # noqa: TID253  # a test may start slowly

from notelog.adapters.terminal import (
    BlockSplitter,
    LiveBlock,
    PlainReporter,
    TerminalReporter,
)
from notelog.core.reply import ReplyDelta
from notelog.core.visible import CONTROLS


@given(st.lists(st.sampled_from(["a", "\n", "\n\n", "```\n", "~~~~\n", "- x", " "]), max_size=30))
def test_blocks_hold_all_the_text(parts: list[str]) -> None:
    """However the text is cut into parts, the blocks and the rest hold every line of it."""
    splitter = BlockSplitter()
    blocks = [block for part in parts for block in splitter.feed(part)]
    shown = "\n".join([*blocks, splitter.rest()])
    assert shown.split() == "".join(parts).split()


def test_a_fence_is_not_split_at_its_blank_lines() -> None:
    """A blank line inside a code fence ends no block."""
    splitter = BlockSplitter()
    assert splitter.feed("```py\na\n\nb\n") == []
    assert splitter.feed("```\n\nafter") == ["```py\na\n\nb\n```\n"]
    assert splitter.rest() == "after"


def test_a_pipe_gets_the_plain_text() -> None:
    """Into a pipe goes the reply's text, controls made visible, ended by one line end."""
    out, messages = io.StringIO(), io.StringIO()
    reporter = PlainReporter(out, messages)
    reporter.waiting("asking")
    reporter.delta(ReplyDelta(reasoning="hidden"))
    reporter.delta(ReplyDelta(text="**你好**\x1b[2J"))
    reporter.notice("busy, trying again")
    reporter.close()
    reporter.close()
    assert out.getvalue() == "**你好**\\x1b[2J\n"
    assert messages.getvalue() == "busy, trying again\n"


def test_a_terminal_gets_rendered_markdown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal finished blocks are rendered once each, and the unfinished one at the end."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "60")
    reporter = TerminalReporter(color=False)
    reporter.waiting("asking m at test")
    for part in ("# Title\n\nSome **bold", "** text.\n\n- one\n- tw", "o"):
        reporter.delta(ReplyDelta(text=part))
    reporter.close()
    shown = capsys.readouterr().out
    assert shown.count("Title") == 1
    assert "Some bold text." in shown
    assert shown.count("• two") == 1
    assert "\x1b" not in shown


WIDTH = 24
_STEP = re.compile(r"\x1b\[(?P<number>[0-9;]*)(?P<verb>[A-Za-z])|(?P<char>.)", re.DOTALL)


def screen_after(written: str) -> list[str]:
    """The rows of a terminal of that width, without those that scrolled away or are blank."""
    rows: list[list[str]] = [[]]
    row = column = 0
    for step in _STEP.finditer(written):
        if step["verb"] == "A":
            row -= int(step["number"] or 1)
        elif step["verb"] == "K":
            rows[row] = []
        elif step["char"] == "\r":
            column = 0
        elif step["char"] == "\n":
            row, column = row + 1, 0
        elif step["char"]:
            if column + cell_len(step["char"]) > WIDTH:
                row, column = row + 1, 0
            rows += [[] for _ in range(row + 1 - len(rows))]
            cells = rows[row]
            cells += [" "] * (column + 2 - len(cells))
            cells[column : column + cell_len(step["char"])] = [step["char"], ""][
                : cell_len(step["char"])
            ]
            column += cell_len(step["char"])
        rows += [[] for _ in range(row + 1 - len(rows))]
    return [text for cells in rows if (text := "".join(cells).rstrip())]


def live_console() -> Console:
    """A small terminal that can do all."""
    return Console(
        file=io.StringIO(), force_terminal=True, width=WIDTH, height=8, legacy_windows=False
    )


@given(
    parts=st.lists(
        st.sampled_from(
            ["a ", "数学", "\n", "\n\n", "- x\n", "```\n", "long " * 6, "**b**", "| a |"]
        ),
        max_size=20,
    ),
    stopped=st.booleans(),
)
def test_what_was_drawn_is_gone_when_it_is_erased(*, parts: list[str], stopped: bool) -> None:
    """However a block grows, only what stood above is left of it, with an echoed ^C or not."""
    console = live_console()
    output = console.file
    assert isinstance(output, io.StringIO)
    live = LiveBlock(console, count(step=10).__next__)
    console.print("above")
    block = ""
    for part in parts:
        block += part
        live.draw(block)
    if stopped and live._widths:
        output.write("^C")
    live.erase()
    assert screen_after(output.getvalue()) == ["above"]
    console.print(Markdown(block))
    alone = live_console()
    assert isinstance(alone.file, io.StringIO)
    alone.print("above", Markdown(block), sep="\n")
    assert screen_after(output.getvalue()) == screen_after(alone.file.getvalue())


def test_a_growing_block_is_shown() -> None:
    """What has arrived of a block is on the screen before it is whole."""
    console = live_console()
    assert isinstance(console.file, io.StringIO)
    LiveBlock(console, count(step=10).__next__).draw("Some **bold** te")
    assert screen_after(console.file.getvalue()) == ["Some bold te"]


def test_nothing_moves_where_a_terminal_cannot_follow() -> None:
    """Into a file nothing is drawn that would have to be erased."""
    console = Console(file=io.StringIO(), width=WIDTH)
    assert isinstance(console.file, io.StringIO)
    LiveBlock(console, count(step=10).__next__).draw("Some text")
    assert not console.file.getvalue()


def test_an_indented_part_belongs_to_the_list_above() -> None:
    """A paragraph or code under an item is no block of its own."""
    splitter = BlockSplitter()
    assert splitter.feed("1. one\n\n    code\n\n") == []
    assert splitter.feed("After") == ["1. one\n\n    code\n"]


class GoneReader(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        """Fails as such a pipe does."""
        raise BrokenPipeError(text)


def test_a_reader_that_has_gone_does_not_end_the_reply() -> None:
    """When standard output is gone the parts that still come are taken without an error."""
    messages = io.StringIO()
    reporter = PlainReporter(GoneReader(), messages)
    for part in ("One", " two"):
        reporter.delta(ReplyDelta(text=part))
    reporter.notice("still here")
    reporter.close()
    assert messages.getvalue() == "still here\n"


@pytest.mark.parametrize(
    "text",
    [
        "a &#x202e; b",
        "# a &rlm;",
        "*a **b &lrm;***",
        "| &#x2066; |\n|---|\n| &#x2066; |",
        "<http://a/%E2%80%AE>",
        "![a &rlm;](u)",
        "[![a &rlm;](u)](v)",
        "> - [a &rlm;](b)",
        "```&rlm;\nx\n```",
        "a &#13; b &#12;",
    ],
)
def test_what_markdown_makes_of_entities_steers_nothing(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control that a reply spells as an entity or in an address is spelt out, not obeyed."""
    monkeypatch.setenv("TERM", "dumb")
    reporter = TerminalReporter(color=False)
    reporter.delta(ReplyDelta(text=f"{text}\n\n{text}"))
    reporter.close()
    assert not CONTROLS.search(capsys.readouterr().out)
