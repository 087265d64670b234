"""Commands in processes of their own that stop at any step, and go on or are killed there.

    with Command(home, ["complete", note], Answer("whole"), stop_at=12) as command:
        ...  # it stands before its 12th step, with its locks, leases and transactions
        command.kill()

A step is what leaves a trace: a call that changes a file, a call of the journal, a request, a
part of a reply. The process is forked, so it starts in an instant; all in it is the real program
but the server, which plays an ``Answer``, and the clock, which does not wait. A kill is a real
one: locks and leases go with the process, and nothing is tidied up.
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import TracebackType
from typing import Any, Literal, Self

from program import Program
from stepped_watch import Told, play_events

import notelog
from notelog.core.records import Intent, turn_key
from notelog.core.reply import ReplyDelta
from notelog.core.request import ChatRequest
from notelog.errors import InDoubtError, ProviderRefusedError, ProviderUnavailableError
from notelog.ports.servers import Endpoint, Leaving

Kind = Literal["whole", "length", "filtered", "empty", "cut", "doubt", "refused", "busy", "stopped"]
_write = os.write  # that of the test itself, which is no step
UNBILLED = frozenset({"refused", "busy"})
_FILE_CALLS = (
    "write", "fsync", "ftruncate", "rename", "replace", "unlink", "remove", "link", "fchmod",
    "mkdir",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What the server does with each request; a reply is named by the request's number.

    Attributes:
        kind: how it ends.
        parts: in how many parts the reply comes.
    """

    kind: Kind = "whole"
    parts: int = 2


@dataclass(frozen=True)
class Asked:
    """A request that reached the server.

    Attributes:
        number: from 0; its reply holds ``name``.
        key: of what was sent.
        turn: the turn's key in the journal.
        note: which it is for.
        billed: whether it may have been.
        word: whether the command carries the person's word to ask anew.
        watched: whether a watcher asked.
    """

    number: int
    key: str
    turn: str
    note: str
    billed: bool
    word: bool
    watched: bool

    @property
    def name(self) -> str:
        """What only its reply holds, from its first part on."""
        return f"reply-{self.number}-"


def asked(home: Path) -> list[Asked]:
    """All requests so far."""
    log = home / "requests"
    lines = log.read_text().splitlines() if log.exists() else []
    return [Asked(number, **json.loads(line)) for number, line in enumerate(lines)]


def kept(home: Path) -> list[str]:
    """The names of the replies whose end the journal has taken."""
    log = home / "kept"
    return log.read_text().split() if log.exists() else []


class Command:
    """A command that runs until it ends or stands before a step.

    Args:
        home: the user's folders.
        arguments: of the command line.
        answer: of the server; None for a real server, which the configuration names.
        stop_at: the number of the step before which it stops, from 1; 0 for none.
        word: whether the command is the person's word to ask anew.

    Attributes:
        step: before which it stands; empty once it has ended.
        leased: whether it holds a lease, so that whoever opens the note would wait.
        code: its exit code; None until it has ended, negative where it was killed.
    """

    def __init__(
        self,
        home: Path,
        arguments: Sequence[str],
        answer: Answer | None,
        *,
        stop_at: int = 0,
        word: bool = False,
    ) -> None:
        self.step = ""
        self.leased = False
        self.code: int | None = None
        self._home = home
        self._said = home / f"said-{os.urandom(4).hex()}"
        _warm(real=answer is None)
        here, told = os.pipe()
        heard, there = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(here)
            os.close(there)
            _Process(home, answer, _Steps(told, heard, stop_at), word=word).run(
                arguments, self._said
            )
        os.close(told)
        os.close(heard)
        self._there = there
        self._words = os.fdopen(here, "rb")
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def said(self) -> str:
        """What it printed, on both streams."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def go_on(
        self,
        steps: int = 0,
        *,
        seconds: float = 0.0,
        hints: Sequence[Told] = (),
        answer: Answer | None = None,
    ) -> None:
        """Lets it go on to its end, or by some steps.

        Args:
            steps: how many, 0 for all.
            seconds: which a watcher lets pass in all before it stands still, at ``idle``.
            hints: which it hears, in this order.
            answer: of the server from now on, if it is another one.
        """
        answers = None if answer is None else (answer.kind, answer.parts)
        order = {"steps": steps, "seconds": seconds, "hints": hints, "answer": answers}
        with suppress(BrokenPipeError):  # told to end before it listened, it was killed there
            os.write(self._there, f"{json.dumps(order)}\n".encode())
        self._wait()

    def end(self) -> None:
        """Tells it to end, as a service manager does; it has to go on to do so."""
        os.kill(self._child, signal.SIGTERM)

    def kill(self) -> None:
        """Kills it where it stands; nothing happens to one that has ended."""
        if self.code is None:
            os.kill(self._child, signal.SIGKILL)
            self._wait()

    def _wait(self) -> None:
        words = self._words.readline().decode().split()
        if words:
            self.step, self.leased = words[0], words[1] == "leased"
            return
        self.step, self.leased = "", False
        _, status = os.waitpid(self._child, 0)
        self.code = os.waitstatus_to_exitcode(status)
        self._words.close()
        os.close(self._there)


class _Steps:
    """Counts the steps of a process, and stops before one of them: all of its threads."""

    def __init__(self, told: int, heard: int, stop_at: int) -> None:
        self._told = told
        self._heard = os.fdopen(heard, "rb")
        self._left = stop_at
        self._one_at_a_time = threading.RLock()
        self.leased = False
        self.hear: Callable[[float, Sequence[Told]], None] = lambda _seconds, _hints: None
        self.answer = Answer()

    def __call__(self, name: str) -> None:
        """Another step is about to be made."""
        with self._one_at_a_time:
            self._left -= 1
            if self._left == 0:
                self.stand(name)

    def stand(self, name: str) -> None:
        """Stands still until it is told to go on."""
        with self._one_at_a_time:
            lease = "leased" if self.leased else "free"
            _write(self._told, f"{name} {lease}\n".encode())
            order = json.loads(self._heard.readline())
            self._left = order["steps"]
            if order["answer"] is not None:
                self.answer = Answer(*order["answer"])
            self.hear(order["seconds"], order["hints"])

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call with a step before it and one after it."""

        def stepped(*arguments: Any, **options: Any) -> Any:
            self(f"before-{name}")
            result = call(*arguments, **options)
            self(f"after-{name}")
            return result

        return stepped


class _Process:
    """What is in the forked process."""

    def __init__(self, home: Path, answer: Answer | None, steps: _Steps, *, word: bool) -> None:
        self._home = home
        self._real = answer is None
        self._steps = steps
        steps.answer = answer or Answer()
        self._word = word
        self._watched = False
        self._name = ""
        self._begun: Intent | None = None  # one at a time: ``at_once`` is 1

    def run(self, arguments: Sequence[str], said: Path) -> None:
        code = 70
        try:
            output = said.open("w")
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = sys.stderr = output
            os.environ.clear()
            os.environ.update(Program(self._home).environment, TEST_KEY="sk-test-canary")
            self._install()
            from notelog.__main__ import run

            self._watched = arguments[0] == "watch"
            code = run(list(arguments))
        except BaseException:  # noqa: BLE001  # it must never come back into the test
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _install(self) -> None:
        from notelog.adapters import (
            exchange,
            journal_recognition,
            journal_schema,
            leases,
            leftovers,
            openai_chat,
            system_clock,
        )
        from notelog.adapters.journal_sqlite import SqliteJournal
        from notelog.adapters.journal_steps import JournalSteps
        from notelog.app import spool

        if not self._real:
            setattr(openai_chat.OpenAIChat, "stream", self._stream)  # noqa: B010  # a bound one
        fly = _let_time_fly(system_clock.SystemClock)
        play_events(self._steps, fly)
        spool.BATCH_S = leftovers.ORPHAN_S = 0.0
        for module in (journal_recognition, journal_schema):
            setattr(module, "BUSY_TIMEOUT_S", 0.5)  # noqa: B010  # one name, imported by the other
        exchange._exchange = self._steps.around("exchange", exchange._exchange)
        for name, call in (*vars(JournalSteps).items(), *vars(SqliteJournal).items()):
            if callable(call) and not name.startswith("_"):
                setattr(SqliteJournal, name, self._steps.around(name, self._noting(name, call)))
        self._watch_leases(leases.Lease)
        for name in _FILE_CALLS:
            setattr(os, name, self._steps.around(name, getattr(os, name)))

    def _noting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Notes what is asked, and, where notelog does not look, that the journal has a reply."""

        def begin(journal: Any, intent: Intent, *allowed: Any) -> Any:
            self._begun = intent
            return call(journal, intent, *allowed)

        def received(*arguments: Any, **options: Any) -> None:
            call(*arguments, **options)
            if self._name:  # some words have come
                _add_line(self._home / "kept", self._name)

        return {"begin": begin, "received": received}.get(name, call)

    def _watch_leases(self, lease: Any) -> None:
        take, give_back = lease.take, lease.give_back

        def taken(this: Any) -> bool:
            self._steps.leased = held = bool(take(this))
            return held

        def given_back(this: Any) -> None:
            give_back(this)
            self._steps.leased = False

        lease.take, lease.give_back = taken, given_back

    def _stream(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        *,
        cancelled: Callable[[], bool],
        leaving: Leaving,
    ) -> Iterator[ReplyDelta]:
        del endpoint
        leaving(lambda: None)
        kind = self._steps.answer.kind
        self._steps("before-request")
        assert self._begun is not None
        entry: Mapping[str, object] = {
            "key": turn_key(request.messages),
            "turn": self._begun.turn_key,
            "note": self._begun.note,
            "billed": kind not in UNBILLED,
            "word": self._word,
            "watched": self._watched,
        }
        _add_line(self._home / "requests", json.dumps(entry))
        name = asked(self._home)[-1].name
        self._steps("after-request")
        if kind == "refused":
            raise ProviderRefusedError("no", status=404, reason="model", hint="name another")
        if kind == "busy":
            raise ProviderUnavailableError("busy", hint="wait", busy=True)
        if kind == "doubt":
            raise InDoubtError("silence", hint="wait")
        if kind != "empty":
            yield from self._words(name, cancelled)
        if kind == "cut":
            raise InDoubtError("the connection was lost", hint="wait")
        reasons = {"length": "length", "filtered": "content_filter"}
        if kind != "stopped":
            yield ReplyDelta(finish_reason=reasons.get(kind, "stop"))

    def _words(self, name: str, cancelled: Callable[[], bool]) -> Iterator[ReplyDelta]:
        self._name = name
        for number in range(self._steps.answer.parts):
            self._steps("next-words")
            yield ReplyDelta(text=f"{name} part {number}.\n")
            if self._steps.answer.kind == "stopped":
                os.kill(os.getpid(), signal.SIGINT)
                if cancelled():
                    return


def _warm(*, real: bool) -> None:
    """Imports what any command needs, once for all processes that are forked from here."""
    ours = (item.name for item in walk_packages(notelog.__path__, "notelog."))
    for name in (*ours, "tiktoken", "ruamel.yaml"):
        import_module(name)
    if real:
        import_module("openai")


def _let_time_fly(clock: Any) -> Callable[[float], None]:
    """Who sleeps is awake at once, and finds the time passed; gives what lets it pass."""
    monotonic, slept = clock.monotonic, [0.0]

    def fly(seconds: float) -> None:
        slept[0] += max(seconds, 0.0)

    clock.sleep = lambda _this, seconds: fly(seconds)
    clock.monotonic = lambda this: monotonic(this) + slept[0]
    return fly


def _add_line(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    _write(descriptor, f"{line}\n".encode())
    os.close(descriptor)
