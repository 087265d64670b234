"""``notelog status``, ``log`` and ``usage``: what they tell, and that they only tell."""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from journal_records import PRICE, TEXT, write_turn
from on_terminal import on_a_terminal
from program import Program
from scripted_server import ScriptedServer, status

import notelog
from notelog.adapters.files import NoteFiles
from notelog.adapters.journal_sqlite import open_journal
from notelog.adapters.places import vault_of
from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.app.reading import Reading
from notelog.app.tell_in_note import tell_in_note
from notelog.cli.styled import cell_width
from notelog.core.callouts import REPLY_IS_OVERWRITTEN
from notelog.core.derived import Purpose
from notelog.core.edit import apply_plan
from notelog.core.landing import ReplyStyle, plan_reply
from notelog.core.models import Price

QUESTION = b"What is a note?\n"
NEWER = QUESTION + b'\n<hr class="__chatgpt_plugin">\n\nrole::user\n\nAnd now?\n'


@pytest.fixture
def note(vault: Path) -> Path:
    """A note with a question."""
    path = vault / "哪一种茶.md"
    path.write_bytes(QUESTION)
    return path


def files_of(folder: Path) -> Mapping[str, str]:
    """The files of a folder by their hashes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files}


def turns_of(program: Program, place: Path) -> list[dict[str, Any]]:
    """What ``status --json`` tells of turns."""
    return cast("list[dict[str, Any]]", program.run("status", "--json", place).fields["turns"])


@pytest.mark.parametrize(
    ("end", "code", "kind", "words"),
    [
        ("intent", 5, "failed", "notelog complete"),
        ("sent", 10, "in-doubt", "notelog retry"),
        ("part", 10, "in-doubt", "a part of the reply arrived"),
        ("in-doubt", 10, "in-doubt", "no answer was seen"),
        ("received", 9, "kept", "notelog deliver"),
        ("landing", 9, "kept", "notelog deliver"),
        ("failed", 5, "failed", "the server said no"),
        ("failed", 5, "failed", "a watcher asks it again when the note or its profile is another"),
        ("delivered", 0, "", "nothing needs you"),
        ("abandoned", 0, "", "nothing needs you"),
    ],
)
def test_each_state_is_told(
    program: Program, note: Path, end: str, code: int, kind: str, words: str
) -> None:
    """What a dead process left is told with the next step, and the exit code says how urgent."""
    write_turn(program, note, end)
    run = program.run("status", note)
    assert run.code == code
    assert words in run.out + run.err
    assert [turn["kind"] for turn in turns_of(program, note)] == [kind] * bool(kind)


@pytest.mark.parametrize(
    ("price", "taken"),
    [(PRICE, "120 tokens in, 30 out, 0.000460 USD"), (None, "120 tokens in, 30 out")],
)
def test_an_empty_reply_is_not_said_to_be_free(
    program: Program, note: Path, price: Price | None, taken: str
) -> None:
    """What a reply without text took is told, as ``usage`` tells it; a refusal took nothing."""
    write_turn(program, note, "empty", price=price)
    told = program.run("status", note)
    assert told.code == 5
    assert "failed, the reply has no text: 1 turn" in told.out
    assert f"it took {taken}\n" in told.out
    assert "notelog retry" in told.out
    assert "not billed" not in told.out
    refused = note.with_name("refused.md")
    refused.write_bytes(QUESTION)
    write_turn(program, refused, "failed")
    assert "failed, not billed: 1 turn" in program.run("status", note.parent).out


def test_it_only_tells(program: Program, note: Path) -> None:
    """No request, no byte of a note; in the journal no more than the state of the dead."""
    write_turn(program, note, "received")
    program.run("status")
    before = files_of(note.parent)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        for _ in range(2):
            assert program.run("status", note).code == 9
        assert server.connections == 0
    assert files_of(note.parent) == before


def test_it_makes_nothing(program: Program, note: Path) -> None:
    """Where nothing was ever asked, there is no state folder afterwards either."""
    for command in (("status", note), ("status",), ("log", note), ("usage",)):
        run = program.run(*command, cwd=note.parent)
        assert run.code == 0
    assert not (program.home / "state").exists()
    assert "no note of it was ever asked" in program.run("status", note.parent).err


def test_log_of_a_misspelt_name(program: Program, note: Path) -> None:
    """It says that there is no such note, not that nothing was asked for it."""
    run = program.run("log", note.with_suffix(""))
    assert (run.code, f"did you mean {note}?" in run.err) == (4, True)


@pytest.mark.parametrize(
    ("now", "end", "kind", "question"),
    [
        (NEWER, "received", "kept", "above"),
        (NEWER, "sent", "over", "above"),
        (NEWER, "part", "kept", "above"),
        (b"Another question?\n", "received", "kept", "gone"),
        (b"Another question?\n", "in-doubt", "over", "gone"),
        (b"Another question?\n", "part", "kept", "gone"),
        (None, "received", "kept", "no-note"),
        (None, "in-doubt", "in-doubt", "no-note"),
    ],
)
def test_where_the_question_is_now(
    program: Program, note: Path, now: bytes | None, end: str, kind: str, question: str
) -> None:
    """What is in doubt needs nobody where its question waits no more; a reply, or a part, does."""
    write_turn(program, note, end)
    if now is None:
        note.unlink()
    else:
        note.write_bytes(now)
    (turn,) = turns_of(program, note.parent)
    assert (turn["kind"], turn["question"]) == (kind, question)


def test_a_reply_that_was_saved_over_again_and_again(program: Program, note: Path) -> None:
    """What the watcher said of it in the note is told here, too, until the reply is back."""
    write_turn(program, note, "delivered")
    assert turns_of(program, note.parent) == []
    reading = Reading(store=NoteFiles(), read_front_matter=read_front_matter)
    with open_journal(vault_of(str(note)), str(program.home / "state")) as journal:
        assert tell_in_note(reading, journal, str(note), REPLY_IS_OVERWRITTEN)
    (turn,) = turns_of(program, note.parent)
    assert (turn["kind"], turn["question"]) == ("kept", "last")
    assert program.run("status", note).code == 9
    assert program.run("deliver", note).code == 0
    assert turns_of(program, note.parent) == []
    assert program.run("status", note).code == 0


@pytest.mark.parametrize(
    ("cut", "kind", "code"), [(0, "", 0), (9, "half-landed", 9), (10_000, "kept", 9)]
)
def test_a_reply_is_where_the_note_shows_it(
    program: Program, note: Path, cut: int, kind: str, code: int
) -> None:
    """A crash before that was noted down makes no difference, and nothing is noted down by it."""
    plan = plan_reply(notelog.parse(QUESTION), 0, TEXT, fingerprint="", style=ReplyStyle())
    write_turn(program, note, "landing")
    data = apply_plan(QUESTION, plan)
    note.write_bytes(data[: max(len(data) - cut, len(QUESTION))])
    for _ in range(2):
        assert program.run("status", note).code == code
    assert [turn["kind"] for turn in turns_of(program, note)] == [kind] * bool(kind)


@pytest.mark.parametrize("moved", ["note", "vault", "into another vault"])
def test_what_was_moved_is_told_under_its_new_name(
    program: Program, note: Path, tmp_path: Path, moved: str
) -> None:
    """The past of a note and of a vault goes with it, before anything else was run."""
    write_turn(program, note, "received")
    vault, elsewhere = note.parent, tmp_path / "elsewhere"
    if moved == "note":
        new = note.rename(note.with_name("new.md"))
    elif moved == "vault":
        new = vault.rename(elsewhere) / note.name
    else:
        (elsewhere / ".obsidian").mkdir(parents=True)
        new = note.rename(elsewhere / "new.md")
    for _ in range(2):
        (turn,) = turns_of(program, new)
        assert (turn["kind"], turn["question"], turn["note"]) == ("kept", "last", str(new))
    assert "kept" in program.run("log", new).out
    other = new.with_name("other.md")
    other.write_bytes(b"Quite another question?\n")
    assert turns_of(program, other) == []


def test_a_later_attempt_settles_an_earlier_one(program: Program, note: Path) -> None:
    """What was in doubt and was answered since is nobody's concern."""
    write_turn(program, note, "in-doubt")
    write_turn(program, note, "delivered")
    assert program.run("status", note).code == 0


def test_derived_requests(program: Program, note: Path) -> None:
    """A derived answer that came is not to be delivered; one in doubt is told."""
    write_turn(program, note, "received", purpose=Purpose.SUMMARY)
    assert program.run("status", note).code == 0
    write_turn(program, note, "in-doubt", purpose=Purpose.PART)
    assert program.run("status", note).code == 10


def test_which_vaults_are_meant(program: Program, vault: Path, tmp_path: Path) -> None:
    """The vault of the folder that one is in; all of them where it has none; a note alone."""
    other = tmp_path / "other"
    (other / ".obsidian").mkdir(parents=True)
    for folder in (vault, other):
        for name in ("a.md", "b.md"):
            (folder / name).write_bytes(QUESTION)
            write_turn(program, folder / name, "received")
    below = vault / "deep" / "er"
    below.mkdir(parents=True)
    counts = {
        where: len(turns_of(program, where)) for where in (vault, below, vault / "a.md", tmp_path)
    }
    assert counts == {vault: 2, below: 2, vault / "a.md": 1, tmp_path: 4}
    for where, count in ((below, 2), (program.home, 4)):
        fields = program.run("status", "--json", cwd=where).fields
        assert len(cast("list[Any]", fields["turns"])) == count


def test_a_missing_note_is_an_error(program: Program, vault: Path) -> None:
    """A path that leads nowhere is told, and not taken for a vault in order."""
    run = program.run("status", vault / "missing.md")
    assert run.code == 4


def test_caps_and_stopped_profiles(program: Program, note: Path) -> None:
    """How far each cap is used and when it frees, and that a refused key stops its profile."""
    with ScriptedServer([status(401)]) as server:
        program.serve(
            server.base_url,
            profile="[profiles.test.caps]\nrequests_per_day = 4\n"
            "tokens_per_note_per_day = 100_000\n",
        )
        write_turn(program, note, "delivered")
        assert program.run("complete", "--again", note).code == 5
    run = program.run("status", "--json", note)
    assert run.code == 11
    (profile,) = cast("list[dict[str, Any]]", run.fields["profiles"])
    caps = {cap["cap"]: (cap["taken"], cap["most"]) for cap in profile["caps"]}
    assert caps == {"requests_per_day": (1, 4), "tokens_per_note_per_day": (150, 100_000)}
    assert "key" in profile["stopped"]["cause"]
    told = program.run("status", note.parent)
    assert "requests_per_day [###.........] 1 of 4, frees in 24 h" in told.out
    assert "tokens_per_note" not in told.out
    assert "stopped: " in told.out


def test_a_broken_configuration_hides_no_turn(program: Program, note: Path) -> None:
    """What is in doubt is told also where the configuration is in error."""
    write_turn(program, note, "in-doubt")
    program.configure("default_profile = 7\n")
    run = program.run("status", note)
    assert run.code == 10
    assert "caps are not shown" in run.err


def test_a_damaged_journal_hides_no_other(program: Program, note: Path) -> None:
    """A journal that cannot be read is named, and the rest is told."""
    write_turn(program, note, "received")
    (program.home / "state" / "journal" / "0.sqlite3").write_bytes(b"no database at all" * 100)
    run = program.run("status", note.parent)
    assert run.code == 9
    assert "0.sqlite3" in run.err


def test_names_cannot_steer_the_terminal(program: Program, vault: Path) -> None:
    """A file name and a question with control characters are spelt out."""
    note = vault / "a\x1b[31m\u202e.md"
    note.write_bytes(b"Q \x1b]0;t\x07\n")
    write_turn(program, note, "received")
    runs = [program.run(*command) for command in (("status",), ("log", note), ("usage",))]
    runs += [program.run("usage", "--by", "note"), program.run("log", "--full", note)]
    for run in runs:
        assert not {"\x1b", "\x07", "\u202e"} & set(run.out + run.err)


def test_log_tells_every_turn(program: Program, note: Path) -> None:
    """When, model, tokens, cost, outcome; the reply in full where it is asked for."""
    write_turn(program, note, "in-doubt", at=time.time() - 86_400, price=None)
    write_turn(program, note, "delivered", model="模型")
    assert program.run("log", note).out.split()[-1] == "kept", "it is not in the note"
    header = '\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n\n'
    note.write_bytes(QUESTION + f"{header}{TEXT}\n".encode())
    run = program.run("log", note)
    first, second, third = run.out.splitlines()
    assert first.split() == ["number", "asked", "model", "in", "out", "cost", "outcome"]
    assert second.split()[3:] == ["m", "(100)", "unpriced", "in", "doubt"]
    assert third.split()[3:] == ["模型", "120", "30", "0.000460", "USD", "in", "the", "note"]
    assert program.run("log", "--reply", "2", note).out == f"{TEXT}\n"
    assert program.run("log", "--reply", "1", note).code == 9
    (only,) = cast("list[Any]", program.run("log", "--reply", "2", "--json", note).fields["turns"])
    assert (only["number"], only["reply"]) == (2, TEXT)
    assert program.run("log", "--reply", "1", "--json", note).code == 9
    full = program.run("log", "--full", note).out
    assert "What is a note?" in full
    assert TEXT in full
    fields = program.run("log", "--json", note).fields
    assert [turn["state"] for turn in cast("list[Any]", fields["turns"])] == [
        "in-doubt",
        "delivered",
    ]


def test_log_of_a_note_that_is_gone(program: Program, note: Path) -> None:
    """What was asked for a deleted note can still be read."""
    write_turn(program, note, "received")
    note.unlink()
    assert program.run("log", "--reply", "1", note).out == f"{TEXT}\n"


def usage_rows(program: Program, *options: str) -> dict[str, dict[str, Any]]:
    """What ``usage --json`` tells, by name."""
    rows = program.run("usage", "--json", *options).fields["rows"]
    return {row["name"]: row for row in cast("list[dict[str, Any]]", rows)}


def test_usage_by_each(program: Program, vault: Path) -> None:
    """Tokens, cached ones apart, and money; what is in doubt stands apart as up to so much."""
    day = 86_400.0
    for name, end, at, model in (
        ("茶.md", "delivered", time.time(), "m"),
        ("b.md", "in-doubt", time.time(), "m"),
        ("b.md", "failed", time.time(), "m"),
        ("c.md", "delivered", time.time() - 2 * day, "另一个"),
        ("c.md", "delivered", time.time() - 40 * day, "m"),
    ):
        (vault / name).write_bytes(QUESTION)
        price = None if model == "另一个" else PRICE
        write_turn(program, vault / name, end, at=at, model=model, price=price)
    today = time.strftime("%Y-%m-%d")
    rows = usage_rows(program)
    assert len(rows) == 2
    assert (rows[today]["requests"], rows[today]["prompt_tokens"]) == (1, 120)
    assert (rows[today]["cached_tokens"], rows[today]["completion_tokens"]) == (20, 30)
    assert rows[today]["costs"] == [{"amount": 0.00046, "currency": "USD"}]
    assert rows[today]["up_to"]["prompt_tokens"] + rows[today]["up_to"]["completion_tokens"] == 1000
    models = usage_rows(program, "--by", "model", "--since", "90d")
    assert (models["m"]["requests"], models["另一个"]["unpriced"]) == (2, 1)
    assert set(usage_rows(program, "--by", "note")) == {
        str(vault.resolve() / name) for name in ("茶.md", "b.md", "c.md")
    }
    assert set(usage_rows(program, "--by", "profile", "--since", today)) == {"test"}
    told = program.run("usage", "--by", "model").out
    assert "unpriced" in told
    assert "1,000, 0.007400 USD" in told


def test_columns_stand_below_each_other(program: Program, vault: Path) -> None:
    """Chinese names take two columns a character, and the figures line up."""
    for name in ("茶茶茶.md", "tea.md"):
        (vault / name).write_bytes(QUESTION)
        write_turn(program, vault / name, "delivered")
    lines = program.run("usage", "--by", "note", cwd=vault).out.splitlines()
    wide = [len(line.encode("gbk")) for line in lines if line.rstrip().endswith("USD")]
    assert len(set(wide)) == 1
    assert any(line.startswith("茶茶茶.md  ") for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("command", ["usage", "usage --by note", "usage --by model", "log"])
def test_tables_fit_the_terminal(program: Program, vault: Path, columns: int, command: str) -> None:
    """No row is broken: where the terminal is too narrow, each cell is a line with its title."""
    note = vault / "一个很长的名字 of a note that would not fit.md"
    note.write_bytes(QUESTION)
    write_turn(program, note, "delivered", model="a-model-with-a-long-name/2026-11-25-preview")
    write_turn(program, note, "in-doubt")
    narrow = replace(program, variables={"COLUMNS": str(columns)})
    code, shown = on_a_terminal(narrow, *command.split(), *([note] if command == "log" else []))
    assert code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n").split("\n")
    priced = [line for line in lines if "USD" in line]
    assert priced
    assert all(cell_width(line) <= columns for line in priced)
    assert any(line.split()[:1] == ["cost"] for line in lines) == (columns < 80)


def test_a_span_that_is_none(program: Program) -> None:
    """A span of time that nobody can read is a usage error with examples."""
    run = program.run("usage", "--since", "soon")
    assert run.code == 2
    assert "30d" in run.err
