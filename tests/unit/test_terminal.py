"""Replies are shown while they arrive."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notelog.adapters.terminal import BlockSplitter, PlainReporter, TerminalReporter
from notelog.core.reply import ReplyDelta


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
