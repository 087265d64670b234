"""A watcher while things go wrong around it: typing, servers, disks."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_records import write_turn
from ordeal import FULL
from program import Program
from scripted_server import (
    RESET,
    ScriptedServer,
    Signal,
    Step,
    Wait,
    chunk,
    event,
    reply,
    reply_events,
    response,
    status,
)
from small_disk import SmallDisk
from vault_storms import wait_until
from watch_run import LONGEST_WAIT_S, QUICK, SAVES, UNTICKED, WatchRun

LETTERS = "abcdefghijklmnopqrstuvwxyz" * (20 if FULL else 2)
ANSWER = "A leaf, and what is made of it."
BELOW = '\n<hr class="__chatgpt_plugin">\n\nrole::user\n\n%% typed: %%\n'
PADDING = "x" * 3000


def ticked(question: str = "What is tea?") -> bytes:
    """A note that is to be answered."""
    return UNTICKED.format(question).replace("[ ]", "[x]").encode()


class Typist:
    """Types letters, one by one and each saved, where a note says ``typed:``.

    Like an editor that takes up what others write: it reads the note before each letter.
    """

    def __init__(self, note: Path, style: str) -> None:
        self._note = note
        self._save = SAVES[style]
        self.typed = "typed:"

    def type(self, letters: str) -> None:
        """Types some letters."""
        for letter in letters:
            before = self.typed
            self.typed += letter
            held = self._note.read_bytes().decode()
            self._save(self._note, held.replace(before, self.typed).encode())
            time.sleep(0.005)


PLACES = {
    "in the message": (ticked() + b"\ntyped:\n", False),
    "in the front matter": (ticked().replace(b"mark\n", b'mark\nabout: "typed:"\n'), True),
    "in a comment below": (ticked() + BELOW.encode(), True),
}
"""Where somebody types, and whether the reply still finds its place then."""


@pytest.mark.parametrize("style", ["in place", "rename over", "sync"])
@pytest.mark.parametrize("where", PLACES)
def test_no_letter_is_lost_that_is_typed_while_the_reply_arrives(
    program: Program,
    vault: Path,
    style: str,
    where: str,
    record_property: Callable[[str, object], None],
) -> None:
    """All letters are there, whatever the style; the reply is in its place or kept; one request."""
    note = vault / "tea.md"
    data, lands = PLACES[where]
    note.write_bytes(data)
    begun, some = threading.Event(), threading.Event()
    first, *rest = reply_events(ANSWER)
    script: list[Step] = response(first, Signal(begun), Wait(some), *rest)
    with ScriptedServer([script, reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            typist = Typist(note, style)
            typist.type(LETTERS[:13])
            some.set()
            typist.type(LETTERS[13:])
            if lands:
                watch.wait_for("answered", "tea.md")
            else:
                watch.wait_for("failed", "tea.md", "kept")
            typist.type("end")
            if lands:  # a letter that was saved over it has it put back a moment later
                wait_until(lambda: ANSWER in note.read_bytes().decode(), LONGEST_WAIT_S)
            assert watch.stop() == 0
    held = note.read_bytes().decode()
    record_property("points", len(LETTERS) + 3)
    record_property("lost", int(held.count(typist.typed) != 1) * len(LETTERS))
    assert held.count(typist.typed) == 1, held
    assert held.count(ANSWER) == lands
    assert len(server.requests) == 1


def test_the_server_dies_in_mid_stream(program: Program, vault: Path) -> None:
    """What came is in the note with a callout that says how to go on; nothing is asked again."""
    note = vault / "tea.md"
    parts = [event(chunk("A leaf ")), event(chunk("of leaves "))]
    with ScriptedServer([response(*parts, RESET, end=False), reply("Too much.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            note.write_bytes(ticked())
            watch.wait_for("failed", "tea.md")
            note.write_bytes(note.read_bytes())  # a save that changes nothing
            other = vault / "other.md"
            other.write_bytes(UNTICKED.format("hm").encode())
            watch.wait_for("waiting", "other.md")
            assert watch.stop() == 0
    held = note.read_bytes()
    assert held.startswith(ticked())
    assert held.count(b"A leaf of leaves") == 1
    assert held.count(b"> [!notelog]") == 1
    assert len(server.requests) == 1


@pytest.mark.usefixtures("unshare")
def test_the_disk_of_the_vault_fills_up(program: Program, vault: Path) -> None:
    """The note is whole, the reply is kept, and goes in by itself when there is room."""
    question = ticked(PADDING + "?")
    long = "word " * 1900 + "end."
    begun, full = threading.Event(), threading.Event()
    first, *rest = reply_events(long)
    script: list[Step] = response(first, Signal(begun), Wait(full), *rest)
    with SmallDisk(vault, 64) as disk, ScriptedServer([script, reply("Too much.")]) as server:
        watched = Program(program.home, within=disk.within)
        watched.serve(server.base_url, profile=QUICK)
        note = disk.seen(vault / "tea.md")
        note.write_bytes(question)
        with WatchRun(watched, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            disk.fill()
            full.set()
            watch.wait_for("failed", "tea.md", "full")
            assert note.read_bytes() == question
            disk.free()
            if not FULL:  # a save is looked at now, and the disk in a quarter of a minute
                note.write_bytes(question)
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
        held = note.read_bytes().decode()
        assert held.encode().startswith(question)
        assert (held.count(long), held.count("role::assistant")) == (1, 1)
        assert [path.name for path in note.parent.glob("*.md")] == ["tea.md"]
    assert len(server.requests) == 1


@pytest.mark.usefixtures("unshare")
def test_the_drive_of_the_vault_is_unplugged(program: Program, vault: Path, tmp_path: Path) -> None:
    """Unmounted while a reply arrives: the reply waits for the drive, and is paid for once."""
    drive = tmp_path / "drive"
    (drive / ".obsidian").mkdir(parents=True)
    note = drive / "tea.md"
    note.write_bytes(ticked())
    begun, gone = threading.Event(), threading.Event()
    first, *rest = reply_events(ANSWER)
    script: list[Step] = response(first, Signal(begun), Wait(gone), *rest)
    with (
        SmallDisk(vault / ".obsidian", 64) as disk,
        ScriptedServer([script, reply("And this."), reply("Too much.")]) as server,
    ):
        watched = Program(program.home, within=disk.within)
        watched.serve(server.base_url, profile=f"{QUICK}scan_s = 1\n")
        plug = [*disk.within, "mount", "--bind", str(drive), str(vault)]
        subprocess.run(plug, check=True)
        with WatchRun(watched, vault) as watch:
            assert begun.wait(LONGEST_WAIT_S)
            subprocess.run([*disk.within, "umount", str(vault)], check=True)
            watch.wait_for("warning", words="not there")
            gone.set()
            watch.wait_for("failed", "tea.md")
            subprocess.run(plug, check=True)
            watch.wait_for("answered", "tea.md")  # before or after the watcher says why
            (drive / "other.md").write_bytes(ticked("And this?"))
            watch.wait_for("answered", "other.md")
            assert sum("there again" in str(line["message"]) for line in watch.seen) == 1
            assert watch.stop() == 0
    assert note.read_bytes().startswith(ticked())
    assert note.read_bytes().count(ANSWER.encode()) == 1
    assert len(server.requests) == 2


def rested(program: Program) -> None:
    """As if nobody had saved the configuration in the last seconds."""
    os.utime(program.home / "config" / "config.toml", (1_700_000_000, 1_700_000_000))


def test_a_profile_that_a_note_asks_for_is_made_while_it_runs(
    program: Program, vault: Path
) -> None:
    """What the callout advises works as it stands there: mend the configuration, tick the box."""
    note = vault / "tea.md"
    with ScriptedServer([reply(ANSWER)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            note.write_bytes(ticked().replace(b"mark\n", b"mark\nmodel: other@m\n"))
            watch.wait_for("failed", "tea.md", "no profile is for the provider 'other'")
            assert b"- [ ] retry" in note.read_bytes()
            other = f'[profiles.other]\nbase_url = "{server.base_url}"\nproviders = ["other"]\n'
            program.serve(server.base_url, profile=f"{QUICK}{other}")
            rested(program)
            note.write_bytes(note.read_bytes().replace(b"- [ ] retry", b"- [x] retry"))
            watch.wait_for("notice", words="the configuration was changed")
            watch.wait_for_reply("tea.md")
            assert watch.stop() == 0
    assert ANSWER.encode() in note.read_bytes()


def test_what_was_refused_is_asked_when_the_configuration_is_mended(
    program: Program, vault: Path
) -> None:
    """A model that does not exist: once another is named, no box need be ticked."""
    note, other = vault / "tea.md", vault / "mate.md"
    with ScriptedServer([status(404), reply(ANSWER), reply(ANSWER)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            note.write_bytes(ticked())
            watch.wait_for("failed", "tea.md")
            assert "its profile is another" in program.run("status", note).out
            program.serve(server.base_url, profile=f"max_tokens = 9\n{QUICK}")
            rested(program)
            other.write_bytes(ticked())
            watch.wait_for("notice", words="the configuration was changed")
            watch.wait_for_reply("tea.md")
            assert watch.stop() == 0
    assert ANSWER.encode() in note.read_bytes()
    assert b"[!notelog]" not in note.read_bytes()


def test_a_configuration_that_is_broken_while_it_runs(program: Program, vault: Path) -> None:
    """It is said once, with its line, and what was read before holds."""
    with ScriptedServer([reply(ANSWER), reply(ANSWER)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            program.serve(server.base_url, profile=f"{QUICK}settle_s =\n")
            rested(program)
            for name in ("tea.md", "mate.md"):
                (vault / name).write_bytes(ticked())
                watch.wait_for_reply(name)
            assert watch.stop() == 0
    told = [str(line["message"]) for line in watch.seen if line["kind"] == "warning"]
    assert len(told) == 1
    assert "config.toml:13: not valid TOML" in told[0]
    assert "what was read before holds" in told[0]


def test_the_configuration_while_it_is_being_saved(program: Program, vault: Path) -> None:
    """An editor that saves in place empties the file first: it is read once it is at rest."""
    with ScriptedServer([reply(ANSWER)]) as server:
        program.serve(server.base_url, profile=QUICK)
        with WatchRun(program, vault) as watch:
            file = program.home / "config" / "config.toml"
            file.write_bytes(b"")
            os.utime(file, (time.time() + 60, time.time() + 60))
            (vault / "tea.md").write_bytes(ticked())
            watch.wait_for_reply("tea.md")
            assert watch.stop() == 0
    assert len(server.requests) == 1


def test_a_reply_put_at_the_end_lets_no_start_ask_what_was_changed(
    program: Program, vault: Path
) -> None:
    """The mark in the note was set for another text; a mark below the reply is a new one."""
    note = vault / "tea.md"
    note.write_bytes(ticked())
    write_turn(program, note, "received")
    note.write_bytes(ticked("What is coffee?"))
    assert program.run("deliver", "--at-end", note).code == 0
    with ScriptedServer([reply("A bean.")]) as server:
        program.serve(server.base_url, profile=QUICK)
        for _ in range(2):
            with WatchRun(program, vault) as watch:
                watch.wait_for("waiting", "tea.md", words="not asked again by itself")
                assert "set the mark anew to ask" in program.run("why", note).out
                assert watch.stop() == 0
            assert "set the mark anew to ask" in program.run("why", note).out
        assert server.requests == []
        note.write_bytes(note.read_bytes() + b"\n- [x] send\n")
        with WatchRun(program, vault) as watch:
            watch.wait_for("answered", "tea.md")
            assert watch.stop() == 0
        assert len(server.requests) == 1
