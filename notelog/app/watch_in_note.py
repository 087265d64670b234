"""What a watcher says in a note itself, for whoever looks at nothing else; nothing is asked."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from notelog.app.attempts import overwritten_by_earlier
from notelog.app.due import Completing
from notelog.app.journaling import Journaling, OpenNote, open_note
from notelog.app.reading import Reading
from notelog.app.tell_in_note import take_back, tell_in_note
from notelog.core.callouts import (
    NEWEST_IS_OVERWRITTEN,
    REPLY_IS_KEPT,
    REPLY_IS_OVERWRITTEN,
    TICK_IN_VAIN,
    Callout,
)
from notelog.core.records import TurnState
from notelog.core.watching import Ending
from notelog.errors import NotelogError
from notelog.ports.journal import Journal
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import JobResult, WatchJob

_LOG = logging.getLogger("notelog")


def told_in_note(tools: Completing, job: WatchJob) -> JobResult:
    """Says in the note what whoever does not look at the watcher has to know.

    Or takes out what was said there of a box that is not ticked any more.
    """
    if job.tells == "left-beside":
        return _cleared_away(tools, job)
    if job.tells == "unticked":
        gone = take_back_callouts(tools, job.path, claims=False)
        done = "what was said of it in the note is taken out" if gone else "nothing is asked"
        sentence = f"the box is not ticked any more: {done}"
        told = Told(kind=Kind.NOTICE, note=job.relative, sentence=sentence)
        return JobResult(job=job, ending=Ending.STALE, told=told, fingerprint=gone)
    if job.tells == "kept" and _is_delivered(tools, job):
        sentence = "its reply is in the note: it was saved again as it came"
        told = Told(kind=Kind.ANSWERED, note=job.relative, sentence=sentence)
        return JobResult(job=job, ending=Ending.LANDED, told=told)
    anew = job.tells == "vanished" and "+" in job.key
    if anew and not _is_overwritten(tools, job):
        told = Told(kind=Kind.NOTICE, note=job.relative, sentence="the note was changed since")
        return JobResult(job=job, ending=Ending.STALE, told=told)
    if job.tells == "held":
        callout, what, hint = Callout(text=job.why), "it waits", ""
    elif job.tells == "in-vain":
        callout, what, hint = TICK_IN_VAIN, "a ticked box cannot be answered", ""
    elif job.tells == "vanished":
        callout = NEWEST_IS_OVERWRITTEN if anew else REPLY_IS_OVERWRITTEN
        what = "its reply is not in it any more"
        hint = "notelog deliver NOTE puts it back"
    else:
        callout, what = REPLY_IS_KEPT, "its reply is kept"
        hint = "notelog deliver --at-end NOTE puts it below the end of the note"
    # what stands there already says enough, and may hold the very tick that waits
    keeping = job.tells == "held"
    fingerprint = leave_callout(tools, job.path, callout, keeping=keeping, anew=anew)
    sentence = f"{what}, and a callout in the note says so" if fingerprint else what
    told = Told(kind=Kind.NOTICE, note=job.relative, sentence=sentence, hint=hint)
    return JobResult(job=job, ending=Ending.STALE, told=told, fingerprint=fingerprint)


def _is_delivered(tools: Completing, job: WatchJob) -> bool:
    """Whether a reply is in its note that was believed to have found no place there.

    It was written, and read back while another program saved it along with something else.
    """
    try:
        with _finished(tools, job) as work:
            last = work.journal.latest(job.key.partition("+")[0], work.snapshot.real_path)
    except NotelogError:
        return False
    return last is not None and last.state is TurnState.DELIVERED


def _is_overwritten(tools: Completing, job: WatchJob) -> bool:
    """Whether an earlier answer still stands in the place of the newest one."""
    try:
        with _finished(tools, job) as work:
            return overwritten_by_earlier(work.note, work.turns) is not None
    except NotelogError:
        return False


def _finished(tools: Completing, job: WatchJob) -> AbstractContextManager[OpenNote]:
    """The note, kept to this process, with all done that was left half done in it."""
    journaling = Journaling(
        reading=tools.reading, config=tools.config, open_journal=tools.open_journal
    )
    return open_note(journaling, job.path)


def _cleared_away(tools: Completing, job: WatchJob) -> JobResult:
    """Finishes what a crash left half done in a note, with the file that it left beside it."""
    kind, sentence, hint = Kind.NOTICE, "what a crash left beside it is cleared away", ""
    try:
        with _finished(tools, job):
            pass
    except NotelogError as error:
        kind, sentence, hint = Kind.FAILED, error.message, error.hint
    told = Told(kind=kind, note=job.relative, sentence=sentence, hint=hint)
    return JobResult(job=job, ending=Ending.STALE, told=told)


def leave_callout(
    tools: Completing, path: str, callout: Callout, *, keeping: bool = False, anew: bool = False
) -> str:
    """Says it in the note, below its question; the reply takes it out again.

    Args:
        tools: the ports.
        path: the note.
        callout: what is said.
        keeping: where a callout stands there already, it says enough.
        anew: see ``tell_in_note``.

    Returns:
        The fingerprint of the note with it; empty where it does not stand there.
    """
    return _in_note(
        tools,
        path,
        lambda journal: tell_in_note(
            tools.reading, journal, path, callout, keeping=keeping, anew=anew
        ),
    )


def take_back_callouts(tools: Completing, path: str, *, claims: bool) -> str:
    """Takes out what was said in the note, see ``take_back``; the fingerprint of the note then."""
    return _in_note(
        tools, path, lambda journal: take_back(tools.reading, journal, path, claims=claims)
    )


def _in_note(tools: Completing, path: str, change: Callable[[Journal], bool]) -> str:
    """Changes a note; its fingerprint then, empty where it did not change."""
    try:
        snapshot = tools.reading.store.read(path)
        with tools.open_journal(snapshot) as journal, journal.working_on(snapshot.real_path):
            changed = change(journal)
    except NotelogError as error:
        _LOG.info("note=%s callout=%s", path, error.code)
        return ""
    return fingerprint_now(tools.reading, path) if changed else ""


def fingerprint_now(reading: Reading, path: str) -> str:
    """The fingerprint of a note as it is now; empty where it cannot be read."""
    try:
        return reading.store.read(path).fingerprint
    except NotelogError:
        return ""
