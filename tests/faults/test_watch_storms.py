"""The watcher where other programs save without end, and where the system loses events.

The size of the vault is small on every run and 100,000 notes in the long proof. How long it takes
is measured by ``bench/bench_watch.py``; here nothing may be lost or paid for twice.
"""

import os
import sys
from pathlib import Path

import pytest
from program import Program
from scripted_server import ScriptedServer, reply
from vault_storms import deaf, probe, storm, wait_until
from watch_run import QUICK, WatchRun

PROBES = 8
NOTES = 100_000 if os.environ.get("NOTELOG_PROOF") == "full" else 200
LONGEST_S = 120.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="another system")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault of notes that are no chats."""
    root = tmp_path / "vault"
    (root / ".obsidian").mkdir(parents=True)
    for number in range(NOTES):
        folder = root / f"folder {number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"note {number}.md").write_bytes(b"only words\n")
    return root


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with folders of its own."""
    return Program(tmp_path / "home")


def answered(note: Path) -> bool:
    """Whether a reply stands in a note."""
    return b"A leaf." in note.read_bytes()


@linux
@pytest.mark.timeout(1200)
def test_what_the_system_lost_is_answered(program: Program, vault: Path) -> None:
    """A watcher that was stopped while its queue of events ran over finds every change, once.

    And what is saved later in a folder that was made meanwhile: there it hears, and needs no scan.
    """
    with ScriptedServer([reply("A leaf.") for _ in range(2 * PROBES)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            with deaf(watch.process.pid, vault):
                probes = [vault / "folder 0" / f"probe {number}.md" for number in range(PROBES)]
                for number, note in enumerate(probes):
                    note.write_bytes(probe(number))
                (vault / "new").mkdir()
            wait_until(lambda: all(map(answered, probes)), LONGEST_S)
            later = vault / "new" / "later.md"
            later.write_bytes(probe(PROBES))
            wait_until(lambda: answered(later), LONGEST_S)
            assert watch.stop() == 0
        assert len(server.requests) == PROBES + 1


@linux
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("ending", [".txt", ".md"])
def test_a_storm_of_other_saves_loses_no_probe(program: Program, vault: Path, ending: str) -> None:
    """A thousand foreign saves a second, of notes too: each question is answered, once."""
    with ScriptedServer([reply("A leaf.") for _ in range(2 * PROBES)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch, storm(vault / "storm", ending):
            for number in range(PROBES):
                note = vault / "folder 1" / f"probe {number}.md"
                note.write_bytes(probe(number))
                wait_until(lambda note=note: answered(note), LONGEST_S)  # type: ignore[misc]
            assert watch.stop() == 0
        assert len(server.requests) == PROBES
