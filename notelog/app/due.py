"""The turn that waits for a reply, and what completing it needs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from notelog.app.ask import Asking
from notelog.app.outcome import Completed, Outcome
from notelog.app.prepare import Prepared, prepare, with_system_commands
from notelog.app.reading import Reading, parse_snapshot, refuse_errors
from notelog.core.breaker import Asker
from notelog.core.messages import Conversation
from notelog.core.note import Note
from notelog.core.settings import Config, Options
from notelog.core.turn import NothingDue, ReplyDue, State, next_turn
from notelog.ports.breakers import Breakers
from notelog.ports.journal import Journal
from notelog.ports.learned import LearnedFigures
from notelog.ports.notes import Snapshot
from notelog.ports.people import Clock, Reporter
from notelog.ports.servers import LoadedWindows, LocalServer, Secrets, ServerFigures

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
        breakers: remembers which profiles are stopped.
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
    breakers: Breakers
    open_journal: Callable[[Snapshot], AbstractContextManager[Journal]]
    clock: Clock
    reporter: Reporter
    cancelled: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for: a note, and how.

    Attributes:
        path: exactly this note.
        options: what the command line says.
        again: the person's word that a turn may be asked anew.
        asker: who wants to ask.
    """

    path: str
    options: Options
    again: bool = False
    asker: Asker = Asker.COMMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The turn that is being completed."""

    snapshot: Snapshot
    note: Note
    due: ReplyDue
    conversation: Conversation
    prepared: Prepared


def due_turn(
    tools: Completing, job: Job, snapshot: Snapshot, *, exact: bool = False
) -> Turn | Completed:
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
    return Turn(snapshot=snapshot, note=note, due=due, conversation=conversation, prepared=prepared)
