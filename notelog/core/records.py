"""What the journal records: the life of a turn from intent to delivered."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from re import IGNORECASE
from re import compile as regex
from typing import TYPE_CHECKING

from notelog.core.content import is_blank
from notelog.core.derived import Purpose
from notelog.core.edit import Insertion, Landed
from notelog.core.messages import Conversation, Message, Role
from notelog.core.reply import Reply

if TYPE_CHECKING:
    from notelog.core.models import Price

_KEY_BYTES = 20
# A line that does nothing but close a block: one such line is put below a question whose block
# is open (see ``edit``), so the question is the same with and without it. The open block may end
# in a line that would close another kind, so all of them are left out.
CLOSING_LINE = regex(
    r"[ \t>]*(?:`{3,}|~{3,}|-->|\?>|\]\]>|>|\$\$|</(?:pre|script|style|textarea)>)", IGNORECASE
)


AT_END = "> [!notelog] The reply to “"
"""So begins a reply that was put at the end of its note, since its question is gone from there."""


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
        reply_tokens: the most that the reply can have.
        price: what the model costs now; None where it is unpriced. What was spent stays what it
            was when prices change.
        purpose: what for; ``prompt`` is a name such as ``part 3 of 17`` where it is no reply.
        ticks: how many boxes ``again`` and ``retry`` were ticked in the note: this is what they
            asked for, and they ask for nothing more.
        continues: the record of the reply that this one goes on from; 0 for a reply of its own.
        covers: what of a long text a request for a part is about; see ``core.digest_plan.Part``.
        on_way_to: the key of the turn on the way to whose reply this is asked; empty for a reply.
    """

    turn_key: str
    note: str
    vault: str
    profile: str
    model: str
    prompt_tokens: int
    prompt: str
    reply_tokens: int = 0
    price: "Price | None" = None
    purpose: Purpose = Purpose.REPLY
    ticks: int = 0
    continues: int = 0
    covers: str = ""
    on_way_to: str = ""


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
        landings: what was put into the note, once that was planned: once for each time, the last
            one last.
        refused: what the server said no to, see ``app.refused``; empty where it did not, and where
            nobody asks for it any more.
    """

    record_id: int
    attempt: int
    intent: Intent
    state: TurnState
    started_at: float
    reason: str = ""
    reply: Reply | None = None
    landings: tuple[Landed, ...] = ()
    refused: str = ""

    @property
    def insertion(self) -> Insertion | None:
        """The main piece of what was put into the note last, once that was planned."""
        return self.landings[-1].main if self.landings else None

    @property
    def is_kept(self) -> bool:
        """Whether a reply came, or a part of one, that was not put into its note."""
        came = self.reply is not None and bool(self.reply.text)
        return came and self.state in {TurnState.RECEIVED, TurnState.IN_DOUBT}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftCallout:
    """A callout that was put into a note below a question without an answer.

    Attributes:
        callout_id: its number in the journal.
        inserted: the bytes, blank lines around it too; of one that grows as far as it was about
            to.
        offset: the end of the note where it was appended; -1 where it was put in elsewhere.
    """

    callout_id: int
    inserted: bytes
    offset: int = -1


def turn_key(conversation: Conversation) -> str:
    """Names a turn by what is said up to and with it: 40 hexadecimal digits.

    Line ends, blanks at line ends and blank lines at the end make no difference, nor do
    closing lines (of a fence, a comment, raw HTML or a math block) at the end of a user message.

    Args:
        conversation: all messages up to and with the user's turn.
    """
    return turn_keys(conversation)[-1]


def turn_keys(conversation: Conversation) -> tuple[str, ...]:
    """The keys of the first 0, 1, 2 ... and of all messages of a conversation."""
    digest = blake2b(digest_size=_KEY_BYTES)
    keys = [digest.hexdigest()]
    for message in conversation:
        text = _normal(message).encode("utf-8", "surrogatepass")
        digest.update(f"{message.role} {len(text)}\n".encode())
        digest.update(text)
        keys.append(digest.hexdigest())
    return tuple(keys)


def _normal(message: Message) -> str:
    text = message.content.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    _drop_blanks(lines)
    while message.role is Role.USER and len(lines) > 1 and CLOSING_LINE.fullmatch(lines[-1]):
        lines.pop()
        _drop_blanks(lines)
    return "\n".join(lines)


def _drop_blanks(lines: list[str]) -> None:
    while lines and is_blank(lines[-1]):
        lines.pop()
