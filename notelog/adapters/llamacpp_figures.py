"""Exact figures that a llama.cpp server gives without generating: its window, a prompt's tokens.

Both are asked on loopback only, over plain HTTP, each with a time limit and a size limit; any
other answer than the expected one means that the server is none of llama.cpp's.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from notelog.adapters.server_json import asked_json
from notelog.core.json_value import JsonValue
from notelog.core.origin import is_loopback
from notelog.ports.servers import Endpoint

TIMEOUT_S = 30.0  # a server that has unloaded its model loads it again first


class LlamaCppFigures:
    """The figures of a llama.cpp server on loopback (the port ``ServerFigures``)."""

    def window(self, endpoint: Endpoint) -> int | None:
        """The context window in tokens that it has loaded; None where it does not say.

        It stands in ``GET /v1/models`` as ``meta.n_ctx``; only llama.cpp gives that.
        """
        match _asked(endpoint, "/models"):
            case {"data": [{"meta": {"n_ctx": int(tokens)}}]} if tokens > 0:
                return tokens
            case _:
                return None

    def prompt_tokens(self, endpoint: Endpoint, body: Mapping[str, JsonValue]) -> int | None:
        """The tokens of a request's prompt, its template included; None where it does not count.

        ``POST /v1/chat/completions/input_tokens`` is llama.cpp's own.
        """
        match _asked(endpoint, "/chat/completions/input_tokens", body):
            case {"input_tokens": int(tokens)} if tokens > 0:
                return tokens
            case _:
                return None


def _asked(endpoint: Endpoint, path: str, body: Mapping[str, JsonValue] | None = None) -> object:
    """The JSON of a 200 answer, or None."""
    url = urlsplit(endpoint.base_url)
    if url.scheme != "http" or not is_loopback(url.hostname or ""):
        return None
    address = endpoint.base_url.rstrip("/") + path
    return asked_json(address, key=endpoint.key, timeout_s=TIMEOUT_S, body=body)
