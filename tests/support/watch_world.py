"""A vault, a server, a journal and a clock in memory, and the watcher over them: no real time."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from asking import StillClock
from memory_journal import MemoryDisk, MemoryJournal
from memory_store import MemoryNoteStore

from notelog.adapters.chat_files import can_ask
from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.app.ask import Asking
from notelog.app.due import Completing
from notelog.app.reading import Reading
from notelog.app.watch import Watcher
from notelog.app.watch_jobs import run_job
from notelog.app.watch_look import Looking
from notelog.app.watch_tools import Watching, WatchOptions
from notelog.core.breaker import Breaker
from notelog.core.chat_sign import may_be_chat
from notelog.core.claim import claim_head
from notelog.core.end_marks import end_marks_of
from notelog.core.learned import Learned
from notelog.core.marked import is_marked
from notelog.core.records import TurnRecord, TurnState
from notelog.core.reply import ReplyDelta, Usage
from notelog.core.request import ChatRequest
from notelog.core.settings import Config, KeySource, Profile
from notelog.core.usage import TurnFigures
from notelog.core.watch_settings import WatchSettings
from notelog.core.watching import Busy, Gone
from notelog.ports.learned import LearnedFigure
from notelog.ports.notes import Snapshot
from notelog.ports.servers import Endpoint, Leaving
from notelog.ports.watch_place import Heartbeat
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import Unlanded
from notelog.ports.watching import FoundNote, Hint, Scan

if TYPE_CHECKING:
    from notelog.errors import NotelogError
    from notelog.ports.watch_work import WatchJob

ROOT = "/vault"
SEPARATOR = '<hr class="__chatgpt_plugin">'


def chat(*messages: str, tail: str = "\n- [x] send\n", head: str = "notelog: mark") -> bytes:
    """A chat note whose messages are the user's and the assistant's in turn."""
    roles = ("user", "assistant")
    parts = [f"---\n{head}\n---\n"]
    for number, text in enumerate(messages):
        parts.append(f"\n{SEPARATOR}\n\nrole::{roles[number % 2]}\n\n{text}\n")
    return ("".join(parts) + tail).encode()


class Server:
    """Answers every request, or fails as it is told; counts what may have been billed.

    Attributes:
        parts: of the next replies; a second passes after each. Empty for short ones at once.
        meanwhile: is called after each part.
        late_faults: what ends a reply after its parts.
    """

    def __init__(self, clock: StillClock) -> None:
        self.asked: list[str] = []
        self.faults: list[NotelogError] = []
        self.late_faults: list[NotelogError] = []
        self.parts: Sequence[str] = ()
        self.meanwhile: Callable[[], None] = lambda: None
        self._clock = clock

    def stream(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        *,
        cancelled: Callable[[], bool],
        leaving: Leaving,
    ) -> Iterator[ReplyDelta]:
        """One reply."""
        leaving(lambda: None)
        self.asked.append(request.messages[-1].content)
        if self.faults:
            raise self.faults.pop(0)
        if not self.parts:
            yield ReplyDelta(text=f"reply {len(self.asked)}")
            self.meanwhile()
        for part in self.parts:
            yield ReplyDelta(text=part)
            self._clock.at += 1
            if cancelled():
                return
            self.meanwhile()
        if self.late_faults:
            raise self.late_faults.pop(0)
        if not cancelled():
            yield ReplyDelta(finish_reason="stop")


class _Files:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._known: dict[str, bytes] = {}

    def scan(self) -> Scan:
        if self._world.absent:
            return Scan(absent="unplugged")
        notes = dict(self._world.store.notes)
        changed = tuple(
            FoundNote(
                path=path,
                relative=self.relative(path),
                modified_s=self._world.modified.get(path, 0.0),
            )
            for path, data in notes.items()
            if self._known.get(path) != data or path in self._world.linked
        )
        self._known = notes
        self._world.linked.clear()
        return Scan(changed=changed, notes=len(notes), seconds=self._world.scan_s)

    def glance(self, path: str) -> Snapshot | Busy | Gone:
        if path in self._world.open:
            return Busy()
        if path not in self._world.store.notes:
            return Gone()
        return self._world.store.read(path)

    def may_matter(self, path: str) -> bool:
        if path in self._world.open or path not in self._world.store.notes:
            return True
        data = self._world.store.notes[path]
        return may_be_chat(data) or is_marked(data, self._world.looking.reading.end_marks)

    def may_ask(self, path: str, *, unmarked: bool = False) -> bool:
        data = self._world.store.notes.get(path)
        end_marks = self._world.looking.reading.end_marks
        return data is None or can_ask(data, end_marks, unmarked=unmarked)

    def remember(self) -> None:
        pass

    def age_s(self, path: str) -> float | None:
        at = self._world.modified.get(path) if path in self._world.store.notes else None
        return None if at is None else self._world.clock.now() - at

    def is_synced(self, path: str) -> bool:
        return path in self._world.synced

    def inside(self, path: str) -> str:
        return path.removeprefix(f"{ROOT}/")

    def relative(self, path: str) -> str:
        return self.inside(path)


@dataclass
class _Hints:
    """Events that a test makes itself."""

    unheard: int = 0
    catches_up: bool = False
    alive: bool = True
    started: int = 0

    def start(self, post: Callable[[Hint], None]) -> str:
        self.started += 1
        self.alive = True
        return ""

    def remedy(self) -> str:
        return "raise the limit"

    def unwatched(self, folders: AbstractSet[int]) -> int:
        return self.unheard

    def catch_up(self) -> bool:
        return self.catches_up

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        pass


@dataclass
class _Place:
    until: float | None = None
    resumed: int = 0
    beats: list[Heartbeat] = field(default_factory=list[Heartbeat])

    def beat(self, heartbeat: Heartbeat) -> None:
        self.beats.append(heartbeat)

    def read_heartbeat(self) -> Heartbeat | None:
        return self.beats[-1] if self.beats else None

    def is_watched(self) -> bool:
        return True

    def paused_until(self) -> float | None:
        return self.until

    def resumes(self) -> int:
        return self.resumed

    def last_pass_at(self) -> float:
        return 0.0

    def keep_pass(self, at: float) -> None:
        pass


class _Nothing:
    """What a test does not need: figures, keys, the reporter."""

    def waiting(self, what: str) -> None: ...

    def progress(self, what: str) -> None: ...

    def delta(self, delta: ReplyDelta) -> None: ...

    def notice(self, sentence: str) -> None: ...

    def read(self, server: str, model: str) -> Learned | None:
        return None

    def keep(self, server: str, model: str, learned: Learned) -> None: ...

    def of_model(self, model: str) -> tuple[LearnedFigure, ...]:
        return ()

    def key(self, source: KeySource, profile: str) -> str:
        return ""


class _Breakers:
    """Breakers in memory."""

    def __init__(self) -> None:
        self._known: dict[str, Breaker] = {}

    def all(self) -> tuple[Breaker, ...]:
        return tuple(self._known.values())

    def read(self, profile: str) -> Breaker | None:
        return self._known.get(profile)

    def salt(self) -> bytes:
        return b"salt"

    def change(self, profile: str, change: Callable[[Breaker | None], Breaker | None]) -> None:
        changed = change(self._known.get(profile))  # a refusal leaves it as it was
        self._known.pop(profile, None)
        if changed is not None:
            self._known[profile] = changed


class World:
    """Everything a watcher needs, and a person and a sync tool who do as the test says.

    Args:
        settings: how the vault is watched.
        billed: whether a request costs money.
        options: what the command line says.
        price: of a million tokens in and out; the model has none otherwise.
    """

    def __init__(
        self,
        settings: WatchSettings | None = None,
        *,
        billed: bool = True,
        options: WatchOptions | None = None,
        price: tuple[float, float] | None = None,
    ) -> None:
        self.clock = StillClock()
        self.store = MemoryNoteStore()
        self.disk = MemoryDisk()
        self.server = Server(self.clock)
        self.breakers = _Breakers()
        self.hints = _Hints()
        self.place = _Place()
        self.told: list[Told] = []
        self.warmed: list[float] = []
        self.modified: dict[str, float] = {}
        self.synced: set[str] = set()
        self.open: set[str] = set()
        self.linked: set[str] = set()
        self.journal_fault: NotelogError | None = None
        self.absent = False
        self.pin = ""
        self.jobs: list[tuple[WatchJob, Callable[[], bool]]] = []
        self.scans = 0
        self.scan_s = 0.0
        profile = Profile(
            name="test",
            base_url="http://127.0.0.1:1/v1",
            key=KeySource(required=False),
            model="m",
            context_window=8192,
            billed=billed,
            price=price,
        )
        self._config = Config(
            profiles={"test": profile},
            default_profile="test",
            watch=replace(settings or WatchSettings(), device="desk"),
        )
        self._options = options or WatchOptions()
        self.completing: Completing
        self.start()

    def choose_end_marks(self, *marks: str) -> None:
        """Changes them in the configuration; the watcher that is started next goes by them."""
        self._config = replace(self._config, watch=replace(self._config.watch, end_marks=marks))

    def configure(self, **values: object) -> None:
        """The profile is another for the next watcher."""
        profile = replace(self._config.profiles["test"], **values)  # type: ignore[arg-type]
        self._config = replace(self._config, profiles={"test": profile})

    def configure_now(self, **values: object) -> None:
        """The same for the watcher that runs, which reads the configuration anew."""
        self.configure(**values)
        self.completing = replace(self.completing, config=self._config)
        self.hint(Hint(configured=True))

    def start(self, options: WatchOptions | None = None) -> None:
        """Starts a watcher, as after a crash: what it knew is gone, the disk is as it was."""
        self._options = options or self._options
        self.files = _Files(self)
        self.jobs.clear()
        self.scans = 0
        self.disk.owners.clear()
        self.tools = self._tools()
        self.watcher = Watcher(self.tools, self._options)
        self.watcher.start()

    def _tools(self) -> Watching:
        nothing = _Nothing()
        reading = Reading(
            store=self.store,
            read_front_matter=read_front_matter,
            end_marks=end_marks_of(self._config.watch.end_marks),
        )
        completing = Completing(
            reading=reading,
            config=self._config,
            count=lambda text, _encoding: len(text),
            asking=Asking(
                completions=self.server, clock=self.clock, reporter=nothing, chance=lambda: 0.0
            ),
            figures=nothing,  # type: ignore[arg-type]  # never asked: nothing is embedded
            loaded=nothing,  # type: ignore[arg-type]  # never asked: no Ollama
            learned=nothing,  # type: ignore[arg-type]
            breakers=self.breakers,
            secrets=nothing,
            local_server=nothing,  # type: ignore[arg-type]
            open_journal=self._journal,
            clock=self.clock,
            reporter=nothing,
            cancelled=lambda: False,
            device="desk",
        )
        self.completing = completing
        self.looking = Looking(
            files=self.files,
            reading=reading,
            open_journal=self._journal,
            settings=self._config.watch,
            now=self.clock.now,
        )
        return Watching(
            root=ROOT,
            device="desk",
            files=self.files,
            hints=self.hints,
            looking=self.looking,
            place=self.place,
            tell=self.told.append,
            clock=self.clock,
            post=self.hint,
            start_scan=self._start_scan,
            start_job=lambda job, cancelled: self.jobs.append((job, cancelled)),
            pinned=lambda: self.pin,
            unlanded=self._unlanded,
            lately=self._lately,
            day_began=lambda: self.clock.now() // 86_400 * 86_400,
            warm_up=lambda: self.warmed.append(self.clock.monotonic()),
            process=1,
        )

    @contextmanager
    def _journal(self, _snapshot: Snapshot) -> Iterator[MemoryJournal]:
        if self.journal_fault is not None:
            raise self.journal_fault
        journal = MemoryJournal(self.disk, vault=ROOT, now=self.clock.now)
        try:
            yield journal
        finally:
            journal.close()

    def _settled_records(self) -> tuple[TurnRecord, ...]:
        notes = {record.intent.note for record in self.disk.records.values()}
        journal = MemoryJournal(self.disk, vault=ROOT, now=self.clock.now)
        return tuple(record for note in sorted(notes) for record in journal.turns(note))

    def _unlanded(self) -> tuple[Unlanded, ...]:
        last = {
            (record.intent.note, record.intent.turn_key): record
            for record in self._settled_records()
        }
        return tuple(
            Unlanded(
                note=record.intent.note,
                key=record.intent.turn_key if is_known else "",
                whole=record.state is TurnState.RECEIVED,
            )
            for record in last.values()
            if record.intent.note in self.store.notes
            and (
                (is_known := self._is_known(record))
                or record.state in {TurnState.RECEIVED, TurnState.IN_DOUBT}
            )
        )

    def _is_known(self, record: TurnRecord) -> bool:
        """Whether a reply is kept, or the note says that it is still asked."""
        if record.state in {TurnState.RECEIVED, TurnState.IN_DOUBT} and record.reply is not None:
            return True
        journal = MemoryJournal(self.disk, vault=ROOT, now=self.clock.now)
        left = journal.callouts(record.intent.turn_key, record.intent.note)
        heads = filter(None, map(claim_head, left))
        return record.state in {TurnState.IN_DOUBT, TurnState.FAILED} and any(
            head in self.store.notes[record.intent.note] for head in heads
        )

    def _lately(self, since: float) -> tuple[TurnFigures, ...]:
        return tuple(
            TurnFigures(
                at=record.started_at,
                note=record.intent.note,
                profile=record.intent.profile,
                model=record.intent.model,
                state=record.state,
                purpose=record.intent.purpose,
                usage=Usage(prompt_tokens=10, completion_tokens=1),
                counted=record.reply is not None,
                cost=None,
            )
            for record in self.disk.records.values()
            if record.started_at >= since and record.state != "failed"
        )

    def _start_scan(self) -> None:
        self.scans += 1

    def hint(self, hint: Hint) -> None:
        """The system tells of a change."""
        self.watcher.hint(hint)

    def path(self, name: str) -> str:
        """The absolute path of a note."""
        return f"{ROOT}/{name}"

    def save(self, name: str, data: bytes, *, event: bool = True, by_sync: bool = False) -> None:
        """Somebody saves a note; the event may be lost."""
        self.store.put(self.path(name), data)
        self.modified[self.path(name)] = self.clock.now()
        if event:
            self.hint(Hint(path=self.path(name), by_sync=by_sync))

    def rename(self, name: str, new: str, *, event: bool = True) -> None:
        """Somebody renames a note; its content and its time stamp stay."""
        self.store.rename(self.path(name), self.path(new))
        self.modified[self.path(new)] = self.modified.pop(self.path(name))
        for path in (self.path(name), self.path(new)) if event else ():
            self.hint(Hint(path=path))

    def link(self, name: str) -> None:
        """A backup makes a hard link, or sets a mode: the system stamps the note, no more."""
        self.linked.add(self.path(name))

    def remove(self, name: str) -> None:
        """Somebody deletes a note."""
        del self.store.notes[self.path(name)]
        self.hint(Hint(path=self.path(name)))

    def text(self, name: str) -> str:
        """A note as it is."""
        return self.store.notes[self.path(name)].decode()

    def run_jobs(self) -> None:
        """Lets all running requests end."""
        while self.jobs:
            job, cancelled = self.jobs.pop(0)
            before = self.store.notes.get(job.path)
            result = run_job(self.completing, job, _Nothing(), cancelled)
            if self.store.notes.get(job.path) != before:
                self.modified[job.path] = self.clock.now()
                self.hint(Hint(path=job.path))
            self.watcher.ended(result)

    def run_scans(self) -> None:
        """Lets a scan that was begun end."""
        while self.scans:
            self.scans -= 1
            self.watcher.scanned(self.files.scan())

    def let_pass(self, seconds: float, *, answering: bool = True) -> None:
        """Lets time pass, with all that is due in it."""
        until = self.clock.monotonic() + seconds
        for _ in range(100_000):
            self.run_scans()
            next_s = self.watcher.advance()
            if answering:
                self.run_jobs()
                next_s = min(next_s, self.watcher.advance())
            if self.scans:
                continue
            if next_s > until:
                break
            self.clock.at = max(next_s, self.clock.at)
        else:
            raise AssertionError("the watcher never rests")
        self.clock.at = max(until, self.clock.at)

    def sentences(self, kind: Kind | None = None) -> Sequence[str]:
        """What a person was told."""
        return [item.sentence for item in self.told if kind is None or item.kind is kind]


def with_settings(**values: object) -> WatchSettings:
    """Settings that differ from the default in these values."""
    return replace(WatchSettings(), **values)  # type: ignore[arg-type]
