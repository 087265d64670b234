"""Server-sent events, as the HTML standard defines them (section 9.2.6), from bytes.

Two liberties that servers need: the last event counts without the blank line that should end it,
and a stream may open with a BOM.
"""

_BOM = b"\xef\xbb\xbf"


class EventTooLongError(ValueError):
    """A line, or the data of one event, exceeds the limit."""

    def __init__(self) -> None:
        super().__init__("the server sent a line that has no end")


class EventDecoder:
    """Takes the bytes of a stream in any cut and gives the data of each event.

    Args:
        limit_bytes: the most bytes that one line or one event may have.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that are now whole, lines of one event joined by LF.

        Raises:
            EventTooLongError: the limit is passed.
        """
        data = self._with_lf(data)
        self._line += data
        if self._at_start and not self._skip_bom():
            return []
        if b"\n" not in data:
            lines: list[bytearray] = []
        else:
            *lines, self._line = self._line.split(b"\n")
        if len(self._line) > self._limit:
            raise EventTooLongError
        events: list[bytes] = []
        for line in lines:
            self._take(bytes(line), events)
        return events

    def close(self) -> list[bytes]:
        """The data of an event that the end of the stream left open."""
        events: list[bytes] = []
        self._take(bytes(self._line), events)
        self._line.clear()
        self._take(b"", events)
        return events

    def _with_lf(self, data: bytes) -> bytes:
        """The same with LF for every line end; a CR LF may be cut in two."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _skip_bom(self) -> bool:
        """Whether it is known that no BOM, or a whole one, opened the stream."""
        if len(self._line) < len(_BOM) and _BOM.startswith(self._line):
            return False
        if self._line.startswith(_BOM):
            del self._line[: len(_BOM)]
        self._at_start = False
        return True

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
                self._data_size = 0
        elif line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self._data.append(value)
            self._data_size += len(value)
            if self._data_size > self._limit:
                raise EventTooLongError
