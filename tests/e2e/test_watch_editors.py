"""A watched note in real editors, with their real keys, and saved by real programs."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from editors import EDITORS, Editor
from ordeal import FULL
from program import Program
from scripted_server import ScriptedServer, reply
from watch_run import QUICK, UNTICKED, WatchRun

ANSWER = b"A leaf."
AT_REST = QUICK.replace("settle_s = 0.05", "settle_s = 1")
"""As it is unless set: nano compares whole seconds, and misses a change in that of its save."""


@pytest.fixture
def vault() -> Iterator[Path]:
    """An empty vault; not below the folder for temporary files, which editors treat otherwise."""
    cache = Path(__file__).parents[2] / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="vault-", dir=cache))
    (folder / ".obsidian").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", EDITORS if FULL else ["vim", "nano"])
def test_an_editor_that_stays_open(
    program: Program, vault: Path, tmp_path: Path, name: str, needed: Callable[[str], None]
) -> None:
    """It warns before it saves over the reply, which comes back for nothing where that is done."""
    needed(name)
    note = vault / "tea.md"
    note.write_bytes(UNTICKED.format("What is tea?").encode())
    ticked = note.read_bytes().replace(b"[ ]", b"[x]")
    with ScriptedServer([reply(ANSWER.decode()), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=AT_REST)
        with WatchRun(program, vault) as watch, Editor(name, note, tmp_path) as editor:
            editor.press(*editor.keys.tick)
            editor.save()
            watch.wait_for("answered", "tea.md")
            answered = note.read_bytes()
            assert answered.startswith(ticked)
            assert answered.count(ANSWER) == 1
            editor.save_anyway()
            watch.wait_for("answered", "tea.md", "put back")
            assert note.read_bytes() == answered
            assert watch.stop() == 0
    assert len(server.requests) == 1
