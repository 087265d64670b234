"""Edit plans: what is put into a note.

A plan inserts. No type here can express the deletion of a person's text.
"""

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
    """

    fingerprint: str
    size: int
    insertions: tuple[Insertion, ...]
    withdrawals: tuple[Withdrawal, ...] = ()

    @property
    def appended(self) -> bytes | None:
        """What is added at the end of the file where that is all the plan does, else None."""
        if self.withdrawals or any(item.offset != self.size for item in self.insertions):
            return None
        return b"".join(item.data for item in self.insertions)
