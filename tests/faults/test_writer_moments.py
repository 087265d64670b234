"""A save of each kind at each moment of a landing, one after another: no line may be lost.

The landing is that of the real program, which stands still before each of its steps in turn while
a program of its own saves the note. Where a lease is held that program has to wait for it, as it
would have to in life.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import savers
from ordeal import ABOVE, APPENDED, FULL
from program import Program
from stepped import Answer, Command, asked, kept

LINE = "%% theirs-# %%"
STRIDE = 1 if FULL else 5

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
    pytest.mark.timeout(3600 if FULL else 300),
]


@dataclass
class Desk:
    """A note in a vault of its own.

    Attributes:
        home: the user's folders.
        note: the note.
    """

    home: Path
    note: Path

    def start(self, *words: str, stop_at: int = 0) -> Command:
        """Starts a command on the note."""
        return Command(self.home, [*words, str(self.note)], Answer(), stop_at=stop_at)

    def save(self, style: str) -> "subprocess.Popen[bytes]":
        """Starts a program that saves the note once, with a line of its own."""
        command = [sys.executable, savers.__file__, style, str(self.note), "1", "0", LINE]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def desks(folder: Path, data: bytes) -> Iterator[Desk]:
    """Desks, one like the other."""
    number = 0
    while True:
        number += 1
        home = folder / str(number)
        note = home / "vault" / "note.md"
        note.parent.mkdir(parents=True)
        note.write_bytes(data)
        Program(home).serve("http://127.0.0.1:9/v1")
        yield Desk(home, note)


def nothing(_desk: Desk) -> None:
    """There is a question."""


def answered(desk: Desk) -> None:
    """The question has its reply."""
    with desk.start("complete") as command:
        assert command.code == 0, command.said


def received(desk: Desk) -> None:
    """The reply is in the journal, and the command was killed before it wrote the note."""
    with desk.start("complete", stop_at=1) as command:
        while command.step != "before-landing":
            command.go_on(1)
            assert command.code is None


@dataclass(frozen=True)
class Landing:
    """A command that writes into the note, and what is there before it."""

    words: tuple[str, ...]
    note: bytes
    before: Callable[[Desk], None] = nothing
    begins: str = "before-landing"


LANDINGS = {
    "append": Landing(("complete",), APPENDED),
    "exchange": Landing(("complete",), ABOVE),
    "again": Landing(("again",), APPENDED, answered),
    "undo": Landing(("undo",), APPENDED, answered, begins="before-working_on"),
    "undo, above text": Landing(("undo",), ABOVE, answered, begins="before-working_on"),
    "deliver": Landing(("deliver",), APPENDED, received),
}
"""What is met at each moment. Each is a line."""


def moments(desk: Desk, landing: Landing) -> range:
    """The numbers of the steps from the landing's beginning on."""
    landing.before(desk)
    with desk.start(*landing.words, stop_at=1) as command:
        steps = [command.step]
        while command.code is None:
            command.go_on(1)
            steps.append(command.step)
        assert command.code == 0, command.said
    return range(steps.index(landing.begins) + 1, len(steps))


@pytest.mark.parametrize("style", savers.STYLES)
@pytest.mark.parametrize("name", LANDINGS)
def test_no_line_is_lost_at_any_moment(
    tmp_path: Path, name: str, style: str, record_property: Callable[[str, object], None]
) -> None:
    """Their line, the person's lines and the reply: all is there, once, and nothing else is."""
    landing = LANDINGS[name]
    made = desks(tmp_path, landing.note)
    numbers = list(moments(next(made), landing))
    assert len(numbers) > 5
    first = list(savers.STYLES).index(style) % STRIDE
    lost: list[str] = []
    for number in numbers[first::STRIDE]:
        desk = next(made)
        landing.before(desk)
        before = len(asked(desk.home))
        with desk.start(*landing.words, stop_at=number) as command:
            where = f"{name}, {style} {command.step or 'afterwards'} ({number})"
            with desk.save(style) as saver:
                if command.code is None and not command.leased:
                    saver.communicate(timeout=60)
                if command.code is None:
                    command.go_on()
                saver.communicate(timeout=60)
            assert saver.returncode == 0
            lost += [f"{where}: {it}" for it in problems(desk, command, landing, before)]
    record_property("points", len(numbers[first::STRIDE]))
    record_property("lost", len(lost))
    assert not lost, "\n".join(lost)


def problems(desk: Desk, command: Command, landing: Landing, before: int) -> Iterator[str]:
    """What is wrong after the landing and the save, and after one more run."""
    if command.code not in {0, 9}:
        yield f"exit code {command.code}: {command.said}"
    for when in ("then", "after the next run"):
        held = desk.note.read_bytes()
        lines = held.split(b"\n")
        if held.count(b"theirs-0") != 1:
            yield f"{when} their line is not there once: {held!r}"
        missed = [line for line in landing.note.split(b"\n") if line and line not in lines]
        if missed:
            yield f"{when} {missed} is gone: {held!r}"
        doubled = [it for it in kept(desk.home) if held.count(f"{it} part 0".encode()) > 1]
        if doubled:
            yield f"{when} {doubled} is there twice"
        if when == "then":
            with desk.start("complete") as again:
                if again.code not in {0, 9}:
                    yield f"the next run: {again.said}"
    if len(asked(desk.home)) - before > 1:
        yield "asked twice"
    left = [path.name for path in desk.note.parent.iterdir() if path.name != desk.note.name]
    if left:
        yield f"left beside the note: {left}"
