"""Asks a server for JSON about itself, quickly or not at all: whatever fails is no answer."""

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import cast
from urllib.parse import SplitResult, urlsplit

from notelog.core.json_value import JsonValue
from notelog.core.origin import is_loopback

_ANSWER_BYTES = 1 << 20


def asked_json(
    address: str,
    *,
    key: str,
    timeout_s: float,
    body: Mapping[str, JsonValue] | None = None,
) -> object:
    """The JSON of a 200 answer, or None. Redirects are not followed.

    Args:
        address: over https, or on loopback.
        key: sent to this address alone; may be empty.
        timeout_s: for all of it, however slowly bytes drip.
        body: makes it a POST.
    """
    url = urlsplit(address)
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    try:
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
            return None
        with _connected(url, timeout_s) as connection:
            connection.request("GET" if data is None else "POST", url.path, data, headers)
            response = connection.getresponse()
            if response.status != 200:  # noqa: PLR2004  # HTTP's own word for success
                return None
            return cast("object", json.loads(response.read(_ANSWER_BYTES)))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None


@contextmanager
def _connected(url: SplitResult, timeout_s: float) -> Generator[HTTPConnection]:
    """A connection that ends after the time limit."""
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=timeout_s)
    try:
        connection.connect()
        limit = Timer(timeout_s, _cut, [connection.sock])
        limit.daemon = True
        limit.start()
        try:
            yield connection
        finally:
            limit.cancel()
    finally:
        connection.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)
