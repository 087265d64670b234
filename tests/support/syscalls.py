"""Lists the system calls of a program and breaks one of them, with strace.

A run is listed once; then any call of that list can be met again, by its name and its number
among the calls of that name in its thread. A run that differs from the listed one meets another
call, or none: ``met`` tells which.
"""

import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warm import Forked

STRACE = shutil.which("strace")

# What can be met without anything on the disk, on the network or in a lock being different from
# what it was at the call before.
_LOOKS = frozenset({
    "read", "pread64", "readv", "lseek", "newfstatat", "fstat", "stat", "lstat", "statx",
    "access", "faccessat", "faccessat2", "ioctl", "readlink", "readlinkat", "getdents64", "mmap",
    "getcwd", "poll", "ppoll", "select", "pselect6", "getsockopt", "setsockopt", "getsockname",
    "getpeername", "statfs", "fstatfs", "listxattr", "getxattr", "fgetxattr", "flistxattr",
    "fadvise64", "epoll_create1", "epoll_ctl", "epoll_wait", "dup", "dup2", "dup3", "pipe2",
    "chdir",
})  # fmt: skip
_NETWORK = frozenset({"connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown"})
_LINE = re.compile(r"(?P<pid>\d+) +(?P<name>[a-z]\w*)\((?P<rest>.*)")
_TRACED = "%file,%desc,%network"


@dataclass(frozen=True)
class Call:
    """One system call of a listed run.

    Attributes:
        name: of the call.
        nth: its number, from 1, among the calls of this name in its thread; if it names
            the note, among those that do.
        thread: 0 for the main thread, and so on as they appear.
        text: its arguments and its result, as strace shows them.
        kind: what it is about: note, temp, database, wal, shm, lock, network, or a folder.
        names_note: whether it names the note itself: what is written elsewhere does not count then.
    """

    name: str
    nth: int
    thread: int
    text: str
    kind: str
    names_note: bool = False

    def __str__(self) -> str:
        return f"{self.name}#{self.nth} ({self.kind})"

    @property
    def result(self) -> int:
        """What it gave; -1 for an error, and for one that never came back."""
        found = re.search(r"\) += (-?\d+)", self.text)
        return int(found[1]) if found else -1

    @property
    def changes(self) -> bool:
        """Whether a kill before it finds another world than a kill before the call ahead of it.

        The locks of a database, and any lock, go with the process; a lease does not come back.
        """
        if self.name == "fcntl":
            return "F_SETLEASE" in self.text
        return self.name not in _LOOKS


def listed(
    command: Sequence[str], root: Path, note: Path, *, environment: Mapping[str, str], log: Path
) -> tuple[list[Call], subprocess.CompletedProcess[bytes]]:
    """Runs a command and lists the calls that touch files below a folder, or the network."""
    ended = _run(["-e", f"trace={_TRACED}"], command, environment, log)
    return _calls(log, root, note), ended


def killed(
    command: Sequence[str], call: Call, note: Path, *, environment: Mapping[str, str], log: Path
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a command that is killed just before a call."""
    options = [*_only(call, note), "-e", f"inject={call.name}:signal=SIGKILL:when={call.nth}"]
    return _run(options, command, environment, log)


def broken(
    command: Sequence[str],
    call: Call,
    fault: str,
    note: Path,
    *,
    environment: Mapping[str, str],
    log: Path,
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a command of which one call fails, or lies: ``error=EIO``, ``retval=3``."""
    options = [*_only(call, note), "-e", f"inject={call.name}:{fault}:when={call.nth}"]
    return _run(options, command, environment, log)


def met(log: Path, root: Path) -> frozenset[str]:
    """The kinds of the calls at which a run was killed or broken, by its log; one a thread."""
    kinds: set[str] = set()
    for line in log.read_text(errors="replace").split("\n"):
        found = _LINE.match(line)
        if found and ("(INJECTED)" in line or line.endswith(("= ?", "<unfinished ...>"))):
            kinds.add(_kind(found["name"], found["rest"], str(root)))
    return frozenset(kinds - {""})


def _only(call: Call, note: Path) -> list[str]:
    """Options that let strace look at, and count, the calls that are like this one."""
    return ["-e", f"trace={call.name}", *(["-P", str(note)] if call.names_note else [])]


def _run(
    options: list[str], command: Sequence[str], environment: Mapping[str, str], log: Path
) -> "subprocess.CompletedProcess[bytes]":
    assert STRACE is not None
    forked = Forked(command, environment)
    attach = ["-f", "-qq", "-y", "-s", "0", "-o", str(log), "-p", str(forked.pid)]
    with subprocess.Popen([STRACE, *attach, *options], stdin=subprocess.DEVNULL) as strace:
        status = Path(f"/proc/{forked.pid}/status")
        while b"TracerPid:\t0\n" in status.read_bytes() and strace.poll() is None:
            time.sleep(0.001)
        forked.go()
        ended = forked.ended(100)
    assert strace.returncode in {0, 128 + 9, -9}, strace.returncode
    return ended


def _calls(log: Path, root: Path, note: Path) -> list[Call]:
    """The calls about our files, each with its number among those that are like it."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    threads: dict[str, int] = {}
    found: list[Call] = []
    names_note = re.compile(re.escape(str(note)) + '[">]')
    for line in log.read_text(errors="replace").split("\n"):
        match = _LINE.match(line)
        if match is None:
            continue
        pid, name, rest = match.groups()
        thread = threads.setdefault(pid, len(threads))
        of_note = names_note.search(rest) is not None
        counts[pid, name, False] += 1
        counts[pid, name, True] += of_note
        kind = _kind(name, rest, str(root))
        if kind:
            nth = counts[pid, name, of_note]
            found.append(Call(name, nth, thread, rest, kind, of_note))
    return found


def _kind(name: str, rest: str, root: str) -> str:
    if name in _NETWORK and "socket:" in rest:
        return "network"
    _, there, tail = rest.rpartition(root)
    if not there or name == "execve":
        return ""
    path = re.split(r'[">]', tail, maxsplit=1)[0]
    for mark, kind in (
        ("-wal", "wal"),
        ("-shm", "shm"),
        ("-journal", "rollback"),
        (".sqlite3", "database"),
        (".lock", "lock"),
        (".notelog-", "temp"),
        (".md", "note"),
        (".toml", "config"),
    ):
        if mark in path:
            return kind
    return "folder"
