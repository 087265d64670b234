"""Exact figures that a llama.cpp server gives without generating: its window, a prompt's tokens.

Both are asked on loopback only, over plain HTTP, each with a time limit and a size limit; any
other answer than the expected one means that the server is none of llama.cpp's.
"""

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from threading import Timer
from typing import cast
from urllib.parse import urlsplit

from notelog.core.origin import is_loopback
from notelog.core.request import JsonValue
from notelog.ports import Endpoint

TIMEOUT_S = 30.0  # a server that has unloaded its model loads it again first
_ANSWER_BYTES = 1 << 20


class LlamaCppFigures:
    """The figures of a llama.cpp server on loopback (the port ``ServerFigures``)."""

    def window(self, endpoint: Endpoint) -> int | None:
        """The context window in tokens that it has loaded; None where it does not say.

        It stands in ``GET /v1/models`` as ``meta.n_ctx``; only llama.cpp gives that.
        """
        match _asked(endpoint, "GET", "/models"):
            case {"data": [{"meta": {"n_ctx": int(tokens)}}]} if tokens > 0:
                return tokens
            case _:
                return None

    def prompt_tokens(self, endpoint: Endpoint, body: Mapping[str, JsonValue]) -> int | None:
        """The tokens of a request's prompt, its template included; None where it does not count.

        ``POST /v1/chat/completions/input_tokens`` is llama.cpp's own.
        """
        match _asked(endpoint, "POST", "/chat/completions/input_tokens", body):
            case {"input_tokens": int(tokens)} if tokens > 0:
                return tokens
            case _:
                return None


def _asked(
    endpoint: Endpoint, method: str, path: str, body: Mapping[str, JsonValue] | None = None
) -> object:
    """The JSON of a 200 answer, or None."""
    url = urlsplit(endpoint.base_url)
    if url.scheme != "http" or not is_loopback(url.hostname or ""):
        return None
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with _connected(url.hostname or "", url.port or 80) as connection:
            connection.request(method, url.path.rstrip("/") + path, data, headers)
            response = connection.getresponse()
            if response.status != 200:  # noqa: PLR2004  # HTTP's own word for success
                return None
            return cast("object", json.loads(response.read(_ANSWER_BYTES)))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None


@contextmanager
def _connected(host: str, port: int) -> Generator[HTTPConnection]:
    """A connection that ends after the time limit, however slowly bytes drip."""
    connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.connect()
        limit = Timer(TIMEOUT_S, connection.sock.shutdown, [socket.SHUT_RDWR])
        limit.daemon = True
        limit.start()
        try:
            yield connection
        finally:
            limit.cancel()
    finally:
        connection.close()
