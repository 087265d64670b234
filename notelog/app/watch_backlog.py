"""What ``watch --backlog`` would ask at once, and the most that it takes: agreed to first."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from notelog.app.begin import intent_of
from notelog.app.due import Completing, Job, Turn, due_turn
from notelog.app.reading import parse_snapshot
from notelog.app.watch_look import look_at
from notelog.app.watch_start import may_be_sent
from notelog.app.watch_tools import Watching
from notelog.core.models import Cost, cost_of_usage
from notelog.core.records import TurnState
from notelog.core.reply import Usage
from notelog.core.settings import Options
from notelog.core.triggers import Answer, Trigger
from notelog.core.usage import Sum, TurnFigures
from notelog.core.watching import Kept, Seen
from notelog.errors import NotelogError
from notelog.ports.watching import FoundNote


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogOffer:
    """The notes that ``--backlog`` would send: a person agrees to them.

    Attributes:
        notes: their paths, also of those that cannot be asked as they are.
        servers: how many are for which model, such as ``gpt-4o at openai``.
        most: what they take at most; nothing of a profile that is not billed is unpriced.
        billed: whether any of it is.
        exact: whether all prompts are counted exactly.
        summaries: how many of them ask for a summary of what is left out besides.
        refused: why some cannot be asked, each with its note.
        asks_per_hour: the most requests in an hour.
    """

    notes: frozenset[str]
    servers: Mapping[str, int]
    most: Sum
    billed: bool
    exact: bool
    summaries: int
    refused: tuple[str, ...]
    asks_per_hour: int

    @property
    def requests(self) -> int:
        """How many requests it takes, without what is asked besides."""
        return self.most.requests


def backlog_offer(tools: Watching, completing: Completing) -> BacklogOffer:
    """Looks through the vault for marked notes without a reply; sends and writes nothing."""
    most = Sum()
    servers: Counter[str] = Counter()
    refused: list[str] = []
    notes: list[str] = []
    billed, exact, summaries = False, True, 0
    for found in _marked(tools):
        notes.append(found.path)
        try:
            turn = _turn(completing, found.path)
        except NotelogError as error:
            refused.append(f"{found.relative}: {error.message}")
            continue
        if turn is None:
            continue
        settings, plan = turn.prepared.settings, turn.prepared.plan
        most.add(_most_of(turn))
        servers[f"{turn.prepared.request.model} at {settings.profile.name}"] += 1
        billed = billed or settings.profile.billed
        exact = exact and plan.exact
        summaries += bool(settings.context.summary and plan.dropped)
    return BacklogOffer(
        notes=frozenset(notes),
        servers=servers,
        most=most,
        billed=billed,
        exact=exact,
        summaries=summaries,
        refused=tuple(refused),
        asks_per_hour=tools.looking.settings.asks_per_hour,
    )


def _marked(tools: Watching) -> Iterator[FoundNote]:
    """The notes that would be asked: what is answered, kept or in doubt is not asked again."""
    for found in tools.files.scan().changed:
        if not may_be_sent(tools, found):
            continue
        seen = look_at(tools.looking, found.path, edited=False)
        if isinstance(seen, Seen) and isinstance(seen.verdict, Answer):
            again = seen.verdict.trigger is Trigger.AGAIN
            if again or seen.kept in {Kept.NOTHING, Kept.REFUSED}:
                yield found


def _turn(completing: Completing, path: str) -> Turn | None:
    snapshot = completing.reading.store.read(path)
    job = Job(path=path, options=Options(), anew=True)
    note = parse_snapshot(completing.reading, snapshot)
    due = due_turn(completing, job, snapshot, note, exact=True)
    return due if isinstance(due, Turn) else None


def _most_of(turn: Turn) -> TurnFigures:
    intent = intent_of(turn.prepared, turn_key="", note=turn.snapshot.path, prompt="")
    usage = Usage(prompt_tokens=intent.prompt_tokens, completion_tokens=intent.reply_tokens)
    profile = turn.prepared.settings.profile
    free = None if profile.billed else Cost(amount=0.0, currency=profile.currency)
    return TurnFigures(
        at=0.0,
        note=intent.note,
        profile=intent.profile,
        model=intent.model,
        state=TurnState.INTENT,
        purpose=intent.purpose,
        usage=usage,
        counted=False,
        cost=cost_of_usage(intent.price, usage) or free,
    )
