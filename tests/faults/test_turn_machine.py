"""A person, a sync, servers and crashes at one vault, in any order; P1 to P5 after every step.

The journal, the files, the locks and the kills are real; see ``stepped``. A bounded part runs with
the suite, the same on every run; NOTELOG_PROOF=full looks further, elsewhere each time.
"""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ordeal import DOCUMENTED, FULL
from program import Program
from stepped import Answer, Asked, Command, Kind, asked, kept
from stepped_watch import Told

import notelog
from notelog.core.messages import Message, Role
from notelog.core.note import Note
from notelog.core.records import turn_key
from notelog.core.turn import NothingDue, State, answered_turn, next_turn, state_of

SEPARATOR = '<hr class="__chatgpt_plugin">'
LINE = re.compile(rb"person-\d+-[^\r\n]*")
PERSON = re.compile(rb"person-\d+-[^\r\n]*|^- \[[ x]\] (?:again|retry)(?=\r?$)", re.MULTILINE)
"""What only a person writes: a box of notelog's for another answer stands in a callout."""
BOX = re.compile(rb"- \[([ x])\] (send|again|retry)\b")
MARKED = re.compile(rb"- \[x\] (?:send|again|retry)\b|^;;\r?$", re.MULTILINE)
CALLOUT = re.compile(rb"[\r\n]*^> \[!notelog\] (?!person)[^\r\n]*(?:\r?\n>[^\r\n]*)*", re.MULTILINE)
ASSISTANT = re.compile(rb"role::assistant[^\r\n]*")
MARKS = ("- [x] send", "- [ ] send", "- [x] again", "- [x] retry", ";;")
BESIDE = "*notelog[-.]*"
"""Hidden files beside notes, and saves of notes that have another name since a crash."""
CONFLICT = ".sync-conflict-20260101-10000{0}-ABCDEFG"
NAME = re.compile(r"reply-\d+-")
PASTED = (
    "```\n{0}\n```",
    "```\n{0}",
    "%% {0} %%",
    "> [!notelog] {0}",
    "{0}\r\nwith another line end",
    "    {0}",
    "$$\n{0}\n$$",
    "<!-- {0} -->",
    f"{SEPARATOR}\n\nrole::assistant\n\n{{0}} of another model\n\n{SEPARATOR}\n\nrole::user\n\n",
)
COMMANDS = {
    "complete": ("complete",),
    "complete --again": ("complete", "--again"),
    "complete --continue": ("complete", "--continue"),
    "again": ("again",),
    "retry": ("retry",),
    "undo": ("undo",),
    "deliver": ("deliver",),
    "stop": ("stop",),
    "status": ("status",),
    "watch --once": ("watch", "--once"),
}
"""What is run at any time."""
WORDS = ("again", "retry", "--continue")
"""What is the person's word to pay anew, each time."""
WITHDRAWING = {"undo", "again", "watch", "--again", "--continue"}
"""What may take a part of a reply out, or put another reply in its place."""
SETTINGS = "[watch]\nat_once = 1\nasks_per_hour = 1000\n"

kinds = st.sampled_from(
    ["whole", "whole", "whole", "cut", "length", "doubt", "refused", "busy", "stopped", "empty",
     "filtered"]
)  # fmt: skip
stops = st.one_of(st.just(0), st.integers(1, 60))


@dataclass
class Kept:
    """A note as a person knows it.

    Attributes:
        path: where it is.
        data: what it held when it was last looked at.
        stale: what an editor has in its buffer.
        history: what it held at other times: what a sync may bring back.
        strewn: a crash left a save of a person beside it, until the next command has ended.
        ticks: how often a box for another answer was ticked in it.
        finished: the keys of the questions that were ever marked as finished, or so ticked.
        shown: the names of the replies that were ever seen in it.
    """

    path: Path
    data: bytes
    stale: bytes
    history: list[bytes] = field(default_factory=list[bytes])
    strewn: bool = False
    ticks: int = 0
    finished: set[str] = field(default_factory=set[str])
    shown: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.ticks = ticks_in(self.data)
        self.see_marks()

    def see_marks(self) -> None:
        """The question that the note now asks may have been marked."""
        self.shown.update(NAME.findall(self.data.decode()))
        question, below = [b"", *ASSISTANT.split(self.data)][-2:]
        marked = question + below if not PERSON.search(below) else below
        if MARKED.search(marked) and not (note := parsed(self.data)).errors:
            due = next_turn(note, named=True)
            asked_for = answered_turn(note) if isinstance(due, NothingDue) else due
            if asked_for is not None:
                self.finished.add(turn_key(asked_for.conversation))


@dataclass
class Running:
    """A command in work.

    Attributes:
        command: its process.
        note: the note that it is about; None for all of the vault.
        words: its arguments.
        alone: nobody touched the note since it began.
        told_to_end: it finishes what runs.
    """

    command: Command
    note: Kept | None
    words: tuple[str, ...]
    alone: bool = True
    told_to_end: bool = False

    def tell_to_end(self) -> None:
        """Once: told twice, it would obey at once."""
        if not self.told_to_end:
            self.command.end()
        self.told_to_end = True


def parsed(data: bytes) -> Note:
    """The note, parsed."""
    return notelog.parse(data.decode())


def ticks_in(data: bytes) -> int:
    """How many boxes for another answer are ticked."""
    return sum(tick == b"x" and label != b"send" for tick, label in BOX.findall(data))


def read_as_chat(data: bytes) -> Note:
    """A note; without separators it is read as its reply will make it: a marker may begin it."""
    note = parsed(data)
    return note if note.is_chat else parsed(data + f"\n\n{SEPARATOR}\n\nrole::user\n\n".encode())


def answers(data: bytes) -> list[str]:
    """What the assistant says in a note, each message by its key."""
    turns = [turn for turn in read_as_chat(data).turns if turn.content]
    return [
        turn_key((Message(role=turn.role, content=turn.content),))
        for turn in turns
        if turn.role is Role.ASSISTANT
    ]


def asks(data: bytes) -> list[bytes]:
    """The lines of a person in what the user says; what is typed below a mark may become a turn."""
    turns = [turn for turn in read_as_chat(data).turns if turn.role is Role.USER]
    return [line for turn in turns for line in LINE.findall(turn.content.encode())]


def is_within(old: list[str] | bytes, new: list[str] | bytes) -> bool:
    """Whether ``old`` is left when some of ``new`` is taken out."""
    rest = iter(new)
    return all(item in rest for item in old)


class Vault(RuleBasedStateMachine):
    """A vault with a few notes, and what happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="notelog-machine-"))
        self.vault = self.home / "vault"
        (self.vault / ".obsidian").mkdir(parents=True)
        Program(self.home).serve("http://127.0.0.1:9/v1", profile=SETTINGS)
        self.notes: list[Kept] = []
        self.running: Running | None = None
        self.watcher: Running | None = None
        self.withdrawing = False  # something that ran since the notes were looked at may take out
        self.undoing = False  # and bring back what stood there before, whatever is above it now
        self.unheard: list[str] = []  # paths that changed, and the watcher was not told
        self.count = 0
        self.paths: dict[str, Kept] = {}

    def teardown(self) -> None:
        """Everything comes to an end, and each note gets what was paid for it."""
        try:
            for standing in filter(None, (self.running, self.watcher)):
                if standing is self.watcher:
                    standing.tell_to_end()
                self._advance(standing, 0)
            assert self.watcher is None
            for note in self.notes:
                self._settle(note)
        finally:
            for standing in filter(None, (self.running, self.watcher)):
                standing.command.kill()
            shutil.rmtree(self.home)

    def _settle(self, note: Kept) -> None:
        """Two undisturbed runs: the second has nothing to ask, and nothing of ours is left."""
        first = self._start(note, ("complete",), Answer(), 0)
        self._look(first)
        before = len(asked(self.home))
        second = self._start(note, ("complete",), Answer(), 0)
        self._look(second)
        if first.command.code == 0:
            assert second.command.code in {0, 9}
            assert len(asked(self.home)) == before
        assert not list(note.path.parent.glob(".notelog-*"))  # a save of a lost note can be seen

    # what a person does

    def _line(self) -> str:
        self.count += 1
        return f"person-{self.count}- 写"

    @initialize(chat=st.booleans(), mark=st.sampled_from(("", *MARKS)))
    def begin(self, mark: str, *, chat: bool) -> None:
        """There is a note with a question, and perhaps a watcher's business."""
        head = f"{SEPARATOR}\n\nrole::user\n\n" if chat else ""
        self._add(self.vault / "note.md", f"{head}{self._line()}\n\n{mark}\n".encode())

    def _add(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        note = Kept(path=path, data=data, stale=data)
        self.notes.append(note)
        self.paths[str(path)] = note

    def _chosen(self, pick: int) -> Kept:
        return self.notes[pick % len(self.notes)]

    def _free(self) -> bool:
        """Whether a person can open the notes: nobody waits in a lease."""
        return not any(item.command.leased for item in filter(None, (self.running, self.watcher)))

    def _save(self, note: Kept, data: bytes, *, over: bool) -> None:
        """A person's program saves: in place, or as a new file with the old name."""
        if over:
            new = note.path.with_name(".save~")
            new.write_bytes(data)
            new.rename(note.path)
        else:
            note.path.write_bytes(data)
        note.history.append(note.data)
        note.ticks += max(0, ticks_in(data) - ticks_in(note.data))
        note.data = note.stale = data
        note.see_marks()
        self._touched(note)

    def _touched(self, note: Kept) -> None:
        """A person did something to a note."""
        self.unheard.append(str(note.path))
        if self.running is not None and self.running.note is note:
            self.running.alone = False

    @rule(pick=st.integers(0, 9), over=st.booleans())
    def type_on(self, pick: int, *, over: bool) -> None:
        """The person types a line at the end."""
        if not self._free():
            return
        note = self._chosen(pick)
        self._save(note, note.data + f"{self._line()}\n".encode(), over=over)

    @rule(pick=st.integers(0, 9), pasted=st.sampled_from(PASTED), over=st.booleans())
    def paste(self, pick: int, pasted: str, *, over: bool) -> None:
        """The person pastes something odd at the end."""
        if not self._free():
            return
        note = self._chosen(pick)
        text = pasted.format(self._line())
        self._save(note, note.data + f"{text}\n".encode(), over=over)

    @rule(pick=st.integers(0, 9), over=st.booleans())
    def write_above(self, pick: int, *, over: bool) -> None:
        """The person adds a line at the top."""
        if not self._free():
            return
        note = self._chosen(pick)
        self._save(note, f"{self._line()}\n".encode() + note.data, over=over)

    @rule(pick=st.integers(0, 9), line=st.integers(0, 30), over=st.booleans())
    def delete_line(self, pick: int, line: int, *, over: bool) -> None:
        """The person deletes a line, their own or a reply's."""
        if not self._free():
            return
        note = self._chosen(pick)
        lines = note.data.splitlines(keepends=True)
        if lines:
            del lines[line % len(lines)]
        self._save(note, b"".join(lines), over=over)

    @rule(pick=st.integers(0, 9))
    def delete_reply(self, pick: int) -> None:
        """The person takes the last reply out, to ask anew."""
        if not self._free():
            return
        note = self._chosen(pick)
        head, mark, _ = note.data.rpartition(f"\n{SEPARATOR}\n\nrole::assistant".encode())
        if mark:
            self._save(note, head, over=False)

    @rule(pick=st.integers(0, 9))
    def stale_save(self, pick: int) -> None:
        """An editor that has not seen the last change saves its buffer over it."""
        note = self._chosen(pick)
        self._save(note, note.stale + f"{self._line()}\n".encode(), over=True)

    @rule(pick=st.integers(0, 9), back=st.integers(0, 9))
    def sync_brings(self, pick: int, back: int) -> None:
        """A sync puts an older version in the note's place."""
        note = self._chosen(pick)
        if note.history:
            self._save(note, note.history[back % len(note.history)], over=True)

    @rule(pick=st.integers(0, 9), copied=st.sampled_from((CONFLICT, " {0}", " copy {0}")))
    def copy(self, pick: int, copied: str) -> None:
        """A sync keeps the other version beside the note, or the person copies it."""
        if len(self.notes) > 3:
            return
        note = self._chosen(pick)
        name = f"{note.path.stem}{copied.format(len(self.notes))}.md"
        self._add(note.path.with_name(name), note.data)
        self._touched(self.notes[-1])

    @rule(pick=st.integers(0, 9), away=st.booleans())
    def rename(self, pick: int, *, away: bool) -> None:
        """The person renames a note, perhaps while it is being answered."""
        if not self._free():
            return
        note = self._chosen(pick)
        self.count += 1
        folder = self.vault / "新" if away else note.path.parent
        folder.mkdir(exist_ok=True)
        note.path = note.path.rename(folder / f"笔记 {self.count}.md")
        self.paths[str(note.path)] = note
        self._touched(note)

    @rule(pick=st.integers(0, 9), mark=st.sampled_from(MARKS), over=st.booleans())
    def mark(self, pick: int, mark: str, *, over: bool) -> None:
        """The person writes a box, or another mark, at the end."""
        if self._free():
            note = self._chosen(pick)
            self._save(note, note.data + f"\n{mark}\n".encode(), over=over)

    @rule(pick=st.integers(0, 9), box=st.integers(0, 9), over=st.booleans())
    def tick(self, pick: int, box: int, *, over: bool) -> None:
        """The person ticks a box or unticks it: their own, one of a reply, one of a callout."""
        note = self._chosen(pick)
        boxes = [*BOX.finditer(note.data)]
        if boxes and self._free():
            start, end = boxes[-1 - box % len(boxes)].span(1)
            turned = b"x" if note.data[start:end] == b" " else b" "
            self._save(note, note.data[:start] + turned + note.data[end:], over=over)

    # what notelog does

    @rule(
        pick=st.integers(0, 9),
        words=st.sampled_from([*COMMANDS.values()]),
        kind=kinds,
        parts=st.integers(1, 3),
        stop_at=stops,
    )
    def run(self, pick: int, words: tuple[str, ...], kind: Kind, parts: int, stop_at: int) -> None:
        """A command runs, to its end or to some step."""
        if self.running is None:
            self.running = self._start(self._chosen(pick), words, Answer(kind, parts), stop_at)
            self._look(self.running)

    @rule(pick=st.integers(0, 9), words=st.sampled_from([*COMMANDS.values()]), kind=kinds)
    def run_beside(self, pick: int, words: tuple[str, ...], kind: Kind) -> None:
        """A second command runs while the first, or a watcher, stands still."""
        if (self.running or self.watcher) and self._free():
            self._look(self._start(self._chosen(pick), words, Answer(kind), 0))
            if self.running is not None:
                self.running.alone = False

    @rule(kind=kinds, parts=st.integers(1, 3), stop_at=stops)
    def watch(self, kind: Kind, parts: int, stop_at: int) -> None:
        """A watcher is started, and looks through the vault; beside another one it ends."""
        begun = self._start(None, ("watch",), Answer(kind, parts), 0 if self.watcher else stop_at)
        if self.watcher is not None:
            if begun.command.code != 9:
                begun.command.kill()  # the other one had not begun
            return
        self.watcher = begun
        self._look(begun)
        if begun.command.step == "idle":
            self._advance(begun, stop_at, 4.0)

    @precondition(lambda self: self.watcher)
    @rule(
        steps=stops,
        seconds=st.sampled_from((0.3, 1.1, 4.0, 70.0, 400.0)),
        heard=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=4),
        lost=st.booleans(),
    )
    def watcher_goes_on(
        self, steps: int, seconds: float, heard: list[tuple[int, bool]], *, lost: bool
    ) -> None:
        """Time passes for the watcher; of what changed it hears some, twice, in any order."""
        if self.watcher is not None:
            paths = self.unheard
            told = [(paths[pick % len(paths)], by_sync) for pick, by_sync in heard if paths]
            self.unheard = []
            self._advance(self.watcher, steps, seconds, [*told, *([("", False)] if lost else [])])

    @rule(pick=st.integers(0, 9), mark=st.sampled_from(MARKS), kind=kinds, steps=stops)
    def finish(self, pick: int, mark: str, kind: Kind, steps: int) -> None:
        """The person asks something and marks it as finished; a watcher hears of it."""
        if not self._free():
            return
        note = self._chosen(pick)
        asks = f"\n{SEPARATOR}\n\nrole::user\n\n{self._line()}\n\n{mark}\n"
        self._save(note, note.data + asks.encode(), over=False)
        if self.watcher is not None:
            told = [(str(note.path), False)]
            self._advance(self.watcher, steps, 4.0, told, Answer(kind))

    @precondition(lambda self: self.watcher)
    @rule(how=st.sampled_from(("killed", "ended")), steps=stops)
    def watcher_ends(self, how: str, steps: int) -> None:
        """The watcher is killed where it stands, or told to end."""
        if self.watcher is None:
            return
        if how == "killed":
            self.watcher.command.kill()
            self.watcher = None
        else:
            self.watcher.tell_to_end()
            self._advance(self.watcher, steps, 400.0)

    @rule(steps=stops)
    def go_on(self, steps: int) -> None:
        """The command goes on, by some steps or to its end."""
        if self.running is not None:
            self._advance(self.running, steps)

    @rule()
    def crash(self) -> None:
        """The command is killed where it stands."""
        if self.running is not None:
            self.running.command.kill()
            self.running = None

    def _start(
        self, note: Kept | None, words: tuple[str, ...], answer: Answer, stop_at: int
    ) -> Running:
        about = self.vault if note is None or words[0] == "watch" else note.path
        command = Command(
            self.home,
            [*words, str(about)],
            answer,
            stop_at=stop_at,
            word=any(word in " ".join(words) for word in WORDS),
        )
        return Running(command, note, words)

    def _advance(
        self,
        running: Running,
        steps: int,
        seconds: float = 0.0,
        hints: Sequence[Told] = (),
        answer: Answer | None = None,
    ) -> None:
        running.command.go_on(steps, seconds=seconds, hints=hints, answer=answer)
        self._look(running)

    def _look(self, running: Running) -> None:
        """What a command has done since the person last looked; P3, P4 and P5."""
        command = running.command
        ended = command.code is not None
        self.withdrawing |= not WITHDRAWING.isdisjoint(running.words)
        self.undoing |= "undo" in running.words
        if ended:
            self.running = None if self.running is running else self.running
            self.watcher = None if self.watcher is running else self.watcher
            if command.code == -SIGTERM:
                return  # told to end before it had begun: killed
            assert command.code in DOCUMENTED, command.said
            assert "defect" not in command.said
            assert "Traceback" not in command.said
            assert command.code == 0 or command.said.strip()
        if not self._free():
            return  # to look would be to wait
        for note in self.notes:
            self._check_text(note, withdrawing=self.withdrawing or note.ticks > 0)
        self.withdrawing = self.undoing = False
        if ended and command.code == 0 and running.alone and running.words[0] == "complete":
            assert running.note is not None
            now = parsed(running.note.data)
            assert state_of(now) is not State.DUE, command.said
            assert running.note.path.exists()

    def _check_text(self, note: Kept, *, withdrawing: bool) -> None:
        """Every line that a person wrote is there, in order; what came is said by nobody else."""
        before, now = note.data, note.path.read_bytes()
        beside = [path.read_bytes() for path in note.path.parent.glob(BESIDE)]
        if before == now and not beside and not note.strewn:
            return
        lines, held = PERSON.findall(before), PERSON.findall(now)
        if beside or note.strewn:
            everywhere = PERSON.findall(b"\n".join([now, *beside]))
            assert not Counter(lines) - Counter(everywhere), (before, now, beside)
            note.strewn = bool(beside)
        else:
            assert lines == held, (before, now)
            if not withdrawing:
                assert is_within(CALLOUT.sub(b"", before), now), (before, now)
            self._check_messages(note, before, now, withdrawing=withdrawing)
        if now != before:
            self.unheard.append(str(note.path))
        note.data = now
        note.see_marks()

    def _check_messages(self, note: Kept, before: bytes, now: bytes, *, withdrawing: bool) -> None:
        if parsed(before).errors:
            assert before == now
            return
        assert not parsed(now).errors, now
        assert asks(before) == asks(now), (before, now)
        old, new = answers(before), answers(now)
        if not withdrawing:
            assert is_within(old, new)
        conversation = parsed(now).conversation
        for place, message in enumerate(conversation):
            if message.role is Role.ASSISTANT and turn_key((message,)) not in old:
                name = NAME.search(message.content)
                assert name, now
                request = asked(self.home)[int(name[0].split("-")[1])]
                below = turn_key(conversation[:place]) == request.turn
                back = self.undoing and name[0] in note.shown
                assert below or back or not parsed(before).is_chat, (before, now, request)

    # what must hold at any time

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """P2: a turn is billed once, and once more for each time that the person said so."""
        requests = asked(self.home)
        ticked: Counter[int] = Counter()
        for turn in {self._turn(item) for item in requests}:
            of_turn = [item for item in requests if self._turn(item) == turn]
            billed = sum(item.billed for item in of_turn)
            words = sum(item.word for item in of_turn)
            ticked[turn[1]] += max(0, billed - 1 - words)
        for note in self.notes:
            assert ticked[id(note)] <= note.ticks, requests

    @invariant()
    def nothing_unfinished_is_sent(self) -> None:
        """A watcher asks only what the person marked as finished, and no conflict copy."""
        for item in asked(self.home):
            if item.watched:
                assert item.turn in self.paths[item.note].finished, item
                assert CONFLICT.partition("{")[0] not in item.note

    def _turn(self, request: Asked) -> tuple[str, int]:
        return request.key, id(self.paths[request.note])

    @invariant()
    def a_reply_is_kept(self) -> None:
        """P1: whatever was received is in the journal, whatever became of the note."""
        names = kept(self.home)
        if names:
            held = self._journal()
            assert [name for name in names if name.encode() not in held] == []

    def _journal(self) -> bytes:
        import sqlite3

        (database,) = (self.home / "state/journal").glob("*.sqlite3")
        with closing(sqlite3.connect(database, timeout=0)) as connection:
            return b"\n".join(
                bytes(row[0]) for row in connection.execute("SELECT text FROM reply").fetchall()
            )

    @precondition(_free)
    @invariant()
    def no_question_has_two_replies(self) -> None:
        """Each reply is in a note once, and each question has one, unless asked for anew."""
        requests = asked(self.home)
        for note in self.notes:
            names = NAME.findall(note.path.read_bytes().decode())
            there = {name: requests[int(name.split("-")[1])] for name in names}
            by_turn = Counter(item.key for item in there.values())
            for key, replies in by_turn.items():
                words = sum(item.word for item in requests if item.key == key)
                assert replies <= 1 + words + note.ticks, note


RUNS = 120 if FULL else 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(RUNS))
def test_promises_hold_whatever_happens(
    number: int, record_property: Callable[[str, object], None]
) -> None:
    """Each run goes its own way; of many examples in one, some would begin alike and then differ.

    Two processes that race are not the same twice, and hypothesis takes that for a fault.
    """
    examples = 10 if FULL else 15
    run_state_machine_as_test(
        Vault,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40 if FULL else 25,
            deadline=None,
            derandomize=not FULL,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
            report_multiple_bugs=False,
        ),
    )
    record_property("points", examples)
    record_property("lost", 0)
