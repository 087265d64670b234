"""The library's own functions: ``notelog.count`` and ``notelog.fit``."""

import copy
import subprocess
import sys

import pytest

import notelog
from notelog.core.messages import Message, Role
from notelog.errors import QuestionTooLargeError

FILLER = "word " * 60
CALL: dict[str, object] = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}
    ],
}
RESULT: dict[str, object] = {"role": "tool", "tool_call_id": "c1", "content": "found it"}


def user(text: str) -> dict[str, object]:
    """A user message of the chat API."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, object]:
    """An assistant message of the chat API."""
    return {"role": "assistant", "content": text}


def test_texts_are_counted_with_a_label() -> None:
    """A count is an int that knows whether it is exact and where it comes from."""
    counted = notelog.count("tiktoken is great!", model="gpt-4o")
    assert counted == 6
    assert counted.exact
    assert counted.source == "tiktoken o200k_base"
    estimate = notelog.count("tiktoken is great!", model="claude-sonnet-4-5")
    assert estimate == 9
    assert not estimate.exact
    assert estimate.source.startswith("estimate")


def test_prompts_are_counted_with_their_framing() -> None:
    """Dictionaries and notelog's own messages cost the same: 3 and the role a message, 3 more."""
    own = Message(role=Role.USER, content="hello")
    assert notelog.count([user("hello")], model="gpt-4o") == 3 + 1 + 1 + 3
    assert notelog.count([own], model="gpt-4o") == notelog.count([user("hello")], model="gpt-4o")


def test_what_is_kept_is_what_was_given() -> None:
    """The kept messages are the very objects, and nothing was changed."""
    messages = [user(FILLER) if i % 2 == 0 else assistant(FILLER) for i in range(41)]
    before = copy.deepcopy(messages)
    plan = notelog.fit(messages, model="gpt-4o", context_window=1_024)
    assert messages == before
    assert plan.dropped
    assert all(
        item is messages[index] for item, index in zip(plan.kept, plan.kept_indices, strict=True)
    )
    assert messages[plan.kept_indices[0]]["role"] == "user"
    assert plan.prompt_tokens == notelog.count(plan.kept, model="gpt-4o")
    assert plan.exact


@pytest.mark.parametrize("window", range(300, 1_500, 37))
def test_no_tool_result_is_kept_without_its_call(window: int) -> None:
    """Whatever the window, a call and its result stay together."""
    turn = [user(FILLER), CALL, RESULT, assistant("so it is")]
    messages = [*turn * 6, user("question"), CALL, RESULT]
    plan = notelog.fit(messages, model="gpt-4o", context_window=window, cut_step=0)
    roles = [messages[index]["role"] for index in plan.kept_indices]
    for place, role in enumerate(roles):
        if role == "tool":
            assert place > 0
            assert messages[plan.kept_indices[place - 1]].get("tool_calls")
    assert roles[0] == "user"
    assert not plan.exact


def test_a_pinned_result_stays_with_its_turn() -> None:
    """A pinned tool result keeps its call and its question; a pinned call keeps its result."""
    filler = [user(FILLER), assistant(FILLER)] * 10
    messages = [user("first"), CALL, RESULT, assistant("so"), *filler, user("question")]
    for place in (1, 2):
        plan = notelog.fit(messages, model="gpt-4o", context_window=800, pinned=[place])
        assert plan.kept_indices[:3] == (0, 1, 2)
        assert plan.dropped


def test_parts_names_and_empty_contents_are_read() -> None:
    """Text parts are counted, pictures set down, names framed, and None is no text."""
    parts = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    seen = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
    named = {"role": "user", "name": "example_user", "content": "hello"}
    plain = notelog.count([user("hello")], model="gpt-4o")
    assert notelog.count([parts], model="gpt-4o") >= plain
    assert notelog.count([seen], model="gpt-4o") > 1_000
    assert not notelog.count([seen], model="gpt-4o").exact
    assert notelog.count([named], model="gpt-4o") == plain + 1 + 2
    empty = {"role": "assistant", "content": None}
    assert notelog.count([empty], model="gpt-4o") == 3 + 1 + 3


@pytest.mark.parametrize(
    "wrong", [{"content": "x"}, {"role": 3, "content": "x"}, {"role": "user", "content": 3}]
)
def test_what_is_no_message_is_a_type_error(wrong: dict[str, object]) -> None:
    """A message without a role, or whose content is a number, is refused by name."""
    with pytest.raises(TypeError, match="message"):
        notelog.fit([wrong], model="gpt-4o")


def test_too_large_a_question_is_an_error() -> None:
    """A question over the window is refused, never cut or left out."""
    with pytest.raises(QuestionTooLargeError, match="the biggest part is the user message"):
        notelog.fit([user("word " * 10_000)], model="gpt-4o", context_window=4_096)


def test_developer_messages_stay() -> None:
    """A developer message is kept like a system message."""
    rules: dict[str, object] = {"role": "developer", "content": "rules"}
    messages = [rules, *[user(FILLER)] * 30, user("question")]
    plan = notelog.fit(messages, model="gpt-4o", context_window=1_024)
    assert plan.kept[0] is messages[0]
    assert plan.kept[-1] is messages[-1]


def test_a_small_conversation_loads_no_ranks() -> None:
    """Where bytes show that all fits, fit imports neither tiktoken nor an adapter's files."""
    code = (
        "import sys, notelog\n"
        "plan = notelog.fit([{'role': 'user', 'content': 'hello'}], model='gpt-4o')\n"
        "assert plan.bounded\n"
        "assert 'tiktoken' not in sys.modules and 'openai' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
