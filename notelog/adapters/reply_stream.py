"""From the bytes of an answer to the parts of a reply, within limits."""

from collections.abc import Generator, Iterator

from notelog.adapters.request_thread import Head, inflated
from notelog.core.events import EventDecoder, EventTooLongError
from notelog.core.refusal import Asked, refusal_in_stream, words_of
from notelog.core.reply import ReplyDelta
from notelog.core.wire import MalformedError, ServerFault, decode_json, read_event, read_part
from notelog.errors import InDoubtError, NotelogError

BODY_BYTES = 128 * 1024 * 1024
"""The most bytes of an answer, unpacked."""

EVENT_BYTES = 4 * 1024 * 1024
"""The most bytes of one line or one event of a stream."""

WHOLE_BYTES = 32 * 1024 * 1024
"""The most bytes of an answer that is no stream."""

EVENTS = 2_000_000
"""The most events of a stream."""

TEXT_CHARS = 8 * 1024 * 1024
"""The most characters of text and reasoning together; a million tokens have about half of it."""


class TooMuchError(Exception):
    """The answer passes a limit; the message says which."""


FAULTS = (MalformedError, EventTooLongError, TooMuchError)
"""What an answer can be: it arrived, and is nothing that can be used."""


def read_reply(items: Iterator[Head | bytes], asked: Asked) -> Iterator[ReplyDelta]:
    """Reads an answer, a stream of events or one JSON object, whichever the server sends.

    The parts that arrived together are given as one.

    Raises:
        ProviderRefusedError: an error object in place of the first part says no.
        InDoubtError: an error object says that the reply broke off.
        MalformedError: it is neither stream nor JSON.
        EventTooLongError: a line has no end.
        TooMuchError: it passes a limit.
    """
    head = next(items, None)
    if not isinstance(head, Head):
        return
    raw = (item for item in items if isinstance(item, bytes))
    pieces = _bounded(inflated(raw, head.encoding))
    start = _first(pieces)
    sign = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if sign == b"<" or head.media_type == "text/html":
        raise MalformedError(
            "the server sent a web page instead of a reply; check base_url, which usually ends "
            "in /v1"
        )
    reading = _Reading(asked)
    if sign in {b"{", b"["}:
        yield from reading.whole(start, pieces)
    else:
        yield from reading.events(start, pieces)


class _Reading:
    """The state of one answer while it is read."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._chars = 0
        self._events = 0

    def whole(self, start: bytes, pieces: Iterator[bytes]) -> Iterator[ReplyDelta]:
        """One JSON object."""
        body = bytearray(start)
        for piece in pieces:
            body += piece
            if len(body) > WHOLE_BYTES:
                raise TooMuchError(f"the answer is over {WHOLE_BYTES:,} bytes")
        yield self._checked(read_part(decode_json(bytes(body))))

    def events(self, start: bytes, pieces: Iterator[bytes]) -> Iterator[ReplyDelta]:
        """A stream of events, up to ``[DONE]`` or its end."""
        decoder = EventDecoder(EVENT_BYTES)
        piece: bytes | None = start
        while piece is not None:
            if (yield from self._together(decoder.feed(piece))):
                return
            piece = next(pieces, None)
        yield from self._together(decoder.close())

    def _together(self, events: list[bytes]) -> Generator[ReplyDelta, None, bool]:
        """Gives the parts of some events as one, also those before a fault; True at the end."""
        parts: list[ReplyDelta] = []
        fault: Exception | None = None
        ended = False
        try:
            ended = self._collect(events, parts)
        except (*FAULTS, NotelogError) as error:
            fault = error
        if parts:
            yield _joined(parts)
        if fault is not None:
            raise fault
        return ended

    def _collect(self, events: list[bytes], parts: list[ReplyDelta]) -> bool:
        self._events += len(events)
        if self._events > EVENTS:
            raise TooMuchError(f"the reply has over {EVENTS:,} parts")
        for data in events:
            if data.startswith(b"[DONE]"):
                return True
            parts += [self._checked(part) for part in read_event(data)]
        return False

    def _checked(self, part: ReplyDelta | ServerFault) -> ReplyDelta:
        if isinstance(part, ServerFault):
            if not self._chars:
                raise refusal_in_stream(part.body, self._asked)
            raise InDoubtError(f"{self._asked.profile} broke off{words_of(part.body, self._asked)}")
        self._chars += len(part.text) + len(part.reasoning) + len(part.refusal)
        if self._chars > TEXT_CHARS:
            raise TooMuchError(f"the reply is over {TEXT_CHARS:,} characters")
        return part


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > BODY_BYTES:
            raise TooMuchError(f"the answer is over {BODY_BYTES:,} bytes")
        yield piece


def _first(pieces: Iterator[bytes]) -> bytes:
    """The start of the answer, up to its first byte that is no blank."""
    start = b""
    for piece in pieces:
        start += piece
        if start.strip(b"\xef\xbb\xbf \t\r\n") or len(start) > EVENT_BYTES:
            break
    return start


def _joined(parts: list[ReplyDelta]) -> ReplyDelta:
    if len(parts) == 1:
        return parts[0]
    return ReplyDelta(
        text="".join(part.text for part in parts),
        reasoning="".join(part.reasoning for part in parts),
        finish_reason=next((p.finish_reason for p in reversed(parts) if p.finish_reason), ""),
        usage=next((part.usage for part in reversed(parts) if part.usage), None),
        model=next((part.model for part in reversed(parts) if part.model), ""),
        refusal="".join(part.refusal for part in parts),
    )
