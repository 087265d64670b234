"""A person, a sync, servers and crashes at one vault, in any order; P1 to P5 after every step.

The journal, the files, the locks and the kills are real; see ``stepped``. A bounded part runs with
the suite, the same on every run; NOTELOG_PROOF=full looks further, elsewhere each time.
"""

import re
import shutil
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ordeal import DOCUMENTED, FULL
from program import Program
from stepped import Answer, Asked, Command, Kind, asked, kept

import notelog
from notelog.core.messages import Message, Role
from notelog.core.note import Note
from notelog.core.records import turn_key
from notelog.core.turn import State, state_of

SEPARATOR = '<hr class="__chatgpt_plugin">'
PERSON = re.compile(rb"person-\d+-[^\r\n]*")
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
}
"""What is run at any time; those with ``again`` are the person's word to pay anew."""
WORDS = ("again", "retry")
WITHDRAWING = ("undo", "again")

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
    """

    path: Path
    data: bytes
    stale: bytes
    history: list[bytes] = field(default_factory=list[bytes])
    strewn: bool = False


@dataclass
class Running:
    """A command in work.

    Attributes:
        command: its process.
        note: the note that it is about.
        words: its arguments.
        alone: nobody touched the note since it began.
    """

    command: Command
    note: Kept
    words: tuple[str, ...]
    alone: bool = True


def parsed(data: bytes) -> Note:
    """The note, parsed."""
    return notelog.parse(data.decode())


def said(data: bytes, role: Role) -> list[str]:
    """What one side says in a note, each message by its key.

    A note without separators is read as its reply will make it: a role marker may begin it.
    """
    if not parsed(data).is_chat:
        data += f"\n\n{SEPARATOR}\n\nrole::user\n\n".encode()
    turns = [turn for turn in parsed(data).turns if turn.content and turn.role is role]
    return [turn_key((Message(role=role, content=turn.content),)) for turn in turns]


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
        Program(self.home).serve("http://127.0.0.1:9/v1")
        self.notes: list[Kept] = []
        self.running: Running | None = None
        self.count = 0
        self.paths: dict[str, Kept] = {}

    def teardown(self) -> None:
        """Everything comes to an end, and each note gets what was paid for it."""
        try:
            if self.running is not None:
                self._advance(0)
            for note in self.notes:
                self._settle(note)
        finally:
            if self.running is not None:
                self.running.command.kill()
            shutil.rmtree(self.home)

    def _settle(self, note: Kept) -> None:
        """Two undisturbed runs: the second has nothing to ask, and nothing of ours is left."""
        first = self._start(note, ("complete",), Answer(), 0)
        before = len(asked(self.home))
        second = self._start(note, ("complete",), Answer(), 0)
        if first == 0:
            assert second in {0, 9}
            assert len(asked(self.home)) == before
        assert not list(note.path.parent.glob(".notelog-*"))

    # what a person does

    def _line(self) -> str:
        self.count += 1
        return f"person-{self.count}- 写"

    @initialize()
    def begin(self) -> None:
        """There is a note with a question."""
        self._add(self.vault / "note.md", f"{self._line()}\n".encode())

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
        return self.running is None or not self.running.command.leased

    def _save(self, note: Kept, data: bytes, *, over: bool) -> None:
        """A person's program saves: in place, or as a new file with the old name."""
        if over:
            new = note.path.with_name(".save~")
            new.write_bytes(data)
            new.rename(note.path)
        else:
            note.path.write_bytes(data)
        note.history.append(note.data)
        note.data = note.stale = data
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

    @rule(pick=st.integers(0, 9))
    def conflict_copy(self, pick: int) -> None:
        """A sync keeps the other version beside the note."""
        if len(self.notes) > 3:
            return
        note = self._chosen(pick)
        name = f"{note.path.stem}.sync-conflict-{len(self.notes)}.md"
        self._add(note.path.with_name(name), note.data)

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
        if self.running is not None and self.running.note is note:
            self.running.alone = False

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
            self._start(self._chosen(pick), words, Answer(kind, parts), stop_at)

    @rule(pick=st.integers(0, 9), words=st.sampled_from([*COMMANDS.values()]), kind=kinds)
    def run_beside(self, pick: int, words: tuple[str, ...], kind: Kind) -> None:
        """A second command runs while the first stands still."""
        if self.running is not None and self._free():
            held, self.running = self.running, None
            self._start(self._chosen(pick), words, Answer(kind), 0)
            self.running = held
            if held is not None:
                held.alone = False

    @rule(steps=stops)
    def go_on(self, steps: int) -> None:
        """The command goes on, by some steps or to its end."""
        if self.running is not None:
            self._advance(steps)

    @rule()
    def crash(self) -> None:
        """The command is killed where it stands."""
        if self.running is not None:
            self.running.command.kill()
            self.running = None

    def _start(self, note: Kept, words: tuple[str, ...], answer: Answer, stop_at: int) -> int:
        command = Command(
            self.home,
            [*words, str(note.path)],
            answer,
            stop_at=stop_at,
            word=any(word in " ".join(words) for word in WORDS),
            note=str(note.path),
        )
        self.running = Running(command, note, words)
        self._look()
        return 0 if command.code is None else command.code

    def _advance(self, steps: int) -> None:
        assert self.running is not None
        self.running.command.go_on(steps)
        self._look()

    def _look(self) -> None:
        """What the command has done since the person last looked; P3, P4 and P5."""
        running = self.running
        assert running is not None
        command = running.command
        ended = command.code is not None
        if ended:
            self.running = None
            assert command.code in DOCUMENTED, command.said
            assert "defect" not in command.said
            assert "Traceback" not in command.said
            assert command.code == 0 or command.said.strip()
        if command.leased:
            return  # to look would be to wait
        for note in self.notes:
            self._check_text(note, withdrawing=running.words[0] in WITHDRAWING)
        if ended and command.code == 0 and running.alone and running.words[0] == "complete":
            now = parsed(running.note.data)
            assert state_of(now) is not State.DUE, command.said
            assert running.note.path.exists()

    def _check_text(self, note: Kept, *, withdrawing: bool) -> None:
        """Every line that a person wrote is there, in order; what came is said by nobody else."""
        before, now = note.data, note.path.read_bytes()
        beside = [path.read_bytes() for path in note.path.parent.glob(".notelog-*")]
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
                assert is_within(before, now), (before, now)
            self._check_messages(note, before, now, withdrawing=withdrawing)
        note.data = now

    def _check_messages(self, note: Kept, before: bytes, now: bytes, *, withdrawing: bool) -> None:
        if parsed(before).errors:
            assert before == now
            return
        assert not parsed(now).errors, now
        assert said(before, Role.USER) == said(now, Role.USER), (before, now)
        old, new = said(before, Role.ASSISTANT), said(now, Role.ASSISTANT)
        if not withdrawing:
            assert is_within(old, new)
            extra = [turn for turn in parsed(now).turns if turn.role is Role.ASSISTANT]
            texts = [turn.content for turn in extra if turn.content]
            fresh = [text for text, key in zip(texts, new, strict=True) if key not in old]
            assert all(NAME.search(text) for text in fresh), now

    # what must hold at any time

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """P2: a turn is billed once, and once more for each time that the person said so."""
        requests = asked(self.home)
        for turn in {self._turn(item) for item in requests}:
            of_turn = [item for item in requests if self._turn(item) == turn]
            billed = sum(item.billed for item in of_turn)
            words = sum(item.word for item in of_turn)
            assert billed <= 1 + words, of_turn

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
                assert replies <= 1 + words, note


VaultTest = Vault.TestCase
VaultTest.settings = settings(
    max_examples=600 if FULL else 25,
    stateful_step_count=40 if FULL else 25,
    deadline=None,
    derandomize=not FULL,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
)
VaultTest.pytestmark = [  # type: ignore[attr-defined]
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
    pytest.mark.timeout(7200 if FULL else 300),
]
