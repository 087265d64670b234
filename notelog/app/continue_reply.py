"""Going on from a reply that ended early."""

from dataclasses import replace

from notelog.app.due import Completing, Job, Turn
from notelog.app.prepare import prepare
from notelog.core.continuing import ended_early, going_on, joined, parameters_of
from notelog.core.messages import Conversation, Role
from notelog.core.records import TurnRecord, TurnState
from notelog.core.reply import Reply, ReplyState
from notelog.core.request import build_request
from notelog.core.settings import Config, Continuation
from notelog.errors import ConflictError
from notelog.ports.journal import Journal

_WHOLE = "the last reply ended by itself: there is nothing to go on from"
_NONE = "nothing of a reply to the last question is kept: there is nothing to go on from"


def going_on_turn(
    tools: Completing, job: Job, turn: Turn, journal: Journal, last: TurnRecord | None
) -> Turn:
    """The turn, asked to go on from what came of its last attempt.

    Args:
        tools: the ports.
        job: what was asked for.
        turn: the turn as it would be asked from its beginning.
        journal: holds what came.
        last: the last attempt.

    Raises:
        ConflictError: nothing came, or it was whole.
        NoteError: with what came it does not fit the window.
    """
    part = _part(journal, last)
    if part is None or part.reply is None:
        raise ConflictError(_NONE, hint="notelog complete NOTE asks from the beginning")
    if not ended_early(part.reply):
        raise ConflictError(_WHOLE, hint="ask for more in a new message, or: notelog again NOTE")
    how = turn.prepared.settings.profile.continuation
    conversation = (
        *_pinned(turn.conversation),
        *going_on(how, text_so_far(journal, part, tools.config)),
    )
    prepared = prepare(
        turn.note,
        conversation,
        path=job.path,
        config=tools.config,
        options=job.options,
        count=tools.count,
        exact=not turn.prepared.plan.bounded,
        learned=tools.learned,
    )
    sampling = {**prepared.settings.sampling, **parameters_of(how)}
    settings = replace(prepared.settings, sampling=sampling)
    request = build_request(settings, prepared.spec, prepared.plan)
    prepared = replace(prepared, settings=settings, request=request)
    return replace(turn, conversation=conversation, prepared=prepared, part=part)


def _part(journal: Journal, last: TurnRecord | None) -> TurnRecord | None:
    """The newest attempt of which anything came, from the last one on back."""
    if last is None:
        return None
    attempts = journal.attempts(last.intent.turn_key, last.intent.note)
    came = (item for item in reversed((*attempts, last)) if item.reply and item.reply.text)
    return next((item for item in came if item.state is not TurnState.ABANDONED), None)


def _pinned(conversation: Conversation) -> Conversation:
    """The conversation with its question kept whatever the window: the wish to go on comes last."""
    asked = max(i for i, item in enumerate(conversation) if item.role is Role.USER)
    question = replace(conversation[asked], pinned=True)
    return (*conversation[:asked], question, *conversation[asked + 1 :])


def text_so_far(journal: Journal, record: TurnRecord, config: Config) -> str:
    """All that the model said for a turn, over the attempts that went on from one another."""
    own = record.reply.text if record.reply is not None else ""
    before = journal.record(record.intent.continues) if record.intent.continues else None
    if before is None:
        return own
    return joined(_way(config, record), text_so_far(journal, before, config), own)


def _way(config: Config, record: TurnRecord) -> Continuation:
    profile = config.profiles.get(record.intent.profile)
    return "message" if profile is None else profile.continuation


def whole_if_nothing_was_missing(record: TurnRecord, reply: Reply) -> Reply:
    """A reply to a wish to go on: where the model adds nothing and ends, nothing was missing."""
    if record.intent.continues and reply.state is ReplyState.EMPTY and not reply.fault:
        return replace(reply, state=ReplyState.COMPLETE)
    return reply
