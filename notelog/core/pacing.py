"""How fast a watcher may ask: an hourly cap, notes that answer themselves, bursts of changes.

Times are seconds of a clock that never goes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

HOUR_S = 3600.0
"""The time that an hourly cap looks back on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a watcher may do.

    Attributes:
        asks_per_hour: requests in any 60 minutes.
        runaway_asks: so many for one note ...
        runaway_s: ... within so many seconds pause that note.
        burst_notes: more than so many notes ...
        burst_s: ... that want an answer within so many seconds are held.
        quiet_s: without further ones for that long, what is left of a burst is looked at again.
    """

    asks_per_hour: int = 30
    runaway_asks: int = 5
    runaway_s: float = 120.0
    burst_notes: int = 20
    burst_s: float = 10.0
    quiet_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What was asked lately.

    Attributes:
        asked: when, and for which note, oldest first; of the last hour.
        paused: notes that answer themselves.
        wanted: when which note came to want an answer, of the last seconds.
        held: a burst is held.
    """

    asked: tuple[tuple[float, str], ...] = ()
    paused: frozenset[str] = frozenset()
    wanted: Mapping[str, float] = field(default_factory=dict[str, float])
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The note is not asked now.

    Attributes:
        what: in one word; it is told once, whatever figures the sentence holds by then.
        until_s: when to try again; None: not without the person's word.
        sentence: why.
        hint: what to do.
    """

    what: str
    until_s: float | None
    sentence: str
    hint: str = ""


def may_ask(pace: Pace, note: str, now_s: float, limits: Limits) -> Hold | None:
    """What stands against asking for a note now; None where nothing does."""
    if pace.held:
        return Hold(
            what="burst",
            until_s=None,
            sentence=f"{len(pace.wanted)} notes want an answer at once: held",
            hint="notelog resume answers them",
        )
    if note in pace.paused:
        return Hold(
            what="note",
            until_s=None,
            sentence=f"answered {limits.runaway_asks} times in {limits.runaway_s / 60:g} minutes: "
            "this note is paused",
            hint="notelog resume goes on",
        )
    lately = [at for at, _ in pace.asked if at + HOUR_S > now_s]  # as ``until_s`` is rounded
    if len(lately) >= limits.asks_per_hour:
        return Hold(
            what="hour",
            until_s=lately[-limits.asks_per_hour] + HOUR_S,
            sentence=f"{limits.asks_per_hour} requests in an hour are the most "
            "(watch.asks_per_hour): waiting",
            hint="raise it in the configuration and start the watcher anew, or wait",
        )
    return None


def asked(pace: Pace, note: str, now_s: float, limits: Limits) -> Pace:
    """The pace after a request for a note; a note that answers itself is paused by it."""
    lately = (*(item for item in pace.asked if item[0] > now_s - HOUR_S), (now_s, note))
    same = sum(1 for at, who in lately if who == note and at > now_s - limits.runaway_s)
    paused = pace.paused | {note} if same >= limits.runaway_asks else pace.paused
    wanted = {who: at for who, at in pace.wanted.items() if who != note}
    return replace(pace, asked=lately, paused=paused, wanted=wanted)


def not_asked(pace: Pace, note: str) -> Pace:
    """The pace where the last request for a note did not reach a server after all."""
    last = max((number for number, (_, who) in enumerate(pace.asked) if who == note), default=None)
    if last is None:
        return pace
    asked = (*pace.asked[:last], *pace.asked[last + 1 :])
    return replace(pace, asked=asked, paused=pace.paused - {note})


def wants(pace: Pace, note: str, now_s: float, limits: Limits) -> Pace:
    """The pace when a note comes to want an answer; too many at once are a burst."""
    kept = pace.wanted if pace.held else _recent(pace.wanted, now_s - limits.burst_s)
    wanted = {**kept, note: now_s}
    return replace(pace, wanted=wanted, held=pace.held or len(wanted) > limits.burst_notes)


def wants_no_more(pace: Pace, note: str) -> Pace:
    """The pace when a note that waited is answered otherwise, changed or gone."""
    if note not in pace.wanted:
        return pace
    return replace(pace, wanted={who: at for who, at in pace.wanted.items() if who != note})


def calmed(pace: Pace, now_s: float, limits: Limits) -> Pace:
    """Lets a burst go of which few notes are left (it was undone), once it is quiet."""
    if not pace.held or any(at > now_s - limits.quiet_s for at in pace.wanted.values()):
        return pace
    return replace(pace, held=len(pace.wanted) > limits.burst_notes)


def resumed(pace: Pace) -> Pace:
    """The person's word: what is held or paused goes on, under the hourly cap."""
    return replace(pace, wanted={}, held=False, paused=frozenset())


def _recent(wanted: Mapping[str, float], since_s: float) -> dict[str, float]:
    return {who: at for who, at in wanted.items() if at > since_s}
