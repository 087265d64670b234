"""Messages as the chat API has them, dictionaries of any kind, read for counting and fitting."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import ClassVar, Final, TypeAlias, cast

from notelog.core.counting import Weighed
from notelog.core.messages import Message

ApiMessage: TypeAlias = "Mapping[str, object] | Message"

PICTURE_TOKENS: Final = 1_445
"""The most that OpenAI's pricing page gives for a picture (85 and 8 tiles of 170)."""

PART_TOKENS: Final = 4
"""Set down for what joins the parts of a message, or frames a tool call: not published."""

_ROLE: Final = itemgetter("role")
_CONTENT: Final = itemgetter("content")
_ANSWERING_ROLES: Final = frozenset({"tool", "function"})
_TOOL_KEYS: Final = ("tool_calls", "function_call", "tool_call_id")


class ApiView:
    """Reads messages of the chat API, and notelog's own.

    Args:
        pinned: the places of messages that are never left out.
    """

    ways_out: ClassVar[Sequence[str]] = (
        "keep only the beginning and the end of it (oversized='shorten')",
    )

    def __init__(self, pinned: Collection[int] = ()) -> None:
        self._pinned = pinned

    def roles(self, messages: Sequence[ApiMessage]) -> Sequence[str]:
        """Who speaks, for each message.

        Raises:
            TypeError: one has no role.
        """
        try:
            roles: list[object] = list(map(_ROLE, cast("Sequence[Mapping[str, object]]", messages)))
        except (KeyError, TypeError):  # some are notelog's own
            roles = [
                item.role if isinstance(item, Message) else item.get("role") for item in messages
            ]
        if not all(issubclass(kind, str) for kind in set(map(type, roles))):
            index = next(i for i, role in enumerate(roles) if not isinstance(role, str))
            raise TypeError(f"message {index} has no role")
        return cast("list[str]", roles)

    def pinned(self, messages: Sequence[ApiMessage]) -> Sequence[int]:
        """The places of the messages that are never left out."""
        named = {index for index in self._pinned if 0 <= index < len(messages)}
        if Message not in set(map(type, messages)):
            return sorted(named)
        own = (i for i, item in enumerate(messages) if isinstance(item, Message) and item.pinned)
        return sorted(named.union(own))

    def orphans(self, messages: Sequence[ApiMessage], roles: Sequence[str]) -> Sequence[int]:
        """The places of tools' results without the call that they answer: servers refuse them."""
        if not any(role in roles for role in _ANSWERING_ROLES):
            return ()
        found: list[int] = []
        asking: ApiMessage = {}
        for index, message in enumerate(messages):
            if roles[index] not in _ANSWERING_ROLES:
                asking = message
            elif not _asks_for(asking, message):
                found.append(index)
        return found

    def text(self, message: ApiMessage) -> str:
        """What it says, in words."""
        if isinstance(message, Message):
            return message.content
        content = message.get("content")
        if isinstance(content, str):
            return content
        return self.weigh(message).text

    def texts(self, messages: Sequence[ApiMessage]) -> Sequence[str]:
        """What all of them say, in words."""
        try:
            texts = list(map(_CONTENT, cast("Sequence[Mapping[str, object]]", messages)))
        except (KeyError, TypeError):
            texts = [None]
        if set(map(type, texts)) <= {str}:
            return cast("list[str]", texts)
        return [self.text(item) for item in messages]

    def weigh(self, message: ApiMessage) -> Weighed:
        """The message as it is counted; tool calls and parts are counted generously.

        Raises:
            TypeError: its content is neither text, parts nor None.
        """
        if isinstance(message, Message):
            return Weighed(message.role, message.content, lines=message.lines)
        role, name = str(message["role"]), message.get("name")
        texts, fixed_tokens = _content(message.get("content"))
        for key in _TOOL_KEYS:
            if message.get(key):
                texts.append(_as_json(message[key]))
                fixed_tokens += PART_TOKENS * texts[-1].count('"arguments"') or PART_TOKENS
        return Weighed(
            role,
            "".join(texts),
            name if isinstance(name, str) else "",
            fixed_tokens,
            follows=role in _ANSWERING_ROLES,
        )

    def longest_text(self, message: ApiMessage) -> str:
        """Its text, or that of its longest part."""
        if isinstance(message, Message):
            return message.content
        return max(_part_texts(message.get("content")), key=len, default="")

    def with_text(self, message: ApiMessage, text: str) -> ApiMessage:
        """A copy of the message with another text in the place of its longest one."""
        if isinstance(message, Message):
            return replace(message, content=text)
        content = message.get("content")
        if not isinstance(content, list | tuple):
            return {**message, "content": text}
        parts = list(cast("Sequence[object]", content))
        texts = _part_texts(parts)
        place = texts.index(self.longest_text(message))
        parts[place] = text if isinstance(parts[place], str) else {"type": "text", "text": text}
        return {**message, "content": parts}

    def notice(self, text: str) -> ApiMessage:
        """A system message."""
        return {"role": "system", "content": text}


def _asks_for(asking: ApiMessage, answer: ApiMessage) -> bool:
    """Whether the message above a tool's result, other results between, calls that tool."""
    if isinstance(asking, Message) or isinstance(answer, Message):
        return False
    calls, name = asking.get("tool_calls"), answer.get("tool_call_id")
    if not isinstance(calls, list | tuple):
        return bool(asking.get("function_call"))
    ids = [
        cast("Mapping[str, object]", call).get("id") if isinstance(call, Mapping) else None
        for call in cast("Sequence[object]", calls)
    ]
    return name is None or None in ids or name in ids


def _part_texts(content: object) -> list[str]:
    """The text of each part, empty where it is none."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list | tuple):
        return []
    return [_text_of_part(part) for part in cast("Sequence[object]", content)]


def _text_of_part(part: object) -> str:
    match part:
        case str() as text:
            return text
        case {"type": "text", "text": str() as text}:
            return text
        case _:
            return ""


def _content(content: object) -> tuple[list[str], int]:
    """The texts of a message's content, and the tokens of all that is no text."""
    if content is None:
        return [], 0
    if isinstance(content, str):
        return [content], 0
    if not isinstance(content, list | tuple):
        raise TypeError(f"a message's content is a {type(content).__name__}, not text or parts")
    read = [_part(part) for part in cast("Sequence[object]", content)]
    joins = PART_TOKENS * len(read)
    return [text for text, _tokens in read], joins + sum(tokens for _text, tokens in read)


def _part(part: object) -> tuple[str, int]:
    match part:
        case str() | {"type": "text", "text": str()}:
            return _text_of_part(part), 0
        case {"type": "image_url"}:
            return "", PICTURE_TOKENS
        case _:
            return _as_json(part), 0


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
