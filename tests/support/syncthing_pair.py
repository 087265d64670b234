"""Two Syncthings that keep two vaults the same, in a network of their own that leads nowhere.

    with SyncthingPair(folder) as pair:
        (pair.vaults[0] / "note.md").write_bytes(...)  # and it comes into pair.vaults[1]

Run as a script it is what lives in that network: ``syncthing_pair.py HOME HOME``.
"""

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_PORTS = (22_001, 22_002)  # of the network of their own
_CONFIG = """<configuration version="36">
<folder id="vault" path="{vault}" rescanIntervalS="3600" fsWatcherEnabled="true"
  fsWatcherDelayS="1">{members}<maxConflicts>10</maxConflicts>
  <minDiskFree unit="%">0</minDiskFree></folder>
{devices}
<gui enabled="false"></gui>
<options>
  <listenAddress>tcp://127.0.0.1:{port}</listenAddress>
  <globalAnnounceEnabled>false</globalAnnounceEnabled>
  <localAnnounceEnabled>false</localAnnounceEnabled>
  <relaysEnabled>false</relaysEnabled>
  <natEnabled>false</natEnabled>
  <reconnectionIntervalS>1</reconnectionIntervalS>
  <startBrowser>false</startBrowser>
  <urAccepted>-1</urAccepted>
  <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
  <crashReportingEnabled>false</crashReportingEnabled>
  <setLowPriority>false</setLowPriority>
</options>
</configuration>
"""
_DEVICE = '<device id="{id}" name="{port}"><address>tcp://127.0.0.1:{port}</address></device>'


class SyncthingPair:
    """Two vaults that are kept the same, within a ``with`` block.

    Args:
        folder: an empty one.

    Attributes:
        vaults: the two folders.
    """

    def __init__(self, folder: Path) -> None:
        self._homes = [folder / "home a", folder / "home b"]
        self.vaults = [folder / "vault a", folder / "vault b"]

    def __enter__(self) -> Self:
        names = [self._generate(home) for home in self._homes]
        devices = [
            _DEVICE.format(id=name, port=port) for name, port in zip(names, _PORTS, strict=True)
        ]
        for home, vault, port in zip(self._homes, self.vaults, _PORTS, strict=True):
            (vault / ".obsidian").mkdir(parents=True)
            (vault / ".stfolder").mkdir()
            words = _CONFIG.format(
                vault=vault,
                port=port,
                devices="".join(devices),
                members="".join(f'<device id="{name}"></device>' for name in names),
            )
            (home / "config.xml").write_text(words)
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self._holder = subprocess.Popen(
            ["unshare", *user, "--net", sys.executable, __file__, *map(str, self._homes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        self._groups = [int(word) for word in self._holder.stdout.readline().split()]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._holder.communicate(timeout=30)

    def cut(self) -> None:
        """The second one does nothing any more: its machine is away."""
        os.killpg(self._groups[1], signal.SIGSTOP)

    def join(self) -> None:
        """It is back."""
        os.killpg(self._groups[1], signal.SIGCONT)

    def _generate(self, home: Path) -> str:
        """Makes a key; gives the device's name."""
        told = subprocess.run(
            ["syncthing", "generate", "--no-default-folder", f"--home={home}"],
            env=_environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        return (told.stdout + told.stderr).partition("Device ID: ")[2].split()[0]


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "STNOUPGRADE": "1"}


def main(*homes: str) -> None:
    """Starts both in this network, and ends them when standard input ends."""
    name, up = b"lo", 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", name, up))  # SIOCSIFFLAGS
    started = [
        subprocess.Popen(
            ["syncthing", "serve", "--no-browser", f"--home={home}"],
            env=_environment(Path(home)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # it has a process of its own that it watches over
        )
        for home in homes
    ]
    sys.stdout.write(" ".join(str(process.pid) for process in started) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
