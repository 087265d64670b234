"""What is left of a text that is too long, and what stands in the place of the rest."""

import re

import pytest

from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.core.graphemes import may_cut
from notelog.core.shorten import LEAST_TOKENS, least_tokens, marker, shorten_text

COUNTER = TiktokenCounter()


def tokens(text: str) -> int:
    """The tokens of a text for gpt-4o."""
    return COUNTER.count(text, "o200k_base")


def parts(text: str, limit: int) -> tuple[str, str]:
    """What stands before and behind the marker."""
    shorter = shorten_text(text, limit, tokens)
    assert shorter is not None
    found = re.search(r"\n*\[…[^\]]*…\]\n*", shorter)
    assert found is not None
    return shorter[: found.start()], shorter[found.end() :]


def test_the_beginning_has_seven_parts_of_ten() -> None:
    """Head and tail fill the limit, about 70 to 30, and end where a line does."""
    text = "".join(f"{n}. A sentence of some words, and more of them.\n" for n in range(5_000))
    head, tail = parts(text, 2_000)
    assert text.startswith(head + "\n")
    assert text.endswith("\n" + tail)
    assert 0.65 < tokens(head) / (tokens(head) + tokens(tail)) < 0.75
    assert tokens(head) + tokens(tail) > 0.95 * 2_000


def test_the_marker_says_how_much_is_missing() -> None:
    """Its figures are those of the text, the beginning and the end."""
    text = "你好,世界。这是一段中文。\n" * 2_000
    shorter = shorten_text(text, 500, tokens)
    assert shorter is not None
    head, tail = parts(text, 500)
    assert marker(tokens(text) - tokens(head) - tokens(tail), tokens(text)) in shorter


def test_code_is_closed_and_opened_again() -> None:
    """A cut in a fence closes it before the marker and opens it, with its language, behind it."""
    text = "Why?\n\n```python\n" + "x = x + 1\n" * 3_000 + "```\n\nThat is all."
    head, tail = parts(text, 400)
    assert head.endswith("x = x + 1\n```")
    assert tail.startswith("```python\nx = x + 1\n")
    assert tail.endswith("```\n\nThat is all.")


def test_a_fence_in_a_quote_is_closed_there() -> None:
    """What stands before a fence on its line is part of what closes it."""
    text = "> ~~~\n" + "> some words of a quote\n" * 2_000 + "> ~~~\n"
    head, tail = parts(text, 300)
    assert head.endswith("\n> ~~~")
    assert tail.startswith("> ~~~\n>")


@pytest.mark.parametrize(
    "piece",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
        "\U0001f1e9\U0001f1ea",
        "a\u0301\u0323",
        "\u1112\u1161\u11ab",
        "क्षि",
        "\U0001f44d\U0001f3fd",
        "\r\n",
    ],
)
def test_no_character_is_torn(piece: str) -> None:
    """A text of one character again and again keeps whole ones only."""
    head, tail = parts("!" + piece * 3_000, 500)
    assert head.replace(piece, "").rstrip() == "!"
    assert tail.replace(piece, "") == ""


def test_a_surrogate_pair_is_not_torn() -> None:
    """Two halves that belong together stay together, whatever they are encoded as."""
    assert not may_cut("a\ud83d\ude00b", 2)
    assert may_cut("a\ud83d\ude00b", 3)


def test_one_endless_character_cannot_be_shortened() -> None:
    """Where there is no place to cut there is no result."""
    assert shorten_text("a" + "\u0301" * 20_000, 500, tokens) is None


@pytest.mark.parametrize(
    "text", ["word " * 9_000, "的" * 9_000, "x" * 90_000, "\n" * 90_000 + "x y"]
)
def test_too_little_is_no_result(text: str) -> None:
    """A limit that leaves less than a few words gives nothing; a little more gives something."""
    assert shorten_text(text, 20, tokens) is None
    if text.strip() != "x y":
        assert shorten_text(text, least_tokens(tokens), tokens) is not None
    assert least_tokens(tokens) < 50 + LEAST_TOKENS


def test_counting_is_bounded_by_what_is_kept() -> None:
    """A long text is counted once; every other count is about as long as the result."""
    asked: list[int] = []

    def count(text: str) -> int:
        asked.append(len(text))
        return tokens(text)

    text = "Some words of a long text, and more.\n" * 100_000
    shorter = shorten_text(text, 1_000, count)
    assert shorter is not None
    assert asked.count(len(text)) == 1
    assert sum(asked) - len(text) < 40 * len(shorter)
