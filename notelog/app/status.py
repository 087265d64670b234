"""How things stand: what needs the person, and what was spent. Nothing is sent or written."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from notelog.app.reading import Reading, read_note
from notelog.app.renaming import renamed_keys
from notelog.app.watchers import WatcherStatus, watcher_status
from notelog.core.asked import questions
from notelog.core.breaker import Breaker
from notelog.core.cap import LOOK_BACK_S
from notelog.core.caps import CapUse, Charge, Spent, cap_use
from notelog.core.derived import Purpose
from notelog.core.landed import landed_bytes
from notelog.core.note import Note
from notelog.core.records import TurnRecord, TurnState
from notelog.core.settings import Config, Profile
from notelog.core.turn import ReplyDue, next_turn
from notelog.core.usage import Sum, TurnFigures, UsageRow
from notelog.errors import ConfigurationError, NoteError
from notelog.ports.breakers import Breakers
from notelog.ports.shelf import Shelf, ShelvedVault, VaultJournal
from notelog.ports.watch_place import WatchedVault

DAY_S = 24 * 3_600.0


class Kind(StrEnum):
    """What is to be said of a turn that did not come to its end."""

    RUNNING = "running"
    IN_DOUBT = "in-doubt"  # it may have been billed, and its question still waits
    KEPT = "kept"  # its reply is here, and not in the note
    HALF_LANDED = "half-landed"  # its reply is in the note in part
    FAILED = "failed"  # unbilled, or a reply without text came, and its question still waits
    OVER = "over"  # in doubt, and its question waits no more: only its figures matter


class Place(StrEnum):
    """Where the question of a turn stands now."""

    LAST = "last"  # it is the one that waits for a reply
    ABOVE = "above"  # newer text stands below it
    GONE = "gone"  # it, or something above it, is gone or was changed
    NO_NOTE = "no-note"  # the note is not there, or cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A turn that did not come to its end.

    Attributes:
        record: what the journal knows.
        kind: what is to be said of it.
        place: where its question stands.
    """

    record: TurnRecord
    kind: Kind
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStatus:
    """One vault.

    Attributes:
        root: its path.
        is_there: whether it is there now.
        turns: those that did not come to their end, oldest first.
    """

    root: str
    is_there: bool
    turns: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileStatus:
    """One profile.

    Attributes:
        name: of it.
        day: what it took in the last 24 hours, in all vaults.
        month: the same for 30 days.
        caps: how far its caps are used; of those for one note, where a note is asked about.
        breaker: its failures; None where its last request went well.
    """

    name: str
    day: UsageRow
    month: UsageRow
    caps: tuple[CapUse, ...] = ()
    breaker: Breaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand.

    Attributes:
        scope: whose turns are told: a note, a folder; empty for all vaults of this user.
        vaults: those with a journal.
        profiles: those that were asked in the last 30 days, or failed, by name.
        watchers: those of these vaults that run or died.
        unread: what could not be looked at, in sentences.
    """

    scope: str
    vaults: tuple[VaultStatus, ...]
    profiles: tuple[ProfileStatus, ...]
    watchers: tuple[WatcherStatus, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def kinds(self) -> frozenset[Kind]:
        """What kinds of turns there are."""
        return frozenset(turn.kind for vault in self.vaults for turn in vault.turns)

    @property
    def exit_code(self) -> int:
        """The most urgent of what needs the person; 0 where nothing does."""
        kinds = self.kinds
        if Kind.IN_DOUBT in kinds:
            return 10
        if not kinds.isdisjoint({Kind.KEPT, Kind.HALF_LANDED}):
            return 9
        if any(watcher.needs_you for watcher in self.watchers):
            return 3
        if any(item.breaker is not None and item.breaker.is_open for item in self.profiles):
            return 11
        return 5 if Kind.FAILED in kinds else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What looking at how things stand needs of the world.

    Attributes:
        reading: where notes are.
        shelf: all journals.
        breakers: which profiles are stopped.
        watched: what is known of the vaults that were ever watched on this machine.
        load_config: the configuration; an error in it hides no turn.
        now: seconds since the epoch.
        vault_above: the vault that holds a folder.
    """

    reading: Reading
    shelf: Shelf
    breakers: Breakers
    watched: Callable[[], tuple[WatchedVault, ...]]
    load_config: Callable[[], Config]
    now: Callable[[], float]
    vault_above: Callable[[str], str]


def status(tools: Looking, named: str | None, here: str) -> Status:
    """How things stand.

    Args:
        tools: the ports.
        named: a note or a folder; None for the vault of the current folder, or where that has no
            journal for all vaults of this user.
        here: the current folder.

    Raises:
        NoteError: there is nothing of that name.
    """
    scope = _scope(tools, here if named is None else named)
    tools.shelf.knows(scope.vault)
    found = _looked(tools, scope)
    if named is None and not found.vaults and not found.watchers:
        found = _looked(tools, None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Whose turns are told: of a note, or of the vaults in and around a folder."""

    path: str
    vault: str
    is_note: bool
    asked: frozenset[str] = frozenset()

    def name_of(self, record: TurnRecord) -> str:
        """The name that the note of a turn has now, where that is meant; empty for another note."""
        name = record.intent.note
        if not self.is_note or name == self.path:
            return name
        renamed = record.intent.turn_key in self.asked and _is_same(name, self.path)
        return self.path if renamed else ""

    def has(self, root: str) -> bool:
        return root == self.vault or (not self.is_note and Path(self.path) in Path(root).parents)

    def is_watched_with(self, root: str) -> bool:
        """Whether a watcher of a folder, which may be a part of a vault, is meant."""
        around = Path(self.path).is_relative_to(root)
        return around or (not self.is_note and Path(root).is_relative_to(self.vault))


def _scope(tools: Looking, named: str) -> _Scope:
    path = os.path.realpath(named)
    if not os.path.lexists(path):
        raise NoteError(
            "there is no such note or folder", hint="look at the spelling of its path", path=named
        )
    is_note = not Path(path).is_dir()
    folder = str(Path(path).parent) if is_note else path
    note = _read(tools, path) if is_note else None
    asked = frozenset(() if note is None else questions(note))
    return _Scope(path=path, vault=tools.vault_above(folder), is_note=is_note, asked=asked)


def _is_same(other: str, path: str) -> bool:
    """Whether another name of a note is gone, or means the very same file."""
    try:
        return Path(other).samefile(path)
    except OSError:
        return not os.path.lexists(other)


@dataclass(slots=True)
class _Seen:
    """What is collected while the journals are open."""

    vaults: list[VaultStatus] = field(default_factory=list[VaultStatus])
    figures: list[TurnFigures] = field(default_factory=list[TurnFigures])
    unread: list[str] = field(default_factory=list[str])


def _looked(tools: Looking, scope: _Scope | None) -> Status:
    seen = _Seen()
    for vault in tools.shelf.vaults():
        if isinstance(vault, str):
            seen.unread.append(vault)
            continue
        seen.figures += vault.journal.figures(tools.now() - LOOK_BACK_S)
        found = scope is None or scope.has(vault.root)
        if found or (scope is not None and scope.is_note):  # it may have come from any of them
            status = _vault_status(tools, vault, scope)
            seen.vaults += [status] if found or status.turns else []
    profiles = tuple(_profiles(tools, seen, scope))
    return Status(
        scope="" if scope is None else scope.path if scope.is_note else scope.vault,
        vaults=tuple(seen.vaults),
        profiles=profiles,
        watchers=tuple(_watchers(tools, scope)),
        unread=tuple(seen.unread),
    )


def _watchers(tools: Looking, scope: _Scope | None) -> Iterator[WatcherStatus]:
    for vault in tools.watched():
        if scope is None or scope.is_watched_with(vault.root):
            watcher = watcher_status(vault, tools.now())
            if watcher is not None:
                yield watcher


def _vault_status(tools: Looking, vault: ShelvedVault, scope: _Scope | None) -> VaultStatus:
    notes: dict[str, tuple[Note | None, Mapping[str, str]]] = {}
    turns: list[Standing] = []
    for record in vault.journal.standing():
        path = record.intent.note if scope is None else scope.name_of(record)
        if not path:
            continue
        if path not in notes:
            notes[path] = _read_for(tools, vault.journal, path)
        note, renamed = notes[path]
        key = renamed.get(record.intent.turn_key, record.intent.turn_key)
        named = replace(record, intent=replace(record.intent, note=path, turn_key=key))
        turn = _standing(named, note)
        if turn is not None:
            turns.append(turn)
    return VaultStatus(root=vault.root, is_there=vault.is_there, turns=tuple(turns))


def _read(tools: Looking, path: str) -> Note | None:
    try:
        return read_note(tools.reading, path)[1]
    except NoteError:
        return None


def _read_for(
    tools: Looking, journal: VaultJournal, path: str
) -> tuple[Note | None, Mapping[str, str]]:
    """A note, and the keys that its questions have by now."""
    try:
        snapshot, note = read_note(tools.reading, path)
    except NoteError:
        return None, {}
    return note, renamed_keys(tools.reading, journal, snapshot)


def _standing(record: TurnRecord, note: Note | None) -> Standing | None:
    place = _place(record, note)
    kind = _kind(record, note, place)
    return None if kind is None else Standing(record=record, kind=kind, place=place)


def _place(record: TurnRecord, note: Note | None) -> Place:
    if note is None:
        return Place.NO_NOTE
    due = next_turn(note, named=True)
    last = due.turn_index if isinstance(due, ReplyDue) else None
    if record.intent.purpose is not Purpose.REPLY:
        return Place.GONE if last is None else Place.LAST
    index = questions(note).get(record.intent.turn_key)
    if index is None:
        return Place.GONE
    return Place.LAST if index == last else Place.ABOVE


def _kind(record: TurnRecord, note: Note | None, place: Place) -> Kind | None:
    """What is to be said of a turn; None where nothing is."""
    waits = place is Place.LAST
    landed = _landed(record, note, waits=waits)
    match record.state:
        case TurnState.INTENT | TurnState.SENT:
            return Kind.RUNNING
        case TurnState.RECEIVED | TurnState.IN_DOUBT if landed is Kind.HALF_LANDED:
            return landed
        case TurnState.RECEIVED:
            return None if landed else Kind.KEPT
        case TurnState.IN_DOUBT:
            over = Kind.KEPT if record.is_kept else Kind.OVER
            return landed or (Kind.IN_DOUBT if waits or place is Place.NO_NOTE else over)
        case TurnState.FAILED | TurnState.DELIVERED if waits:  # an older text was saved over it
            return Kind.FAILED if record.state is TurnState.FAILED else Kind.KEPT
        case _:
            return None


def _landed(record: TurnRecord, note: Note | None, *, waits: bool) -> Kind | None:
    """Whether a reply stands in its note, all of it or in part; None where nothing of it does."""
    insertion = record.insertion
    if insertion is None or note is None:
        return None
    data = note.source.data
    landed = landed_bytes(data, insertion)
    if landed == len(insertion.data):
        elsewhere = waits and not data.startswith(insertion.data, insertion.offset)
        return None if elsewhere else Kind.OVER
    return Kind.HALF_LANDED if landed else None


def _profiles(tools: Looking, seen: _Seen, scope: _Scope | None) -> Iterator[ProfileStatus]:
    known: Mapping[str, Profile]
    try:
        known = tools.load_config().profiles
    except ConfigurationError as error:
        seen.unread.append(f"{error.located()}: caps are not shown")
        known = dict[str, Profile]()
    breakers = {item.profile: item for item in tools.breakers.all()}
    names = {item.profile for item in seen.figures} | set(breakers)
    for name in sorted(names):
        own = [item for item in seen.figures if item.profile == name]
        yield ProfileStatus(
            name=name,
            day=_sum(own, tools.now() - DAY_S),
            month=_sum(own, tools.now() - LOOK_BACK_S),
            caps=tuple(_caps(known[name], own, scope, tools.now())) if name in known else (),
            breaker=breakers.get(name),
        )


def _sum(figures: list[TurnFigures], since: float) -> UsageRow:
    row = UsageRow("", Sum(), Sum())
    for item in figures:
        if item.at >= since:
            row.add(item)
    return row


def _caps(
    profile: Profile, figures: list[TurnFigures], scope: _Scope | None, now: float
) -> Iterator[CapUse]:
    note = scope.path if scope is not None and scope.is_note else None
    spent = Spent(
        charges=tuple(
            Charge(
                at=item.at,
                tokens=item.usage.prompt_tokens + item.usage.completion_tokens,
                cost=item.cost,
                of_note=item.note == note,
                in_doubt=item.state is TurnState.IN_DOUBT,
            )
            for item in figures
        )
    )
    for cap in profile.caps:
        if cap.span.seconds and (note is not None or not cap.span.of_note):
            yield cap_use(cap, spent, currency=profile.currency, now=now)
