"""The reply to a turn goes into its note: tried before anything is paid for, done when it came."""

from dataclasses import replace

from notelog.app.attempts import Replacing, rehearsed_delivery
from notelog.app.continue_reply import text_so_far, whole_if_nothing_was_missing
from notelog.app.deliver import Delivery, deliver
from notelog.app.due import Completing, Job, Turn
from notelog.app.history import PART_KEPT
from notelog.app.outcome import Completed, Judgement, Outcome, judge
from notelog.app.prepare import Prepared
from notelog.core.edit import EditPlan
from notelog.core.models import cost_of_usage
from notelog.core.note_style import ReplyStyle
from notelog.core.records import TurnRecord, turn_key
from notelog.core.reply import Reply, ReplyState
from notelog.core.settings import Config
from notelog.core.trim_report import left_out_words
from notelog.errors import ConflictError, NoExchangeError, NoteWriteError
from notelog.ports.journal import Journal

_ASK_BELOW = "ask for another answer in a new message at its end"
_COPY = "this note is a copy of one that was answered: the answer in it is yours, and stays"
_MAKE_ROOM = "move what stands below the question above it: then the reply goes to the end"


def rehearsed_landing(tools: Completing, journal: Journal, turn: Turn, job: Job) -> EditPlan:
    """Finds out, before anything is paid for, whether a reply could be put into the note.

    Raises:
        NoteError: it could not; nothing was sent.
        ConflictError: the answer that it would replace is not there as it was written.
    """
    tools.reading.store.check_writable(turn.snapshot)
    try:
        plan, problems = rehearsed_delivery(
            turn.note,
            turn.due.turn_index,
            fingerprint=turn.snapshot.fingerprint,
            style=ReplyStyle(model_suffix=tools.config.model_suffix),
            replacing=_replacing(turn),
            by_box=job.by_box,
        )
    except ConflictError as error:
        if not turn.attempts and journal.was_asked(turn_key(turn.due.conversation)):
            error.message = _COPY
        raise
    if problems:
        raise NoteWriteError(
            f"a reply put into this note would not read back as it should ({problems[0]}); "
            "nothing was sent",
            path=turn.snapshot.path,
            hint="this is a defect of notelog: please report it with the note",
        )
    return plan


def check_exchange(tools: Completing, turn: Turn) -> None:
    """The same for a reply that goes elsewhere than to the end of the note.

    Raises:
        NoExchangeError: here only the end of a note can be changed.
    """
    try:
        tools.reading.store.check_exchange(turn.snapshot)
    except NoExchangeError as error:
        error.lasting = True
        error.hint = _ASK_BELOW if turn.due.anew else _MAKE_ROOM
        raise


def put_in(
    tools: Completing, journal: Journal, turn: Turn, record: TurnRecord, reply: Reply
) -> Completed:
    """Puts what came into the note, or leaves it in the journal where it is not to stand there.

    Raises:
        NotelogError: it could not be put in; it is kept.
    """
    reply = whole_if_nothing_was_missing(record, reply)
    judgement = judge(reply, turn.prepared)
    done = Completed(
        outcome=judgement.outcome,
        sentence=judgement.sentence,
        hint=judgement.hint,
        reply=reply,
        prepared=turn.prepared,
        cost=cost_of_usage(turn.prepared.spec.price, reply.usage),
    )
    text = text_so_far(journal, replace(record, reply=reply), tools.config)
    if not text or (not reply.text and judgement.outcome is not Outcome.ANSWERED):
        journal.failed(record.record_id, judgement.sentence)
        return done
    if tools.config.partial_replies == "journal" and reply.state is not ReplyState.COMPLETE:
        journal.failed(record.record_id, judgement.sentence)
        return replace(done, hint=PART_KEPT)
    delivery = Delivery(
        snapshot=turn.snapshot,
        note=turn.note,
        turn_index=turn.due.turn_index,
        record_id=record.record_id,
        turn_key=record.intent.turn_key,
        text=text,
        style=_style(tools.config, turn.prepared, reply, judgement),
        replacing=_replacing_with(turn, record),
    )
    return replace(done, line=deliver(tools.reading, journal, delivery))


def _replacing(turn: Turn) -> Replacing | None:
    if not turn.due.anew:
        return None
    return Replacing(attempts=turn.attempts, folded=turn.part is None)


def _replacing_with(turn: Turn, record: TurnRecord) -> Replacing | None:
    """As the turn has it, but that a reply which goes on from another holds that one."""
    replacing = _replacing(turn)
    return replace(replacing, folded=not record.intent.continues) if replacing else None


def _style(config: Config, prepared: Prepared, reply: Reply, judgement: Judgement) -> ReplyStyle:
    wanted = config.reasoning == "callout" and reply.reasoning
    return ReplyStyle(
        model=prepared.request.model,
        model_suffix=config.model_suffix,
        inert_replies=config.inert_replies,
        mark=_mark(prepared, judgement) or None,
        box="again" if judgement.mark else "",
        reasoning=reply.reasoning if wanted else None,
    )


def _mark(prepared: Prepared, judgement: Judgement) -> str:
    """What the callout below a reply says: what is wrong, and if asked what was left out."""
    left_out = left_out_words(prepared.plan) if prepared.settings.context.mark_left_out else ""
    told = f"{left_out[:1].upper()}{left_out[1:]}." if left_out else ""
    return f"{judgement.mark} {told}".strip()
