"""Talks to a local model server without any client library, so that a test sees every byte."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from notelog.core.json_value import JsonValue
from notelog.core.settings import KeySource, Profile
from notelog.ports.servers import Endpoint

WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        return cast("dict[str, object]", json.loads(self.body))


def local_profile(*, context_window: int | None = None, model_path: str = "") -> Profile:
    """A profile that means the embedded model."""
    return Profile(
        name="local",
        base_url="",
        key=KeySource(required=False),
        billed=False,
        embedded=True,
        model_path=model_path,
        context_window=context_window,
    )


def chat_body(question: str, **more: JsonValue) -> dict[str, JsonValue]:
    """The body of a chat completion of one question, 16 tokens at most unless said otherwise."""
    return {"messages": [{"role": "user", "content": question}], "max_tokens": 16, **more}


def exactly(text: str) -> str:
    """The grammar that makes the model say just this."""
    return f"root ::= {json.dumps(text, ensure_ascii=False)}"


def request(
    endpoint: Endpoint,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
    origin: str = "",
) -> Answer:
    """Asks once and reads the whole answer."""
    connection = connect(endpoint)
    try:
        response = send(connection, endpoint, path, body, key=key, origin=origin)
        return Answer(
            status=response.status, headers=dict(response.getheaders()), body=response.read()
        )
    finally:
        connection.close()


def connect(endpoint: Endpoint) -> HTTPConnection:
    """A connection to the server."""
    url = urlsplit(endpoint.base_url)
    return HTTPConnection(url.hostname or "", url.port, timeout=WAIT_SECONDS)


def send(
    connection: HTTPConnection,
    endpoint: Endpoint,
    path: str,
    body: Mapping[str, object] | None,
    *,
    key: str | None = None,
    origin: str = "",
) -> HTTPResponse:
    """Sends a request, a POST where it has a body."""
    headers = {"Content-Type": "application/json"}
    if key != "":
        headers["Authorization"] = f"Bearer {endpoint.key if key is None else key}"
    if origin:
        headers["Origin"] = origin
    method = "GET" if body is None else "POST"
    data = None if body is None else json.dumps(body).encode()
    connection.request(method, urlsplit(endpoint.base_url).path + path, data, headers)
    return connection.getresponse()


def events(response: HTTPResponse) -> Iterator[dict[str, object]]:
    """The events of a stream as they arrive, up to its ``[DONE]``."""
    for line in response:
        if line.startswith(b"data: [DONE]"):
            return
        if line.startswith(b"data: "):
            yield cast("dict[str, object]", json.loads(line.removeprefix(b"data: ")))


def first_choice(event: Mapping[str, object]) -> dict[str, object]:
    """The first choice of an event or a completion; empty where there is none."""
    choices = cast("list[dict[str, object]]", event.get("choices") or [{}])
    return choices[0]


def server_pids() -> list[int]:
    """The model servers that this process has started (Linux)."""
    me = str(os.getpid())
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _parent(folder) == me and b"local_child" in _read(folder / "cmdline")
    ]


def _parent(folder: Path) -> str:
    fields = _read(folder / "stat").rpartition(b")")[2].split()
    return fields[1].decode() if len(fields) > 1 else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
