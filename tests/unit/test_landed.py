"""An insertion that was cut short is found and completed, never doubled."""

import pytest

from notelog.core.edit import Insertion, apply_plan
from notelog.core.landed import landed_bytes, plan_rest

OLD = b"question\n"
ADDED = Insertion(offset=len(OLD), data=b"\n\nanswer\n")


@pytest.mark.parametrize("length", range(len(ADDED.data) + 1))
def test_cut_at_every_byte(length: int) -> None:
    """Wherever it was cut, the rest completes it; where nothing or all is there, there is none."""
    note = OLD + ADDED.data[:length]
    assert landed_bytes(note, ADDED) == length
    plan = plan_rest(note, "f", ADDED)
    if 0 < length < len(ADDED.data):
        assert plan is not None
        assert apply_plan(note, plan) == OLD + ADDED.data
    else:
        assert plan is None


@pytest.mark.parametrize(
    ("note", "landed"),
    [
        (b"an edit above\n" + OLD + ADDED.data + b"more", len(ADDED.data)),
        (OLD + ADDED.data[:5] + b"their line\n", 0),
        (OLD + b"their line\n", 0),
        (b"", 0),
        (OLD[:4], 0),
    ],
)
def test_note_was_edited(note: bytes, landed: int) -> None:
    """What cannot be told from a person's text is left to them."""
    assert landed_bytes(note, ADDED) == landed
    assert plan_rest(note, "f", ADDED) is None
