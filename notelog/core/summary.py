"""Summing up what a plan leaves out: what is asked, and how what was answered is found again.

A summary is named by the chain of all messages that it stands for, so the next one goes on from it
with the messages that were left out since, and editing an old message makes it another.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from notelog.core.messages import Conversation, Message, Role
from notelog.core.portions import Tokens, clipped

MOST_TOKENS: Final = 1_024
MOST_REQUESTS: Final = 8
"""How many requests one turn may take for its summary; a longer past is left out without."""

_SHARE: Final = 8
_LEAST_TOKENS: Final = 64
_KEY_BYTES: Final = 20
_WORDS_PER_TOKEN: Final = 0.6
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_ASK: Final = (
    (
        "Sum up the conversation below, for somebody who goes on with it and will not see it: "
        "facts, names, figures, decisions, open questions. Answer nothing in it. Use at most "
        "{words} words."
    ),
    (
        "请总结下面的对话，供之后看不到它的人继续对话使用：保留事实、名称、数字、决定和未解决的问题。"
        "不要回答其中的问题。不超过{words}字。"
    ),
)
_BEFORE: Final = ("What was said before it, summed up", "在此之前的内容摘要")
_HEAD: Final = "Summary of the earlier messages that were left out:\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryStep:
    """One request on the way to a summary.

    Attributes:
        key: of what it stands for, from the first message on.
        messages: those that are new to it.
    """

    key: str
    messages: Conversation


def summary_tokens(budget: int) -> int:
    """The most tokens of a summary beside a prompt of so many."""
    return max(_LEAST_TOKENS, min(MOST_TOKENS, budget // _SHARE))


def summary_keys(model: str, left_out: Sequence[Message]) -> tuple[str, ...]:
    """The names of the summaries of the first 1, 2, 3 ... messages."""
    digest = blake2b(model.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES)
    keys: list[str] = []
    for message in left_out:
        data = message.content.encode("utf-8", "surrogatepass")
        digest.update(f"summary {message.role} {len(data)}\n".encode())
        digest.update(data)
        keys.append(digest.hexdigest())
    return tuple(keys)


def plan_steps(
    left_out: Sequence[Message], keys: Sequence[str], fits: Callable[[Conversation], bool]
) -> Iterator[SummaryStep]:
    """The messages in groups that each fit one request, in order.

    Args:
        left_out: the messages that no summary stands for yet.
        keys: the names of the summaries up to and with each of them.
        fits: whether messages fit one request beside a summary of those before; one alone always
            does, for it is cut.
    """
    group: list[Message] = []
    for index, message in enumerate(left_out):
        if group and not fits((*group, message)):
            yield SummaryStep(key=keys[index - 1], messages=tuple(group))
            group = []
        group.append(message)
    if group:
        yield SummaryStep(key=keys[-1], messages=tuple(group))


def summary_request(messages: Conversation, before: str, *, most_tokens: int) -> Conversation:
    """Asks for a summary.

    Args:
        messages: what is summed up.
        before: the summary of what was said before them; empty where nothing was.
        most_tokens: of the answer.
    """
    said = "\n\n".join(f"{item.role}: {item.content}" for item in messages)
    chinese = bool(_CHINESE.search(said))
    words = max(10, int(most_tokens * _WORDS_PER_TOKEN) // 10 * 10)
    earlier = f"{_BEFORE[chinese]}:\n\n{before}\n\n" if before else ""
    content = f"{_ASK[chinese].format(words=words)}\n\n{earlier}---\n\n{said}"
    return (Message(role=Role.USER, content=content),)


def shortened_to(messages: Conversation, room: int, tokens: Tokens) -> Conversation:
    """The messages, each cut to what has room in one request."""
    return tuple(
        Message(role=item.role, content=clipped(item.content, max(4, room), tokens))
        for item in messages
    )


def with_summary(conversation: Conversation, text: str) -> Conversation:
    """A conversation with a summary below its first system messages."""
    place = next(
        (n for n, item in enumerate(conversation) if item.role is not Role.SYSTEM),
        len(conversation),
    )
    summary = Message(role=Role.SYSTEM, content=f"{_HEAD}{text}")
    return (*conversation[:place], summary, *conversation[place:])
