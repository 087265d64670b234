"""Completing a note: the one use case behind the command and the watcher.

The order is the promise (``docs/promises.md``): intent on disk, request, every part of the
reply on disk, the whole reply on disk, and only then the note.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from notelog.app.asked_above import questions_above
from notelog.app.attempts import heed, kept_reply
from notelog.app.begin import begin, intent_of, needs_exact_counts
from notelog.app.breaking import under_breaker
from notelog.app.calibrate import calibrate
from notelog.app.continue_reply import going_on_turn
from notelog.app.digest import DigestOffer, offer_of
from notelog.app.digesting import Digested, agree, digested, was_begun, with_answered
from notelog.app.due import Completing, Job, Turn, due_turn
from notelog.app.growing import onlooker
from notelog.app.history import may_retry, nothing_to_retry, reply_waiting
from notelog.app.outcome import Calls, Completed, Outcome
from notelog.app.put_in import check_exchange, put_in, rehearsed_landing
from notelog.app.reach import endpoint_of, refined
from notelog.app.reading import parse_snapshot
from notelog.app.receive import Receiving, receive
from notelog.app.recover import finish_landings
from notelog.app.refit import Refit, Refitting
from notelog.app.refused import check_not_refused, mark_of
from notelog.app.renaming import renamed_keys
from notelog.app.stop import stoppable
from notelog.app.summary import summarised
from notelog.core.breaker import Asker
from notelog.core.models import Price, cost_of_usage
from notelog.core.note import Note
from notelog.core.records import TurnRecord, TurnState, turn_key
from notelog.core.reply import sum_of_usages
from notelog.core.settings import Options
from notelog.core.visible import shortened
from notelog.errors import NotelogError, QuestionTooLargeError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot
from notelog.ports.servers import Endpoint

_LOG = logging.getLogger("notelog")


def complete(
    tools: Completing,
    path: str,
    options: Options,
    *,
    again: bool = False,
    go_on: bool = False,
    retry: bool = False,
    dry_run: bool = False,
    asker: Asker = Asker.COMMAND,
    only: str = "",
    reland: bool = False,
    kept: bool = False,
    agreed: Callable[[DigestOffer], bool] | None = None,
) -> Completed:
    """Answers the question in a note, in the note.

    Args:
        tools: the ports.
        path: exactly this note, chat or not.
        options: what the command line says.
        again: ask anew, whatever came of it before: also what is answered.
        go_on: let a reply that ended early go on.
        retry: ask anew what is in doubt or failed, and refuse where nothing is.
        dry_run: stop before anything is written or sent.
        asker: who asks: a breaker says more to a watcher than to a person at a terminal.
        only: the key of the one turn that may be answered; empty for whichever is due.
        reland: only put a reply back that was in the note before; nothing is asked.
        kept: only put in what came and is not in the note, whole or not; nothing is asked.
        agreed: where a question that is larger than the window is to be read in parts: asks the
            person whether that may cost what it costs.

    Raises:
        NotelogError: no reply came, or it could not be put into the note; the note is as it was,
            or has changed by somebody else's hand.
    """
    started = tools.clock.monotonic()
    job = Job(
        path=path,
        options=options,
        again=again,
        go_on=go_on,
        retry=retry,
        asker=Asker.WORD if again or go_on or retry else asker,
        anew=again or go_on,
        only=only,
        reland=reland,
        kept=kept,
        agreed=agreed,
    )
    try:
        snapshot = tools.reading.store.read(path)
        done = _rehearsed(tools, job, snapshot) if dry_run else _completed(tools, job, snapshot)
    except NotelogError as error:
        _LOG.info("note=%s outcome=%s", path, error.code)
        raise
    done = replace(done, seconds=tools.clock.monotonic() - started)
    _log(path, done)
    return done


def _log(path: str, done: Completed) -> None:
    """One line a turn: figures and names, never a word of the note."""
    usage = done.reply.usage if done.reply is not None else None
    _LOG.info(
        "note=%s model=%s sent=%s dropped=%s tokens_in=%s tokens_out=%s ms=%d outcome=%s",
        path,
        done.prepared.request.model if done.prepared else "-",
        len(done.prepared.plan.kept) if done.prepared else "-",
        len(done.prepared.plan.dropped) if done.prepared else "-",
        usage.prompt_tokens if usage else "-",
        usage.completion_tokens if usage else "-",
        done.seconds * 1000,
        done.outcome,
    )


def _rehearsed(tools: Completing, job: Job, snapshot: Snapshot) -> Completed:
    turn = due_turn(tools, job, snapshot, parse_snapshot(tools.reading, snapshot), exact=True)
    if isinstance(turn, Completed):
        return turn
    profile = turn.prepared.settings.profile
    return _told(
        Completed(
            outcome=Outcome.DRY_RUN,
            sentence=f"would ask {turn.prepared.request.model} at {profile.name}; nothing was sent",
            offer=None if turn.digest is None else offer_of(turn.digest),
        ),
        turn,
    )


def _completed(tools: Completing, job: Job, snapshot: Snapshot) -> Completed:
    with (
        tools.open_journal(snapshot) as journal,
        journal.working_on(snapshot.real_path),
    ):
        snapshot, note = finish_landings(tools.reading, journal, snapshot)
        if job.kept:  # the journal named the turn, perhaps before the end marks were changed
            only = renamed_keys(tools.reading, journal, snapshot).get(job.only, job.only)
            job = replace(job, only=only)
        if job.only and (above := _turn_above(tools, journal, job, snapshot)):
            return _told(_complete_turn(tools, journal, above, job), above)
        job = heed(journal, job, note, snapshot, tools.reporter)
        turn = _due_turn(tools, journal, job, snapshot, note)
        if isinstance(turn, Completed):
            _tell_of_kept_replies(tools, journal, snapshot)
            if job.retry:
                raise nothing_to_retry(turn.sentence, job.path)
            return turn
        return _told(_complete_turn(tools, journal, turn, job), turn)


def _turn_above(tools: Completing, journal: Journal, job: Job, snapshot: Snapshot) -> Turn | None:
    """The one turn that may be answered, where its author typed on below it."""
    for above in questions_above(tools.reading, journal, snapshot):
        if above.key == job.only:
            note = parse_snapshot(tools.reading, above.snapshot)
            exact = needs_exact_counts(tools.config)
            turn = due_turn(tools, job, above.snapshot, note, exact=exact)
            return turn if isinstance(turn, Turn) else None
    return None


def _due_turn(
    tools: Completing, journal: Journal, job: Job, snapshot: Snapshot, note: Note
) -> Turn | Completed:
    """The turn that waits; also one that is too large where a reply to it was kept."""
    try:
        return due_turn(tools, job, snapshot, note, exact=needs_exact_counts(tools.config))
    except QuestionTooLargeError:
        kept = {item.intent.turn_key for item in journal.undelivered(snapshot.real_path)}
        if job.again or job.agreed is not None or not kept:
            raise
        turn = due_turn(tools, replace(job, agreed=_never), snapshot, note)
        if isinstance(turn, Completed) or turn_key(turn.due.conversation) not in kept:
            raise
        return turn


def _never(_offer: DigestOffer) -> bool:
    return False


def _told(done: Completed, turn: Turn) -> Completed:
    prepared = done.prepared or turn.prepared
    return replace(done, prepared=prepared, diagnostics=turn.note.diagnostics)


def _complete_turn(tools: Completing, journal: Journal, turn: Turn, job: Job) -> Completed:
    key = turn_key(turn.due.conversation)
    if job.only and key != job.only:
        return Completed(outcome=Outcome.NOTHING_DUE, sentence="the question was changed meanwhile")
    last = journal.latest(key, turn.snapshot.real_path)
    turn = replace(turn, attempts=journal.attempts(key, turn.snapshot.real_path))
    if job.go_on:
        turn = going_on_turn(tools, job, turn, journal, last)
    landing = rehearsed_landing(tools, journal, turn, job)
    _tell_of_kept_replies(tools, journal, turn.snapshot, but=key)
    billed = turn.prepared.settings.profile.billed
    if job.reland or job.kept:
        return _only_landed(tools, journal, turn, last, job)
    again = job.again or turn.part is not None or (job.retry and _may_retry(journal, turn, last))
    waiting = kept_reply(last, job, anew=turn.due.anew) or reply_waiting(
        last, again=again, billed=billed
    )
    if waiting is not None and waiting.reply is not None:
        tools.reporter.notice("the reply to this question is already here: nothing is asked")
        return put_in(tools, journal, turn, waiting, waiting.reply)
    if landing.appended is None:
        check_exchange(tools, turn)
    if turn.digest is not None:
        turn = replace(turn, digest=with_answered(journal, turn, turn.digest, job))
    if turn.digest is not None:
        agree(tools, journal, turn, turn.digest, job)
    elif job.agreed is not None:
        tools.reporter.notice("the question fits the window: it is asked as it is")
    with endpoint_of(tools, turn) as endpoint, _under_breaker(tools, turn, endpoint, job, last):
        mark = mark_of(tools, turn, endpoint)
        read = None
        if turn.digest is not None:
            read = digested(tools, journal, turn, endpoint, job)
            turn = read.turn
        else:
            turn = summarised(tools, journal, refined(tools, turn, endpoint), endpoint, job)
        record = _begin(tools, journal, turn, job)
        tools.reporter.waiting(f"asking {record.intent.model} at {record.intent.profile}")
        refitting = Refitting(count=tools.count, learned=tools.learned, clock=tools.clock)
        refit = Refit(refitting, turn.prepared, turn.conversation, path=turn.snapshot.path)
        receiving = Receiving(
            journal=journal,
            record=record,
            asking=tools.asking,
            cancelled=stoppable(
                journal, turn.snapshot.real_path, clock=tools.clock, cancelled=tools.cancelled
            ),
            refit=refit,
            lack=lambda reply: (
                f"{'' if read is None else read.remark}\n{refit.lack(reply)}".strip()
            ),
            refused=mark,
            onlooker=onlooker(tools, journal, turn, record),
        )
        reply = receive(receiving, turn.prepared.request, endpoint)
        turn = replace(turn, prepared=refit.prepared)
    done = put_in(tools, journal, turn, record, reply)
    calibrate(turn.prepared, reply, count=tools.count, learned=tools.learned, clock=tools.clock)
    return done if read is None else _with_calls(done, read, turn.prepared.spec.price)


def _may_retry(journal: Journal, turn: Turn, last: TurnRecord | None) -> bool:
    """See ``may_retry``; of a question that is read in parts also a part."""
    if last is None and turn.digest is not None and was_begun(journal, turn.snapshot.real_path):
        return True
    return may_retry(last, turn.snapshot.path)


def _with_calls(done: Completed, read: Digested, price: Price | None) -> Completed:
    """With the figures of all requests behind the reply."""
    last = () if done.reply is None else (done.reply,)
    usages = [reply.usage for reply in (*read.replies, *last)]
    known = [usage for usage in usages if usage is not None]
    whole = sum_of_usages(known) if len(known) == len(usages) else None
    calls = Calls(requests=len(usages), asked=read.asked + 1, usage=whole)
    return replace(done, calls=calls, cost=cost_of_usage(price, whole))


def _under_breaker(
    tools: Completing, turn: Turn, endpoint: Endpoint, job: Job, last: TurnRecord | None
) -> AbstractContextManager[None]:
    check_not_refused(tools, turn, endpoint, job, last)
    return under_breaker(
        tools.breakers, endpoint, job.asker, clock=tools.clock, reporter=tools.reporter
    )


def _tell_of_kept_replies(
    tools: Completing, journal: Journal, snapshot: Snapshot, *, but: str = ""
) -> None:
    """Offers what was paid for and is not in the note, since newer text stood in its way.

    Args:
        tools: the ports.
        journal: holds the replies.
        snapshot: the note.
        but: the key of a turn whose reply is about to be put into the note.
    """
    for record in journal.undelivered(snapshot.real_path):
        last = journal.latest(record.intent.turn_key, snapshot.real_path)
        newest = last is not None and last.record_id == record.record_id
        if newest and record.intent.turn_key != but:
            question = shortened(record.intent.prompt, 60)
            tools.reporter.notice(
                f"a reply to an earlier question of this note is kept: {question!r}; notelog "
                "deliver NOTE puts it below that question where it still stands, without a request"
            )


def _begin(tools: Completing, journal: Journal, turn: Turn, job: Job) -> TurnRecord:
    """Records what is about to be asked, unless a cap of its profile says no."""
    intent = intent_of(
        turn.prepared,
        turn_key=turn_key(turn.due.conversation),
        note=turn.snapshot.real_path,
        prompt=turn.note.turns[turn.due.turn_index].content,
    )
    intent = replace(
        intent, ticks=job.ticks, continues=turn.part.record_id if turn.part is not None else 0
    )
    profile = turn.prepared.settings.profile
    return begin(journal, intent, profile, tools.config, clock=tools.clock, reporter=tools.reporter)


def _only_landed(
    tools: Completing, journal: Journal, turn: Turn, last: TurnRecord | None, job: Job
) -> Completed:
    """Puts in a reply that is kept, or back one over which somebody saved an older text.

    Never one that was taken out.
    """
    states = {TurnState.DELIVERED} if job.reland else {TurnState.RECEIVED, TurnState.IN_DOUBT}
    if last is None or last.reply is None or last.state not in states:
        return Completed(outcome=Outcome.NOTHING_DUE, sentence="there is no reply to put in")
    return put_in(tools, journal, turn, last, last.reply)
