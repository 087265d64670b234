"""Receiving a reply: every part is on disk before this is done, whatever ends it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from notelog.app.ask import Asking, Refitted, ask, never_refitted
from notelog.app.spool import Spool
from notelog.core.records import TurnRecord
from notelog.core.reply import Reply, ReplyBuilder
from notelog.core.request import ChatRequest
from notelog.errors import (
    ConfigurationError,
    InDoubtError,
    InterruptedByUserError,
    JournalError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
    QuestionTooLargeError,
    ReplyNotKeptError,
)
from notelog.ports.asked import AskingJournal
from notelog.ports.people import Onlooker
from notelog.ports.servers import Endpoint

_UNBILLED = (
    ConfigurationError,
    InterruptedByUserError,
    ProviderRefusedError,
    ProviderUnavailableError,
    QuestionTooLargeError,
)
"""What ends a request that no model has answered and nobody has paid for."""

_MENDED_ELSEWHERE = frozenset({"key", "quota", "rate"})
"""Noes that time or an account mends: those are the breaker's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What receiving a reply needs.

    Attributes:
        journal: where its parts go.
        record: the turn, in state intent.
        asking: sends requests; its clock and its reporter serve here too.
        cancelled: whether the person wants to stop.
        refit: makes a request smaller that the server finds too long; all the attempts are one
            turn, which stays sent in the journal until it ends.
        lack: what a reply did not take into account, a line each; it is kept in its fault.
        refused: what the journal keeps where the server says no for good; see ``app.refused``.
        onlooker: is shown the reply while it arrives, as far as it is kept; None for nobody.
    """

    journal: AskingJournal
    record: TurnRecord
    asking: Asking
    cancelled: Callable[[], bool]
    refit: Refitted = never_refitted
    lack: Callable[[Reply], str] = lambda _reply: ""
    refused: str = ""
    onlooker: Onlooker | None = None


def receive(tools: Receiving, request: ChatRequest, endpoint: Endpoint) -> Reply:
    """Asks for a reply and records what becomes of it.

    Returns:
        The reply as far as it arrived: with text, or ended by the server without any.

    Raises:
        NotelogError: nothing arrived; the journal says whether it may have been billed.
        ReplyNotKeptError: it arrived and the journal could not take it.
    """
    record_id, billed = tools.record.record_id, endpoint.profile.billed
    is_sent = False

    def leaving(meanwhile: Callable[[], None]) -> None:
        nonlocal is_sent
        if is_sent:
            meanwhile()
        else:
            tools.journal.sent(record_id, meanwhile)
            is_sent = True

    builder = ReplyBuilder()
    spool = Spool(tools.journal, record_id, tools.asking.clock)

    def cancelled() -> bool:
        """Looked at several times a second, so that parts are kept while none arrives."""
        spool.write_what_waited()
        _show(tools, spool, builder)
        return tools.cancelled()

    try:
        for delta in ask(
            tools.asking,
            request,
            endpoint,
            cancelled=cancelled,
            leaving=leaving,
            refit=tools.refit,
        ):
            builder.add(delta)
            spool.add(delta)
            tools.asking.reporter.delta(delta)
        spool.flush()
    except _UNBILLED as error:
        final = isinstance(error, ProviderRefusedError) and error.reason not in _MENDED_ELSEWHERE
        tools.journal.failed(record_id, error.message, refused=tools.refused if final else "")
        raise
    except InDoubtError as error:
        spool.flush()
        if not builder.has_text:
            _leave_in_doubt(tools, error, billed=billed)
        builder.fault = error.message
    reply = builder.finish(interrupted=tools.cancelled())
    if not reply.text and not reply.finish_reason:
        raise _stopped_early(tools, billed=billed)
    if lack := tools.lack(reply):
        reply = replace(reply, fault=f"{reply.fault}\n{lack}".strip())
    _keep(tools, reply)
    return reply


def _show(tools: Receiving, spool: Spool, builder: ReplyBuilder) -> None:
    """Shows what came to who looks on; it is in the journal first."""
    if tools.onlooker is not None and tools.onlooker.is_due():
        spool.flush()
        tools.onlooker.show(builder.text)


def _keep(tools: Receiving, reply: Reply) -> None:
    try:
        tools.journal.received(tools.record.record_id, reply)
    except JournalError as error:
        raise ReplyNotKeptError(
            f"{error.message}: the reply could not be kept, and the note was left alone",
            hint=f"copy the reply from here; then {error.hint or 'look at the state folder'}",
            path=error.path,
            reply=reply.text,
        ) from error


def _leave_in_doubt(tools: Receiving, error: InDoubtError, *, billed: bool) -> NoReturn:
    if billed:
        tools.journal.in_doubt(tools.record.record_id, error.message)
        raise error
    tools.journal.failed(tools.record.record_id, error.message)
    raise ProviderUnavailableError(error.message, hint=error.hint) from error


def _stopped_early(tools: Receiving, *, billed: bool) -> NotelogError:
    """Records a request that the person stopped before its first word."""
    reason = "stopped by you before anything arrived"
    if billed:
        tools.journal.in_doubt(tools.record.record_id, reason)
    else:
        tools.journal.failed(tools.record.record_id, reason)
    hint = "the request may have been billed: notelog retry NOTE asks anew" if billed else ""
    return InterruptedByUserError(f"{reason}; the note is as it was", hint=hint)
