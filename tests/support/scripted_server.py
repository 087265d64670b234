"""A small HTTP server on raw sockets that plays scripts, so that a test decides every byte.

    with ScriptedServer([reply("Hello"), status(429, headers={"Retry-After": "1"})]) as server:
        ...  # use server.base_url
    assert len(server.requests) == 2

Each connection carries one request and is answered by the next script. A script is a sequence of
steps: bytes are sent; ``Wait`` and ``Signal`` meet the test at an event; ``STALL`` sends nothing
until the client has gone or the server stops; ``RESET`` drops the connection with RST. At the end
of a script the connection is closed with FIN. When no script is left the answer is 404, and the
request is recorded like any other.
"""

import gzip
import json
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, cast

LONGEST_WAIT_S = 20.0
_TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Wait:
    """A step that waits until the test sets the event."""

    event: threading.Event


@dataclass(frozen=True, slots=True)
class Signal:
    """A step that tells the test that all before it has been sent."""

    event: threading.Event


class _Mark:
    """A step without data."""


STALL: Final = _Mark()
RESET: Final = _Mark()

Step: TypeAlias = bytes | Wait | Signal | _Mark
Script: TypeAlias = Iterable[Step]
Framing: TypeAlias = Literal["chunked", "close", "length"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body, decoded."""
        return cast("dict[str, object]", json.loads(self.body))


@dataclass
class ScriptedServer:
    """Serves one script a connection on a free port of 127.0.0.1, within a ``with`` block.

    Attributes:
        scripts: played in order.
        routes: scripts for other paths, such as ``/v1/models``; each may be played many times.
        requests: what arrived, routes left out.
        routed: what arrived for the routes.
        connections: how many connections were accepted, with or without a request.
    """

    scripts: Iterable[Script]
    routes: Mapping[str, Sequence[Step]] = field(default_factory=dict[str, Sequence[Step]])
    requests: list[RecordedRequest] = field(default_factory=list[RecordedRequest])
    routed: list[RecordedRequest] = field(default_factory=list[RecordedRequest])
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self.port = cast("tuple[str, int]", self._listener.getsockname())[1]
        self._stopping = threading.Event()
        self._left: Iterator[Script] = iter(self.scripts)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """What a profile's ``base_url`` is to be."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for thread in tuple(self._threads):
            thread.join(LONGEST_WAIT_S)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LONGEST_WAIT_S)
        with connection:
            try:
                request = _read_request(connection)
                if request is not None:
                    self._play(connection, self._script_for(request))
            except OSError:  # the client has gone: what it asked is recorded
                return

    def _script_for(self, request: RecordedRequest) -> Script:
        with self._lock:
            route = self.routes.get(request.target.partition("?")[0])
            if route is not None:
                self.routed.append(request)
                return route
            self.requests.append(request)
            script = next(self._left, None)
        no_script = {"error": {"message": "no script left"}}
        return status(404, no_script) if script is None else script

    def _play(self, connection: socket.socket, script: Script) -> None:
        for step in script:
            match step:
                case bytes():
                    connection.sendall(step)
                case Wait(event):
                    self._wait(event)
                case Signal(event):
                    event.set()
                case _ if step is RESET:
                    no_linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
                    return
                case _:
                    self._stall(connection)
                    return
        connection.shutdown(socket.SHUT_WR)
        self._stall(connection)

    def _wait(self, event: threading.Event) -> None:
        for _ in range(int(LONGEST_WAIT_S / _TICK_S)):
            if event.wait(_TICK_S) or self._stopping.is_set():
                return

    def _stall(self, connection: socket.socket) -> None:
        connection.settimeout(_TICK_S)
        while not self._stopping.is_set():
            try:
                if not connection.recv(65536):
                    return
            except TimeoutError:
                continue


def _read_request(connection: socket.socket) -> RecordedRequest | None:
    data = bytearray()
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
        if data[0] == 0x16:  # TLS
            return None
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    if start.count(" ") != 2:
        return None  # no HTTP
    method, target, _ = start.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", "0")):
        part = connection.recv(65536)
        if not part:
            return None
        body += part
    return RecordedRequest(method=method, target=target, headers=headers, body=body)


def response(
    *parts: bytes | Wait | Signal | _Mark,
    code: int = 200,
    headers: Mapping[str, str] | None = None,
    framing: Framing = "chunked",
    end: bool = True,
) -> list[Step]:
    """An HTTP response whose body is sent in exactly these parts.

    Args:
        parts: bytes of the body, and other steps between them.
        code: the HTTP status.
        headers: added to (or instead of) the ones needed.
        framing: how the end of the body is told: chunks, closing, or Content-Length.
        end: False leaves out the last chunk, or promises a byte more than is sent.
    """
    fields = {"Content-Type": "text/event-stream"}
    if framing == "chunked":
        fields["Transfer-Encoding"] = "chunked"
    if framing == "length":
        size = sum(len(part) for part in parts if isinstance(part, bytes))
        fields["Content-Length"] = str(size + (not end))
    fields |= headers or {}
    lines = [f"HTTP/1.1 {code} Scripted", *(f"{name}: {value}" for name, value in fields.items())]
    steps: list[Step] = ["\r\n".join([*lines, "", ""]).encode("latin-1")]
    for part in parts:
        if isinstance(part, bytes) and framing == "chunked":
            steps += [b"%x\r\n%b\r\n" % (len(part), part)] if part else []
        else:
            steps.append(part)
    if framing == "chunked" and end:
        steps.append(b"0\r\n\r\n")
    return steps


def event(data: object) -> bytes:
    """One server-sent event, its data as JSON (or as it is, if it is a string)."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def chunk(
    text: str | None = None, *, finish_reason: str | None = None, **delta: object
) -> dict[str, object]:
    """The object of one part of a streamed completion; ``delta`` adds fields beside the text."""
    fields = delta if text is None else {"content": text, **delta}
    choice = {"index": 0, "delta": fields, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "scripted-model",
        "choices": [choice],
    }


def usage_chunk(prompt: int = 7, completion: int = 3) -> dict[str, object]:
    """The object that carries the figures, without choices."""
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return {**chunk(), "choices": [], "usage": usage}


def reply_events(text: str, *, finish_reason: str | None = "stop") -> list[bytes]:
    """The events of a whole reply: a role, each word, the end, the figures, ``[DONE]``."""
    words = [word for word in text.replace(" ", "\0 ").split("\0") if word]
    parts = [event(chunk("", role="assistant")), *(event(chunk(word)) for word in words)]
    if finish_reason is not None:
        parts.append(event(chunk(finish_reason=finish_reason)))
    return [*parts, event(usage_chunk()), event("[DONE]")]


def reply(
    text: str, *, finish_reason: str | None = "stop", framing: Framing = "chunked"
) -> list[Step]:
    """A whole streamed reply of ``text``."""
    return response(*reply_events(text, finish_reason=finish_reason), framing=framing)


def completion(text: str | None, *, finish_reason: str = "stop", **message: object) -> list[Step]:
    """A whole reply to a request that asked for no stream."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "scripted-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
    return status(200, body)


def status(
    code: int, body: object = None, *, headers: Mapping[str, str] | None = None
) -> list[Step]:
    """An answer that is no stream: JSON, or the bytes or the text given, which pass as HTML."""
    if body is None:
        body = {"error": {"message": f"scripted status {code}", "type": "scripted", "code": None}}
    match body:
        case bytes():
            data, kind = body, "text/html"
        case str():
            data, kind = body.encode(), "text/html; charset=utf-8"
        case _:
            data, kind = json.dumps(body, ensure_ascii=False).encode(), "application/json"
    fields = {"Content-Type": kind, **(headers or {})}
    return response(data, code=code, headers=fields, framing="length")


def gzipped(script: Iterable[bytes], *, framing: Framing = "close") -> list[Step]:
    """The parts as one gzip body."""
    data = gzip.compress(b"".join(script))
    return response(data, headers={"Content-Encoding": "gzip"}, framing=framing)
