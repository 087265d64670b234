"""A reply that is shown in its note while it arrives, and a person who types there meanwhile."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import savers
from program import Program
from scripted_server import STALL, Script, ScriptedServer, chunk, event, reply, response
from watch_run import LONGEST_WAIT_S, QUICK, WatchRun

SEPARATOR = '<hr class="__chatgpt_plugin">'
DUE = f"{SEPARATOR}\n\nrole::user\n\nWhat is tea?\n\n- [x] send\n"
LIVE = (
    QUICK.replace("auto_settle_s = 0.1\n", "")
    + "live = true\nlive_rest_s = 0.05\nlive_every_s = 0.05\n"
)
PARTS = tuple(f"This is line {number} of the answer.\n" for number in range(12))
STEP_S = 0.02
TYPED = "and what is mate, 马黛茶, and yerba?"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A note with a question that is marked to be sent."""
    vault = tmp_path / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    found = vault / "tea.md"
    found.write_bytes(DUE.encode())
    return found


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with folders of its own."""
    return Program(tmp_path / "home")


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(STEP_S)


def holds(note: Path, text: str) -> bool:
    """Whether a note holds a text now; false in the instant in which it is renamed away."""
    try:
        return text.encode() in note.read_bytes()
    except FileNotFoundError:
        return False


def growing(note: Path, *, until: threading.Event, parts: tuple[str, ...] = PARTS) -> Script:
    """A reply whose first parts are seen in the note before the next come, and the rest later."""
    head, *steps = response(
        *(event(chunk(part)) for part in parts),
        event(chunk(finish_reason="stop")),
        event("[DONE]"),
    )
    yield head
    for number, step in enumerate(steps):
        yield step
        if number < 4:
            wait_until(lambda n=number: holds(note, f"> {parts[n]}"), f"part {number}")  # type: ignore[misc]
        if number == 4:
            until.wait(LONGEST_WAIT_S)


def test_every_letter_typed_below_stays_below_the_whole_reply(program: Program, note: Path) -> None:
    """A person types the next message, letter by letter, while the reply arrives and lands."""
    half, landed = threading.Event(), threading.Event()

    def type_on() -> None:
        wait_until(lambda: holds(note, f"> {PARTS[3]}"), "the reply is seen growing")
        for number, letter in enumerate(f"\n{TYPED * 3}\n"):
            with note.open("ab") as file:
                file.write(letter.encode())
            if number == len(TYPED):
                half.set()
            landed.wait(STEP_S)

    with ScriptedServer([growing(note, until=half), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=LIVE)
        typist = threading.Thread(target=type_on)
        typist.start()
        with WatchRun(program, note.parent) as watch:
            watch.wait_for("answered", "tea.md")
            landed.set()
            typist.join()
            assert watch.stop() == 0
    text = note.read_bytes().decode()
    assert text.startswith(DUE)
    below = text.rpartition("role::user")[2].replace("- [ ] send", "")  # it may stand in between
    assert "".join(below.split()) == "".join((TYPED * 3).split())
    assert text.count("".join(PARTS)) == 1
    assert "[!notelog]" not in text
    assert len(server.requests) == 1


@pytest.mark.parametrize("style", savers.STYLES)
def test_no_line_is_lost_to_saves_of_any_style(
    program: Program, note: Path, tmp_path: Path, style: str
) -> None:
    """Saved again and again while it grows and lands: every line is there, and the reply once."""
    half = threading.Event()
    command = [sys.executable, savers.__file__, style, str(note), "30", "60", "%% line-# %%"]
    with ScriptedServer([growing(note, until=half), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=LIVE)
        with WatchRun(program, note.parent) as watch:
            wait_until(lambda: holds(note, f"> {PARTS[3]}"), "the reply is seen growing")
            with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
                wait_until(lambda: holds(note, "line-9 "), "somebody saves")
                half.set()
                saved, _ = saver.communicate(timeout=LONGEST_WAIT_S)
            wait_until(
                lambda: holds(note, "".join(PARTS)) and not holds(note, "Asking"), "the reply"
            )
            assert watch.stop() == 0
    data = note.read_bytes()
    lines = saved.splitlines(keepends=True)
    assert len(lines) == 30
    assert [line for line in lines if data.count(line) != 1] == []
    assert data.count("".join(PARTS).encode()) == 1
    assert len(server.requests) == 1


def test_killed_while_it_grows_the_part_lands_marked(program: Program, note: Path) -> None:
    """Kill -9; the next watcher puts what came in the callout's place, and asks for nothing."""
    script = response(*(event(chunk(part)) for part in PARTS[:3]), STALL, end=False)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=LIVE)
        with WatchRun(program, note.parent) as watch:
            wait_until(lambda: holds(note, f"> {PARTS[2]}"), "the reply is seen growing")
            watch.kill()
        with WatchRun(program, note.parent) as watch:
            watch.wait_for("failed", "tea.md")
            assert watch.stop() == 0
    text = note.read_bytes().decode()
    assert text.startswith(DUE)
    assert text.count("".join(PARTS[:3])) == 1
    assert text.count("[!notelog]") == 1
    assert "Asking" not in text
    assert len(server.requests) == 1


def test_a_claim_alone_gives_way_to_the_reply(program: Program, note: Path) -> None:
    """It names this machine, and is gone when the reply is there; nothing else is shown."""
    seen = threading.Event()

    def script() -> Script:
        head, *steps = response(event(chunk("A leaf.")), event(chunk(finish_reason="stop")))
        yield head
        wait_until(lambda: holds(note, "> [!notelog] Asking m on desk, since "), "the claim")
        seen.set()
        yield from steps

    with ScriptedServer([script()]) as server:
        settings = LIVE.replace("live = true", 'claim = true\ndevice = "desk"')
        program.serve(server.base_url, profile=settings)
        with WatchRun(program, note.parent) as watch:
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert seen.is_set()
    assert "Asking" not in note.read_bytes().decode()
    assert b"A leaf." in note.read_bytes()


def test_the_option_shows_it_without_a_setting(program: Program, note: Path) -> None:
    """``--live`` holds for one watcher."""
    now = threading.Event()
    now.set()
    with ScriptedServer([growing(note, until=now)]) as server:
        program.serve(server.base_url, profile=LIVE.replace("live = true\n", ""))
        with WatchRun(program, note.parent, "--live") as watch:
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
    assert note.read_bytes().count("".join(PARTS).encode()) == 1
