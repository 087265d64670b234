"""The callout that tells a question is being asked, and that holds the reply while it arrives.

It stands below the question as one of notelog's callouts does: never content, never sent. So half
a reply is never taken for a turn, by no watcher and on no machine, and what is due stays due. When
the reply lands, it takes the callout's place in one step.
"""

import re
from calendar import timegm
from dataclasses import dataclass
from typing import Final

from notelog.core.callout import growing_lines
from notelog.core.note import Note
from notelog.core.records import LeftCallout

CLAIM_FOR_S: Final = 960.0
"""How long a machine that asks is waited for: the deadline of a request, and a minute."""

CLAIM_START: Final = b"> [!notelog] Asking "
"""How every claim begins."""

_CLAIM: Final = re.compile(
    re.escape(CLAIM_START) + rb"[^\r\n]+ on (?P<device>[^\r\n]+), since "
    rb"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) UTC\.(?=[\r\n]|\Z)"
)
_NOT_IN_NAME: Final = re.compile(r"[^\w.@+:/ -]+")
_STOPS: Final = re.compile(r"\n|[.!?:;…][\"'”’)\]*_]*(?=\s)|[。！？；：，、…][”’」』）]*")
_MOST_WAITING_CHARS: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A machine says in a note that it asks its last question.

    Attributes:
        device: the machine's name, as it can stand there.
        since: seconds since the epoch.
    """

    device: str
    since: float


def claim_text(model: str, device: str, since: str) -> str:
    """What the callout says.

    Args:
        model: the one that is asked.
        device: this machine's name.
        since: when it was asked, in UTC: ``2026-11-28 18:40:05``.
    """
    return f"Asking {_named(model)} on {_named(device)}, since {since} UTC."


def foreign_claim(note: Note, turn_index: int, device: str, now: float) -> Claim | None:
    """The claim of another machine that stands below a question and has not expired.

    Args:
        note: the note.
        turn_index: the question in ``note.turns``.
        device: this machine's name: what it left there itself binds nobody.
        now: seconds since the epoch; a claim from the far future is none.
    """
    for turn in note.turns[turn_index:]:
        for span in turn.callouts:
            claim = _claim_in(note.source.data[span.start : span.end])
            if (
                claim is not None
                and claim.device != _named(device)
                and abs(now - claim.since) < CLAIM_FOR_S
            ):
                return claim
    return None


def is_claim(left: LeftCallout) -> bool:
    """Whether a callout that was left in a note is a claim."""
    return _CLAIM.match(left.inserted.lstrip(b"\r\n")) is not None


def claim_head(left: LeftCallout) -> bytes:
    """The first line of a claim, which no other one has."""
    found = _CLAIM.search(left.inserted)
    return found[0] if found else b""


def next_part(text: str, shown: int) -> int:
    """How much of a reply may be shown now, in characters: up to a line's or a sentence's end.

    Args:
        text: the reply so far.
        shown: how much of it is shown already.
    """
    stops = [found.end() for found in _STOPS.finditer(text, shown)]
    end = stops[-1] if stops else shown
    if not stops and len(text) - shown > _MOST_WAITING_CHARS:
        end = text.rfind(" ", shown) + 1 or len(text)
    return end if text[shown:end].strip() else shown


def render_part(text: str, shown: int, end: int, newline: bytes) -> bytes:
    """The lines by which the callout grows."""
    part = text[shown:end]
    if shown and text[shown - 1] != "\n":
        part = part.lstrip(" \t")
    lines = growing_lines(part if shown else f"\n{part.lstrip()}")
    return b"".join(line.encode("utf-8", "replace") + newline for line in lines)


def _claim_in(callout: bytes) -> Claim | None:
    found = _CLAIM.match(callout.lstrip(b" "))
    if found is None:
        return None
    device, *numbers = found.groups()
    try:
        since = timegm(tuple(map(int, numbers)))
    except ValueError:
        return None
    return Claim(device=device.decode("utf-8", "replace"), since=since)


def _named(name: str) -> str:
    """A name as it can stand in a callout's line and be read from it again."""
    return _NOT_IN_NAME.sub("-", name).strip() or "-"
