"""The start of watching: what is watched, how to send, which notes wait, which are answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TypeAlias

from notelog.app.watch_look import look_at
from notelog.app.watch_tools import Watching, WatchOptions
from notelog.core.numbers import counted
from notelog.core.triggers import NO_CHATS, Answer, Mode, Pass, Passed
from notelog.core.watch_names import matches_any
from notelog.core.watching import NEVER_S, Kept, Seen
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import Unlanded
from notelog.ports.watching import FoundNote, Scan

START_AGE_S = 24 * 3600.0
"""A marked note is answered at the start if it changed that lately."""

START_NOTES = 5
"""At most so many are; the others are listed."""

LEFT = "it was marked before the watcher started: left alone"
LEFT_HINT = "save it again to send it, or start with --backlog"
_NEXT_PASS = f"this pass answers {START_NOTES} marked notes: it is left to the next one"

_LEFT_ALONE = Pass(because=Passed.HISTORY, sentence=LEFT, hint=LEFT_HINT)
_SHOWN = 10
_LONG_S = 2.0
_NEWEST = 200
"""So many chats in which nothing can ask are looked at: in a large vault they are its history."""

_WAITING = frozenset(
    {
        Passed.UNMARKED,
        Passed.UNTICKED,
        Passed.HISTORY,
        Passed.UNFINISHED,
        Passed.TYPED_ON,
    }
)


Content: TypeAlias = tuple[str, int]
"""What a note holds and since when: its fingerprint, and its time stamp in nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the first scan comes to.

    Attributes:
        taken: notes to be answered now.
        due: by their paths, the keys of the turns that wait in them.
        left: notes that are marked and left alone; not those whose reply is kept.
        next_pass: whether the next pass answers some of these.
        changed: notes that are marked for a text that they do not hold any more.
        busy: notes that could not be read at rest, that another machine asks, or that are newly in
            error: they are looked at again.
        unlanded: see ``ports.watch_work``.
        history: why notes are left alone until they are edited, by their content and its time
            stamp: to rename one, to change its mode or to link it is no edit.
    """

    taken: tuple[FoundNote, ...]
    due: Mapping[str, str]
    left: tuple[FoundNote, ...]
    next_pass: bool
    changed: tuple[FoundNote, ...]
    busy: tuple[FoundNote, ...]
    unlanded: tuple[Unlanded, ...]
    history: Mapping[Content, Pass]


def begin_watching(tools: Watching, options: WatchOptions, scan: Scan) -> Beginning:
    """Judges what the first scan found, and tells of it."""
    chats = 0
    marked: list[FoundNote] = []
    unmarked: list[tuple[FoundNote, Pass]] = []
    changed: list[FoundNote] = []
    busy: list[FoundNote] = []
    history: dict[Content, Pass] = {}
    looks: dict[str, Seen] = {}
    keys: dict[str, str] = {}
    worth, beyond = _worth_a_look(tools, scan)
    tools.files.remember()
    for found in worth:
        edited = options.once and found.modified_s > options.since_s > 0
        seen = look_at(tools.looking, found.path, edited=edited, with_journal=False)
        if not isinstance(seen, Seen) or not seen.fingerprint:
            busy.append(found)
        elif isinstance(seen.verdict, Answer):
            chats += 1
            is_changed = seen.kept is Kept.CHANGED and found.path not in (options.backlog or ())
            (changed if is_changed else marked).append(found)
            looks[found.path] = seen
            keys[found.path] = seen.verdict.key.partition("+")[0]
        elif seen.verdict.because is Passed.CLAIMED or _is_new_error(tools, found, seen):
            chats += 1
            busy.append(found)
        elif seen.verdict.because is not Passed.NOT_A_CHAT:
            chats += 1
            if seen.verdict.because in _WAITING:
                unmarked.append((found, seen.verdict))
            if seen.verdict.because is Passed.HISTORY:
                history[content_of(seen)] = seen.verdict
    unlanded = tools.unlanded()
    to_send = _without_kept(marked, unlanded)
    unmarked.sort(key=lambda item: -item[0].modified_s)
    _tell_start(tools, scan, (chats + beyond, len(to_send), len(unmarked)), of_newest=beyond > 0)
    for found, verdict in unmarked[:_SHOWN]:
        tools.say(Kind.WAITING, verdict.sentence, found.path, hint=verdict.hint)
    _tell_more(tools, len(unmarked) - _SHOWN)
    marked.sort(key=lambda found: (looks[found.path].kept is not Kept.NOTHING, -found.modified_s))
    taken, left = _taken(tools, options, marked)
    history |= {content_of(looks[found.path]): _LEFT_ALONE for found in left}
    left = _without_kept(left, unlanded)
    since_s = tools.clock.now() - START_AGE_S if options.once else NEVER_S
    _tell_left(tools, left, since_s)
    for found in taken:
        history.pop(content_of(looks[found.path]), None)
    due = {found.path: keys[found.path] for found in taken}
    return Beginning(
        taken=taken,
        due=due,
        left=left,
        next_pass=any(found.modified_s >= since_s for found in left),
        changed=tuple(changed),
        busy=tuple(busy),
        unlanded=unlanded,
        history=history,
    )


def _worth_a_look(tools: Watching, scan: Scan) -> tuple[Sequence[FoundNote], int]:
    """The chats that are looked at, and how many are not: older ones in which nothing can ask."""
    if len(scan.changed) <= _NEWEST:
        return scan.changed, 0
    asking: list[FoundNote] = []
    idle: list[FoundNote] = []
    long_s = tools.clock.monotonic() + _LONG_S
    for found in scan.changed:
        if tools.clock.monotonic() > long_s:
            long_s = NEVER_S
            chats = counted(len(scan.changed), "chat")
            tools.say(Kind.NOTICE, f"looking at {chats}: the first start in a vault takes longest")
        (asking if may_be_sent(tools, found) else idle).append(found)
    newest = nlargest(_NEWEST, idle, key=lambda found: found.modified_s)
    return [*asking, *newest], len(idle) - len(newest)


def may_be_sent(tools: Watching, found: FoundNote) -> bool:
    """Whether a chat may be sent as it stands, as far as is plain without a look at it."""
    settings = tools.looking.settings
    auto = settings.mode == Mode.AUTO or matches_any(settings.auto, found.relative)
    return tools.files.may_ask(found.path, unmarked=auto or settings.marker)


def content_of(seen: Seen) -> Content:
    """What a note held when it was seen, and since when."""
    return seen.fingerprint, seen.modified_ns


def _is_new_error(tools: Watching, found: FoundNote, seen: Seen) -> bool:
    """Whether a chat is in error and changed lately: it is looked at again, and then told of."""
    in_error = isinstance(seen.verdict, Pass) and seen.verdict.because is Passed.IN_ERROR
    return in_error and tools.clock.now() - found.modified_s <= START_AGE_S


def _without_kept(
    marked: Iterable[FoundNote], unlanded: tuple[Unlanded, ...]
) -> tuple[FoundNote, ...]:
    """Marked notes but those whose reply is kept: to save one again sends nothing."""
    kept = {item.note for item in unlanded if item.key}
    return tuple(found for found in marked if found.path not in kept)


def _taken(
    tools: Watching, options: WatchOptions, marked: list[FoundNote]
) -> tuple[tuple[FoundNote, ...], tuple[FoundNote, ...]]:
    """The first few that were marked lately, or all of them; and the rest.

    The newest come first, and after them what was asked before, such as what was refused: nothing
    may come of it, however many passes there are.
    """
    now = tools.clock.now()
    agreed = options.backlog or frozenset()
    if options.backlog is not None:
        sentence = f"--backlog: {counted(len(agreed), 'marked note')} to be answered"
        tools.say(Kind.NOTICE, sentence)
    fresh = [found for found in marked if now - found.modified_s <= START_AGE_S][:START_NOTES]
    taken = [found for found in marked if found in fresh or found.path in agreed]
    return tuple(taken), tuple(found for found in marked if found not in taken)


def _tell_start(
    tools: Watching, scan: Scan, counts: tuple[int, int, int], *, of_newest: bool
) -> None:
    chats, marked, unmarked = counts
    which = f" of the newest {_NEWEST:,}" if of_newest else ""
    tools.tell(
        Told(
            kind=Kind.START,
            sentence=f"watching {tools.root}: {counted(scan.notes, 'note')}, "
            f"{counted(chats, 'chat')}, {marked:,} marked to be sent, "
            f"{unmarked:,}{which} unanswered and not marked",
            figures={
                "notes": scan.notes, "chats": chats, "marked": marked, "unmarked": unmarked,
            },
        )
    )  # fmt: skip
    how = tools.looking.reading.end_marks.how_to_send
    tools.say(Kind.NOTICE, f"to send a message: {how}")
    settings = tools.looking.settings
    if not chats:
        hint = "notelog why NOTE tells whether watch.include or watch.exclude leaves it out"
        tools.say(Kind.NOTICE, NO_CHATS, hint=hint if settings.include or settings.exclude else "")
    if settings.auto:
        wait = f"{settings.auto_settle_s:g} s after their last change"
        tools.say(Kind.NOTICE, f"answered without a mark, {wait}: {', '.join(settings.auto)}")
    for folder in scan.unreadable[:_SHOWN]:
        tools.say(Kind.WARNING, f"this folder cannot be read: {folder}")


def _tell_left(tools: Watching, left: tuple[FoundNote, ...], since_s: float) -> None:
    """Names notes that are left alone: what changed since then is left to the next pass."""
    for found in left[:_SHOWN]:
        if found.modified_s >= since_s:
            tools.say(Kind.WAITING, _NEXT_PASS, found.path)
        else:
            tools.say(Kind.WAITING, LEFT, found.path, hint=LEFT_HINT)
    _tell_more(tools, len(left) - _SHOWN)


def _tell_more(tools: Watching, count: int) -> None:
    if count > 0:
        tools.say(Kind.WAITING, f"and {count:,} more")
