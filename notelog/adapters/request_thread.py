"""One request in a thread of its own, so that nothing a server does can hold the program up.

A blocked socket, a name that is not found, a reply that drips: the caller waits at a queue, where
it sees the deadline and the person's Ctrl-C at once, and cuts the connection from outside.
"""

import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import TypeAlias

from notelog.core.wire import MalformedError

POLL_S = 0.1
"""How long a wish to stop may go unseen, in seconds."""

_QUEUED_PIECES = 64
_PIECE_BYTES = 1 << 20
_JOIN_S = 0.5


class DeadlineError(Exception):
    """The time is over."""


class CancelledError(Exception):
    """The person wants to stop."""


@dataclass(frozen=True, slots=True)
class Head:
    """The start of a successful answer: its media type and its content encoding."""

    media_type: str
    encoding: str


class _Nothing:
    """The queue is empty."""


_NOTHING = _Nothing()
_Item: TypeAlias = Head | bytes | BaseException | _Nothing | None


class RequestThread:
    """Runs ``send`` in a thread and gives what it hands over.

    Args:
        send: sends the request and calls ``hand_over`` with a ``Head`` and then with bytes.
        deadline_s: the longest that all of it may take, in seconds.
        held: do nothing before ``connect``, and send nothing before ``let_go``.

    Attributes:
        sent: whether a byte of the request may have left. Before that nothing can be billed.
    """

    def __init__(
        self, send: Callable[["RequestThread"], None], deadline_s: float, *, held: bool = False
    ) -> None:
        self.sent = False
        self._send = send
        self._deadline = time.monotonic() + deadline_s
        self._queue: Queue[Head | bytes | BaseException | None] = Queue(_QUEUED_PIECES)
        self._stopping = threading.Event()
        self._may_connect = threading.Event()
        self._may_leave = threading.Event()
        if not held:
            self.let_go()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="request", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def connect(self) -> None:
        """Lets the connection be made."""
        self._may_connect.set()

    def let_go(self) -> None:
        """Lets the request leave."""
        self._may_leave.set()
        self._may_connect.set()

    def items(self, cancelled: Callable[[], bool]) -> Iterator[Head | bytes]:
        """What arrives, until the end.

        Raises:
            DeadlineError: the time is over.
            CancelledError: ``cancelled()`` turned true.
            BaseException: whatever ``send`` raised.
        """
        while True:
            stop = self._reason_to_stop(cancelled)
            item = self._next(0.0 if stop else POLL_S)
            together = bytearray()  # pieces that wait already are given as one
            while isinstance(item, bytes):
                together += item
                item = self._next(0.0) if len(together) < _PIECE_BYTES else _NOTHING
            if together:
                yield bytes(together)
            if isinstance(item, Head):
                yield item
            elif isinstance(item, BaseException):
                raise item
            elif item is None:
                return
            if stop is not None:  # all that had arrived by then has been given
                raise stop

    def _reason_to_stop(self, cancelled: Callable[[], bool]) -> Exception | None:
        if cancelled():
            return CancelledError()
        return DeadlineError() if time.monotonic() >= self._deadline else None

    def _next(self, patience_s: float) -> _Item:
        """The next item, if one comes in time."""
        try:
            if patience_s:
                left = self._deadline - time.monotonic()
                return self._queue.get(timeout=max(0.001, min(patience_s, left)))
            return self._queue.get_nowait()
        except Empty:
            return _NOTHING

    def end_within(self, seconds: float) -> None:
        """Brings the deadline forward: all that matters has arrived."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def hand_over(self, item: Head | bytes | BaseException | None) -> bool:
        """Gives an item to the caller, None at the end; False where nobody wants it any more."""
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=POLL_S)
            except Full:
                continue
            return True
        return False

    def trace(self, name: str, info: dict[str, object]) -> None:
        """Follows the connection, as the HTTP library's trace callback.

        Raises:
            CancelledError: the request must not leave any more.
        """
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            extra = getattr(info.get("return_value"), "get_extra_info", None)
            self._socket = extra("socket") if extra is not None else None
            if self._stopping.is_set():
                self._cut()
        elif name.endswith("send_request_headers.started"):
            if getattr(info.get("request"), "method", b"") == b"CONNECT":
                return
            self._may_leave.wait()
            if self._stopping.is_set():
                raise CancelledError
            self.sent = True

    def stop(self) -> None:
        """Cuts the connection and waits for the thread, but not for a blocked name server."""
        self._stopping.set()
        self.let_go()
        self._cut()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)

    def _cut(self) -> None:
        if self._socket is not None:
            try:  # the plain method: the TLS one would drop its state under the reading thread
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

    def _run(self) -> None:
        self._may_connect.wait()
        if self._stopping.is_set():
            return
        try:
            self._send(self)
        except BaseException as error:  # noqa: BLE001  # it is raised again in the caller
            self.hand_over(error)
        else:
            self.hand_over(None)


def inflated(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undoes a content encoding in pieces of at most a megabyte, whatever a bomb unfolds to.

    No encoding is asked for; gzip and deflate are taken all the same.

    Raises:
        MalformedError: it is another encoding, or damaged.
    """
    if encoding in {"", "identity"}:
        yield from pieces
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise MalformedError("the server sent its answer packed in a way that was not asked for")
    unpacker = zlib.decompressobj(47)  # gzip or zlib, told by the header
    try:
        for piece in pieces:
            yield unpacker.decompress(piece, _PIECE_BYTES)
            while unpacker.unconsumed_tail:
                yield unpacker.decompress(unpacker.unconsumed_tail, _PIECE_BYTES)
    except zlib.error as error:
        raise MalformedError("the server sent a damaged gzip body") from error
