"""How often the disk is waited for before a request leaves: a figure that no load changes."""

from pathlib import Path

import pytest
from ordeal import FIRST, Ordeal

pytestmark = [pytest.mark.usefixtures("strace"), pytest.mark.timeout(300)]


def test_one_sync_makes_a_turn_durable(tmp_path: Path) -> None:
    """The log is synced once for its own head, which is new, and once for intent and sent."""
    with Ordeal(tmp_path / "a") as ordeal:
        assert ordeal.complete().code == 0
        assert FIRST.encode() in ordeal.note.read_bytes()
        ordeal.note.write_bytes(ordeal.note.read_bytes() + b"And coffee?\n")
        calls = ordeal.list_calls()
        names = [call.name for call in calls]
        before = calls[: names.index("sendto")]
        syncs = [call for call in before if call.name in {"fsync", "fdatasync"}]
        assert [call.kind for call in syncs].count("wal") == 2
        assert not any(call.kind in {"database", "note"} for call in syncs)
