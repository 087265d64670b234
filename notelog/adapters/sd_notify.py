"""Tells systemd how the program is, as sd_notify(3) does, without its library.

systemd names its socket in ``NOTIFY_SOCKET``, and in ``WATCHDOG_USEC`` how long it waits for a sign
of life before it restarts the program. Where nobody listens, every call does nothing.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from notelog.core.visible import shortened

_SEND_LIMIT_S = 1.0
_STATUS_CHARS = 200


class SystemdNotices:
    """Notices for the systemd that started this process; implements ``ports.supervisor``.

    Args:
        environ: the environment variables.
        process: this process's number; the watchdog may be meant for another.
    """

    def __init__(self, environ: Mapping[str, str], process: int | None = None) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        microseconds = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID", "") in {"", str(process or os.getpid())}
        listening = bool(self._address) and meant and microseconds.isdecimal()
        self._watchdog_s = int(microseconds) / 1e6 if listening else 0.0

    @property
    def alive_every_s(self) -> float | None:
        """How often ``alive`` is to be called: twice in the time that systemd waits."""
        return self._watchdog_s / 2 or None

    def ready(self, sentence: str) -> None:
        """The program has started and does its work."""
        self._send(f"READY=1\n{_status(sentence)}")

    def status(self, sentence: str) -> None:
        """What it is doing, for ``systemctl status``."""
        self._send(_status(sentence))

    def alive(self) -> None:
        """It is not stuck."""
        self._send("WATCHDOG=1")

    def stopping(self, sentence: str) -> None:
        """It ends by itself, or was told to."""
        self._send(f"STOPPING=1\n{_status(sentence)}")

    def _send(self, state: str) -> None:
        """Sends one notice. A notice that cannot be sent must not end what it tells of."""
        if not self._address.startswith(("/", "@")):
            return
        family = getattr(socket, "AF_UNIX", None)  # not on Windows
        if family is None:
            return
        name = os.fsencode(self._address)
        target = b"\0" + name[1:] if name.startswith(b"@") else name
        with suppress(OSError, ValueError), socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_SEND_LIMIT_S)
            sender.sendto(state.encode(), target)


def _status(sentence: str) -> str:
    """One line: a line feed would begin another assignment, such as ``MAINPID=1``."""
    return f"STATUS={shortened(sentence, _STATUS_CHARS)}"
