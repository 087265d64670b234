"""The library's own functions: ``notelog.count`` and ``notelog.fit``."""

import copy
import subprocess
import sys

import pytest

import notelog
from notelog.core.api_messages import ApiMessage
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


def said(message: ApiMessage, name: str = "content") -> object:
    """A field of a message of the chat API."""
    assert isinstance(message, dict)
    return message[name]


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
    with pytest.raises(
        QuestionTooLargeError, match="the biggest part is the user message"
    ) as caught:
        notelog.fit([user("word " * 10_000)], model="gpt-4o", context_window=4_096)
    assert "oversized='shorten'" in caught.value.hint
    assert "--" not in caught.value.hint


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


def big(text: str = "word ") -> dict[str, object]:
    """A question that no small window holds."""
    return user(f"Read this.\n{text * 10_000}\nWhat does it say?")


def test_what_is_too_large_is_shortened_on_request() -> None:
    """The question keeps beginning and end in a copy; the given messages stay as they were."""
    rules: dict[str, object] = {"role": "system", "content": "rules"}
    messages = [rules, user("old"), assistant("older"), big()]
    before = copy.deepcopy(messages)
    plan = notelog.fit(messages, model="gpt-4o", context_window=1_024, oversized="shorten")
    assert messages == before
    assert plan.kept[0] is rules
    text = str(said(plan.kept[-1]))
    assert text.startswith("Read this.\n")
    assert text.endswith("\nWhat does it say?")
    assert plan.prompt_tokens == notelog.count(plan.messages, model="gpt-4o") <= plan.budget
    assert plan.prompt_tokens > 0.95 * plan.budget
    (shortened,) = plan.shortened
    assert shortened.index == 3
    assert shortened.tokens - shortened.sent_tokens > 9_000
    assert "shortened to" in str(plan.report)


def test_the_largest_are_shortened_and_the_small_stay_whole() -> None:
    """Two pastes share the room alike; the short question below them stays word for word."""
    messages = [big("ab "), assistant("Ah."), big("cd "), user("And now?")]
    plan = notelog.fit(
        messages, model="gpt-4o", context_window=2_048, pinned=[0, 2], oversized="shorten"
    )
    assert plan.kept[-1] is messages[-1]
    assert [item.index for item in plan.shortened] == [0, 2]
    sizes = [item.sent_tokens for item in plan.shortened]
    assert max(sizes) - min(sizes) < 30
    assert plan.prompt_tokens > 0.95 * plan.budget


def test_a_tools_result_can_be_the_largest() -> None:
    """A result below the question is shortened, and still answers its call."""
    result = {**RESULT, "content": "a line of a log\n" * 5_000}
    messages = [user("What failed?"), CALL, result]
    plan = notelog.fit(messages, model="gpt-4o", context_window=2_048, oversized="shorten")
    assert [item.index for item in plan.shortened] == [2]
    assert said(plan.kept[2], "tool_call_id") == "c1"
    assert plan.kept[:2] == tuple(messages[:2])


def test_the_longest_part_is_shortened() -> None:
    """Of a message in parts the longest text is shortened; pictures and other parts stay."""
    picture: dict[str, object] = {"type": "image_url", "image_url": {"url": "data:"}}
    parts: list[dict[str, object]] = [
        {"type": "text", "text": "Look:"},
        picture,
        {"type": "text", "text": "word " * 9_000},
    ]
    plan = notelog.fit(
        [{"role": "user", "content": parts}],
        model="gpt-4o",
        context_window=4_096,
        oversized="shorten",
    )
    content = said(plan.kept[0])
    assert isinstance(content, list)
    assert content[:2] == parts[:2]
    assert "tokens left out" in str(content[2])
    assert parts[2]["text"] == "word " * 9_000


def test_a_system_message_is_never_shortened() -> None:
    """Where it fills the window there is no way, and none is named."""
    rules: dict[str, object] = {"role": "developer", "content": "rule " * 5_000}
    with pytest.raises(QuestionTooLargeError, match="the developer message") as caught:
        notelog.fit([rules, user("Hi")], model="gpt-4o", context_window=2_048, oversized="shorten")
    assert "shorten" not in caught.value.hint


@pytest.mark.parametrize("context_window", [1_000_000, 800])
def test_a_result_without_its_call_is_left_out(context_window: int) -> None:
    """No server takes a tool's result without its call: it goes, and the report says why."""
    other = {**RESULT, "tool_call_id": "c2"}
    messages = [user("a"), RESULT, assistant("b"), user("c"), CALL, RESULT, other, user("d")]
    plan = notelog.fit(messages, model="gpt-4o", context_window=context_window)
    assert plan.kept_indices == (0, 2, 3, 4, 5, 7)
    assert [item.index for item in plan.dropped] == [1, 6]
    assert all("without the call" in item.reason for item in plan.dropped)
    assert plan.notice is None


def test_a_notice_is_put_below_the_system_part() -> None:
    """Asked for, it is part of ``messages`` and of the figures, and never of ``kept``."""
    rules: dict[str, object] = {"role": "system", "content": "rules"}
    messages = [rules, *[user(FILLER), assistant(FILLER)] * 20, user("question")]
    plan = notelog.fit(messages, model="gpt-4o", context_window=1_024, notice=True)
    assert plan.messages[0] is rules
    assert plan.messages[1] == {"role": "system", "content": "[… earlier messages left out …]"}
    assert said(plan.messages[2], "role") == "user"
    assert all(item in messages for item in plan.kept)
    assert plan.prompt_tokens == notelog.count(plan.messages, model="gpt-4o")
    own = notelog.fit(messages, model="gpt-4o", context_window=1_024, notice="Summary: roses.")
    assert said(own.messages[1]) == "Summary: roses."
    assert notelog.fit(messages, model="gpt-4o", notice=True).notice is None


def test_the_report_reads_like_a_list() -> None:
    """It has an entry for every message, can be sliced, and prints a line for each."""
    messages = [user(FILLER), assistant(FILLER)] * 20 + [user("question")]
    report = notelog.fit(messages, model="gpt-4o", context_window=1_024).report
    assert len(report) == 41
    assert report[-1].role == "user"
    assert str(report[-1].fate) == "kept"
    assert [item.index for item in report[:3]] == [0, 1, 2]
    assert report[0].fate == "left out"
    assert report[0].sent_tokens == 0
    assert len(str(report).split("\n")) == 41 + 2
    assert "of 41 messages are sent" in repr(report)
