"""The laws of shortening, for any text, checked by counts and cuts that are the tests' own."""

import re

import regex  # type: ignore[import-untyped]  # tiktoken's own dependency
from hypothesis import given, settings
from hypothesis import strategies as st

from notelog.adapters.tiktoken_counter import load_encoding
from notelog.core.fences import Fences
from notelog.core.graphemes import cut_after, cut_before, may_cut
from notelog.core.shorten import shorten_text

MARKER = re.compile(r"\[… ([\d,]+) of ([\d,]+) tokens left out …\]")
PIECES = (
    "word ", "的", "你好,世界。", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea", "e\u0301", "\r\n", "\n\n", "\n", "한국", "\u1112\u1161\u11ab",
    "नि", "क्ष", "กำ", "\U0001f44d\U0001f3fd", "1\ufe0f\u20e3", "\ud83d", "\u0600x",
    "    ", "x = 1\n",
)  # fmt: skip
FENCES = ("\n```python\n", "\n```\n", "\n~~~\n", "\n````md\n", "\n````\n", "> ```\n", "text `a`\n")

pieces = st.one_of(st.sampled_from(PIECES), st.text(max_size=6)).flatmap(
    lambda piece: st.integers(1, 60).map(lambda times: piece * times)
)
texts = st.lists(pieces | st.sampled_from(FENCES), min_size=1, max_size=40).map("".join)
plain = st.lists(pieces, min_size=2, max_size=40).map("".join)
prose = st.lists(
    st.sampled_from([*FENCES, "some words\n", "x = 1\n", "你好。"]), min_size=20, max_size=80
).map("".join)


def tokens(text: str) -> int:
    """The tokens of a text, by tiktoken itself."""
    return len(load_encoding("o200k_base").encode(text, disallowed_special=()))


def borders(text: str) -> set[int]:
    """The places between the characters that a reader sees, by another implementation."""
    return {0, *(found.end() for found in regex.finditer(r"\X", text))}


def is_closed(text: str) -> bool:
    """Whether every fence that a text opens is closed in it."""
    mark = ""
    for line in text.split("\n"):
        found = re.match(r"[ \t>]*(`{3,}|~{3,})(.*)", line)
        if not found or (found[1][0] == "`" and "`" in found[2]):
            continue
        if not mark:
            mark = found[1]
        elif found[1].startswith(mark) and not found[2].strip():
            mark = ""
    return not mark


@settings(deadline=None)
@given(text=texts, share=st.floats(0.1, 0.99))
def test_it_fits_and_its_figures_are_true(text: str, share: float) -> None:
    """The result has no more than the limit; its marker says how much is missing."""
    whole = tokens(text)
    limit = int(share * whole)
    shorter = shorten_text(text, limit, tokens)
    if shorter is None:
        return
    assert tokens(shorter) <= limit
    left_out, of = (int(figure.replace(",", "")) for figure in MARKER.findall(shorter)[0])
    assert of == whole
    assert 0 < left_out < whole


@settings(deadline=None)
@given(text=plain, share=st.floats(0.2, 0.95))
def test_beginning_and_end_are_the_texts_own(text: str, share: float) -> None:
    """What stands before and behind the marker is the text's, cut between characters."""
    shorter = shorten_text(text, int(share * tokens(text)), tokens)
    if shorter is None:
        return
    found = MARKER.search(shorter)
    assert found is not None
    head, tail = shorter[: found.start()].rstrip("\n"), shorter[found.end() :].lstrip("\r\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) < len(text)
    places = borders(text)
    assert not head or len(head) in places or text[len(head)].isspace()
    assert len(text) - len(tail) in places or text[len(text) - len(tail) - 1] in "\r\n"


@settings(deadline=None)
@given(text=prose, share=st.floats(0.3, 0.95))
def test_code_stays_code(text: str, share: float) -> None:
    """No fence is left open at the cut: as much is open at the end as in the text itself."""
    shorter = shorten_text(text, int(share * tokens(text)), tokens)
    if shorter is None:
        return
    found = MARKER.search(shorter)
    assert found is not None
    assert is_closed(shorter[: found.start()])
    assert is_closed(shorter) == is_closed(text) or not shorter[found.end() :].strip()


@settings(deadline=None)
@given(text=texts)
def test_no_character_is_torn(text: str) -> None:
    """Every place that may be cut is one between two characters that a reader sees."""
    places = borders(text)
    for index in range(len(text) + 1):
        if may_cut(text, index):
            assert index in places
        assert cut_before(text, index) <= index <= cut_after(text, index)


@settings(deadline=None)
@given(text=prose, data=st.data())
def test_fences_around_a_cut_are_whole(text: str, data: st.DataObject) -> None:
    """A beginning with its closer is closed, and an end with its opener ends as the text does."""
    index = data.draw(st.integers(0, len(text)))
    fences = Fences(text)
    end, closer = fences.before(index)
    assert end <= index
    assert is_closed(f"{text[:end]}\n{closer}")
    start, opener = fences.after(index)
    assert start >= index
    assert is_closed(f"{opener}\n{text[start:]}") == is_closed(text)
