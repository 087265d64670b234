"""``notelog complete``, killed and starved at every system call that touches note or journal.

A bounded part runs with the suite; ``make proof`` (NOTELOG_PROOF=full) runs all of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from ordeal import ABOVE, APPENDED, FULL, Ordeal, chosen
from syscalls import Call

SHARES = 8 if FULL else 2
NOTES = {"append": APPENDED, "exchange": ABOVE}

pytestmark = [pytest.mark.usefixtures("strace"), pytest.mark.timeout(7200 if FULL else 300)]

_OPEN = ("EACCES", "EMFILE", "EIO", "EINTR")
_MAKE = (*_OPEN, "ENOSPC", "EROFS")
_WRITE = ("ENOSPC", "EIO", "EINTR")
_CHANGE = ("EACCES", "EROFS", "ENOSPC", "EIO")
_ERRORS: dict[str, tuple[str, ...]] = {
    "write": _WRITE,
    "writev": _WRITE,
    "pwrite64": _WRITE,
    "fsync": _WRITE,
    "fdatasync": _WRITE,
    "ftruncate": _WRITE,
    "close": ("EIO", "EINTR"),
    "read": ("EIO", "EINTR"),
    "pread64": ("EIO", "EINTR"),
    "fcntl": ("EIO", "EINTR", "EACCES"),
    "flock": ("EIO", "EINTR", "ENOLCK"),
    "renameat2": (*_CHANGE, "EINVAL", "EXDEV"),
    "connect": ("EMFILE", "EACCES"),
    "sendto": ("EIO",),
    "recvfrom": ("EIO",),
    "mmap": ("ENOMEM",),
    "getdents64": ("EIO",),
}
_WRITES = frozenset({"write", "writev", "pwrite64"})


@dataclass(frozen=True)
class Trial:
    """A fault and where it strikes; ``fault`` is empty for a kill."""

    style: str
    call: Call
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.style}: {self.fault or 'SIGKILL'} at {self.call}"

    def problems(self, folders: Iterator[Path]) -> list[str]:
        """Strikes, whatever the writes of a thread did to the call's number, and looks."""
        for shift in (0, -1, 1, -2, 2) if self.call.changes else (0,):
            call = replace(self.call, nth=max(1, self.call.nth + shift))
            with Ordeal(next(folders), NOTES[self.style]) as ordeal:
                if not self.fault and ordeal.kill(call):
                    return [f"{self}: {words}" for words in ordeal.problems_after_kill()]
                if self.fault:
                    run, lied = ordeal.break_call(call, self.fault), "retval" in self.fault
                    if ordeal.met(call):
                        found = ordeal.problems_after_fault(run, lied=lied)
                        return [f"{self}: {words}" for words in found]
        return [f"{self}: never met"] if writes_to_note(self.call) else []


@cache
def listed_calls(style: str, folder: Path) -> tuple[Call, ...]:
    """The calls of an undisturbed run, after one that leaves all modules compiled."""
    with Ordeal(folder / "compiled", NOTES[style]) as ordeal:
        assert ordeal.complete().code == 0
    with Ordeal(folder / "listed", NOTES[style]) as ordeal:
        return tuple(ordeal.list_calls())


@pytest.fixture(scope="session")
def listings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Call]]:
    """Lists the calls of a run of either style, once a process."""
    folder = tmp_path_factory.mktemp("listing")
    return lambda style: list(listed_calls(style, folder / style))


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """Names of folders that do not exist."""
    return (tmp_path / str(number) for number in count())


def faults_of(call: Call) -> list[str]:
    """The errors, and the lies, that a call can meet."""
    name = call.name
    errors: tuple[str, ...]
    if name == "openat":
        errors = _MAKE if "O_CREAT" in call.text or "O_RDWR" in call.text else _OPEN
    elif call.changes:
        errors = _ERRORS.get(name, _CHANGE)
    else:
        errors = _ERRORS.get(name, ("EACCES", "EIO"))
        errors = errors[call.nth % len(errors) :][:1]  # of what only looks, one error each
    lies = {call.result, call.result // 2} if name in _WRITES else set[int]()
    return [f"error={error}" for error in errors] + [f"retval={lie}" for lie in sorted(lies)]


def writes_to_note(call: Call) -> bool:
    """Whether a call changes the note or makes the change last."""
    return call.kind in {"note", "temp"} and call.name in {
        *_WRITES, "fsync", "rename", "renameat2", "unlink",
    }  # fmt: skip


def run_share(
    trials: list[Trial], share: int, folders: Iterator[Path], record: Callable[[str, object], None]
) -> None:
    """Runs one test's share of the trials; fails with all that was lost in them."""
    mine = trials[share::SHARES]
    lost = [words for trial in mine for words in trial.problems(folders)]
    record("points", len(mine))
    record("lost", len(lost))
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("style", NOTES)
def test_killed_at_every_call(
    style: str,
    share: int,
    listings: Callable[[str], list[Call]],
    folders: Iterator[Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Killed anywhere: the note holds all it held, the reply is there once, and is paid once."""
    calls = [call for call in listings(style) if call.changes]
    assert len(calls) > 100
    if not FULL:
        calls = chosen(calls, always=writes_to_note, count=4 if style == "append" else 1)
    run_share([Trial(style, call) for call in calls], share, folders, record_property)


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("style", NOTES)
def test_starved_at_every_call(
    style: str,
    share: int,
    listings: Callable[[str], list[Call]],
    folders: Iterator[Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Each error at each call ends in a sentence; nothing is lost, doubled or paid twice."""
    calls = listings(style)
    trials = [Trial(style, call, fault) for call in calls for fault in faults_of(call)]
    assert len(trials) > 300
    if not FULL:
        calls = chosen(calls, always=writes_to_note, count=4 if style == "append" else 1)
        trials = [
            Trial(style, call, faults[number % len(faults)])
            for number, call in enumerate(calls)
            if (faults := faults_of(call))
        ]
    run_share(trials, share, folders, record_property)
