"""A summary of what was left out of a long chat: asked once, kept, and used only where it is whole.

Whatever stands in its way, the turn is asked without one, and that is said.
"""

import math
from dataclasses import dataclass, replace

from notelog.app.begin import check, intent_of, most_of
from notelog.app.derived import Deriving, derive
from notelog.app.derived_request import Derived, prepare_whole
from notelog.app.digest import prompt_counter
from notelog.app.due import Completing, Job, Turn
from notelog.app.outcome import Outcome, judge
from notelog.app.prepare import Prepared, fitted
from notelog.app.reach import refined
from notelog.app.refine import COUNTED
from notelog.core.budget import plan_budget
from notelog.core.counting import Count, Scale
from notelog.core.derived import Purpose
from notelog.core.messages import Conversation, Message
from notelog.core.models import cost_of_usage
from notelog.core.records import TurnRecord, TurnState, turn_key
from notelog.core.reply import Reply, Usage
from notelog.core.request import build_request
from notelog.core.summary import (
    MOST_REQUESTS,
    SummaryStep,
    plan_steps,
    shortened_to,
    summary_keys,
    summary_request,
    summary_tokens,
    with_summary,
)
from notelog.errors import InterruptedByUserError, NotelogError
from notelog.ports.journal import Journal
from notelog.ports.servers import Endpoint

_NOT_USABLE = "the summary of what was left out is not whole or too long"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What a turn leaves out once a summary has its room.

    Attributes:
        messages: in order.
        keys: the names of the summaries up to and with each of them.
        most_tokens: of a summary.
        scale: counts it.
    """

    messages: tuple[Message, ...]
    keys: tuple[str, ...]
    most_tokens: int
    scale: Scale

    def usable(self, reply: Reply | None) -> str:
        """The text of an answer that may stand in a prompt; empty where it may not."""
        if reply is None or judge(reply).outcome is not Outcome.ANSWERED:
            return ""
        text = reply.text.strip()
        return text if 0 < self.scale.tokens(text) <= self.most_tokens else ""


def summarised(
    tools: Completing, journal: Journal, turn: Turn, endpoint: Endpoint, job: Job
) -> Turn:
    """A turn with a summary of what it leaves out, where that is wished and can be had.

    Raises:
        InterruptedByUserError: the person stopped it.
    """
    if not turn.prepared.settings.context.summary or not turn.prepared.plan.dropped:
        return turn
    try:
        past = _past_of(turn.prepared, turn.conversation, tools.count)
        text = _stored(journal, past, turn.snapshot.real_path, len(past.keys))
        text = text or _asked(tools, journal, turn, endpoint, job, past)
        return _with_summary(tools, turn, endpoint, with_summary(turn.conversation, text))
    except InterruptedByUserError:
        raise
    except NotelogError as error:
        tools.reporter.notice(f"asked without a summary of what was left out: {error.message}")
        return turn


def stored_summary(
    journal: Journal, note: str, prepared: Prepared, conversation: Conversation, count: Count
) -> Prepared | None:
    """A request with the summary that is kept for what it leaves out; None where none is.

    Args:
        journal: keeps the summaries.
        note: the note's real path.
        prepared: the request without.
        conversation: all that could be sent.
        count: counts tokens in an encoding.
    """
    if not prepared.settings.context.summary or not prepared.plan.dropped:
        return None
    past = _past_of(prepared, conversation, count)
    text = _stored(journal, past, note, len(past.keys))
    if not text:
        return None
    return _refitted(prepared, with_summary(conversation, text), count)


def _past_of(prepared: Prepared, conversation: Conversation, count: Count) -> _Past:
    """What is left out beside a summary as long as it may be."""
    spec, plan = prepared.spec, prepared.plan
    if plan.count_source == COUNTED:
        own = prompt_counter(Scale(replace(spec, ratio=1.0), count))(plan.messages)
        spec = replace(spec, ratio=1.1 * plan.prompt_tokens / max(1, own))
    scale, most = Scale(spec, count), summary_tokens(plan.budget)
    longest = with_summary(conversation, "word " * math.ceil(most / min(1.0, spec.ratio)))
    offline = replace(prepared, spec=spec)
    dropped = _refitted(offline, longest, count).plan.dropped
    messages = tuple(longest[item.index] for item in dropped)
    keys = summary_keys(prepared.request.model, messages)
    return _Past(messages=messages, keys=keys, most_tokens=most, scale=scale)


def _stored(journal: Journal, past: _Past, note: str, length: int) -> str:
    """The summary of the first messages that is kept; empty where none is."""
    if not length:
        return ""
    record = journal.latest(past.keys[length - 1], note)
    return past.usable(record.reply) if _is_answered(record) and record else ""


def _is_answered(record: TurnRecord | None) -> bool:
    return record is not None and record.state is TurnState.RECEIVED


def _asked(
    tools: Completing, journal: Journal, turn: Turn, endpoint: Endpoint, job: Job, past: _Past
) -> str:
    """Asks for the summary, going on from the longest one that is kept."""
    note = turn.snapshot.real_path
    known, text = 0, ""
    for length in range(len(past.keys) - 1, 0, -1):
        if text := _stored(journal, past, note, length):
            known = length
            break
    work = Deriving(
        tools=tools,
        journal=journal,
        path=turn.snapshot.path,
        note=note,
        turn_key=turn_key(turn.due.conversation),
        endpoint=endpoint,
        again=job.again,
    )
    room = _room(past)
    messages = shortened_to(past.messages[known:], room, past.scale.tokens)
    count = prompt_counter(past.scale)
    limit = _limit(past)

    def fits(group: Conversation) -> bool:
        filler = "word " * past.most_tokens
        return count(summary_request(group, filler, most_tokens=past.most_tokens)) <= limit

    steps = list(plan_steps(messages, past.keys[known:], fits))
    if len(steps) > MOST_REQUESTS:
        raise NotelogError(f"it would take {len(steps)} requests, more than {MOST_REQUESTS}")
    _check_caps(tools, journal, turn, past, len(steps))
    for number, step in enumerate(steps, 1):
        item = _derived(turn.prepared, past, step, text, f"summary {number} of {len(steps)}")
        (reply,) = derive(work, [item]).replies
        text = past.usable(reply)
        if not text:
            raise NotelogError(_NOT_USABLE)
    return text


def _check_caps(tools: Completing, journal: Journal, turn: Turn, past: _Past, steps: int) -> None:
    """Makes sure that a summary leaves the question the room that it needs under the caps."""
    prepared, profile = turn.prepared, turn.prepared.settings.profile
    if not profile.caps:
        return
    note = turn.snapshot.real_path
    intent = intent_of(prepared, turn_key="", note=note, prompt="")
    usage = Usage(
        prompt_tokens=steps * _limit(past) + intent.prompt_tokens,
        completion_tokens=steps * _reply_tokens(past) + intent.reply_tokens,
    )
    cost = cost_of_usage(prepared.spec.price, usage)
    planned = most_of(prepared.request.model, usage, cost, profile, requests=steps + 1)
    spent = journal.spent(profile.name, note)
    together = [cap for cap in profile.caps if cap.span.seconds]
    check(together, spent, planned, profile, tools.config, clock=tools.clock)


def _reply_tokens(past: _Past) -> int:
    spec = past.scale.model
    thinking = plan_budget(spec, None).reserve if spec.reasoning else 0
    return past.most_tokens + thinking


def _limit(past: _Past) -> int:
    return plan_budget(past.scale.model, _reply_tokens(past)).prompt_limit


def _room(past: _Past) -> int:
    """The tokens of the longest message that fits a request beside the longest summary."""
    filler = "word " * past.most_tokens
    empty = summary_request((), filler, most_tokens=past.most_tokens)
    room = _limit(past) - prompt_counter(past.scale)(empty) - 16
    if room < past.most_tokens // 2:
        raise NotelogError("the window is too small for one")
    return room


def _derived(
    prepared: Prepared, past: _Past, step: SummaryStep, before: str, label: str
) -> Derived:
    messages = summary_request(step.messages, before, most_tokens=past.most_tokens)
    context = replace(prepared.settings.context, shorten=False)
    return Derived(
        key=step.key,
        purpose=Purpose.SUMMARY,
        label=label,
        prepared=prepare_whole(
            messages,
            replace(prepared.settings, context=context),
            past.scale.model,
            wish=_reply_tokens(past),
            tokens=prompt_counter(past.scale)(messages),
            count_source=past.scale.source(bounded=False),
        ),
    )


def _with_summary(
    tools: Completing, turn: Turn, endpoint: Endpoint, conversation: Conversation
) -> Turn:
    """The turn fitted once more, with the summary in its conversation."""
    longer = replace(turn, conversation=conversation)
    if turn.prepared.plan.count_source == COUNTED:
        return refined(tools, longer, endpoint)
    return replace(longer, prepared=_refitted(turn.prepared, conversation, tools.count))


def _refitted(prepared: Prepared, conversation: Conversation, count: Count) -> Prepared:
    plan = fitted(conversation, prepared.spec, prepared.settings, count, exact=True)
    request = build_request(prepared.settings, prepared.spec, plan)
    return replace(prepared, plan=plan, request=request)
