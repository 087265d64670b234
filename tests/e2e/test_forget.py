"""``notelog forget``: the text is gone from every file, and the figures count on."""

import time
from pathlib import Path
from typing import Any, cast

import pytest
from journal_records import write_turn
from program import Program
from scripted_server import ScriptedServer, reply

QUESTION = "My secret question, 秘密问题?\n"
WORDS = ("secret question", "秘密问题", "canary reply", "secret reasoning")
DAY_S = 86_400.0


@pytest.fixture
def note(vault: Path) -> Path:
    """A note with a question."""
    path = vault / "a.md"
    path.write_bytes(QUESTION.encode())
    return path


def found_in_state(program: Program) -> set[str]:
    """Which of the words are anywhere in the state folder's files."""
    files = [path for path in (program.home / "state").rglob("*") if path.is_file()]
    assert files
    data = b"".join(path.read_bytes() for path in files)
    return {word for word in WORDS if word.encode() in data}


@pytest.mark.parametrize("end", ["delivered", "received", "landing", "part", "abandoned"])
def test_the_text_is_gone_from_the_files(program: Program, note: Path, end: str) -> None:
    """Neither question nor reply nor reasoning is in any file of the state folder."""
    write_turn(program, note, end, text="canary reply " * 3000)
    assert {"secret question", "canary reply"} <= found_in_state(program)
    run = program.run("forget", "--yes", note)
    assert run.code == 0
    assert found_in_state(program) == set()
    assert note.read_bytes() == QUESTION.encode()
    (turn,) = cast("list[Any]", program.run("log", "--json", note).fields["turns"])
    assert turn["forgotten"]
    assert not turn["reply"]


def test_a_slip_in_a_name_is_not_taken_for_forgotten(program: Program, vault: Path) -> None:
    """Who misspells the note that is to be forgotten learns that there is none of that name."""
    (vault / "tea.md").write_text("What is tea?\n", "utf-8")
    told = program.run("forget", "-y", vault / "tea.md").err
    assert "spelling" not in told
    told = program.run("forget", "-y", vault / "te\x1ba.md").err
    assert "nothing was asked for it; look at its spelling" in told
    assert "\x1b" not in told


def test_nothing_is_paid_twice_for_it(program: Program, note: Path) -> None:
    """A forgotten turn that was answered or in doubt is not asked again without a word."""
    with ScriptedServer([reply("canary reply")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 0
        note.write_bytes(QUESTION.encode())
        program.run("forget", "--yes", "--all")
        assert program.run("complete", note).code == 9
        other = note.with_name("b.md")
        other.write_bytes(QUESTION.encode())
        write_turn(program, other, "in-doubt")
        program.run("forget", "--yes", other)
        assert program.run("complete", other).code == 10
        assert len(server.requests) == 1


def test_figures_count_on(program: Program, note: Path) -> None:
    """Usage and caps are what they were."""
    for end in ("delivered", "in-doubt"):
        write_turn(program, note, end)
    before = program.run("usage", "--json").fields["total"]
    program.run("forget", "--yes", note)
    assert program.run("usage", "--json").fields["total"] == before
    program.serve("http://127.0.0.1:9/v1", profile="[profiles.test.caps]\nrequests_per_day = 2\n")
    assert program.run("complete", "--again", note).code == 8


def test_only_what_is_old(program: Program, note: Path) -> None:
    """By age: the older turns lose their text in all vaults, the newer ones keep it."""
    old = write_turn(program, note, "delivered", at=time.time() - 40 * DAY_S)
    new = write_turn(program, note, "delivered", at=time.time() - 20 * DAY_S)
    assert program.run("forget", "--older-than", "30d", "--yes").code == 0
    turns = cast("list[Any]", program.run("log", "--json", note).fields["turns"])
    assert {turn["number"]: turn["forgotten"] for turn in turns} == {old: True, new: False}


def test_of_one_note_or_vault_only(program: Program, note: Path, tmp_path: Path) -> None:
    """Other notes and other vaults keep their text."""
    other = tmp_path / "other"
    (other / ".obsidian").mkdir(parents=True)
    notes = [note, note.with_name("b.md"), other / "c.md"]
    for place in notes:
        place.write_bytes(QUESTION.encode())
        write_turn(program, place, "delivered")

    def forgotten() -> list[bool]:
        logs = [program.run("log", "--json", place).fields["turns"] for place in notes]
        return [cast("list[Any]", turns)[0]["forgotten"] for turns in logs]

    program.run("forget", "--yes", notes[0])
    assert forgotten() == [True, False, False]
    program.run("forget", "--yes", note.parent)
    assert forgotten() == [True, True, False]
    program.run("forget", "--yes", "--all")
    assert forgotten() == [True, True, True]


def test_it_asks_before(program: Program, note: Path) -> None:
    """Without --yes and without a person nothing is forgotten; what would be lost is said."""
    write_turn(program, note, "received")
    run = program.run("forget", note)
    assert run.code == 9
    assert "1 turn of 1 note" in run.err
    assert "1 reply among them is in no note, and would be lost" in run.err
    assert "secret question" in found_in_state(program)


@pytest.mark.parametrize("arguments", [(), ("--all", "x.md")])
def test_what_is_meant_must_be_clear(program: Program, arguments: tuple[str, ...]) -> None:
    """Nothing named, or a name and --all, is a usage error."""
    assert program.run("forget", "--yes", *arguments).code == 2


def test_a_busy_journal_is_said(program: Program, note: Path) -> None:
    """While another process reads the journal its old pages stay, and that is told."""
    write_turn(program, note, "delivered")
    import sqlite3

    (path,) = (program.home / "state" / "journal").glob("*.sqlite3")
    with sqlite3.connect(path, isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM turn").fetchone()
        run = program.run("forget", "--yes", "--json", note)
        assert (run.code, run.fields["gone_from_files"]) == (0, False)
        reader.execute("COMMIT")
    reader.close()
    program.run("forget", "--yes", note)


def test_a_forgotten_reply_cannot_be_taken_out(program: Program, note: Path) -> None:
    """What was written is forgotten too, so undo says that it knows of none."""
    with ScriptedServer([reply("canary reply")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
    after = note.read_bytes()
    program.run("forget", "--yes", note)
    assert program.run("undo", note).code == 9
    assert note.read_bytes() == after


@pytest.mark.parametrize("command", ["complete", "watch"])
@pytest.mark.parametrize("days", [0, 30])
def test_it_happens_by_itself_where_that_is_set(
    program: Program, note: Path, days: int, command: str
) -> None:
    """With forget_after_days what is settled and old goes with the next completion or watch."""
    old = time.time() - 31 * DAY_S
    ends = ("delivered", "abandoned", "failed", "received", "in-doubt")
    for end in ends:
        note.with_name(f"{end}.md").write_bytes(QUESTION.encode())
        write_turn(program, note.with_name(f"{end}.md"), end, at=old)
    with ScriptedServer([reply("canary reply")]) as server:
        program.serve(server.base_url)
        configured = (program.home / "config" / "config.toml").read_bytes().decode()
        program.configure(f"forget_after_days = {days}\n{configured}")
        if command == "watch":
            note.write_bytes(f"---\nnotelog: mark\n---\n\n{QUESTION}\n\n;;\n".encode())
            assert program.run("watch", "--once", note.parent).code == 0
        else:
            assert program.run("complete", note).code == 0
    kept: set[str] = set()
    for end in (*ends, "a"):
        turns = program.run("log", "--json", note.with_name(f"{end}.md")).fields["turns"]
        if not cast("list[Any]", turns)[0]["forgotten"]:
            kept.add(end)
    assert kept == ({"received", "in-doubt", "a"} if days else {*ends, "a"})
