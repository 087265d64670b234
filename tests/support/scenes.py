"""The commands that are broken at every call, each with what is there before it.

A command is added to the matrix by one line of ``SCENES``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from threading import Event
from typing import Self, cast

from ordeal import ABOVE, APPENDED, DOCUMENTED, FIRST, SECOND, Ordeal, at_once
from program import Run
from scripted_server import Script, chunk, event, response, status
from syscalls import Call

THIRD = "The third reply, after two others."


REPLIES: tuple[Callable[[], Script], ...] = (
    lambda: at_once(FIRST),
    lambda: at_once(SECOND),
    lambda: at_once(THIRD),
)
_BEFORE_WRITE = Call("write", 1, 0, "", "note", names_note=True)


def nothing(_ordeal: Ordeal) -> None:
    """There is a note with a question."""


def answered(ordeal: Ordeal) -> None:
    """The question has its reply."""
    assert ordeal.complete().code == 0


def in_doubt(ordeal: Ordeal) -> None:
    """The question was sent, and no answer was seen."""
    assert ordeal.complete().code == 10


def received(ordeal: Ordeal) -> None:
    """The reply is in the journal, and the program was killed before it wrote the note."""
    command, ordeal.command = ordeal.command, ("complete",)
    assert ordeal.kill(_BEFORE_WRITE)
    ordeal.command = command
    assert ordeal.state() == "received"


@dataclass(frozen=True)
class Scene:
    """A command, and what is there before it.

    Attributes:
        command: its words; the note comes last.
        note: what a person wrote.
        before: what happened already, with nothing broken.
        in_the_end: the state of the note when the command has done its work.
        asks: how many requests one run may make; each further run is the person's word.
        scripts: what the server plays, from the beginning.
        stride: a bounded run meets every so many-th of the calls that write to the note.
        releases: a close, and an unlock of the journal, may fail. The fault keeps it from being
            made, so that the process holds for good what every system takes from it; one that has
            several connections waits for itself then.
        first_elsewhere: calls that another thread makes first, so that a kill is mostly its own; at
            the close before them the disk is the same.
    """

    command: tuple[str, ...]
    note: bytes = APPENDED
    before: Callable[[Ordeal], None] = nothing
    in_the_end: str = "answered"
    asks: int = 1
    scripts: tuple[Callable[[], Script], ...] = REPLIES
    stride: int = 1
    releases: bool = True
    first_elsewhere: frozenset[str] = frozenset()

    def ordeal(self, folder: Path) -> Ordeal:
        """An ordeal of it, in a folder that does not exist."""
        if self.command == ("complete",):
            return Ordeal(folder, self.note)
        scripts = tuple(script() for script in self.scripts)
        return SceneOrdeal(folder, self.note, scripts, command=self.command, scene=self)


@dataclass
class SceneOrdeal(Ordeal):
    """A command other than ``complete``: killed or starved, it is run again and does its work."""

    scene: Scene = Scene(("complete",))  # frozen

    def __enter__(self) -> Self:
        super().__enter__()
        self.scene.before(self)
        self._asked_before = self.asked
        return self

    def problems_after_kill(self) -> list[str]:
        """What is wrong with the note now, and after further runs of the command."""
        return [*self._problems(1, "after the kill"), *self._worked_through(2)]

    def problems_after_fault(self, run: Run, *, lied: bool) -> list[str]:
        """What is wrong with the run in which a call failed, with its note, and with the next."""
        found = [*self._problems_of_run(run, allowed=DOCUMENTED), *self._problems(1, "then")]
        if run.code == 0:  # what could not be cleared away then is cleared away by the next run
            found += self._problems_of_answer(run)
        return [*found, *self._worked_through(2, lied=lied)]

    def _worked_through(self, runs: int, *, lied: bool = False) -> Iterator[str]:
        """Runs the command until it has nothing left to do."""
        for number in range(runs, runs + 3):
            run = self.run_command()
            if lied and run.code == 3:  # a journal that was lied to says so for ever
                yield from self._problems_of_text("later")
                return
            yield from self._problems_of_run(run, allowed=DOCUMENTED)
            yield from self._problems(number, f"after run {number}")
            if self._state() == self.scene.in_the_end:
                yield from self._problems_of_end(run)
                yield from self._problems_of_leftovers()
                return
        yield f"its work is never done: {run}"

    def _problems(self, runs: int, when: str) -> Iterator[str]:
        yield from self._problems_of_text(when)
        if self.asked - self._asked_before > runs * self.scene.asks:
            yield f"{self.asked - self._asked_before} requests {when}"

    def _state(self) -> str:
        return cast("str", self.program.run("show", "--json", self.note).fields.get("state", ""))

    def _problems_of_end(self, run: Run) -> Iterator[str]:
        yield from self._problems_of_answer(run)
        yield from self._problems_of_leftovers()

    def _problems_of_answer(self, run: Run) -> Iterator[str]:
        held = self.note.read_bytes()
        if self._state() != self.scene.in_the_end:
            yield f"{run} left {held!r}"
        if self.scene.in_the_end != "answered" and held != self.original:
            yield f"the note is not what it was: {held!r}"
        doubled = [text for text in (FIRST, SECOND, THIRD) if held.count(text.encode()) > 1]
        if doubled:
            yield f"{doubled} are there twice"


GROWN = ("Tea is a leaf.\n", "It is dried.\n", "It is drunk hot.\n")
MARKED = b"---\nnotelog: mark\n---\n\nWhat is tea?\n\n- [x] send\n"
_LIVE = (
    "[watch]\nlive = true\nlive_rest_s = 0\nlive_every_s = 0\nsettle_s = 0\nsync_wait_s = 0\n"
    "sync_spread_s = 0\n"
)
_LONGEST_WAIT_S = 60.0
_STEP_S = 0.02


@dataclass(frozen=True)
class LiveScene(Scene):
    """``notelog watch --once`` over the vault, with a reply that is shown while it arrives."""

    def ordeal(self, folder: Path) -> Ordeal:
        """An ordeal of it."""
        return LiveOrdeal(folder, self.note, (), command=self.command, scene=self)


@dataclass
class LiveOrdeal(SceneOrdeal):
    """The watcher's one pass: killed or starved, the next pass finishes or marks what was shown.

    Where nothing came it is the person who asks anew.
    """

    def __post_init__(self) -> None:
        self._is_dead = Event()
        self.scripts = (self._grown(), at_once(SECOND), at_once(THIRD))
        super().__post_init__()
        self.program.serve(self.server.base_url, profile=_LIVE)

    def _grown(self) -> Script:
        """A reply of which each part waits until the one before is seen in the note."""
        parts = (chunk(part) for part in GROWN)
        events = [event(part) for part in (*parts, chunk(finish_reason="stop"), "[DONE]")]
        head, *steps = response(*events)
        yield head
        for step, part in zip_longest(steps, GROWN, fillvalue=""):
            yield cast("bytes", step)
            self._await(str(part).strip().encode())

    def _await(self, part: bytes) -> None:
        """Waits for it, unless the program was killed or a call of it was broken before."""
        for _ in range(int(_LONGEST_WAIT_S / _STEP_S)):
            broken = self.log.exists() and b"INJECTED" in self.log.read_bytes()
            if part in self.note.read_bytes() or broken or self._is_dead.wait(_STEP_S):
                return

    def kill(self, call: Call) -> bool:
        """As for any command; the server then waits for nothing any more."""
        met = super().kill(call)
        self._is_dead.set()
        return met

    def run_command(self) -> Run:
        """Runs it over the vault, with nothing broken."""
        return self.program.run(*self.command, self.vault)

    def _worked_through(self, runs: int, *, lied: bool = False) -> Iterator[str]:
        """One more pass; then it is answered, or in doubt, and the person asks anew."""
        run = self.run_command()
        yield from self._problems(runs - 1, "after the next pass")
        if b"Asking" in self.note.read_bytes():
            yield f"it says that it asks, and does not: {self.note.read_bytes()!r}"
        if self._state() != self.scene.in_the_end:
            run = self.program.run("retry", self.note)
            if lied and run.code == 3:  # a journal that was lied to says so for ever
                return
            yield from self._problems_of_run(run, allowed=DOCUMENTED)
            yield from self._problems(runs, "after the person's word")
        yield from self._problems_of_end(run)

    def _problems_of_run(self, run: Run, *, allowed: Iterable[int]) -> Iterator[str]:
        """A watcher says on standard output what it has to say."""
        said = Run(run.code, run.out, run.err or run.out)
        yield from super()._problems_of_run(said, allowed=allowed)

    def _problems_of_answer(self, run: Run) -> Iterator[str]:
        yield from super()._problems_of_answer(run)
        held = self.note.read_bytes()
        yield from (f"{part!r} twice" for part in GROWN if held.count(part.encode()) > 1)

    def _command(self) -> list[str]:
        return [*self.command, str(self.vault)]


SCENES = {
    "complete, at the end": Scene(("complete",)),
    "complete, above text": Scene(("complete",), ABOVE),
    "again": Scene(("again",), before=answered),
    "retry": Scene(("retry",), before=in_doubt, scripts=(lambda: status(500), *REPLIES)),
    "undo": Scene(("undo",), before=answered, in_the_end="not-a-chat", asks=0),
    "deliver": Scene(("deliver",), before=received, asks=0),
    "watch, live": LiveScene(
        ("watch", "--once"),
        MARKED,
        stride=4,
        releases=False,
        first_elsewhere=frozenset({"rename", "unlink"}),
    ),
}
"""The commands of the matrix. Each is a line."""
