"""Two processes at one note: a program that saves again and again, and the writer."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import savers
from ordeal import FULL

from notelog.adapters.files import NoteFiles
from notelog.core.edit import EditPlan, Insertion, Withdrawal
from notelog.errors import ConflictError, NoteError
from notelog.ports.notes import Snapshot

pytestmark = pytest.mark.timeout(1200 if FULL else 120)

COUNT = 2_000 if FULL else 200
LONGEST_PAUSE_MS = {False: 8, True: 160}
"""Between two saves; the exchange looks for 50 ms who else is writing."""


def run_race(note: Path, style: str, *, above: bool) -> tuple[list[bytes], list[bytes]]:
    """Writes replies while another process saves; gives its lines and our replies."""
    store = NoteFiles()
    replies: list[bytes] = []
    count, pause = COUNT // (4 if above else 1), str(LONGEST_PAUSE_MS[above])
    command = [sys.executable, savers.__file__, style, str(note), str(count), pause]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
        while saver.poll() is None and len(replies) < 10 * COUNT:
            reply = b"reply-%d\n" % len(replies)
            try:
                snapshot = store.read(str(note))
                if snapshot.data:
                    place = snapshot.data.rfind(b"foot") if above else len(snapshot.data)
                    store.write(
                        snapshot, plan_for(snapshot.data, snapshot.fingerprint, place, reply)
                    )
                    replies.append(reply)
            except (ConflictError, NoteError):  # vim's note is away for an instant
                continue
        lines, _ = saver.communicate(timeout=60)
    assert saver.returncode == 0
    return lines.splitlines(keepends=True), replies


def run_withdrawals(note: Path, style: str) -> tuple[list[bytes], int]:
    """Puts replies in and takes them out while another process saves; gives both."""
    store = NoteFiles()
    done = 0
    command = [sys.executable, savers.__file__, style, str(note), str(COUNT // 4), "160"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
        while saver.poll() is None and done < 10 * COUNT:
            reply = b"reply-%d\n" % done
            try:
                snapshot = store.read(str(note))
                if not snapshot.data:
                    continue
                end = len(snapshot.data)
                written = store.write(
                    snapshot, plan_for(snapshot.data, snapshot.fingerprint, end, reply)
                )
                store.write(written, withdrawal_for(written, reply))
                done += 1
            except (ConflictError, NoteError):  # vim's note is away for an instant
                continue
        lines, _ = saver.communicate(timeout=60)
    assert saver.returncode == 0
    return lines.splitlines(keepends=True), done


def withdrawal_for(snapshot: Snapshot, reply: bytes) -> EditPlan:
    """A plan that takes a reply out again."""
    place = snapshot.data.index(reply)
    return EditPlan(
        fingerprint=snapshot.fingerprint,
        size=len(snapshot.data),
        insertions=(),
        withdrawals=(Withdrawal(offset=place, data=reply, record_id=1),),
    )


def plan_for(data: bytes, fingerprint: str, offset: int, reply: bytes) -> EditPlan:
    """A plan that puts a reply at an offset."""
    return EditPlan(
        fingerprint=fingerprint,
        size=len(data),
        insertions=(Insertion(offset=max(offset, 0), data=reply),),
    )


@pytest.mark.parametrize("style", savers.STYLES)
@pytest.mark.parametrize("above", [False, True], ids=["append", "exchange"])
def test_no_line_is_lost(
    tmp_path: Path, style: str, record_property: Callable[[str, object], None], *, above: bool
) -> None:
    """Every line that the other program saved is in the note, and something was written by us."""
    note = tmp_path / "a.md"
    note.write_bytes(b"question\nfoot\n")
    lines, replies = run_race(note, style, above=above)
    held = note.read_bytes().splitlines(keepends=True)
    assert len(lines) >= COUNT // 4
    lost = [line for line in lines if line not in held]
    record_property("points", len(lines))
    record_property("lost", len(lost))
    assert lost == []
    assert {b"question\n", b"foot\n"} <= set(held)
    assert replies
    assert [name for name in os.listdir(tmp_path) if name != note.name] == []  # noqa: PTH208  # hidden


@pytest.mark.parametrize("style", savers.STYLES)
def test_no_line_is_lost_while_replies_are_taken_out(
    tmp_path: Path, style: str, record_property: Callable[[str, object], None]
) -> None:
    """Taking out what was inserted costs another program none of its lines."""
    note = tmp_path / "a.md"
    note.write_bytes(b"question\nfoot\n")
    lines, done = run_withdrawals(note, style)
    held = note.read_bytes().splitlines(keepends=True)
    lost = [line for line in lines if line not in held]
    record_property("points", len(lines))
    record_property("lost", len(lost))
    assert lost == []
    assert {b"question\n", b"foot\n"} <= set(held)
    assert done
    assert [name for name in os.listdir(tmp_path) if name != note.name] == []  # noqa: PTH208  # hidden
