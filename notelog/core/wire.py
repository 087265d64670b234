"""What servers send: the JSON of chat completions, read with tolerance but never with loss.

Unknown fields are passed over. A field that may hold the model's words and has a type that nobody
knows is a fault: passing it over could make a reply look whole that is not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from notelog.core.json_value import JsonValue
from notelog.core.reply import ReplyDelta, Usage
from notelog.core.visible import shortened

JsonObject = Mapping[str, JsonValue]

_NAME_CHARS = 120
_REASONING_FIELDS = ("reasoning_content", "reasoning")


class MalformedError(ValueError):
    """What arrived is no chat completion; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class ServerFault:
    """An error object in place of a part of the reply; ``body`` is all that was sent."""

    body: JsonObject


def decode_json(data: bytes) -> JsonValue:
    """Decodes JSON strictly.

    Raises:
        MalformedError: it is not UTF-8, no JSON, or nested too deeply.
    """
    try:
        return cast("JsonValue", json.loads(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise MalformedError("the server sent bytes that are not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("the server sent something that is not JSON") from error


def read_event(data: bytes) -> list[ReplyDelta | ServerFault]:
    """Reads the data of one server-sent event.

    Servers that leave out the blank line between events send what reads as one event of many
    lines; where the whole is no JSON each line counts alone.

    Raises:
        MalformedError: it is neither JSON nor lines of JSON.
    """
    if not data.strip():
        return []
    try:
        return [read_part(decode_json(data))]
    except MalformedError:
        if b"\n" not in data:
            raise
        lines = (line.strip() for line in data.split(b"\n"))
        return [read_part(decode_json(line)) for line in lines if line and line != b"[DONE]"]


def read_part(value: JsonValue) -> ReplyDelta | ServerFault:
    """Reads one object: a part of a stream, a whole completion, or an error.

    Raises:
        MalformedError: it is no object, or a field that holds words has an unknown type.
    """
    fields = _object(value)
    if fields is None:
        raise MalformedError("the server sent JSON that is no object")
    if fields.get("error") or fields.get("object") == "error":
        return ServerFault(fields)
    choice = _first_choice(fields)
    message = _object(choice.get("delta")) or _object(choice.get("message")) or {}
    text, thought = _words(message.get("content"))
    return ReplyDelta(
        text=text,
        reasoning=_reasoning(message) or thought,
        refusal=_words(message.get("refusal"))[0],
        finish_reason=_name(choice.get("finish_reason")),
        usage=_usage(fields.get("usage")),
        model=_name(fields.get("model")),
    )


def _object(value: JsonValue) -> JsonObject | None:
    return cast("JsonObject", value) if isinstance(value, dict) else None


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _first_choice(fields: JsonObject) -> JsonObject:
    """The choice with index 0 (or none); one request asks for one reply."""
    for item in _list(fields.get("choices")):
        choice = _object(item)
        if choice is not None and not choice.get("index"):
            return choice
    return {}


def _words(value: JsonValue) -> tuple[str, str]:
    """Text and thinking of a content: a string, nothing, or a list of parts."""
    if value is None or isinstance(value, str):
        return value or "", ""
    if not isinstance(value, list):
        raise MalformedError("the server sent a reply whose content is neither text nor parts")
    text: list[str] = []
    thought: list[str] = []
    for item in _list(value):
        part = _object(item)
        if part is None:
            text.append(_words(item)[0])
        elif part.get("type") == "thinking":
            thought.append(_words(part.get("thinking"))[0])
        else:
            text.append(_words(part.get("text"))[0])
    return "".join(text), "".join(thought)


def _reasoning(message: JsonObject) -> str:
    """DeepSeek and llama.cpp say ``reasoning_content``, OpenRouter and newer vLLM ``reasoning``."""
    for name in _REASONING_FIELDS:
        value = message.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _name(value: JsonValue) -> str:
    return shortened(value, _NAME_CHARS) if isinstance(value, str) and value else ""


def _usage(value: JsonValue) -> Usage | None:
    fields = _object(value)
    if fields is None:
        return None
    prompt, completion = _count(fields, "prompt_tokens"), _count(fields, "completion_tokens")
    if prompt is None or completion is None:
        return None
    prompt_details = _object(fields.get("prompt_tokens_details")) or {}
    completion_details = _object(fields.get("completion_tokens_details")) or {}
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=_count(prompt_details, "cached_tokens") or 0,
        reasoning_tokens=_count(completion_details, "reasoning_tokens") or 0,
    )


def _count(fields: JsonObject, name: str) -> int | None:
    value = fields.get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count and isinstance(value, int) else None
