"""Exact figures of a vLLM server: its window, and the tokens of a prompt with its template.

The window stands in ``GET /v1/models`` as ``max_model_len``. ``POST /tokenize``, beside ``/v1``,
takes the messages of a chat and generates nothing (vLLM's documentation, "OpenAI-Compatible
Server", Tokenizer API).
"""

from collections.abc import Callable, Mapping
from typing import Final, cast

from notelog.adapters.server_json import asked_json
from notelog.core.json_value import JsonValue
from notelog.core.origin import origin_of
from notelog.ports.servers import Endpoint, ServerFigures

TIMEOUT_S: Final = 3.0
_MOST_TOKENS: Final = 10**9


class VllmFigures:
    """Implements ``ports.ServerFigures``; a server that is none of vLLM's is asked once.

    Args:
        silent: the origins of servers that answered and told nothing, as they are known.
        keep_silent: is told of one more.
    """

    def __init__(
        self, silent: Callable[[], frozenset[str]], keep_silent: Callable[[str], None]
    ) -> None:
        self._silent = silent
        self._keep_silent = keep_silent

    def window(self, endpoint: Endpoint) -> int | None:
        """The most tokens of prompt and reply that it was started with; None if it is silent."""
        origin = str(origin_of(endpoint.base_url))
        if origin in self._silent():
            return None
        address = f"{endpoint.base_url.rstrip('/')}/models"
        models = _models(asked_json(address, key=endpoint.key, timeout_s=TIMEOUT_S))
        windows = {_tokens(model.get("max_model_len")) for model in models}
        if len(windows) == 1 and (window := windows.pop()) is not None:
            return window
        if models:  # it is there, and of another kind
            self._keep_silent(origin)
        return None

    def prompt_tokens(self, endpoint: Endpoint, body: Mapping[str, JsonValue]) -> int | None:
        """The tokens of a request's prompt, its template included; None where it does not count."""
        root = endpoint.base_url.rstrip("/").removesuffix("/v1")
        asked = {"model": body["model"], "messages": body["messages"]}
        answer = asked_json(f"{root}/tokenize", key=endpoint.key, timeout_s=TIMEOUT_S, body=asked)
        return _tokens(_fields(answer).get("count"))


class FiguresOfKind:
    """Asks each kind of server in its own way (the port ``ServerFigures``).

    Args:
        llamacpp: for llama.cpp's servers, the embedded one too.
        vllm: for all others.
    """

    def __init__(self, llamacpp: ServerFigures, vllm: ServerFigures) -> None:
        self._llamacpp = llamacpp
        self._vllm = vllm

    def window(self, endpoint: Endpoint) -> int | None:
        """The context window in tokens that it has loaded; None where it does not say."""
        return self._of(endpoint).window(endpoint)

    def prompt_tokens(self, endpoint: Endpoint, body: Mapping[str, JsonValue]) -> int | None:
        """The tokens of a request's prompt; None where it does not count."""
        return self._of(endpoint).prompt_tokens(endpoint, body)

    def _of(self, endpoint: Endpoint) -> ServerFigures:
        profile = endpoint.profile
        own = profile.embedded or "llamacpp" in {profile.name, *profile.providers}
        return self._llamacpp if own else self._vllm


def _models(answer: object) -> list[Mapping[str, object]]:
    rows = _fields(answer).get("data")
    return [_fields(row) for row in cast("list[object]", rows)] if isinstance(rows, list) else []


def _fields(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _tokens(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _MOST_TOKENS else None
