import json

import pytest

from notelog.core.events import EventDecoder, EventTooLongError
from notelog.core.reply import ReplyDelta, Usage
from notelog.core.wire import MalformedError, ServerFault, read_event


def _read(**fields: object) -> ReplyDelta | ServerFault:
    (part,) = read_event(json.dumps(fields).encode())
    return part


def _delta(**fields: object) -> ReplyDelta:
    part = _read(choices=[{"index": 0, "delta": fields}])
    assert isinstance(part, ReplyDelta)
    return part


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("x", "x", ""),
        (None, "", ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab", ""),
        (["a", "b"], "ab", ""),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}], "", "hm"),
        ([{"type": "reference", "reference_ids": [1]}], "", ""),
    ],
)
def test_the_shapes_of_content(content: object, text: str, reasoning: str) -> None:
    """Text, nothing, and lists of parts all give their words."""
    delta = _delta(content=content)
    assert (delta.text, delta.reasoning) == (text, reasoning)


@pytest.mark.parametrize("content", [1, True, {"text": "x"}, [1], [{"text": 1}]])
def test_words_of_an_unknown_type_are_a_fault(content: object) -> None:
    """What may be words is never passed over."""
    with pytest.raises(MalformedError):
        _delta(content=content)


def test_only_the_first_choice_counts() -> None:
    """A second choice is not mixed into the first."""
    choices = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]
    part = _read(choices=choices)
    assert isinstance(part, ReplyDelta)
    assert part.text == "yes"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": "x"},
        {"error": None, "choices": [{"index": [], "delta": {}}]},
        {"usage": {"prompt_tokens": "7"}, "model": 3},
        {"usage": {"prompt_tokens": -1, "completion_tokens": True}},
    ],
)
def test_parts_that_say_nothing(fields: dict[str, object]) -> None:
    """Pings and empty parts are parts without anything in them."""
    assert _read(**fields) == ReplyDelta()


def test_usage_with_its_details() -> None:
    """Cached and reasoning tokens are read where a server counts them."""
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    part = _read(choices=[], usage=usage)
    assert isinstance(part, ReplyDelta)
    assert part.usage == Usage(
        prompt_tokens=7, completion_tokens=5, cached_tokens=3, reasoning_tokens=2
    )


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b"null", b"3", b'"x"', b"\xff", b"[" * 100_000, b"9" * 10_000, b"{}\nno"],
)
def test_what_is_no_part_is_a_fault(data: bytes) -> None:
    """No bytes lead to another exception than the one for malformed answers."""
    with pytest.raises(MalformedError):
        read_event(data)


def test_lines_that_are_parts_of_their_own() -> None:
    """Where a server leaves out the blank lines each line is a part."""
    data = b'{"choices": [{"delta": {"content": "a"}}]}\n{"error": "x"}\n[DONE]'
    first, second = read_event(data)
    assert isinstance(first, ReplyDelta)
    assert first.text == "a"
    assert isinstance(second, ServerFault)
    assert read_event(b" ") == []


def test_a_name_from_a_server_is_made_harmless() -> None:
    """Model and finish_reason are one visible line, shortened."""
    part = _read(model="a\x1b[2J" + "b" * 500, choices=[{"finish_reason": "st\nop"}])
    assert isinstance(part, ReplyDelta)
    assert "\x1b" not in part.model
    assert len(part.model) <= 120
    assert "\n" not in part.finish_reason


def test_lines_and_events_are_bounded() -> None:
    """Neither a line without end nor an event of many lines grows past the limit."""
    with pytest.raises(EventTooLongError):
        EventDecoder(100).feed(b"data: " + b"x" * 200)
    decoder = EventDecoder(100)
    with pytest.raises(EventTooLongError):
        decoder.feed(b"data: 0123456789\n" * 20)
