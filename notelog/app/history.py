"""What the journal says of a turn before it is asked: never pay twice without the user's word."""

from notelog.core.records import TurnRecord, TurnState
from notelog.errors import ConflictError, InDoubtError

PART_KEPT = "what came is kept: notelog complete --continue NOTE goes on from it, --again asks anew"
AGAIN = "notelog complete --again NOTE asks anew; it may be billed a second time"
RETRY = "notelog retry NOTE asks anew; it may be billed a second time"


def reply_waiting(record: TurnRecord | None, *, again: bool, billed: bool) -> TurnRecord | None:
    """Decides from a turn's last attempt whether it may be asked.

    Args:
        record: the last attempt, or None.
        again: the person said that it is to be asked anew.
        billed: whether asking costs money; what is free is simply asked again.

    Returns:
        The attempt whose reply, or part of a reply that cost money, is kept and only has to be
        put into the note; or None: ask.

    Raises:
        InDoubtError: it was sent, and whether it was answered is not known.
        ConflictError: its reply was in the note and is gone, or held nothing to put there.
    """
    if record is None or again:
        return None
    arrived = record.reply is not None and record.reply.text
    if arrived and (record.state is TurnState.RECEIVED or _died(record, billed=billed)):
        return record
    if not billed:
        return None
    match record.state:
        case TurnState.SENT | TurnState.IN_DOUBT:
            raise in_doubt("this question", record, hint=RETRY)
        case TurnState.DELIVERED | TurnState.ABANDONED:
            raise ConflictError(
                "this question was answered before, and the reply is no longer in the note",
                hint=AGAIN,
            )
        case TurnState.FAILED if arrived:
            raise ConflictError(
                f"this question was asked before, and the reply ended early: {record.reason}",
                hint=PART_KEPT,
            )
        case TurnState.FAILED if record.reply is not None:
            raise ConflictError(
                f"this question was asked before and gave nothing to write: {record.reason}",
                hint=RETRY,
            )
        case _:
            return None


def in_doubt(what: str, record: TurnRecord, *, hint: str) -> InDoubtError:
    """That something was sent and no whole answer was seen; the reason may say itself what costs.

    Args:
        what: was sent, for a sentence.
        record: its last attempt.
        hint: what asks anew.
    """
    reason = record.reason.removesuffix("; it may have been billed")
    why = f" ({reason})" if reason else ""
    return InDoubtError(
        f"{what} was sent before, and no whole answer was seen{why}: it may have been billed",
        hint=hint,
    )


def may_retry(record: TurnRecord | None, path: str) -> bool:
    """Whether a turn is in doubt or failed, so that ``notelog retry`` asks it anew.

    Args:
        record: the last attempt, or None.
        path: the note, for a sentence.

    Returns:
        False where its reply is kept and only has to be put into the note.

    Raises:
        ConflictError: it is neither, and nothing is asked.
    """
    match record.state if record is not None else None:
        case TurnState.IN_DOUBT | TurnState.FAILED | TurnState.SENT | TurnState.INTENT:
            return True
        case TurnState.RECEIVED:
            return False
        case None:
            raise nothing_to_retry(
                "it was not asked yet", path, hint="notelog complete NOTE asks it"
            )
        case TurnState.DELIVERED | TurnState.ABANDONED:
            raise nothing_to_retry(
                "it was answered before, and the reply is no longer in the note", path, hint=AGAIN
            )


def nothing_to_retry(why: str, path: str, *, hint: str = "") -> ConflictError:
    """Nothing of a note is in doubt or failed, so that nothing is asked."""
    return ConflictError(
        f"the last question of this note is neither in doubt nor failed: {why}",
        hint=hint,
        path=path,
    )


def _died(record: TurnRecord, *, billed: bool) -> bool:
    """Whether the program ended while a reply arrived that is paid for."""
    return billed and record.state is TurnState.IN_DOUBT
