"""What a server's error says, in the dialects of those who write one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from notelog.core.json_value import JsonValue
from notelog.core.wire import JsonObject, MalformedError, decode_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a server's error says.

    Attributes:
        message: its words as they came.
        kind: its ``type`` and ``code``, in lower case, with a blank between.
        parameter: the parameter that it names.
        status: the HTTP status that its fields or their words stand for; 0 where there is none.
        body: all of it.
    """

    message: str
    kind: str
    parameter: str
    status: int
    body: JsonObject


def said_in(body: bytes) -> Said:
    """Reads an error's body; what is no JSON is its message."""
    try:
        value = decode_json(body)
    except MalformedError:
        value = None
    if isinstance(value, list) and value:  # Gemini puts the object into a list
        value = value[0]
    if isinstance(value, dict):
        return said_by(cast("JsonObject", value))
    text = body.decode("utf-8", "replace")
    return Said(message=_without_tags(text), kind="", parameter="", status=0, body={})


def said_by(body: JsonObject) -> Said:
    """Reads the error objects that are about: OpenAI's, Ollama's, FastAPI's, vLLM's."""
    inner = body.get("error") or body.get("errors") or body
    fields = cast("JsonObject", inner) if isinstance(inner, dict) else {"message": inner}
    kind = " ".join(str(fields.get(name) or "") for name in ("type", "code", "status")).lower()
    message = _first(fields, _NAMES) or body.get("detail") or ""
    text, place = _flat(message)
    parameter = fields.get("param")
    raw = _raw(fields)
    return Said(
        message=f"{text}: {raw}" if text and raw else text or raw,
        kind=kind,
        parameter=parameter if isinstance(parameter, str) else place,
        status=_status(kind),
        body=body,
    )


_NAMES = ("message", "detail", "error", "msg", "error_msg", "error_message", "Message")
_INNER_NAMES = ("msg", *_NAMES)


def _first(fields: JsonObject, names: Sequence[str]) -> JsonValue:
    """The first of some fields that says anything."""
    return next((fields[name] for name in names if fields.get(name)), None)


def _raw(fields: JsonObject) -> str:
    """OpenRouter puts the words of the provider behind it into ``metadata.raw``."""
    metadata = fields.get("metadata")
    raw = cast("JsonObject", metadata).get("raw") if isinstance(metadata, dict) else None
    return raw if isinstance(raw, str) else ""


def _flat(value: JsonValue, depth: int = 0) -> tuple[str, str]:
    """Words and place of a message: text, or FastAPI's list of ``{"loc", "msg"}``."""
    if isinstance(value, str):
        return value, ""
    if depth > 4:  # noqa: PLR2004  # no server nests deeper
        return "", ""
    if isinstance(value, dict):
        fields = cast("JsonObject", value)
        place = ".".join(str(part) for part in _sequence(fields.get("loc")) if part != "body")
        words, inner = _flat(_first(fields, _INNER_NAMES), depth + 1)
        return (f"{place}: {words}" if place else words), place or inner
    parts = [_flat(item, depth + 1) for item in _sequence(value)[:5]]
    return "; ".join(words for words, _ in parts), next((place for _, place in parts if place), "")


def _sequence(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


_KIND_STATUS: tuple[tuple[str, int], ...] = (
    ("invalid_request", 400),
    ("context_length", 400),
    ("exceed_context_size", 400),
    ("authentication", 401),
    ("invalid_api_key", 401),
    ("insufficient", 402),
    ("permission", 403),
    ("not_found", 404),
    ("too_large", 413),
    ("rate_limit", 429),
)


_NUMBER = re.compile(r"\b([1-5]\d\d)\b")


def _status(kind: str) -> int:
    """The status that type and code of an error stand for; 0 where they are not known."""
    number = _NUMBER.search(kind)
    if number:
        return int(number[1])
    return next((status for word, status in _KIND_STATUS if word in kind), 0)


_TAGS = re.compile(r"<(?:script|style)\b.{0,100000}?</(?:script|style)>|<[^<>]{0,5000}>", re.DOTALL)


def _without_tags(text: str) -> str:
    return " ".join(_TAGS.sub(" ", text[:20_000]).split())
