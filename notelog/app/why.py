"""Why a note is answered by the watcher, or is not: one sentence for a person who wonders."""

from dataclasses import dataclass, replace

from notelog.app.watch_look import Looking, beside_journal, judge_note
from notelog.app.watch_start import LEFT, LEFT_HINT, START_AGE_S
from notelog.app.watch_words import ANEW, SAID
from notelog.core.conflict_copies import is_conflict_copy
from notelog.core.triggers import Answer, Trigger
from notelog.core.watch_names import Scope, is_ignored
from notelog.core.watching import Action, Busy, Gone, Kept
from notelog.errors import NoteError
from notelog.ports.watch_place import MOST_TOLD, MOST_WAITING, Heartbeat, WatchPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """Why a note is answered, or not.

    Attributes:
        answered: whether a running watcher answers it.
        because: in one word, stable.
        sentence: the same for a person.
        hint: what to do to change it; may be empty.
        watched: whether a watcher runs for its vault on this machine.
    """

    answered: bool
    because: str
    sentence: str
    hint: str
    watched: bool


def why_not(looking: Looking, path: str, *, scope: Scope, place: WatchPlace, now: float) -> WhyNot:
    """Looks at a note as the watcher would; nothing is sent or written.

    Raises:
        NoteError: there is no such note, or it cannot be read.
    """
    watched = place.is_watched()
    if reason := _left_out(looking, path, scope):
        return _no("left-out", f"it is not watched: {reason}", "", watched=watched)
    snapshot = looking.files.glance(path)
    if isinstance(snapshot, Gone):
        raise _missing(looking, path)
    if isinstance(snapshot, Busy):
        return _no("busy", *SAID[Action.SAY_BUSY], watched=watched)
    beat = place.read_heartbeat() if watched else None
    age_s = looking.files.age_s(path)
    edited = beat is None or age_s is None or now - age_s > beat.started_at
    if beat is not None:  # the watcher may have been told more on its command line
        auto = (*looking.settings.auto, *beat.auto)
        looking = replace(looking, settings=replace(looking.settings, auto=auto))
    verdict = judge_note(looking, snapshot, edited=edited)
    verdict, kept = beside_journal(looking, snapshot, verdict, edited=edited)
    if not isinstance(verdict, Answer):
        return _no(verdict.because, verdict.sentence, verdict.hint, watched=watched)
    known = None
    if beat is not None:
        known = _said_by_watcher(beat, looking.files.relative(path), edited=edited)
    return known or _of_journal(verdict, kept, age_s, watched=watched)


def _of_journal(verdict: Answer, kept: Kept, age_s: float | None, *, watched: bool) -> WhyNot:
    """What the journal has against a note that is to be answered."""
    if kept in _KEPT:
        return _no(kept, *_KEPT[kept], watched=watched)
    if not watched and kept is Kept.CHANGED:
        return _no(kept, *SAID[Action.SAY_CHANGED], watched=False)
    if not watched:
        hint = "start it: notelog watch VAULT"
        if verdict.trigger is Trigger.AUTO:  # what nothing marks is history at a start
            hint += ", and edit the note then"
        elif age_s is not None and age_s > START_AGE_S:
            hint += " --backlog"
        sentence = f"{verdict.sentence}, and no watcher runs for its vault on this machine"
        return _no("not-watched", sentence, hint, watched=False)
    return _yes(verdict.trigger, f"it will be answered: {verdict.sentence}")


def _said_by_watcher(beat: Heartbeat, note: str, *, edited: bool) -> WhyNot | None:
    """What the running watcher itself knows of a note that is to be answered.

    It names some only, where thousands of notes wait, or were left alone at the start.
    """
    if note in beat.asking:
        return _yes("asking", "its request is running")
    waits = note in beat.waiting or len(beat.waiting) == MOST_WAITING
    if waits and beat.held:
        return _no("held", f"it waits: {beat.held.removeprefix(f'{note}: ')}", "", watched=True)
    if note in beat.waiting:
        return _yes("waiting", "it waits for others that are being answered, and comes next")
    left = not edited and len(beat.told) == MOST_TOLD
    told = beat.told.get(note, f"{LEFT}; {LEFT_HINT}" if left else "")
    return _no("told", told, "", watched=True) if told else None


_KEPT = {
    Kept.DELIVERED: (
        "this question was asked before, and its reply is not in the note any more",
        ANEW,
    ),
    Kept.TAKEN_OUT: (
        "its reply was taken out by you",
        "notelog again NOTE asks anew",
    ),
    Kept.REFUSED: (
        "the server refused this question before",
        "a watcher asks it again when the note or its profile is another, notelog retry NOTE now",
    ),
    Kept.IN_DOUBT: (
        "this question was sent before and no whole answer was seen: it may have been billed",
        "notelog again NOTE asks anew",
    ),
}


def _left_out(looking: Looking, path: str, scope: Scope) -> str:
    """Why a note is none of those that are watched; empty where it is one."""
    if looking.files.relative(path):
        return ""
    name = path.replace("\\", "/").rpartition("/")[2]
    if is_conflict_copy(name):
        return "it is a conflict copy of a sync tool"
    if any(is_ignored(part) for part in looking.files.inside(path).split("/")):
        return "hidden files and folders and the files of editors and sync tools are passed over"
    if reason := scope.reason_against(looking.files.inside(path)):
        return reason
    if isinstance(looking.files.glance(path), Gone):
        raise _missing(looking, path)
    return "its name does not end in .md or .markdown"


def _missing(looking: Looking, path: str) -> NoteError:
    there = not isinstance(looking.files.glance(f"{path}.md"), Gone)
    hint = f"did you mean {path}.md?" if there else "look at its spelling"
    return NoteError("there is no such note", hint=hint, path=path)


def _yes(because: str, sentence: str) -> WhyNot:
    return WhyNot(answered=True, because=str(because), sentence=sentence, hint="", watched=True)


def _no(because: str, sentence: str, hint: str, *, watched: bool) -> WhyNot:
    return WhyNot(
        answered=False, because=str(because), sentence=sentence, hint=hint, watched=watched
    )
