import threading
import zlib
from collections.abc import Iterator

import pytest

from notelog.adapters.request_thread import (
    CancelledError,
    DeadlineError,
    Head,
    RequestThread,
    inflated,
)
from notelog.core.wire import MalformedError

HEAD = Head(media_type="text/event-stream", encoding="")


def _never() -> bool:
    return False


def test_items_come_in_order_and_then_the_end() -> None:
    """The head comes first, the bytes follow in order, and the end is the end."""

    def send(running: RequestThread) -> None:
        running.hand_over(HEAD)
        for number in range(500):
            running.hand_over(b"%d," % number)

    running = RequestThread(send, 20.0)
    running.start()
    head, *pieces = running.items(_never)
    assert head == HEAD
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == b"".join(
        b"%d," % number for number in range(500)
    )


def test_an_error_comes_after_what_arrived() -> None:
    """What was handed over before an error is given before it is raised."""

    def send(running: RequestThread) -> None:
        running.hand_over(b"first")
        raise ConnectionResetError

    running = RequestThread(send, 20.0)
    running.start()
    items = running.items(_never)
    assert next(items) == b"first"
    with pytest.raises(ConnectionResetError):
        next(items)


def test_a_wish_to_stop_gives_what_has_arrived() -> None:
    """A caller who stops still gets the pieces that are there, and the thread ends."""
    handed = threading.Event()

    def send(running: RequestThread) -> None:
        running.hand_over(b"here")
        handed.set()
        while running.hand_over(b""):
            pass

    running = RequestThread(send, 20.0)
    running.start()
    assert handed.wait(5)
    items = running.items(lambda: True)
    assert next(items) == b"here"
    with pytest.raises(CancelledError):
        list(items)
    running.stop()
    assert not running._thread.is_alive()


def test_a_deadline_ends_a_thread_that_is_stuck() -> None:
    """Nothing that the thread does can hold the caller up."""
    stuck = threading.Event()

    def send(_: RequestThread) -> None:
        stuck.wait(20)

    running = RequestThread(send, 0.05)
    running.start()
    with pytest.raises(DeadlineError):
        list(running.items(_never))
    stuck.set()
    running.stop()


def test_a_connect_request_to_a_proxy_is_not_the_request() -> None:
    """Only the request itself counts as sent."""

    class Connect:
        method = b"CONNECT"

    class Post:
        method = b"POST"

    running = RequestThread(lambda _: None, 1.0)
    running.trace("http11.send_request_headers.started", {"request": Connect()})
    assert not running.sent
    running.trace("http11.send_request_headers.started", {"request": Post()})
    assert running.sent


@pytest.mark.parametrize("goes", [True, False])
def test_a_held_request_leaves_when_it_may(*, goes: bool) -> None:
    """What is held connects when it may, and waits then; what is stopped meanwhile never leaves."""
    connected, left = threading.Event(), threading.Event()

    def send(running: RequestThread) -> None:
        connected.set()
        running.trace("http11.send_request_headers.started", {})
        left.set()

    running = RequestThread(send, 20.0, held=True)
    running.start()
    assert not connected.wait(0.05)
    running.connect()
    assert connected.wait(5)
    assert not running.sent
    if goes:
        running.let_go()
        assert list(running.items(_never)) == []
    running.stop()
    assert not running._thread.is_alive()
    assert (running.sent, left.is_set()) == (goes, goes)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
def test_a_bomb_unfolds_in_small_pieces(encoding: str) -> None:
    """However much a body unfolds to, no piece is over a megabyte."""
    wbits = 15 if encoding == "deflate" else 31
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(bytes(5_000_000)) + packer.flush()

    def once() -> Iterator[bytes]:
        yield packed

    sizes = [len(piece) for piece in inflated(once(), encoding)]
    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 1 << 20


def test_an_encoding_that_was_not_asked_for() -> None:
    """What cannot be unpacked is malformed."""
    with pytest.raises(MalformedError):
        list(inflated(iter([b"x"]), "br"))
