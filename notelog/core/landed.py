"""How far an insertion got that was cut short: by a crash, or by a disk that was full."""

from notelog.core.edit import EditPlan, Insertion


def landed_bytes(data: bytes, insertion: Insertion) -> int:
    """How many bytes of an insertion a note holds.

    Args:
        data: the note as it is now.
        insertion: as the journal recorded it before it was written.

    Returns:
        Its whole length where the note holds all of it, at its place or, moved by edits above,
        elsewhere; fewer where the note ends in the middle of it; 0 where nothing of it, or
        nothing that could be told from a person's text, is there.
    """
    if insertion.data and insertion.data in data:
        return len(insertion.data)
    rest = data[insertion.offset :]
    return len(rest) if insertion.data.startswith(rest) else 0


def plan_rest(data: bytes, fingerprint: str, insertion: Insertion) -> EditPlan | None:
    """The plan that completes an insertion which was cut short; None where there is no such.

    Args:
        data: the note as it is now.
        fingerprint: its fingerprint.
        insertion: as the journal recorded it before it was written.
    """
    landed = landed_bytes(data, insertion)
    if not 0 < landed < len(insertion.data):
        return None
    rest = Insertion(offset=len(data), data=insertion.data[landed:])
    return EditPlan(fingerprint=fingerprint, size=len(data), insertions=(rest,))
