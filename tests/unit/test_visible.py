"""Foreign text never steers a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notelog.core.visible import one_line, shortened, visible_line, visible_text

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("one\r\ntwo", "one\\r\ntwo"),
        ("\ud800", "\\ud800"),
        ("中文，emoji 👩\u200d🔬\ttab", "中文，emoji 👩\u200d🔬\ttab"),
    ],
)
def test_controls_are_spelt_out(given_text: str, shown: str) -> None:
    """Controls are spelt out; letters of any script, tabs and joined emoji stay as they are."""
    assert visible_text(given_text) == shown


@given(ANY_TEXT)
def test_no_control_is_left(text: str) -> None:
    """Whatever comes in, no control character but LF and tab comes out, and no surrogate."""
    left = {c for c in visible_text(text) if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
    assert left <= {"\n", "\t"}


@given(ANY_TEXT)
def test_a_line_is_one_line(text: str) -> None:
    """A visible line holds no line end, so that nothing can pretend to be a second message."""
    assert len(visible_line(text).splitlines()) <= 1


def test_shortened_says_that_it_was_cut() -> None:
    """A long line ends in an ellipsis and has just the length that was asked."""
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert shortened(" short ", 10) == "short"


def test_a_log_in_a_sentence() -> None:
    """The last lines of a log stand in one line, without blank ones and without controls."""
    log = b"old\r\n\nbad \x1b[31mflag\r\n  no \xff route\n"
    assert one_line(log, 2) == "bad \\x1b[31mflag | no \ufffd route"
    assert one_line(b" \n", 2) == ""
