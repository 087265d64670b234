"""The commands, killed and starved at every system call that touches note or journal.

The calls are those that the program makes today: nothing here names one. A bounded part runs with
the suite; ``make proof`` (NOTELOG_PROOF=full) runs all of it. Two points are left out of that too:
calls of a second command that it makes exactly as the first one does before it goes its own way,
and all but one of the errors of a call within SQLite's own files, each of which takes its turn.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, takewhile
from pathlib import Path

import pytest
from ordeal import FULL, chosen
from scenes import SCENES
from syscalls import Call

SHARES = 6 if FULL else 2

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
_SQLITE = frozenset({"database", "wal", "shm", "rollback"})
_SHIFTS = (0, -1, 1, -2, 2)
_WRITES = frozenset({"write", "writev", "pwrite64"})


@dataclass(frozen=True)
class Trial:
    """A fault and where it strikes; ``fault`` is empty for a kill."""

    scene: str
    call: Call
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.scene}: {self.fault or 'SIGKILL'} at {self.call}"

    def problems(self, folders: Iterator[Path]) -> list[str]:
        """Strikes, whatever the writes of a thread did to the call's number, and looks.

        A number is counted in each thread: what another one does first takes the blow.
        """
        rounds = 3 if writes_to_note(self.call) else 1
        for shift in _SHIFTS * rounds if self.call.changes else (0,):
            call = replace(self.call, nth=max(1, self.call.nth + shift))
            with SCENES[self.scene].ordeal(next(folders)) as ordeal:
                if not self.fault and ordeal.kill(call):
                    return [f"{self}: {words}" for words in ordeal.problems_after_kill()]
                if self.fault:
                    run, lied = ordeal.break_call(call, self.fault), "retval" in self.fault
                    if ordeal.met(call):
                        found = ordeal.problems_after_fault(run, lied=lied)
                        return [f"{self}: {words}" for words in found]
        elsewhere = not self.fault and self.call.name in SCENES[self.scene].first_elsewhere
        return [f"{self}: never met"] if writes_to_note(self.call) and not elsewhere else []


@cache
def listed_calls(scene: str, folder: Path) -> tuple[Call, ...]:
    """The calls of an undisturbed run, after one that leaves all modules compiled."""
    with SCENES[scene].ordeal(folder / "compiled") as ordeal:
        assert ordeal.run_command().code == 0
    with SCENES[scene].ordeal(folder / "listed") as ordeal:
        return tuple(ordeal.list_calls())


def own_calls(scene: str, folder: Path) -> list[Call]:
    """The calls of a command but those that the first one makes as well, in every thread."""
    calls = listed_calls(scene, folder / scene)
    first = next(iter(SCENES))
    if scene == first:
        return list(calls)
    shared = {
        thread: shared_length(_kinds(calls, thread), _kinds(others, thread))
        for others in [listed_calls(first, folder / first)]
        for thread in {call.thread for call in calls}
    }
    seen: Counter[int] = Counter()
    own: list[Call] = []
    for call in calls:
        seen[call.thread] += 1
        if seen[call.thread] > shared[call.thread]:
            own.append(call)
    return own


def shared_length(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> int:
    """How many items at the beginning of two lists are the same."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _kinds(calls: tuple[Call, ...], thread: int) -> list[tuple[str, str]]:
    return [(call.name, call.kind) for call in calls if call.thread == thread]


@pytest.fixture(scope="session")
def listings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Call]]:
    """Lists the calls of a command, once a process."""
    folder = tmp_path_factory.mktemp("listing")
    return lambda scene: own_calls(scene, folder)


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
    faults = [f"error={error}" for error in errors] + [f"retval={lie}" for lie in sorted(lies)]
    return faults[call.nth % len(faults) :][:1] if call.kind in _SQLITE else faults


def writes_to_note(call: Call) -> bool:
    """Whether a call changes the note or makes the change last."""
    return call.kind in {"note", "temp"} and call.name in {
        *_WRITES, "fsync", "rename", "renameat2", "unlink",
    }  # fmt: skip


def releases(call: Call) -> bool:
    """Whether a call gives up a file or a lock of the journal, or may do so."""
    return call.name == "close" or (call.name == "fcntl" and call.kind in _SQLITE)


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
@pytest.mark.parametrize("scene", SCENES)
def test_killed_at_every_call(
    scene: str,
    share: int,
    listings: Callable[[str], list[Call]],
    folders: Iterator[Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Killed anywhere: the note holds all it held, the reply is there once, and is paid once."""
    calls = [call for call in listings(scene) if call.changes]
    assert [call for call in calls if writes_to_note(call)]
    if not FULL:
        calls = chosen(calls, always=always_met(scene, calls), count=some_of(scene))
    run_share([Trial(scene, call) for call in calls], share, folders, record_property)


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("scene", SCENES)
def test_starved_at_every_call(
    scene: str,
    share: int,
    listings: Callable[[str], list[Call]],
    folders: Iterator[Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Each error at each call ends in a sentence; nothing is lost, doubled or paid twice."""
    calls = [call for call in listings(scene) if SCENES[scene].releases or not releases(call)]
    trials = [Trial(scene, call, fault) for call in calls for fault in faults_of(call)]
    if not FULL:
        written = always_met(scene, calls)
        calls = chosen(
            calls,
            always=lambda call: written(call) or call.name == "getdents64",
            count=some_of(scene),
        )
        trials = [
            Trial(scene, call, faults[number % len(faults)])
            for number, call in enumerate(calls)
            if (faults := faults_of(call))
        ]
    run_share(trials, share, folders, record_property)


def always_met(scene: str, calls: list[Call]) -> Callable[[Call], bool]:
    """The calls that a bounded run meets: those that write to the note, or some of them."""
    some = frozenset(list(filter(writes_to_note, calls))[:: SCENES[scene].stride])
    return lambda call: call in some


def some_of(scene: str) -> int:
    """How many calls are met in a bounded run besides those that write to the note."""
    return 30 if scene == next(iter(SCENES)) else 10


def test_the_first_command_is_broken_everywhere(listings: Callable[[str], list[Call]]) -> None:
    """What is listed is all of a run: configuration, journal, locks, network and note."""
    calls = listings(next(iter(SCENES)))
    assert len([call for call in calls if call.changes]) > 100
    assert len([fault for call in calls for fault in faults_of(call)]) > 300
    kinds = {"config", "database", "wal", "lock", "network", "note", "folder"}
    assert kinds <= {call.kind for call in calls}
