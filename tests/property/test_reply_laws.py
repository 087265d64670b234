"""However a network cuts a reply, it is the same reply."""

import json

from hypothesis import given
from hypothesis import strategies as st

from notelog.core.events import EventDecoder
from notelog.core.reply import Reply, ReplyBuilder, ReplyDelta
from notelog.core.thinking import ThinkingFilter
from notelog.core.wire import read_part

PIECES = st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</", "\n", " ", "a", "你", "😀"])
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def _built(parts: list[str]) -> Reply:
    thinking, builder = ThinkingFilter(), ReplyBuilder()
    for part in parts:
        builder.add(thinking.feed(ReplyDelta(text=part)))
    builder.add(thinking.close())
    builder.add(ReplyDelta(finish_reason="stop"))
    return builder.finish()


def _cut(text: str, places: list[int]) -> list[str]:
    cuts = sorted({place % (len(text) + 1) for place in places})
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(TEXTS, st.lists(st.integers(0, 200)))
def test_cuts_do_not_matter(text: str, places: list[int]) -> None:
    """Text, reasoning and state are the same in one part and in any parts."""
    assert _built(_cut(text, places)) == _built([text])


@given(TEXTS)
def test_nothing_is_lost(text: str) -> None:
    """Without a leading tag the text is what was sent; with one every other word is somewhere."""
    reply = _built([text])
    if not text.lstrip().startswith("<think>"):
        assert reply.reasoning == ""
        assert reply.text == (text if text.strip() else "")
    else:
        kept = (reply.reasoning + reply.text).split()
        sent = text.replace("<think>", "", 1).replace("</think>", "", 1).split()
        assert "".join(kept) == "".join(sent)


@given(st.text(alphabet="a😀你", max_size=8), st.lists(st.integers(0, 200)))
def test_halves_of_a_character_are_joined(text: str, places: list[int]) -> None:
    """JSON that cuts a surrogate pair in two still gives the character."""
    halves = text.encode("utf-16-le", "surrogatepass")
    units = "".join(chr(halves[i] + 256 * halves[i + 1]) for i in range(0, len(halves), 2))
    assert _built(_cut(units, places)).text == text


@given(st.text(alphabet=st.sampled_from("a\ud83d\ude00"), max_size=6))
def test_a_lone_half_never_stays(text: str) -> None:
    """Whatever a server sends, the reply can be written as UTF-8."""
    assert _built(list(text)).text.encode("utf-8") is not None


@given(st.lists(st.text(max_size=6), max_size=6), LINE_ENDS, st.lists(st.integers(0, 900)))
def test_events_are_read_in_any_cut(words: list[str], end: str, places: list[int]) -> None:
    """The data of events does not depend on line ends or on where the bytes are cut."""
    sent = [json.dumps({"choices": [{"delta": {"content": word}}]}) for word in words]
    wire = "".join(f"data: {data}{end}{end}" for data in sent).encode()
    cuts = sorted({place % (len(wire) + 1) for place in places})
    decoder = EventDecoder(10_000)
    found: list[bytes] = []
    for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        found += decoder.feed(wire[start:stop])
    found += decoder.close()
    parts = [read_part(json.loads(data)) for data in found]
    assert [part.text for part in parts if isinstance(part, ReplyDelta)] == words
