"""Notices to systemd arrive as sd_notify(3) has them, and where nobody listens nothing happens."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notelog.adapters.sd_notify import SystemdNotices

if TYPE_CHECKING:
    from notelog.ports.supervisor import Supervisor

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


class Listener:
    """A socket as systemd has it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0") if address.startswith("@") else address)
        self._socket.settimeout(5)

    def heard(self) -> str:
        """The next notice."""
        return self._socket.recv(65536).decode()

    def close(self) -> None:
        """Ends it."""
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    """A listener at a path, and one in the abstract namespace of Linux."""
    abstract = request.param == "abstract"
    if abstract and not Path("/proc/net/unix").exists():
        pytest.skip("abstract sockets are Linux's")
    made = Listener(f"@notelog-{os.getpid()}-{tmp_path.name}" if abstract else str(tmp_path / "s"))
    yield made
    made.close()


def test_each_notice_is_one_datagram(listener: Listener) -> None:
    """READY, STATUS, WATCHDOG and STOPPING are spelt as systemd reads them."""
    notices: Supervisor = SystemdNotices({"NOTIFY_SOCKET": listener.address})
    notices.ready("watching 库")
    assert listener.heard() == "READY=1\nSTATUS=watching 库"
    notices.status("asking")
    assert listener.heard() == "STATUS=asking"
    notices.alive()
    assert listener.heard() == "WATCHDOG=1"
    notices.stopping("finishing 1 reply")
    assert listener.heard() == "STOPPING=1\nSTATUS=finishing 1 reply"


def test_a_status_cannot_speak_for_the_program(listener: Listener) -> None:
    """A line feed or a control in a note's name begins no assignment of its own."""
    notices = SystemdNotices({"NOTIFY_SOCKET": listener.address})
    notices.status("note\nMAINPID=1\x1b[2J" + "x" * 10_000 + "\ud800")
    told = listener.heard()
    assert told.startswith("STATUS=note\\nMAINPID=1\\x1b[2Jxxx")
    assert len(told) < 220


def test_the_watchdog_is_fed_twice_in_its_time() -> None:
    """Half of WATCHDOG_USEC, and only where it is meant for this process and can be told."""
    told = {"NOTIFY_SOCKET": "/run/none", "WATCHDOG_USEC": "60000000"}
    assert SystemdNotices(told).alive_every_s == 30.0
    assert SystemdNotices({**told, "WATCHDOG_PID": "7"}, 7).alive_every_s == 30.0
    for environ in (
        {},
        {**told, "WATCHDOG_PID": "7"},
        {**told, "WATCHDOG_USEC": "0"},
        {**told, "WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "60000000"},
    ):
        assert SystemdNotices(environ, 8).alive_every_s is None


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@", "vsock:2:1", "relative", "/\0"])
def test_where_nobody_listens_nothing_happens(address: str) -> None:
    """No socket, a missing one or an unknown kind ends no program."""
    notices = SystemdNotices({"NOTIFY_SOCKET": address})
    notices.ready("watching")
    notices.alive()
    notices.stopping("bye")
