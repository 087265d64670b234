"""A profile that failed is left alone: the real program, counting what a server is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from program import Program
from scripted_server import ScriptedServer, reply, status

QUOTA = status(429, {"error": {"message": "no credit", "code": "insufficient_quota"}})


def notes_in(vault: Path, count: int) -> list[Path]:
    """Notes with a question each."""
    made = [vault / f"{number}.md" for number in range(count)]
    for note in made:
        note.write_bytes(b"Why?\n")
    return made


@pytest.mark.parametrize("script", [status(401), status(402), QUOTA])
def test_a_refused_key_or_account_is_asked_once(
    program: Program, vault: Path, script: list[Any]
) -> None:
    """However many notes are completed; ``--again`` tries once, and success opens the profile."""
    first, second, third, fourth = notes_in(vault, 4)
    with ScriptedServer([script, script, reply("Yes."), reply("Yes.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", first).code == 5
        run = program.run("complete", second)
        assert (run.code, len(server.requests)) == (11, 1)
        assert "profile test is stopped: " in run.err
        assert "--again" in run.err
        assert second.read_bytes() == b"Why?\n"
        assert program.run("complete", "--again", second).code == 5
        assert program.run("complete", third).code == 11
        assert len(server.requests) == 2
        assert program.run("complete", "--again", third).code == 0
        assert program.run("complete", fourth).code == 0
    assert not any(b"sk-test-canary" in path.read_bytes() for path in program.home.rglob("*.json"))


def test_another_key_is_tried_by_itself(program: Program, vault: Path) -> None:
    """Who corrects the key need not say anything more."""
    first, second = notes_in(vault, 2)
    with ScriptedServer([status(401), reply("Yes.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", first).code == 5
        corrected = replace(program, variables={"TEST_KEY": "sk-another-canary"})
        assert corrected.run("complete", second).code == 0
    assert server.requests[1].headers["authorization"] == "Bearer sk-another-canary"


def test_a_run_of_equal_errors_stops_the_profile(program: Program, vault: Path) -> None:
    """The sixth note is not sent to a server that failed five times, and may not be billed."""
    *failing, last = notes_in(vault, 6)
    with ScriptedServer([status(500)] * 6) as server:
        program.serve(server.base_url)
        assert [program.run("complete", note).code for note in failing] == [10] * 5
        run = program.run("complete", "--json", last)
    assert (run.code, len(server.requests)) == (11, 5)
    assert "5 equal errors in a row" in run.err


def test_a_free_server_is_always_tried_by_a_person(program: Program, vault: Path) -> None:
    """Who has just started a server of their own is not kept waiting."""
    *failing, last = notes_in(vault, 6)
    with ScriptedServer([*[status(400)] * 5, reply("Yes.")]) as server:
        program.serve(server.base_url, profile="billed = false\n")
        assert [program.run("complete", note).code for note in failing] == [5] * 5
        assert program.run("complete", last).code == 0
