"""One completion of a note with something breaking in it, and what must be true afterwards.

    with Ordeal(folder, note=APPENDED) as ordeal:
        ordeal.kill(call)
        problems = ordeal.problems_after_kill()

Each ordeal has a vault, folders and a server of its own; the server's first reply and its second
differ, so that a reply that was paid for twice is seen in the note as well as in the requests.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import syscalls
from program import Run
from scripted_server import Script, ScriptedServer, chunk, event, response, usage_chunk
from syscalls import Call
from warm import WarmProgram

from notelog.errors import NotelogError

FULL = os.environ.get("NOTELOG_PROOF") == "full"
"""Whether all points are to be met, and not only some of them."""
APPENDED = b"What is a note?\n"
ABOVE = b'What is a note?\n\n<hr class="__chatgpt_plugin">\n\nrole::user\n\n%% a footer %%\n'
FIRST = "The first reply, of several words."
SECOND = "Another reply, which was asked for."
_REPLIES = {FIRST, SECOND}
_DEFECT = ("Traceback", "defect of notelog")


def exit_codes(error: type[NotelogError]) -> frozenset[int]:
    """The exit codes of a branch of the error tree."""
    return frozenset({error.exit_code}.union(*map(exit_codes, error.__subclasses__())))


DOCUMENTED = exit_codes(NotelogError) - {NotelogError.exit_code} | {0, 7}
"""The exit codes that a command may have, whatever happens; a defect has another."""


def at_once(text: str) -> Script:
    """A whole reply of one part: how often it is printed does not depend on the network."""
    parts = (chunk(text, role="assistant"), chunk(finish_reason="stop"), usage_chunk(), "[DONE]")
    return response(b"".join(event(part) for part in parts))


@dataclass
class Ordeal:
    """A vault with one note, a program, and a server that has two replies.

    Attributes:
        folder: an empty one, made here; nothing else is in it.
        original: what a person wrote into the note.
        scripts: what the server plays.
        command: the words of the command that is broken; the note comes last.
    """

    folder: Path
    original: bytes = APPENDED
    scripts: Iterable[Script] = field(default_factory=lambda: (at_once(FIRST), at_once(SECOND)))
    command: tuple[str, ...] = ("complete",)

    def __post_init__(self) -> None:
        self.vault = self.folder / "vault"
        (self.vault / ".obsidian").mkdir(parents=True)
        self.note = self.vault / "note.md"
        self.note.write_bytes(self.original)
        self.program = WarmProgram(self.folder / "home")
        self.server = ScriptedServer(list(self.scripts))
        self.log = self.folder / "calls"
        self.program.serve(self.server.base_url)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, trace)
        if error is None:
            shutil.rmtree(self.folder)

    @property
    def asked(self) -> int:
        """How many requests came to the server."""
        return len(self.server.requests)

    def complete(self, *options: str) -> Run:
        """Runs ``notelog complete`` on the note, with nothing broken."""
        return self.program.run("complete", *options, self.note)

    def run_command(self) -> Run:
        """Runs the command, with nothing broken."""
        return self.program.run(*self.command, self.note)

    def list_calls(self) -> list[Call]:
        """Runs the command and lists the calls of that run."""
        environment = self._environment()
        calls, ended = syscalls.listed(
            self._command(), self.folder, self.note, environment=environment, log=self.log
        )
        assert ended.returncode == 0, ended.stderr
        return calls

    def kill(self, call: Call) -> bool:
        """Runs the command and kills it before a call; False where it met another."""
        environment = self._environment()
        syscalls.killed(self._command(), call, self.note, environment=environment, log=self.log)
        return self.met(call)

    def break_call(self, call: Call, fault: str) -> Run:
        """Runs the command while one call fails."""
        ended = syscalls.broken(
            self._command(), call, fault, self.note, environment=self._environment(), log=self.log
        )
        out, err = (stream.decode(errors="replace") for stream in (ended.stdout, ended.stderr))
        return Run(ended.returncode, out, err)

    def met(self, call: Call) -> bool:
        """Whether the last kill or fault met a call about the same thing."""
        return call.kind in syscalls.met(self.log, self.folder)

    def state(self) -> str:
        """How far the last turn is by the journal, as a power cut would leave it; may be empty."""
        return self._asked_of_journal("SELECT state FROM turn ORDER BY id DESC")

    def part(self) -> str:
        """The last part of a reply that the journal holds; may be empty."""
        return self._asked_of_journal("SELECT CAST(text AS TEXT) FROM part ORDER BY id DESC")

    def _asked_of_journal(self, question: str) -> str:
        found = sorted((self.folder / "home/state/journal").glob("*.sqlite3"))
        if not found:
            return ""
        copy = self.folder / "copy"
        copy.mkdir()
        import sqlite3

        for file in found[0].parent.glob(found[0].name + "*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, copy)
        try:
            with closing(sqlite3.connect(copy / found[0].name)) as connection:
                row = connection.execute(question).fetchone()
        except sqlite3.DatabaseError:
            return ""
        finally:
            shutil.rmtree(copy)
        return "" if row is None else cast("str", row[0])

    def problems_after_kill(self) -> list[str]:
        """What is wrong with the note now, after one more run, and after one with --again."""
        state, asked = self.state(), self.asked
        found = [*self._problems_of_text("after the kill"), *self._problems_of_money("the kill")]
        rerun = self.complete()
        found += [*self._problems_of_run(rerun, allowed={0, 7, 10})]
        if state in {"received", "delivered"} and (rerun.code, self.asked) != (0, asked):
            found.append(f"the journal had the reply ({state}), and it was not delivered: {rerun}")
        return [*found, *self._finished(rerun)]

    def problems_after_fault(self, run: Run, *, lied: bool) -> list[str]:
        """What is wrong with a run in which a call failed, with its note, and with the next run.

        Args:
            run: the run in which it failed.
            lied: the call claimed to have done what it did not do: a journal that was lied to
                may be damaged, and say so for ever; the note and the money are safe all the same.
        """
        found = [*self._problems_of_run(run, allowed=DOCUMENTED), *self._problems_of_text("then")]
        if run.code == 0 and self._replies() != 1:
            found.append("it said that all is well, and the reply is not in the note")
        rerun = self.complete()
        if lied and rerun.code == 3:
            return [*found, *self._problems_of_text("later"), *self._problems_of_money("a lie")]
        found += self._problems_of_run(rerun, allowed={0, 7, 9, 10})
        return [*found, *self._finished(rerun)]

    def _finished(self, rerun: Run) -> Iterator[str]:
        """What is wrong once the person has said the last word."""
        yield from self._problems_of_money("the next run")
        yield from self._problems_of_text("after the next run")
        again = rerun.code in {9, 10}
        if again:
            rerun = self.complete("--again")
            yield from self._problems_of_run(rerun, allowed={0, 7})
        if self.asked > 1 + again:
            yield f"{self.asked} requests"
        yield from self._problems_of_text("in the end")
        if rerun.code == 0 and self._replies() != 1:
            yield f"the reply is in the note {self._replies()} times"
        shown = self.program.run("show", "--json", self.note)
        messages = cast("list[dict[str, object]]", shown.fields.get("messages", []))
        if shown.fields.get("state") != "answered" or len(messages) != 2:
            yield f"in the end it shows as {shown.out}"
        elif rerun.code == 0 and messages[1]["content"] not in _REPLIES:
            yield f"the reply reads {messages[1]['content']!r}"
        yield from self._problems_of_leftovers()

    def _problems_of_leftovers(self) -> Iterator[str]:
        left = {name for name in os.listdir(self.vault) if name not in {".obsidian", "note.md"}}  # noqa: PTH208  # hidden files too
        if left:
            yield f"left in the vault: {left}"

    def _replies(self) -> int:
        data = self.note.read_bytes()
        return sum(data.count(text.encode()) for text in _REPLIES)

    def _problems_of_money(self, when: str) -> Iterator[str]:
        if self.asked > 1:
            yield f"{self.asked} requests by {when}, and nobody said --again"

    def _problems_of_run(self, run: Run, *, allowed: Iterable[int]) -> Iterator[str]:
        if run.code not in allowed:
            yield f"exit code {run.code}: {run.err}"
        if any(word in run.err for word in _DEFECT):
            yield f"no sentence but a defect: {run.err}"
        if run.code and not run.err.strip():
            yield f"exit code {run.code} without a word"

    def _problems_of_text(self, when: str) -> Iterator[str]:
        """Every byte of the person's is there, in order, with at most one addition among them."""
        data = self.note.read_bytes()
        if not _is_one_insertion(self.original, data):
            yield f"{when} the note is {data!r}"
        if self.command == ("complete",) and self._replies() > 1:
            yield f"{when} the reply is there {self._replies()} times"

    def _command(self) -> list[str]:
        return [*self.command, str(self.note)]

    def _environment(self) -> dict[str, str]:
        return {"TEST_KEY": "sk-test-canary", **self.program.environment}


def _is_one_insertion(old: bytes, new: bytes) -> bool:
    """Whether ``new`` is ``old`` with at most one run of bytes put in, at a line's beginning."""
    if len(new) < len(old):
        return False
    pairs = zip(old, new, strict=False)
    start = next((place for place, (a, b) in enumerate(pairs) if a != b), len(old))
    return new[len(new) - len(old) + start :] == old[start:]


def chosen(calls: list[Call], *, always: Callable[[Call], bool], count: int) -> list[Call]:
    """The calls that must be met, and others spread over the run by a fixed stride."""
    others = [call for call in calls if not always(call)]
    stride = max(1, len(others) // count) if count else len(others) + 1
    some = set(others[stride // 2 :: stride])
    return [call for call in calls if always(call) or call in some]
