"""Completing a note: the one use case behind the command and the watcher.

The order is the promise (``docs/promises.md``): intent on disk, request, every part of the
reply on disk, the whole reply on disk, and only then the note.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from notelog.app.ask import Asking
from notelog.app.begin import begin, intent_of, needs_exact_counts
from notelog.app.calibrate import calibrate
from notelog.app.deliver import Delivery, deliver
from notelog.app.history import reply_waiting
from notelog.app.outcome import Completed, Judgement, Outcome, judge
from notelog.app.prepare import Prepared, prepare, with_system_commands
from notelog.app.reading import Reading, parse_snapshot, refuse_errors
from notelog.app.receive import Receiving, receive
from notelog.app.recover import finish_landings
from notelog.app.refine import refine, refit_to_loaded, set_window
from notelog.app.refit import Refit, Refitting
from notelog.core.landing import rehearse
from notelog.core.local_model import DEMONSTRATION_MODEL
from notelog.core.messages import Conversation
from notelog.core.models import cost_of_usage
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.records import TurnRecord, turn_key
from notelog.core.reply import Reply
from notelog.core.settings import Config, Options
from notelog.core.silent_cut import find_silent_cut
from notelog.core.turn import NothingDue, ReplyDue, State, next_turn
from notelog.core.visible import shortened
from notelog.errors import NotelogError, NoteWriteError
from notelog.ports import (
    Clock,
    Endpoint,
    Journal,
    LearnedFigures,
    LoadedWindows,
    LocalServer,
    Reporter,
    Secrets,
    ServerFigures,
    Snapshot,
)

_LOG = logging.getLogger("notelog")
_HOW_ANEW = "to have it answered anew, delete the reply and run notelog complete --again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completing:
    """What completing a note needs of the world.

    Attributes:
        reading: where notes are.
        config: the configuration.
        count: counts tokens in an encoding.
        asking: sends requests.
        figures: asks a server that counts for itself.
        loaded: asks a server for the window that it has loaded.
        learned: remembers what servers say of their windows.
        secrets: finds keys.
        local_server: starts the embedded model.
        open_journal: opens the journal of the vault that holds a note.
        clock: time.
        reporter: tells a person what is going on.
        cancelled: whether the person wants to stop.
    """

    reading: Reading
    config: Config
    count: Callable[[str, str], int]
    asking: Asking
    figures: ServerFigures
    loaded: LoadedWindows
    learned: LearnedFigures
    secrets: Secrets
    local_server: LocalServer
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    clock: Clock
    reporter: Reporter
    cancelled: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What was asked for: a note, and how."""

    path: str
    options: Options
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """The turn that is being completed."""

    snapshot: Snapshot
    note: Note
    due: ReplyDue
    conversation: Conversation
    prepared: Prepared


def complete(
    tools: Completing, path: str, options: Options, *, again: bool = False, dry_run: bool = False
) -> Completed:
    """Answers the question in a note, in the note.

    Args:
        tools: the ports.
        path: exactly this note, chat or not.
        options: what the command line says.
        again: ask anew what is in doubt, failed, or was answered and taken out.
        dry_run: stop before anything is written or sent.

    Raises:
        NotelogError: no reply came, or it could not be put into the note; the note is as it was,
            or has changed by somebody else's hand.
    """
    started = tools.clock.monotonic()
    job = _Job(path=path, options=options, again=again)
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


def _rehearsed(tools: Completing, job: _Job, snapshot: Snapshot) -> Completed:
    turn = _due_turn(tools, job, snapshot, exact=True)
    if isinstance(turn, Completed):
        return turn
    profile = turn.prepared.settings.profile
    return _told(
        Completed(
            outcome=Outcome.DRY_RUN,
            sentence=f"would ask {turn.prepared.request.model} at {profile.name}; nothing was sent",
        ),
        turn,
    )


def _completed(tools: Completing, job: _Job, snapshot: Snapshot) -> Completed:
    with (
        tools.open_journal(snapshot) as journal,
        journal.working_on(snapshot.real_path),
    ):
        snapshot = finish_landings(tools.reading, journal, snapshot)
        turn = _due_turn(tools, job, snapshot, exact=needs_exact_counts(tools.config))
        if isinstance(turn, Completed):
            _tell_of_kept_replies(tools, journal, snapshot)
            return turn
        return _told(_complete_turn(tools, journal, turn, again=job.again), turn)


def _told(done: Completed, turn: _Turn) -> Completed:
    prepared = done.prepared or turn.prepared
    return replace(done, prepared=prepared, diagnostics=turn.note.diagnostics)


def _due_turn(
    tools: Completing, job: _Job, snapshot: Snapshot, *, exact: bool = False
) -> _Turn | Completed:
    """The turn that waits for a reply, ready to be sent; or that there is none."""
    note = parse_snapshot(tools.reading, snapshot)
    refuse_errors(note, job.path)
    due = next_turn(note, named=True)
    if isinstance(due, NothingDue):
        return Completed(
            outcome=Outcome.NOTHING_DUE,
            sentence=due.reason,
            hint=_HOW_ANEW if job.again and due.state is State.ANSWERED else "",
            diagnostics=note.diagnostics,
        )
    conversation = with_system_commands(tools.config, due.conversation)
    prepared = prepare(
        note,
        conversation,
        path=job.path,
        config=tools.config,
        options=job.options,
        count=tools.count,
        exact=exact,
        learned=tools.learned,
    )
    return _Turn(
        snapshot=snapshot, note=note, due=due, conversation=conversation, prepared=prepared
    )


def _complete_turn(tools: Completing, journal: Journal, turn: _Turn, *, again: bool) -> Completed:
    _check_place(tools, turn)
    key = turn_key(turn.due.conversation)
    _tell_of_kept_replies(tools, journal, turn.snapshot, but=key)
    last = journal.latest(key, turn.snapshot.real_path)
    billed = turn.prepared.settings.profile.billed
    waiting = reply_waiting(last, again=again, billed=billed)
    if waiting is not None and waiting.reply is not None:
        tools.reporter.notice("the reply to this question is already here: nothing is asked")
        return _deliver(tools, journal, turn, waiting, waiting.reply)
    with _endpoint(tools, turn) as endpoint:
        turn = _refined(tools, turn, endpoint)
        record = _begin(tools, journal, turn)
        tools.reporter.waiting(f"asking {record.intent.model} at {record.intent.profile}")
        refitting = Refitting(count=tools.count, learned=tools.learned, clock=tools.clock)
        refit = Refit(refitting, turn.prepared, path=turn.snapshot.path)
        receiving = Receiving(
            journal=journal,
            record=record,
            asking=tools.asking,
            cancelled=tools.cancelled,
            refit=refit,
        )
        reply = receive(receiving, turn.prepared.request, endpoint)
        turn = replace(turn, prepared=refit.prepared)
    done = _deliver(tools, journal, turn, record, reply)
    calibrate(turn.prepared, reply, count=tools.count, learned=tools.learned, clock=tools.clock)
    return done


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
                f"a reply to an earlier question of this note is kept: {question!r}; it goes in "
                "without a request when that question stands last again"
            )


def _check_place(tools: Completing, turn: _Turn) -> None:
    """Finds out, before anything is paid for, whether a reply could be put into the note."""
    tools.reading.store.check_writable(turn.snapshot)
    style = ReplyStyle(model_suffix=tools.config.model_suffix)
    problems = rehearse(turn.note, turn.due.turn_index, style=style)
    if problems:
        raise NoteWriteError(
            f"a reply put into this note would not read back as it should ({problems[0]}); "
            "nothing was sent",
            path=turn.snapshot.path,
            hint="this is a defect of notelog: please report it with the note",
        )


def _refined(tools: Completing, turn: _Turn, endpoint: Endpoint) -> _Turn:
    """Fitted by the server's own figures, where it is one that tells them."""
    profile = endpoint.profile
    names = {profile.name, *profile.providers}
    if "ollama" in names:
        return _fitted_to_loaded(tools, turn, endpoint)
    counts = profile.embedded or "llamacpp" in names
    if not counts and (profile.billed or turn.prepared.plan.bounded):
        return turn
    prepared = refine(turn.prepared, turn.conversation, endpoint, tools.figures)
    return replace(turn, prepared=prepared)


def _fitted_to_loaded(tools: Completing, turn: _Turn, endpoint: Endpoint) -> _Turn:
    """Fitted to the window that the server has loaded: it cuts longer prompts silently."""
    settings = turn.prepared.settings
    loaded = tools.loaded.loaded_window(endpoint, settings.model)
    if loaded is None:
        return turn
    if loaded < (set_window(settings) or 0):
        tools.reporter.notice(
            f"{settings.model} is loaded with a window of {loaded:,} tokens, less than the "
            f"context_window of {set_window(settings):,} that is set: fitted to {loaded:,}"
        )
    prepared = refit_to_loaded(
        turn.prepared,
        turn.conversation,
        loaded,
        count=tools.count,
        exact=needs_exact_counts(tools.config),
    )
    return replace(turn, prepared=prepared)


def _begin(tools: Completing, journal: Journal, turn: _Turn) -> TurnRecord:
    """Records what is about to be asked, unless a cap of its profile says no."""
    intent = intent_of(
        turn.prepared,
        turn_key=turn_key(turn.due.conversation),
        note=turn.snapshot.real_path,
        prompt=turn.note.turns[turn.due.turn_index].content,
    )
    profile = turn.prepared.settings.profile
    return begin(journal, intent, profile, tools.config, clock=tools.clock, reporter=tools.reporter)


@contextmanager
def _endpoint(tools: Completing, turn: _Turn) -> Generator[Endpoint]:
    profile = turn.prepared.settings.profile
    if profile.embedded:
        if not profile.model_path:
            tools.reporter.notice(f"{DEMONSTRATION_MODEL.name}: {DEMONSTRATION_MODEL.about}")
        tools.reporter.waiting("starting the local model")
        with tools.local_server.start(profile) as endpoint:
            yield endpoint
    else:
        key = tools.secrets.key(profile.key, profile.name)
        yield Endpoint(profile=profile, base_url=profile.base_url, key=key)


def _deliver(
    tools: Completing, journal: Journal, turn: _Turn, record: TurnRecord, reply: Reply
) -> Completed:
    plan, spec = turn.prepared.plan, turn.prepared.spec
    cut = find_silent_cut(plan, spec, reply.usage, tools.count)
    judgement = judge(reply, turn.prepared, cut)
    done = Completed(
        outcome=judgement.outcome,
        sentence=judgement.sentence,
        hint=judgement.hint,
        reply=reply,
        prepared=turn.prepared,
        cost=cost_of_usage(turn.prepared.spec.price, reply.usage),
    )
    if not reply.text:
        journal.failed(record.record_id, judgement.sentence)
        return done
    delivery = Delivery(
        snapshot=turn.snapshot,
        note=turn.note,
        turn_index=turn.due.turn_index,
        record_id=record.record_id,
        text=reply.text,
        style=_style(tools.config, turn.prepared, reply, judgement),
    )
    return replace(done, line=deliver(tools.reading, journal, delivery))


def _style(config: Config, prepared: Prepared, reply: Reply, judgement: Judgement) -> ReplyStyle:
    wanted = config.reasoning == "callout" and reply.reasoning
    return ReplyStyle(
        model=prepared.request.model,
        model_suffix=config.model_suffix,
        inert_replies=config.inert_replies,
        mark=judgement.mark or None,
        reasoning=reply.reasoning if wanted else None,
    )
