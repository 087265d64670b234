"""Edit plans: what is put into a note.

A plan inserts. No type here can express the deletion of a person's text.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """Bytes put in at a byte offset of the note as it was read."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Bytes taken out again: the journal shows that notelog inserted exactly them.

    Attributes:
        offset: where they stand in the note as it was read.
        data: the bytes themselves, still exactly as they were inserted.
        record_id: the journal record of their insertion.
    """

    offset: int
    data: bytes
    record_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPlan:
    """A planned change of a note.

    Attributes:
        fingerprint: of the note that it was planned for.
        size: that note's size in bytes.
        insertions: in order of their offsets.
        withdrawals: in order of their offsets, none overlapping.
        turn_index: the user turn that is answered, in the note it was planned for.
        content: the assistant message that the note holds afterwards and did not hold before;
            empty where the plan only leaves a callout.
        reply_bytes: how many of the inserted bytes, from the first on, are the reply; what
            follows invites the person to type on.
        split_at: the byte at which the answered turn ended when it was asked, where a person has
            typed on in it since: that becomes a message of its own, below the reply.
    """

    fingerprint: str
    size: int
    insertions: tuple[Insertion, ...]
    withdrawals: tuple[Withdrawal, ...] = ()
    turn_index: int = -1
    content: str = ""
    reply_bytes: int = 0
    split_at: int | None = None

    @property
    def appended(self) -> bytes | None:
        """What is added at the end of the file where that is all the plan does, else None."""
        if self.withdrawals or any(item.offset != self.size for item in self.insertions):
            return None
        return b"".join(item.data for item in self.insertions)

    @property
    def shortened(self) -> int | None:
        """The note's size afterwards where all that the plan does is to take its end away."""
        size = self.size
        for item in reversed(self.withdrawals):
            if item.offset + len(item.data) != size:
                return None
            size = item.offset
        return size if size < self.size and not self.insertions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What a plan put into a note, piece by piece.

    Offsets are those of the note before it, without what the plan took out.

    Attributes:
        reply: the reply with its header and callouts, and a line that closes the question's block.
        invitation: the empty user turn and the checkbox below it, in which a person types on.
    """

    reply: tuple[Insertion, ...]
    invitation: tuple[Insertion, ...] = ()

    @property
    def main(self) -> Insertion:
        """The piece by which the reply is found again; all of it where it was appended at once."""
        pieces = (*self.reply, *self.invitation)
        if len({piece.offset for piece in pieces}) == 1:
            return Insertion(offset=pieces[0].offset, data=b"".join(piece.data for piece in pieces))
        return max(self.reply or pieces, key=lambda piece: len(piece.data))


def landed_by(plan: EditPlan) -> Landed:
    """What the journal records of a plan before it is carried out."""
    reply: list[Insertion] = []
    invitation: list[Insertion] = []
    left = plan.reply_bytes or sum(len(item.data) for item in plan.insertions)
    for item in plan.insertions:
        gone = sum(len(out.data) for out in plan.withdrawals if out.offset < item.offset)
        for part, pieces in ((item.data[:left], reply), (item.data[left:], invitation)):
            if part:
                pieces.append(Insertion(offset=item.offset - gone, data=part))
        left = max(left - len(item.data), 0)
    return Landed(reply=tuple(reply), invitation=tuple(invitation))


def apply_plan(data: bytes, plan: EditPlan) -> bytes:
    """The note's bytes after the plan.

    Args:
        data: the note for which the plan was made.
        plan: its insertions and withdrawals.

    Raises:
        ValueError: the bytes are not those of the note the plan was made for.
    """
    if len(data) != plan.size:
        raise ValueError(f"the plan is for a note of {plan.size} bytes, not {len(data)}")
    return b"".join(_pieces(data, plan))


def _pieces(data: bytes, plan: EditPlan) -> Iterator[bytes]:
    """What the new note is made of; an insertion at an offset stands before what is taken out."""
    done = 0
    steps: list[Insertion | Withdrawal] = [*plan.insertions, *plan.withdrawals]
    steps.sort(key=lambda step: step.offset)
    for step in steps:
        if not done <= step.offset <= len(data):
            raise ValueError(f"the plan's steps overlap or pass the end, at byte {step.offset}")
        yield data[done : step.offset]
        done = step.offset
        match step:
            case Insertion():
                yield step.data
            case Withdrawal():
                done += len(step.data)
                if data[step.offset : done] != step.data:
                    raise ValueError(f"what is to be taken out at byte {step.offset} was changed")
    yield data[done:]
