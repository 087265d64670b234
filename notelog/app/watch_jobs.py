"""One note is answered for the watcher: in a thread of its own, and no failure leaves it."""

import logging
from collections.abc import Callable
from dataclasses import replace

from notelog.app.complete import complete
from notelog.app.due import Completing
from notelog.app.outcome import Completed, Outcome
from notelog.app.watch_in_note import (
    fingerprint_now,
    leave_callout,
    take_back_callouts,
    told_in_note,
)
from notelog.core.breaker import Asker
from notelog.core.callouts import Callout, callout_for
from notelog.core.derived import Purpose
from notelog.core.json_value import JsonValue
from notelog.core.memory import MORE_MEMORY, NO_MEMORY, lacks_memory
from notelog.core.reply import ReplyDelta
from notelog.core.settings import Options
from notelog.core.watching import Ending
from notelog.errors import (
    BudgetError,
    ConflictError,
    InterruptedByUserError,
    JournalError,
    NoteError,
    NotelogError,
    NoteWriteError,
    ProfileStoppedError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.people import Reporter
from notelog.ports.watch_view import Kind, Told
from notelog.ports.watch_work import JobResult, WatchJob

_LOG = logging.getLogger("notelog")
_BY_ITSELF = "it is tried again by itself"
_BY_THE_NEXT = "the next `notelog watch` tries it again"


def run_job(
    tools: Completing, job: WatchJob, reporter: Reporter, cancelled: Callable[[], bool]
) -> JobResult:
    """Answers a note; gives what came of it, whatever that is."""
    heard = _Heard(reporter)
    tools = replace(
        tools,
        reporter=heard,
        cancelled=cancelled,
        asking=replace(tools.asking, reporter=heard),
    )
    try:
        result = told_in_note(tools, job) if job.tells else _run(tools, job, heard)
        if _may_claim(tools, job) and _may_be_left(result):
            gone = take_back_callouts(tools, job.path, claims=True)
            result = replace(result, fingerprint=gone or result.fingerprint)
        return result  # noqa: TRY300  # the boundary has all of it
    except Exception as error:  # noqa: BLE001  # the boundary: one note does not end the watch
        _LOG.debug("note=%s", job.path, exc_info=True)
        sentence = f"a defect of notelog: {type(error).__name__}: {error}"
        hint = "please report it"
        if lacks_memory(error):
            sentence, hint = NO_MEMORY, MORE_MEMORY
        told = Told(
            kind=Kind.FAILED,
            note=job.relative,
            sentence=sentence,
            hint=f"{hint}; this note is left alone until it changes",
        )
        return JobResult(job=job, ending=Ending.FINAL, told=told, exit_code=NotelogError.exit_code)


class _Heard:
    """Passes on what a job reports, and knows whether it has asked.

    Args:
        reporter: whom to pass it on to.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.asked = False

    def waiting(self, what: str) -> None:
        """A request is about to leave."""
        self.asked = True
        self._reporter.waiting(what)

    def progress(self, what: str) -> None:
        """Passes it on."""
        self._reporter.progress(what)

    def delta(self, delta: ReplyDelta) -> None:
        """Passes it on."""
        self._reporter.delta(delta)

    def notice(self, sentence: str) -> None:
        """Passes it on."""
        self._reporter.notice(sentence)


def _may_claim(tools: Completing, job: WatchJob) -> bool:
    """Whether the note may say that it is asked; also from before a crash."""
    return tools.config.watch.claim or tools.config.watch.live or job.kept


def _may_be_left(result: JobResult) -> bool:
    """Whether the note may still say so: a callout, or mostly the reply, took the claim's place."""
    return result.ending is not Ending.CHANGED and (
        result.ending is Ending.LANDED or not result.fingerprint
    )


def _run(tools: Completing, job: WatchJob, heard: _Heard) -> JobResult:
    key, again, _ = job.key.partition("+")
    try:
        done = complete(
            tools,
            job.path,
            Options(),
            asker=Asker.WORD if again else Asker.WATCHER,
            only=key,
            reland=job.reland,
            kept=job.kept,
        )
    except NotelogError as error:
        return _failed(tools, job, error, asked=heard.asked)
    ending = _ENDINGS[done.outcome] if done.line is not None else _unwritten(done)
    if ending is Ending.STALE and job.kept and _known_here(tools, job)[1]:
        ending = Ending.CHANGED
    fingerprint = fingerprint_now(tools.reading, job.path) if done.line is not None else ""
    if ending is Ending.FINAL:
        callout = Callout(text=f"{done.sentence}. {done.hint}".strip(), box="retry")
        fingerprint = leave_callout(tools, job.path, callout)
    return JobResult(
        job=job,
        ending=ending,
        told=_told(job, done),
        fingerprint=fingerprint,
        exit_code=done.exit_code,
    )


_ENDINGS = {
    Outcome.ANSWERED: Ending.LANDED,
    Outcome.INCOMPLETE: Ending.LANDED,
    Outcome.INTERRUPTED: Ending.LANDED,
    Outcome.REFUSED: Ending.LANDED,
    Outcome.IN_DOUBT: Ending.FINAL,
    Outcome.NOTHING_DUE: Ending.STALE,
    Outcome.DRY_RUN: Ending.STALE,
}


def _unwritten(done: Completed) -> Ending:
    return Ending.STALE if done.outcome is Outcome.NOTHING_DUE else Ending.FINAL


def _told(job: WatchJob, done: Completed) -> Told:
    if done.outcome is Outcome.NOTHING_DUE:
        return Told(kind=Kind.PASSED, note=job.relative, sentence=done.sentence)
    whole = done.outcome is Outcome.ANSWERED
    again = "its reply was overwritten and is put back, without a request"
    sentence = again if job.reland else done.sentence
    return Told(
        kind=Kind.ANSWERED if whole else Kind.FAILED,
        note=job.relative,
        sentence=sentence,
        hint=done.hint,
        figures=_figures(done),
    )


def _figures(done: Completed) -> dict[str, JsonValue]:
    figures: dict[str, JsonValue] = {"line": done.line, "seconds": round(done.seconds, 1)}
    if done.prepared is not None:
        figures["model"] = done.prepared.request.model
        figures["profile"] = done.prepared.settings.profile.name
    usage = done.reply.usage if done.reply is not None else None
    if usage is not None:
        figures["tokens_in"] = usage.prompt_tokens
        figures["tokens_out"] = usage.completion_tokens
    if done.cost is not None:
        figures["cost"] = done.cost.amount
        figures["currency"] = done.cost.currency
    return figures


def _failed(tools: Completing, job: WatchJob, error: NotelogError, *, asked: bool) -> JobResult:
    ending = _ending_of(error)
    conflict = isinstance(error, ConflictError)
    asked_here, kept = _known_here(tools, job) if conflict else (True, False)
    if kept and ending is Ending.LATER and (asked or job.kept):
        ending = Ending.CHANGED
    step = _BY_THE_NEXT if job.once else _BY_ITSELF
    if ending is Ending.FINAL or (isinstance(error, ProfileStoppedError) and not error.again_in_s):
        step = ""  # a person can do something about it
    told = Told(
        kind=Kind.FAILED,
        note=job.relative,
        sentence=error.message,
        hint=step if ending is Ending.LATER and step else error.hint,
        figures={"code": error.code},
    )
    fingerprint = ""
    callout = _callout(error, step)
    watch = tools.config.watch
    if not asked_here:
        callout = None  # another machine answered, perhaps to this very tick
    if callout is not None and (job.first or watch.claim or watch.live):  # a claim took its place
        told_before = isinstance(error, ProviderRefusedError) and error.before
        fingerprint = leave_callout(tools, job.path, callout, keeping=told_before)
    return JobResult(
        job=job,
        ending=ending,
        told=told,
        fingerprint=fingerprint,
        sent=asked and not (ending is Ending.LATER and isinstance(error, _UNSENT)),
        exit_code=error.exit_code,
    )


_UNSENT = (BudgetError, ConflictError, ProfileStoppedError, ProviderUnavailableError)
"""What nothing was billed for where it is tried again."""


def _known_here(tools: Completing, job: WatchJob) -> tuple[bool, bool]:
    """Whether a job's question was asked on this machine, and its reply came and found no place.

    What another process works on is no place that was looked for: it is tried again later.
    """
    key = job.key.partition("+")[0]
    try:
        snapshot = tools.reading.store.read(job.path)
        with tools.open_journal(snapshot) as journal:
            turns = journal.turns(snapshot.real_path)
            asked = journal.was_asked(key)
            elsewhere = journal.in_work(snapshot.real_path)
    except NotelogError:
        return False, False
    last = [turn for turn in turns if turn.intent.purpose is Purpose.REPLY][-1:]
    kept = any(turn.is_kept and turn.intent.turn_key == key for turn in last)
    return asked, kept and not elsewhere


def _ending_of(error: NotelogError) -> Ending:
    match error:
        case _ if error.lasting:
            return Ending.FINAL
        case ProviderUnavailableError() | BudgetError() | ConflictError() | ProfileStoppedError():
            return Ending.LATER
        case JournalError() | NoteWriteError():
            return Ending.LATER
        case NoteError() if isinstance(error.__cause__, OSError):  # its drive was away
            return Ending.LATER
        case _:
            return Ending.FINAL


def _callout(error: NotelogError, step: str) -> Callout | None:
    """What a person on a phone has to see in the note; None where that is nothing.

    With what happens next by itself; the error's own next step where nothing does. Not what they
    did themselves, nor what keeps notelog from working on the note at all.
    """
    if isinstance(error, InterruptedByUserError | JournalError):
        return None
    if isinstance(error, ConflictError) and not error.lasting:
        return None
    callout = callout_for(error)
    if callout is None or not step:
        return callout
    cause = f"{error.message[:1].upper()}{error.message[1:]}"
    return Callout(text=f"{cause}. {step[:1].upper()}{step[1:]}.")
