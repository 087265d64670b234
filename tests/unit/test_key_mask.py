"""A server that sends the key back within its reply: it gets into no journal and no note."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notelog.core.key_mask import without_key
from notelog.core.reply import ReplyDelta

KEY = "sk-sk-canary-7"
PIECES = (KEY, "sk-", KEY[:6], KEY[3:], "a word ", "s", "")


def read(parts: list[ReplyDelta], key: str = KEY) -> tuple[str, str, str]:
    """Text, reasoning and refusal as they come out."""
    masked = [*without_key(parts, key)]
    return (
        "".join(part.text for part in masked),
        "".join(part.reasoning for part in masked),
        "".join(part.refusal for part in masked),
    )


@given(st.lists(st.sampled_from(PIECES), max_size=9), st.lists(st.integers(0, 60), max_size=6))
def test_however_it_is_split(pieces: list[str], cuts: list[int]) -> None:
    """What comes out is the text with the key replaced, and nothing else is changed."""
    text = "".join(pieces)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(places)]
    deltas = [ReplyDelta(text=part, reasoning=part, refusal=part) for part in parts]
    expected = text.replace(KEY, "[key]")
    assert read(deltas) == (expected, expected, expected)
    assert KEY not in expected


def test_what_is_held_back_comes_with_the_end_and_with_a_fault() -> None:
    """The last part has all of it; where the reply is cut off, no letter of it is lost."""
    ended = [*without_key([ReplyDelta(text="so sk-s"), ReplyDelta(finish_reason="stop")], KEY)]
    assert [part.text for part in ended] == ["so ", "sk-s", ""]

    def cut() -> object:
        yield ReplyDelta(text="so sk-s")
        raise ConnectionError

    parts: list[ReplyDelta] = []
    with pytest.raises(ConnectionError):
        parts.extend(without_key(cut(), KEY))  # type: ignore[arg-type]
    assert "".join(part.text for part in parts) == "so sk-s"


def test_a_word_is_no_key() -> None:
    """The key of a server of one's own is often a word, which a reply may use."""
    assert read([ReplyDelta(text="ask ollama")], "ollama")[0] == "ask ollama"
