"""Asking derived requests: several at once, each paid for once, in the order of their questions.

Each is a turn of the journal with a key of its own. So what was answered is there after a crash,
what was sent and not answered is in doubt, and the caps hold for every one of them.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from notelog.app.begin import begin, intent_of
from notelog.app.derived_request import Derived
from notelog.app.due import Completing
from notelog.app.history import in_doubt
from notelog.app.receive import Receiving, receive
from notelog.app.refit import Refit, Refitting
from notelog.app.stop import stoppable
from notelog.core.caps import Spent
from notelog.core.derived import Purpose
from notelog.core.records import Intent, TurnRecord, TurnState
from notelog.core.reply import Reply, ReplyDelta, ReplyState
from notelog.errors import (
    InDoubtError,
    InterruptedByUserError,
    NotelogError,
    ProviderUnavailableError,
)
from notelog.ports.asked import AskingJournal
from notelog.ports.journal import Journal
from notelog.ports.people import Reporter
from notelog.ports.servers import Endpoint

GRACE_S = 8.0
"""How long requests that are paid for may go on after a wish to stop, in seconds."""

_UNFINISHED = frozenset({ReplyState.CUT, ReplyState.INTERRUPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deriving:
    """What asking derived requests needs.

    Attributes:
        tools: the ports.
        journal: of the vault that holds the note; the note is kept to this process.
        path: the note as the person named it.
        note: its real path.
        turn_key: of the turn on the way to whose reply they are asked.
        endpoint: where is asked.
        again: the person's word that what is in doubt may be asked anew.
    """

    tools: Completing
    journal: Journal
    path: str
    note: str
    turn_key: str
    endpoint: Endpoint
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What derived requests were answered.

    Attributes:
        replies: in the order of the requests.
        asked: how many requests were made for them now; the others were answered before.
    """

    replies: tuple[Reply, ...]
    asked: int


def known_answer(
    journal: Journal, item: Derived, note: str, *, billed: bool, again: bool
) -> Reply | None:
    """The answer that a request had before; None where it may be asked.

    Args:
        journal: holds the answers.
        item: the request.
        note: the note's real path.
        billed: whether asking costs money; what is free is simply asked again.
        again: ask anew what is in doubt or had no words.

    Raises:
        InDoubtError: it was sent, and was not seen to be answered whole.
    """
    record = journal.latest(item.key, note)
    if record is None:
        return None
    if record.state is TurnState.RECEIVED and not record.intent.prompt:
        return None  # its text was forgotten
    reply = record.reply
    if record.state is TurnState.RECEIVED and reply and reply.state not in _UNFINISHED:
        return None if again and not reply.text else reply
    doubtful = record.state in {TurnState.SENT, TurnState.IN_DOUBT, TurnState.RECEIVED}
    if again or not billed or not doubtful:
        return None
    hint = "--again asks what is in doubt anew, and nothing that was answered"
    raise in_doubt(item.label, record, hint=hint)


def _things(count: int, purpose: Purpose) -> str:
    plural = {Purpose.SUMMARY: "summaries"}.get(purpose, f"{purpose}s")
    return f"{count} {purpose if count == 1 else plural}"


def derive(work: Deriving, items: Sequence[Derived]) -> Answers:
    """Asks what was not answered before, and gives all the answers in the order of the items.

    Raises:
        NotelogError: one of them could not be asked, or was not seen to be answered whole. What
            was under way then has ended; all that was answered is in the journal.
    """
    billed = work.endpoint.profile.billed
    unique = {item.key: item for item in items}
    answers: dict[str, Reply] = {}
    for item in unique.values():
        known = known_answer(work.journal, item, work.note, billed=billed, again=work.again)
        if known is not None:
            answers[item.key] = known
    left = [item for item in unique.values() if item.key not in answers]
    if left:
        _Asking(work, answers, things=_things(len(unique), left[0].purpose)).ask(left)
    return Answers(replies=tuple(answers[item.key] for item in items), asked=len(left))


class _Asking:
    """Requests on their way, as many at once as the profile allows."""

    def __init__(self, work: Deriving, answers: dict[str, Reply], *, things: str) -> None:
        profile = work.endpoint.profile
        self._work = work
        self._answers = answers
        self._things = things
        self._at_once = 1 if profile.embedded else profile.requests_at_once
        self._shared = _Shared(work.journal)
        self._stop = _Stop(work, self._shared)
        self._tokens = 0

    def ask(self, items: Sequence[Derived]) -> None:
        """Asks all, and raises the first error when nothing is under way any more."""
        failed: NotelogError | None = None
        self._tell()
        left = iter(items)
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="derived") as pool:
            running = dict(self._started(pool, left, self._at_once))
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    failed = self._take(future, running.pop(future)) or failed
                if failed is None and not self._stop.wished():
                    running |= self._started(pool, left, self._at_once - len(running))
        if failed is None and next(left, None) is not None:
            failed = InterruptedByUserError("stopped by you")
        if failed is not None:
            raise self._told(failed)

    def _started(
        self, pool: ThreadPoolExecutor, left: Iterator[Derived], count: int
    ) -> Iterator[tuple["Future[Reply]", Derived]]:
        for _ in range(count):
            item = next(left, None)
            if item is None:
                return
            yield pool.submit(self._ask_one, item), item

    def _take(self, future: "Future[Reply]", item: Derived) -> NotelogError | None:
        """Takes an answer in, or gives the error there was instead."""
        try:
            reply = future.result()
        except NotelogError as error:
            error.message = f"{item.label}: {error.message}"
            return error
        self._answers[item.key] = reply
        usage = reply.usage
        self._tokens += 0 if usage is None else usage.prompt_tokens + usage.completion_tokens
        self._tell()
        return None

    def _tell(self) -> None:
        done = len(self._answers)
        tokens = f", {self._tokens:,} tokens so far" if self._tokens else ""
        told = f"{done} of {self._things} answered{tokens}"
        self._work.tools.reporter.progress(told)

    def _told(self, error: NotelogError) -> NotelogError:
        """The error with what is there all the same."""
        kept = len(self._answers)
        if kept:
            told = f"{kept} of {self._things} are answered and kept: the same command goes on there"
            error.hint = f"{error.hint}; {told}" if error.hint else told
        return error

    def _ask_one(self, item: Derived) -> Reply:
        work, prepared = self._work, item.prepared
        tools, profile = work.tools, work.endpoint.profile
        reporter = _Labelled(tools.reporter, item.label)
        intent = intent_of(
            prepared, turn_key=item.key, note=work.note, prompt=item.label, purpose=item.purpose
        )
        intent = replace(intent, covers=item.covers, on_way_to=work.turn_key)
        record = begin(
            self._shared, intent, profile, tools.config, clock=tools.clock, reporter=reporter
        )
        refitting = Refitting(count=tools.count, learned=tools.learned, clock=tools.clock)
        refit = Refit(refitting, prepared, prepared.request.messages, path=work.path)
        receiving = Receiving(
            journal=self._shared,
            record=record,
            asking=replace(tools.asking, reporter=reporter),
            cancelled=self._stop.now,
            refit=refit,
            lack=refit.lack,
        )
        reply = receive(receiving, prepared.request, work.endpoint)
        if reply.state in _UNFINISHED:
            raise _unfinished(reply, billed=profile.billed)
        return reply


def _unfinished(reply: Reply, *, billed: bool) -> NotelogError:
    """What is wrong with an answer that was not seen to its end."""
    if reply.state is ReplyState.INTERRUPTED:
        hint = "it may have been billed: --again asks it anew" if billed else ""
        return InterruptedByUserError("stopped by you before its end", hint=hint)
    if billed:
        return InDoubtError(
            f"the answer was cut off: {reply.fault}", hint="--again asks it anew; it may cost again"
        )
    return ProviderUnavailableError(f"the answer was cut off: {reply.fault}", hint="try again")


class _Stop:
    """A wish to stop, and how long what is paid for may go on all the same."""

    def __init__(self, work: Deriving, shared: "_Shared") -> None:
        tools = work.tools
        self._wished = stoppable(
            work.journal, work.note, clock=tools.clock, cancelled=tools.cancelled
        )
        self._shared = shared
        self._tools = tools
        self._grace_s = GRACE_S if work.endpoint.profile.billed else 0.0
        self._since: float | None = None

    def wished(self) -> bool:
        """Whether the person wants to stop: nothing new is asked."""
        with self._shared.lock:
            if self._since is None and self._wished():
                self._since = self._tools.clock.monotonic()
                if self._grace_s:
                    self._tools.reporter.notice(
                        "stopping: what is under way is paid for and may end, for "
                        f"{self._grace_s:.0f} s at most; Ctrl-C once more ends it at once"
                    )
            return self._since is not None

    def now(self) -> bool:
        """Whether even what is under way is to end."""
        if not self.wished() or self._since is None:
            return False
        return self._tools.clock.monotonic() - self._since >= self._grace_s


class _Shared:
    """A journal for several threads, one at a time; implements ``AskingJournal``."""

    def __init__(self, journal: AskingJournal) -> None:
        self.lock = threading.RLock()
        self._journal = journal

    def begin(self, intent: Intent, allowed: Callable[[Spent], None] | None = None) -> TurnRecord:
        with self.lock:
            return self._journal.begin(intent, allowed)

    def sent(self, record_id: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        with self.lock:
            self._journal.sent(record_id, meanwhile)

    def part(self, record_id: int, delta: ReplyDelta) -> None:
        with self.lock:
            self._journal.part(record_id, delta)

    def received(self, record_id: int, reply: Reply) -> None:
        with self.lock:
            self._journal.received(record_id, reply)

    def failed(self, record_id: int, reason: str, *, refused: str = "") -> None:
        with self.lock:
            self._journal.failed(record_id, reason, refused=refused)

    def in_doubt(self, record_id: int, reason: str) -> None:
        with self.lock:
            self._journal.in_doubt(record_id, reason)


class _Labelled:
    """Tells of one request among several; its words are for no person."""

    def __init__(self, reporter: Reporter, label: str) -> None:
        self._reporter = reporter
        self._label = label

    def waiting(self, what: str) -> None:
        """Nothing: progress is told of all together."""

    def progress(self, what: str) -> None:
        """Nothing, as above."""

    def delta(self, delta: ReplyDelta) -> None:
        """Nothing, as above."""

    def notice(self, sentence: str) -> None:
        """Says what a sentence is about."""
        self._reporter.notice(f"{self._label}: {sentence}")
