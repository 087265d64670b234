"""A turn's key: what makes two turns the same."""

from notelog.core.messages import Message, Role
from notelog.core.records import turn_key


def key(*said: tuple[Role, str]) -> str:
    """The key of a conversation."""
    return turn_key(tuple(Message(role=role, content=content) for role, content in said))


def ask(text: str) -> str:
    """The key of one question."""
    return key((Role.USER, text))


def test_line_ends_and_trailing_blanks_make_no_difference() -> None:
    """CR LF, blanks at line ends and blank lines at the end do not change a key."""
    assert ask("a\nb") == ask("a \r\nb\t\n\n")
    assert ask("a\nb") == ask("a\rb")


def test_text_role_and_order_make_a_difference() -> None:
    """Another word, indentation, role, order or division is another turn."""
    user, assistant = Role.USER, Role.ASSISTANT
    keys = {
        ask("a"),
        ask("b"),
        ask("  a"),
        key((assistant, "a")),
        key((user, "a"), (user, "b")),
        key((user, "b"), (user, "a")),
        key((user, "ab")),
        key((user, "a\nb")),
    }
    assert len(keys) == 8


def test_the_line_that_closes_an_open_block_makes_no_difference() -> None:
    """A question has the same key before and after its open block was closed."""
    for opened, closer in (
        ("```py\nx", "```"),
        ("- a\n  ~~~~\n  x", "  ~~~~"),
        ("<!-- x", "-->"),
        ("$$\nx", "$$"),
        ("> ```\n> x", "> ```"),
        ("<?php x", "?>"),
        ("<![CDATA[ x", "]]>"),
        ("<!X", ">"),
        ("<PRE>\nx", "</pre>"),
    ):
        assert ask(opened) == ask(f"{opened}\n\n{closer}")


def test_an_open_block_may_end_in_what_would_close_another() -> None:
    """A fence left open below ``$$`` is closed by a line of its own: the question is the same."""
    assert ask("```\n$$\nx\n$$") == ask("```\n$$\nx\n$$\n\n```")
    assert ask("$$") != ask("```")


def test_a_lone_surrogate_has_a_key() -> None:
    """Any text can be named, and the key is 40 hexadecimal digits."""
    assert len(ask("\ud800")) == 40
    assert int(ask("\ud800"), 16) >= 0
