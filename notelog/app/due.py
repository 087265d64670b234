"""The turn that waits for a reply, and what completing it needs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from notelog.app.ask import Asking
from notelog.app.digest import Digest, DigestOffer, needs_parts, plan_offline
from notelog.app.outcome import Completed, Outcome
from notelog.app.prepare import Prepared, model_of, prepare, with_system_commands
from notelog.app.reading import Reading, refuse_errors
from notelog.core.breaker import Asker
from notelog.core.messages import Conversation
from notelog.core.note import Note
from notelog.core.records import TurnRecord
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, Options
from notelog.core.turn import NothingDue, ReplyDue, State, answered_turn, next_turn
from notelog.errors import QuestionTooLargeError
from notelog.ports.breakers import Breakers
from notelog.ports.journal import Journal
from notelog.ports.learned import LearnedFigures
from notelog.ports.notes import Snapshot
from notelog.ports.people import Clock, Reporter
from notelog.ports.servers import LoadedWindows, LocalServer, Secrets, ServerFigures

_HINTS = {
    True: "no single answer stands below the last question: leave one, or none, and try again",
    False: "write on below it, or ask it anew: notelog again NOTE",
}
"""Where the last message is answered, by whether it was to be asked anew."""


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
        breakers: remembers which profiles are stopped.
        open_journal: opens the journal of the vault that holds a note.
        clock: time.
        reporter: tells a person what is going on.
        cancelled: whether the person wants to stop.
        device: this machine's name, where it may tell in the note that it asks: a watcher's.
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
    breakers: Breakers
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    clock: Clock
    reporter: Reporter
    cancelled: Callable[[], bool]
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for: a note, and how.

    Attributes:
        path: exactly this note.
        options: what the command line says.
        again: the person's word that a turn may be asked anew.
        go_on: the person's word that a reply that ended early goes on.
        retry: the same, for a turn that is in doubt or failed and for no other.
        asker: who wants to ask.
        anew: an answer that stands in the note may be replaced.
        kept_first: a reply that came before goes in before anything is asked.
        ticks: how many boxes ``again`` and ``retry`` are ticked in the note.
        only: the key of the one turn that may be answered; empty for whichever is due.
        reland: only put a reply back that was in the note before; nothing is asked.
        kept: only put in what came and is not in the note; nothing is asked.
        agreed: what is asked before a question that is larger than the window is read in parts;
            None where that is not wished.
    """

    path: str
    options: Options
    again: bool = False
    go_on: bool = False
    retry: bool = False
    asker: Asker = Asker.COMMAND
    anew: bool = False
    kept_first: bool = True
    ticks: int = 0
    only: str = ""
    reland: bool = False
    kept: bool = False
    agreed: Callable[[DigestOffer], bool] | None = None

    @property
    def doubts_too(self) -> bool:
        """Whether requests on the way to the answer that are in doubt may be made anew."""
        return self.again or self.retry

    @property
    def by_box(self) -> bool:
        """Whether a ticked box, and no command, is what asks for another answer."""
        return self.again and self.kept_first


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The turn that is being completed.

    Attributes:
        snapshot: its note.
        note: the same, parsed.
        due: what is answered.
        conversation: what is sent of it, with the configuration's system messages.
        prepared: the request.
        attempts: at it so far, the oldest first; known where its answer is replaced.
        part: the reply that this one goes on from, or None.
        digest: how its question is read in parts; None where it is asked as it is.
    """

    snapshot: Snapshot
    note: Note
    due: ReplyDue
    conversation: Conversation
    prepared: Prepared
    attempts: tuple[TurnRecord, ...] = ()
    part: TurnRecord | None = None
    digest: Digest | None = None


def due_turn(
    tools: Completing, job: Job, snapshot: Snapshot, note: Note, *, exact: bool = False
) -> Turn | Completed:
    """The turn that waits for a reply, ready to be sent; or that there is none."""
    refuse_errors(note, job.path)
    due = next_turn(note, named=True)
    if isinstance(due, NothingDue) and job.anew:
        due = answered_turn(note) or due
    if isinstance(due, NothingDue):
        return Completed(
            outcome=Outcome.NOTHING_DUE,
            sentence=due.reason,
            hint=_HINTS[job.anew] if due.state is State.ANSWERED else "",
            diagnostics=note.diagnostics,
        )
    conversation = with_system_commands(tools.config, due.conversation)
    prepared, digest = _prepared(tools, job, note, conversation, exact=exact)
    return Turn(
        snapshot=snapshot,
        note=note,
        due=due,
        conversation=conversation,
        prepared=prepared,
        digest=digest,
    )


def _prepared(
    tools: Completing, job: Job, note: Note, conversation: Conversation, *, exact: bool
) -> tuple[Prepared, Digest | None]:
    """The request as it is, or where it does not fit, and that is wished, its last one."""
    options = job.options if job.agreed is None else replace(job.options, shorten=False)
    try:
        prepared = prepare(
            note,
            conversation,
            path=job.path,
            config=tools.config,
            options=options,
            count=tools.count,
            exact=exact,
            learned=tools.learned,
        )
    except QuestionTooLargeError:
        if job.agreed is None:
            raise
    else:
        if job.agreed is None or not needs_parts(prepared.plan, conversation):
            return prepared, None
    settings = resolve_settings(tools.config, note, options)
    spec = model_of(settings, tools.learned)
    try:
        digest = plan_offline(conversation, settings, spec, tools.count)
    except QuestionTooLargeError as error:
        error.path = job.path
        raise
    return digest.last(digest.plan.request(digest.plan.words.final(()))), digest
