"""Reading a question in parts: agreed to first, asked part by part, put together until one fits.

The last request is the turn of the note: it is begun, received and delivered as any reply is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from notelog.app.begin import check, most_of
from notelog.app.derived import Answers, Deriving, derive, known_answer
from notelog.app.derived_request import Derived
from notelog.app.digest import Digest, DigestOffer, digest_of, offer_of, prompt_counter
from notelog.app.due import Completing, Job, Turn
from notelog.app.outcome import NOT_ALL_READ, Outcome, judge
from notelog.app.reach import refined
from notelog.app.refine import COUNTED
from notelog.core.counting import Scale, size_bytes
from notelog.core.derived import Purpose
from notelog.core.digest_plan import Last, Measure, Part, merge_request, next_step, with_parts
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import with_window
from notelog.core.records import TurnState, turn_key
from notelog.core.reply import Reply, Usage
from notelog.core.request import ChatRequest
from notelog.errors import NotAgreedError, ProviderRefusedError
from notelog.ports.journal import Journal
from notelog.ports.servers import Endpoint

_SAMPLE_CHARS = 100_000
_ON_THE_SAFE_SIDE = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Digested:
    """A question whose parts are answered.

    Attributes:
        turn: with the last request.
        replies: the answers on the way, each once.
        asked: how many of them were asked now.
        remark: what is not whole about them; empty where all is.
    """

    turn: Turn
    replies: tuple[Reply, ...]
    asked: int
    remark: str


def agree(tools: Completing, journal: Journal, turn: Turn, digest: Digest, job: Job) -> None:
    """Makes sure that the caps have room for the whole plan and that the person agrees to it.

    Raises:
        InDoubtError: a part was sent before, and was not seen to be answered.
        BudgetError: a cap has no room for all of it.
        NotAgreedError: the person said no.
    """
    profile, note = digest.settings.profile, turn.snapshot.real_path
    known = frozenset(
        item.key
        for item in digest.parts()
        if known_answer(journal, item, note, billed=profile.billed, again=job.doubts_too)
        is not None
    )
    offer = offer_of(digest, known=known)
    _check_caps(tools, journal, turn, digest, offer)
    if job.agreed is None or not job.agreed(offer):
        raise NotAgreedError("nothing was sent", hint="--dry-run shows the plan")


def with_answered(journal: Journal, turn: Turn, digest: Digest, job: Job) -> Digest:
    """The plan with the parts that were answered when the text was split otherwise.

    So a window that turns out smaller, or is set so, does not pay for them again.

    Raises:
        InDoubtError: one of them was sent before, and was not seen to be answered.
    """
    own = {item.key: part for item, part in zip(digest.parts(), digest.plan.asked, strict=True)}
    billed, note = digest.settings.profile.billed, turn.snapshot.real_path
    answered: dict[str, Part] = {}
    for record in journal.turns(note):
        part = digest.plan.part_at(record.intent.covers)
        item = None if part is None else digest.part(part, record.intent.prompt)
        if part is None or item is None or item.key != record.intent.turn_key:
            continue
        if known_answer(journal, item, note, billed=billed, again=job.doubts_too) is not None:
            answered[item.key] = part
    if own.keys() >= answered.keys():
        return digest
    welcome = sorted(answered, key=lambda key: key not in own)
    kept = [answered[key] for key in welcome]
    return replace(digest, plan=with_parts(digest.plan, kept, digest.measure))


def was_begun(journal: Journal, note: str) -> bool:
    """Whether a request on the way to an answer of this note is in doubt or failed."""
    last = {item.intent.turn_key: item for item in journal.turns(note)}
    return any(
        item.intent.purpose in {Purpose.PART, Purpose.MERGE} and item.state in _OPEN
        for item in last.values()
    )


_OPEN = {TurnState.INTENT, TurnState.SENT, TurnState.IN_DOUBT, TurnState.FAILED}


def _check_caps(
    tools: Completing, journal: Journal, turn: Turn, digest: Digest, offer: DigestOffer
) -> None:
    """Checks each cap of the profile against all that is planned; each request is checked again."""
    profile, model = digest.settings.profile, digest.settings.model
    if not profile.caps:
        return
    together = [cap for cap in profile.caps if cap.span.seconds]
    usage = Usage(prompt_tokens=offer.prompt_tokens, completion_tokens=offer.reply_tokens)
    planned = most_of(model, usage, offer.cost, profile, requests=offer.requests)
    spent = journal.spent(profile.name, turn.snapshot.real_path)
    check(together, spent, planned, profile, tools.config, clock=tools.clock)


def digested(
    tools: Completing, journal: Journal, turn: Turn, endpoint: Endpoint, job: Job
) -> Digested:
    """Asks all that comes before the last request.

    Raises:
        NotelogError: not all of it could be asked; what was answered is kept.
    """
    turn, digest = _refined(tools, journal, turn, endpoint, job)
    work = Deriving(
        tools=tools,
        journal=journal,
        path=turn.snapshot.path,
        note=turn.snapshot.real_path,
        turn_key=turn_key(turn.due.conversation),
        endpoint=endpoint,
        again=job.doubts_too,
    )
    tree = _Tree(work, digest)
    messages = tree.climb()
    return Digested(
        turn=replace(turn, prepared=digest.last(messages), conversation=messages),
        replies=tuple(tree.replies.values()),
        asked=tree.asked,
        remark=tree.remark(),
    )


class _Tree:
    """The answers on their way to one.

    Attributes:
        replies: all answers, by the keys of their requests.
        asked: how many of them were asked now.
    """

    def __init__(self, work: Deriving, digest: Digest) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked = 0
        self._work = work
        self._digest = digest
        self._faults: list[str] = []

    def climb(self) -> Conversation:
        """Asks round after round, and gives the messages of the last request."""
        plan, measure = self._digest.plan, self._digest.measure
        texts = [text for text in self._answers(self._digest.parts()) if text]
        if not texts:
            raise ProviderRefusedError(
                f"no part of the text was answered ({self._faults[0]})",
                hint="say it in other words, or ask another model",
            )
        rounds = 0
        while not isinstance(step := next_step(plan, texts, measure), Last):
            rounds += 1
            self._work.tools.reporter.progress(
                f"{len(texts)} answers are put together to {len(step.groups)}"
            )
            texts = self._merged(step.groups, rounds)
        return step.messages

    def _merged(self, groups: Sequence[Sequence[str]], rounds: int) -> list[str]:
        several = [group for group in groups if len(group) > 1]
        items = [
            self._digest.derived(
                Purpose.MERGE,
                f"merge {number} of {len(several)} in round {rounds}",
                merge_request(self._digest.plan, group),
            )
            for number, group in enumerate(several, 1)
        ]
        answers = iter(self._answers(items))
        merged = [next(answers) if len(group) > 1 else group[0] for group in groups]
        # without an answer the answers before it stand for themselves: cut, but not lost
        return [text or group[0] for text, group in zip(merged, groups, strict=True)]

    def _answers(self, items: Sequence[Derived]) -> list[str]:
        """The answers' texts in order; empty where there was none."""
        answers: Answers = derive(self._work, items)
        self.asked += answers.asked
        for item, reply in zip(items, answers.replies, strict=True):
            if item.key not in self.replies:
                self.replies[item.key] = reply
                self._look_at(item, reply)
        return [reply.text.strip() for reply in answers.replies]

    def _look_at(self, item: Derived, reply: Reply) -> None:
        judgement = judge(reply, item.prepared)
        if judgement.outcome is not Outcome.ANSWERED:
            self._faults.append(f"{item.label}: {judgement.sentence}")
            self._work.tools.reporter.notice(self._faults[-1])

    def remark(self) -> str:
        """What is not whole, in a sentence; empty where all is."""
        if not self._faults:
            return ""
        if len(self._faults) == 1:
            return f"{NOT_ALL_READ} ({self._faults[0]})"
        count = f"{len(self._faults)} of {len(self.replies)} answers on the way"
        return f"{NOT_ALL_READ}: {count} are not whole ({self._faults[0]})"


def _refined(
    tools: Completing, journal: Journal, turn: Turn, endpoint: Endpoint, job: Job
) -> tuple[Turn, Digest]:
    """Planned once more by the figures of the server, where it is one that tells them."""
    digest = turn.digest
    assert digest is not None
    outline = replace(turn, conversation=turn.prepared.request.messages)
    told = refined(tools, outline, endpoint).prepared
    if told is outline.prepared:
        return turn, digest
    settings, plan = digest.settings, digest.plan
    spec = with_window(digest.measure.spec, told.spec.context_window)
    scale = Scale(spec, tools.count)
    measure = Measure(spec=spec, tokens=scale.tokens, prompt=prompt_counter(scale))
    source = scale.source(bounded=False)
    if told.plan.count_source == COUNTED:
        measure, source = _counted_there(tools, endpoint, measure, digest), COUNTED
    again = digest_of(plan.task, plan.before, settings, measure, source)
    before, now = len(plan.asked), len(again.plan.asked)
    if now != before:
        tools.reporter.notice(f"fitted to what the server tells: {now} parts instead of {before}")
    if now > before and endpoint.profile.billed:
        agree(tools, journal, turn, again, job)
    return turn, again


def _counted_there(
    tools: Completing, endpoint: Endpoint, offline: Measure, digest: Digest
) -> Measure:
    """Whole prompts are counted by the server, single texts by their share of such a count."""

    @cache
    def prompt(messages: Conversation) -> int:
        request = ChatRequest(model=digest.settings.model, messages=messages, sampling={})
        told = tools.figures.prompt_tokens(endpoint, request.body())
        return offline.prompt(messages) if told is None else told

    def of(text: str) -> int:
        return prompt((Message(role=Role.USER, content=text),))

    sample = digest.plan.task.text[:_SAMPLE_CHARS]
    own = tools.count(sample, offline.spec.encoding)
    ratio = _ON_THE_SAFE_SIDE * (of(sample) - of("")) / max(1, own)
    scale = Scale(replace(offline.spec, ratio=max(ratio, 0.1)), tools.count)
    return Measure(
        spec=offline.spec,
        tokens=lambda text: min(scale.tokens(text), size_bytes(text)),
        prompt=prompt,
    )
