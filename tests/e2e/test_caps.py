"""``notelog complete`` under caps: the real process, and the requests that a server counts."""

from pathlib import Path

import pytest
from program import Program
from scripted_server import (
    ScriptedServer,
    event,
    reply,
    reply_events,
    response,
    status,
    usage_chunk,
)

from notelog.adapters.journal_sqlite import open_journal

CAPS = "[profiles.test.caps]\n"


def note_in(folder: Path, name: str = "note.md") -> Path:
    """A note with a question."""
    note = folder / name
    note.write_bytes(f"Question of {name}\n".encode())
    return note


def test_the_cap_stops_the_second_request(program: Program, vault: Path) -> None:
    """Exit 8, no request, the note as it was, and a sentence with cap, line and wait."""
    first, second = note_in(vault, "a.md"), note_in(vault, "b.md")
    with ScriptedServer([reply("One."), reply("Two.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_hour = 1\n")
        assert program.run("complete", first).code == 0
        before = second.read_bytes()
        run = program.run("complete", second)
        told = program.run("complete", "--json", second).fields
        assert (run.code, len(server.requests)) == (8, 1)
    assert second.read_bytes() == before
    assert "requests_per_hour = 1 of profile test (config.toml:8)" in run.err
    assert "1 request in the last hour" in run.err
    assert "again in 60 min" in run.err
    assert "'budget'" in str(told["errors"])


def test_the_answered_note_and_the_dry_run_know_no_cap(program: Program, vault: Path) -> None:
    """Where nothing would be sent nothing is said of caps."""
    note, other = note_in(vault, "a.md"), note_in(vault, "b.md")
    with ScriptedServer([reply("One.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_hour = 1\n")
        assert program.run("complete", note).code == 0
        again, dry = program.run("complete", note), program.run("complete", "--dry-run", other)
        shown = program.run("show", "--as-sent", other)
    assert (again.code, dry.code, shown.code) == (0, 0, 0)
    assert "cap" not in dry.err + dry.out + shown.err


def test_refused_requests_do_not_count(program: Program, vault: Path) -> None:
    """An account without a key or money paid nothing: once that is put right it is asked."""
    note = note_in(vault)
    with ScriptedServer([status(401), status(402), reply("At last.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_hour = 1\n")
        runs = [program.run("complete", "--again", note) for _ in range(3)]
        assert [run.code for run in runs] == [5, 5, 0]
        assert len(server.requests) == 3


def test_what_is_in_doubt_counts(program: Program, vault: Path) -> None:
    """A request that may have been billed is spent, also for --again."""
    note = note_in(vault)
    with ScriptedServer([status(500), reply("Never.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_day = 1\n")
        assert program.run("complete", note).code == 10
        run = program.run("complete", "--again", note)
        assert (run.code, len(server.requests)) == (8, 1)
    assert "1 request of it in doubt" in run.err


def test_money_counts_over_vaults(program: Program, vault: Path, tmp_path: Path) -> None:
    """What was spent in one vault is missing in the next; the server's figures count."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first, second = note_in(vault), note_in(elsewhere)
    profile = (
        f'price = [10.0, 20.0]\ncurrency = "EUR"\nmax_tokens = 1000\n{CAPS}cost_per_month = 0.04\n'
    )
    *words, _, end = reply_events("Dear.")
    dear = response(*words, event(usage_chunk(2_000, 500)), end)  # 0.03 EUR
    with ScriptedServer([dear, reply("No.")]) as server:
        program.serve(server.base_url, profile=profile)
        assert program.run("complete", first).code == 0
        run = program.run("complete", second)
        assert (run.code, len(server.requests)) == (8, 1)
    assert "0.0300 EUR in the last 30 days" in run.err


def test_a_prompt_is_counted_not_bounded(program: Program, vault: Path) -> None:
    """What fits by tokens is sent, though its bytes would not fit."""
    note = vault / "long.md"
    note.write_bytes(b"word " * 400 + b"\n")
    caps = f"max_tokens = 10\n{CAPS}tokens_per_request = 600\n"
    with ScriptedServer([reply("Yes.")]) as server:
        program.serve(server.base_url, profile=caps)
        run = program.run("complete", note)
    assert (run.code, len(server.requests)) == (0, 1), run.err


def test_an_unpriced_model_is_not_asked_under_a_cap_on_money(program: Program, vault: Path) -> None:
    """A note cannot slip below a cap by naming a model without a price."""
    note = note_in(vault)
    with ScriptedServer([reply("No.")], routes={"/v1/models": status(404)}) as server:
        program.serve(server.base_url, profile=f"{CAPS}cost_per_day = 5\n")
        run = program.run("complete", note)
        assert (run.code, len(server.requests)) == (8, 0)
        program.serve(server.base_url, profile=f"billed = false\n{CAPS}cost_per_day = 5\n")
        assert program.run("complete", note).code == 0
    assert "no price is known for m" in run.err


def test_a_damaged_journal_elsewhere_is_said(program: Program, vault: Path, tmp_path: Path) -> None:
    """It stops nothing; the person reads that it is not counted."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    open_journal(str(elsewhere), str(program.home / "state")).close()
    (broken,) = (program.home / "state" / "journal").glob("*.sqlite3")
    broken.write_bytes(b"damaged" * 1_000)
    note = note_in(vault)
    with ScriptedServer([reply("Yes.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_day = 1\n")
        run = program.run("complete", note)
    assert run.code == 0
    assert str(broken) in run.err
    assert "not counted" in run.err


@pytest.mark.parametrize("same_vault", [True, False])
def test_two_commands_at_once_send_one(
    program: Program, vault: Path, tmp_path: Path, *, same_vault: bool
) -> None:
    """With a cap of 1, of two commands that start together one asks and one exits with 8."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    notes = note_in(vault, "a.md"), note_in(vault if same_vault else elsewhere, "b.md")
    with ScriptedServer([reply("One."), reply("Two.")]) as server:
        program.serve(server.base_url, profile=f"{CAPS}requests_per_hour = 1\n")
        running = [program.start("complete", note) for note in notes]
        for process in running:
            process.communicate(timeout=60)
        assert len(server.requests) == 1
    assert sorted(process.returncode for process in running) == [0, 8]
