"""The journal in memory: a Journal without a disk, shared by "processes" in one test."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from notelog.core.cap import LOOK_BACK_S
from notelog.core.caps import Charge, Spent
from notelog.core.derived import Purpose
from notelog.core.edit import Landed
from notelog.core.end_marks import DEFAULT_END_MARKS
from notelog.core.models import cost_of_usage
from notelog.core.records import Intent, LeftCallout, TurnRecord, TurnState
from notelog.core.reply import Reply, ReplyBuilder, ReplyDelta, Usage
from notelog.errors import ConflictError


@dataclass(slots=True)
class MemoryDisk:
    """What outlives a process: the records, the parts and who is working on what."""

    records: dict[int, TurnRecord] = field(default_factory=dict[int, TurnRecord])
    parts: dict[int, list[ReplyDelta]] = field(default_factory=dict[int, list[ReplyDelta]])
    owners: dict[str, object] = field(default_factory=dict[str, object])
    stops: set[str] = field(default_factory=set[str])
    end_marks: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    callouts: list[tuple[tuple[str, str], LeftCallout]] = field(
        default_factory=list[tuple[tuple[str, str], LeftCallout]]
    )


class MemoryJournal:
    """Implements ``ports.Journal``; make several over one disk to play several processes."""

    def __init__(
        self,
        disk: MemoryDisk | None = None,
        *,
        vault: str = "/vault",
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.disk = disk or MemoryDisk()
        self._now = now
        self._vault = vault
        self._own: set[int] = set()
        self.calls: list[str] = []

    def close(self) -> None:
        """The process ends, well or not."""
        self.disk.owners = {n: who for n, who in self.disk.owners.items() if who is not self}

    @contextmanager
    def working_on(self, note: str) -> Generator[None]:
        """Keeps a note to this process."""
        held = self.disk.owners.get(note) is self
        self._take(note)
        if not held:
            self.disk.stops.discard(note)
        try:
            yield
        finally:
            if not held:
                self.disk.owners.pop(note, None)

    def latest(self, turn_key: str, note: str) -> TurnRecord | None:
        """The last attempt at a turn in this note."""
        found = [
            item
            for item in self.disk.records.values()
            if (item.intent.turn_key, item.intent.note) == (turn_key, note)
        ]
        return self._settled(found[-1]) if found else None

    def recognise(self, note: str, keys: Sequence[str]) -> None:
        """No note is ever renamed here."""

    def named_under(self, end_marks: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Every set of end marks but this one."""
        now = tuple(sorted(end_marks))
        usual = tuple(sorted(DEFAULT_END_MARKS.marks))
        self.disk.end_marks |= {now, usual}
        return tuple(sorted(self.disk.end_marks - {now}))

    def rename_turns(self, note: str, keys: Mapping[str, str]) -> None:
        """Gives turns of a note new keys."""
        for number, item in self.disk.records.items():
            if item.intent.note == note:
                key = keys.get(item.intent.turn_key, item.intent.turn_key)
                renamed = replace(item, intent=replace(item.intent, turn_key=key))
                self.disk.records[number] = renamed
        self.disk.callouts = [
            ((keys.get(key, key) if where == note else key, where), left)
            for (key, where), left in self.disk.callouts
        ]

    def turns(self, note: str) -> tuple[TurnRecord, ...]:
        """Every turn of a note."""
        found = [item for item in self.disk.records.values() if item.intent.note == note]
        return tuple(self._settled(item) for item in found)

    def undelivered(self, note: str) -> tuple[TurnRecord, ...]:
        """Received, or about to be written, and not delivered."""
        return tuple(
            self._settled(item)
            for item in self.disk.records.values()
            if item.intent.note == note
            and item.intent.purpose is Purpose.REPLY
            and (
                item.state is TurnState.RECEIVED
                or (item.state is TurnState.IN_DOUBT and item.insertion is not None)
            )
        )

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        """A turn is about to be asked, if it is allowed."""
        self._take(intent.note)
        if allowed is not None:
            allowed(self.spent(intent.profile, intent.note))
        before = self.latest(intent.turn_key, intent.note)
        record = TurnRecord(
            record_id=len(self.disk.records) + 1,
            attempt=before.attempt + 1 if before else 1,
            intent=replace(intent, vault=self._vault),
            state=TurnState.INTENT,
            started_at=self._now(),
        )
        self.disk.records[record.record_id] = record
        self._own.add(record.record_id)
        self.calls.append("begin")
        return record

    def spent(self, profile: str, note: str) -> Spent:
        """What may have been billed in the last 30 days."""
        since = self._now() - LOOK_BACK_S
        return Spent(
            charges=tuple(
                _charge(item, note)
                for item in self.disk.records.values()
                if item.intent.profile == profile
                and item.started_at > since
                and (item.state is not TurnState.FAILED or item.reply is not None)
            )
        )

    def sent(self, record_id: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """The request is about to leave."""
        meanwhile()
        if self.disk.records[record_id].state is not TurnState.INTENT:
            raise ValueError("only an intent can be sent")
        self._move(record_id, TurnState.SENT)

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        """A part of the reply."""
        self.disk.parts.setdefault(record_id, []).append(delta)
        self.calls.append("part")

    def received(self, record_id: int, reply: Reply) -> None:
        """The end of the reply."""
        if self.disk.records[record_id].state is TurnState.DELIVERED:
            raise ValueError("it is delivered already")
        self._move(record_id, TurnState.RECEIVED, reply.fault)
        self.disk.records[record_id] = replace(self.disk.records[record_id], reply=reply)

    def landing(self, record_id: int, landed: Landed) -> None:
        """What is about to be written."""
        record = self.disk.records[record_id]
        self.disk.records[record_id] = replace(record, landings=(*record.landings, landed))
        self.calls.append("landing")

    def delivered(self, record_id: int) -> None:
        """The note holds the reply."""
        if self.disk.records[record_id].state in {TurnState.INTENT, TurnState.SENT}:
            raise ValueError("nothing was received")
        self._move(record_id, TurnState.DELIVERED)

    def failed(self, record_id: int, reason: str, *, refused: str = "") -> None:
        """It ended with nothing to write."""
        self._move(record_id, TurnState.FAILED, reason)
        self.disk.records[record_id] = replace(self.disk.records[record_id], refused=refused)

    def in_doubt(self, record_id: int, reason: str) -> None:
        """No answer was seen."""
        self._move(record_id, TurnState.IN_DOUBT, reason)

    def abandoned(self, record_id: int, reason: str) -> None:
        """The person took it back."""
        self._move(record_id, TurnState.ABANDONED, reason)

    def in_work(self, note: str) -> bool:
        """Whether another process works on a note."""
        return self.disk.owners.get(note) not in {None, self}

    def name_in_work(self, note: str, keys: Callable[[], Iterable[str]]) -> str:
        """No note is ever renamed here."""
        return note if self.in_work(note) else ""

    def wish_stop(self, note: str) -> bool:
        """Wishes that a turn stops."""
        if self.in_work(note):
            self.disk.stops.add(note)
        return self.in_work(note)

    def stop_wished(self, note: str) -> bool:
        """Whether that was wished."""
        return note in self.disk.stops

    def new_ticks(self, note: str, ticked: int) -> bool:
        """Whether more boxes are ticked than the last request answered to."""
        answered = [
            item
            for item in self.disk.records.values()
            if item.intent.note == note
            and item.intent.purpose is Purpose.REPLY
            and item.state is not TurnState.INTENT
            and (item.state is not TurnState.FAILED or item.reply is not None)
        ]
        last = answered[-1] if answered else None
        for record in tuple(self.disk.records.values()):
            counts = record is last or (record.refused and record.intent.note == note)
            if counts and ticked < record.intent.ticks:
                self.disk.records[record.record_id] = replace(
                    record, intent=replace(record.intent, ticks=ticked)
                )
        return ticked > (0 if last is None else last.intent.ticks)

    def forget_refusals(self, note: str) -> None:
        """Nothing is asked for in a note any more."""
        for record_id, record in self.disk.records.items():
            if record.intent.note == note:
                self.disk.records[record_id] = replace(record, refused="")

    def record(self, record_id: int) -> TurnRecord | None:
        """A turn by its number."""
        return self.disk.records.get(record_id)

    def attempts(self, turn_key: str, note: str) -> tuple[TurnRecord, ...]:
        """All attempts at a turn in this note."""
        return tuple(
            item
            for item in self.disk.records.values()
            if (item.intent.turn_key, item.intent.note) == (turn_key, note)
        )

    def was_asked(self, turn_key: str) -> bool:
        """Whether a turn was ever asked, in whatever note."""
        return any(item.intent.turn_key == turn_key for item in self.disk.records.values())

    def leave_callout(self, turn_key: str, note: str, inserted: bytes, *, offset: int = -1) -> int:
        """A callout is about to be put below a question."""
        number = len(self.disk.callouts) + 1
        left = LeftCallout(callout_id=number, inserted=inserted, offset=offset)
        self.disk.callouts.append(((turn_key, note), left))
        self.calls.append("callout")
        return number

    def grow_callout(self, callout_id: int, inserted: bytes) -> None:
        """A callout is about to grow."""
        where, left = self.disk.callouts[callout_id - 1]
        self.disk.callouts[callout_id - 1] = (where, replace(left, inserted=inserted))
        self.calls.append("callout")

    def callouts(self, turn_key: str, note: str) -> tuple[LeftCallout, ...]:
        """The callouts that were put below a question or into a note."""
        return tuple(
            left for where, left in self.disk.callouts if where[0] == turn_key or where[1] == note
        )

    def _take(self, note: str) -> None:
        if self.disk.owners.setdefault(note, self) is not self:
            raise ConflictError("another process is working on this note", path=note)

    def _move(self, record_id: int, state: TurnState, reason: str = "") -> None:
        record = self.disk.records[record_id]
        self.disk.records[record_id] = replace(record, state=state, reason=reason)
        self.calls.append(str(state))

    def _settled(self, record: TurnRecord) -> TurnRecord:
        owner = self.disk.owners.get(record.intent.note)
        dead = record.record_id not in self._own and owner in {None, self}
        if dead and record.state is TurnState.SENT:
            self.in_doubt(record.record_id, "the program ended while it waited for the reply")
        elif dead and record.state is TurnState.INTENT:
            self.failed(record.record_id, "the program ended before anything was sent")
        record = self.disk.records[record.record_id]
        if record.reply is None and record.record_id in self.disk.parts:
            builder = ReplyBuilder()
            for delta in self.disk.parts[record.record_id]:
                builder.add(delta)
            return replace(record, reply=builder.finish())
        return record


def _charge(record: TurnRecord, note: str) -> Charge:
    said = record.reply.usage if record.reply is not None else None
    usage = said or Usage(
        prompt_tokens=record.intent.prompt_tokens, completion_tokens=record.intent.reply_tokens
    )
    return Charge(
        at=record.started_at,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        cost=cost_of_usage(record.intent.price, usage),
        of_note=record.intent.note == note,
        in_doubt=record.state is TurnState.IN_DOUBT,
    )
