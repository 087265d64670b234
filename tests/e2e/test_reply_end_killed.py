"""Killed about the end of a reply: whatever lands afterwards was never known whole, and says so."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from journal_records import wait_for_parts
from program import Program
from scripted_server import (
    STALL,
    ScriptedServer,
    Signal,
    Step,
    chunk,
    event,
    reply,
    response,
    usage_chunk,
)
from watch_run import QUICK, UNTICKED, WatchRun

ASKED = UNTICKED.format("What is tea?").replace("[ ]", "[x]").encode()
LAST_PART, FINISH = event(chunk("A leaf.")), event(chunk(finish_reason="stop"))
MOMENTS = {
    "last part": [LAST_PART],
    "finish reason": [LAST_PART, FINISH],
    "done": [LAST_PART, FINISH, event(usage_chunk()), event("[DONE]")],
}
KILLED_BEFORE_RECEIVED = """
import os, signal, sys
from notelog.__main__ import main
from notelog.adapters.journal_sqlite import SqliteJournal
SqliteJournal.received = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main())
"""


@pytest.mark.parametrize("finisher", ["complete", "watch", "deliver"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_lands_is_marked(program: Program, vault: Path, moment: str, finisher: str) -> None:
    """The part that came goes into the note, followed by the callout, and nothing is asked."""
    note = vault / "tea.md"
    note.write_bytes(ASKED)
    arrived = Event()
    script: list[Step] = response(*MOMENTS[moment], Signal(arrived), STALL, end=False)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED_BEFORE_RECEIVED, "complete", str(note)],
            env={"TEST_KEY": "k", **program.environment},
        )
        assert arrived.wait(60)
        wait_for_parts(program)
        if moment != "done":
            process.kill()
        assert process.wait(60) == -9
        if finisher == "watch":
            with WatchRun(program, vault) as watch:
                watch.wait_for("failed", "tea.md")
        else:
            program.run(finisher, note)
    data = note.read_bytes()
    assert data.count(b"A leaf.\n\n> [!notelog] the reply was cut off") == 1
    assert len(server.requests) == 1
