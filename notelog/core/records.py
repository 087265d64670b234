"""What the journal records: the life of a turn from intent to delivered."""

from dataclasses import dataclass
from enum import StrEnum

from notelog.core.edit import Insertion
from notelog.core.reply import Reply


class TurnState(StrEnum):
    """How far a turn has come; see ``docs/promises.md``."""

    INTENT = "intent"  # decided, nothing has left
    SENT = "sent"  # the request may have left: after a crash, in doubt
    RECEIVED = "received"  # the whole reply (or what arrived of it) is in the spool, with END
    DELIVERED = "delivered"  # the note on disk was seen to hold it
    FAILED = "failed"  # ended without a reply and unbilled
    IN_DOUBT = "in-doubt"  # sent, and no answer was seen
    ABANDONED = "abandoned"  # the person took it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be asked.

    Attributes:
        turn_key: see ``turn_key``.
        note: the note's real path.
        vault: the vault's real path.
        profile: the profile asked.
        model: the model asked.
        prompt_tokens: as counted before, exact or not.
        prompt: the text of the user turn, to recognise it again.
    """

    turn_key: str
    note: str
    vault: str
    profile: str
    model: str
    prompt_tokens: int
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """A turn as the journal knows it.

    Attributes:
        record_id: its number in the journal.
        attempt: 1 for the first time this turn was asked.
        intent: what was asked.
        state: how far it came.
        started_at: seconds since the epoch.
        reason: why it failed or is in doubt; may be empty.
        reply: what arrived, if anything did.
        insertion: what was put into the note, once that was planned.
    """

    record_id: int
    attempt: int
    intent: Intent
    state: TurnState
    started_at: float
    reason: str = ""
    reply: Reply | None = None
    insertion: Insertion | None = None
