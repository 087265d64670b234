"""Every field of every JSON object is in ``docs/reference.md``, and nothing else is."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doc_blocks import ROOT, table_after
from journal_records import write_turn
from program import Program
from scripted_server import ScriptedServer, reply, status

from notelog.adapters.learned_figures import LearnedFile
from notelog.adapters.watch_place import WatchFolder
from notelog.core.learned import Learned
from notelog.ports.watch_place import Heartbeat
from notelog.ports.watch_view import Kind

PAGE = ROOT / "docs" / "reference.md"
OPAQUE = {"request", "values[].value"}
"""What is told as one thing: the format of the servers, and any value."""

SEPARATOR = '\n<hr class="__chatgpt_plugin">\n\n'
OLD = f"An old question.\n{SEPARATOR}role::assistant\n\n{'An answer. ' * 200}\n"
NEW = f"{SEPARATOR}role::user\n\nLook at ![[picture]].\n"


def fields_of(value: object, path: str = "") -> Iterator[str]:
    """The fields of a JSON value as dotted paths; a list of plain values is one field."""
    if isinstance(value, dict) and path not in OPAQUE:
        for name, item in value.items():
            yield from fields_of(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from fields_of(item, f"{path}[]")
    else:
        yield path


def documented(*headings: str) -> set[str]:
    """The fields in the tables below some headings."""
    return {row[0] for heading in headings for row in table_after(PAGE, heading)}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with folders of its own."""
    return Program(tmp_path / "home")


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A note with something of everything to report."""
    path = tmp_path / "vault" / "note.md"
    path.parent.mkdir()
    path.write_bytes((OLD + NEW).encode())
    return path


def test_errors(program: Program, tmp_path: Path) -> None:
    """The object of a command that failed has these fields."""
    run = program.run("show", "--json", tmp_path / "missing.md")
    assert run.code == 4
    assert set(fields_of(run.fields)) == documented("Errors")


def test_show(program: Program, note: Path) -> None:
    """``show --json`` has these fields."""
    run = program.run("show", "--json", note)
    assert set(fields_of(run.fields)) == documented("show --json")


def test_show_as_sent(program: Program, note: Path) -> None:
    """``show --as-sent --json`` adds these fields."""
    program.serve("http://127.0.0.1:9/v1")
    run = program.run("show", "--as-sent", "--json", "--context-window", "600", note)
    assert set(fields_of(run.fields)) == documented("show --json", "show --as-sent --json")


def test_why(program: Program, note: Path) -> None:
    """``why --json`` has these fields."""
    assert set(fields_of(program.run("why", "--json", note).fields)) == documented("why --json")


def test_watch(program: Program, note: Path) -> None:
    """The lines of ``watch --log-format json`` have these fields."""
    (note.parent / "broken.md").write_bytes(f"q\n{SEPARATOR}role::nobody\n\n;;\n".encode())
    note.write_bytes((OLD + NEW + "\n;;\n").encode())
    refused = note.with_name("refused.md")
    refused.write_bytes((OLD + f"{SEPARATOR}role::user\n\nA second.\n\n;;\n").encode())
    with ScriptedServer([reply("A picture."), status(404)]) as server:
        program.serve(server.base_url, profile="price = [1, 2]\n")
        run = program.run("watch", "--once", "--log-format", "json", note.parent)
    objects = [json.loads(line) for line in run.out.split("\n") if line]
    found = {field for item in objects for field in fields_of(item)}
    assert found == documented("watch --log-format json")
    kinds = next(row[2] for row in table_after(PAGE, "watch --log-format json") if row[0] == "kind")
    assert {str(kind) for kind in Kind} == set(re.findall(r"`(\w+)`", kinds))


def test_complete(program: Program, note: Path) -> None:
    """``complete --json`` has these fields where a priced reply came."""
    with ScriptedServer([reply("A picture.")]) as server:
        program.serve(server.base_url, profile="price = [1, 2]\n")
        run = program.run("complete", "--json", "--context-window", "600", note)
    assert run.code == 0
    shown = documented("show --as-sent --json", "complete --json") - {"diagnostics[]"}
    diagnostics = {field for field in documented("show --json") if field.startswith("diagnostics")}
    assert set(fields_of(run.fields)) == shown | diagnostics


def test_complete_in_parts(program: Program, note: Path) -> None:
    """``complete --map-reduce --json`` adds these fields: to its plan, and to its reply."""
    note.write_bytes(b"What is this?\n\n" + b"A very long text. " * 400)
    words = ("complete", "--map-reduce", "--json", "--context-window", "900")
    with ScriptedServer([reply("Part.")] * 40) as server:
        program.serve(server.base_url, profile="price = [1, 2]\n")
        runs = [program.run(*words, "--dry-run", note), program.run(*words, "--yes", note)]
    assert [run.code for run in runs] == [0, 0]
    shown = {field for run in runs for field in fields_of(run.fields)}
    added = {field for field in shown if field.startswith(("calls", "map_reduce"))}
    assert added == documented("complete --map-reduce --json")


def test_tokens(program: Program, note: Path) -> None:
    """``tokens --json`` has these fields, those of an input that is missing apart."""
    run = program.run("tokens", "--json", "--context-window", "600", note)
    assert set(fields_of(run.fields)) - {"errors"} == documented("tokens --json") - {"errors[]"}
    run = program.run("tokens", "--json", note, note.with_name("missing.md"))
    assert run.code == 4
    errors = {field for field in documented("Errors") if field.startswith("errors")}
    assert set(fields_of(run.fields)) > errors


def test_check(program: Program, note: Path) -> None:
    """``check --json`` has these fields."""
    run = program.run("check", "--json", note.parent)
    assert set(fields_of(run.fields)) == documented("check --json")


def test_config_show(program: Program) -> None:
    """``config show --json`` has these fields."""
    run = program.run("config", "show", "--json")
    assert set(fields_of(run.fields)) == documented("config show --json")


def test_doctor(program: Program, note: Path) -> None:
    """``doctor --json`` has these fields."""
    run = program.run("doctor", "--json", "--offline", note.parent)
    assert set(fields_of(run.fields)) == documented("doctor --json")


def test_model_show(program: Program) -> None:
    """``model show --json`` has these fields where there is a price and something was learned."""
    folder = program.home / "state"
    figures = LearnedFile(str(folder), now=time.time, notice=pytest.fail)
    today = datetime.now(UTC).date().isoformat()
    figures.keep("https://a.example", "gpt-4o", Learned(window=4_097, learned_on=today, source="x"))
    run = program.run("model", "show", "--json", "gpt-4o")
    assert set(fields_of(run.fields)) == documented("model show --json")


def test_model_list(program: Program, models_folder: Path) -> None:
    """``model list --json`` has these fields."""
    told = Program(program.home, {"NOTELOG_CACHE_DIR": str(models_folder.parent)})
    run = told.run("model", "list", "--json")
    assert set(fields_of(run.fields)) == documented("model list --json")


def test_stop(program: Program, note: Path) -> None:
    """``stop --json`` has these fields."""
    run = program.run("stop", "--json", note)
    assert set(fields_of(run.fields)) == documented("stop --json")


def test_status(program: Program, note: Path) -> None:
    """``status --json`` has these fields where a turn is in doubt and a profile is stopped."""
    with ScriptedServer([status(401)]) as server:
        program.serve(
            server.base_url, profile="price = [1, 2]\n[profiles.test.caps]\nrequests_per_day = 9\n"
        )
        program.run("complete", note)
    write_turn(program, note, "in-doubt")
    place = WatchFolder(str(program.home / "state"), str(note.parent.resolve()))
    place.make()
    release = place.lock()
    place.beat(
        Heartbeat(
            process=7, vault=str(note.parent), device="desk", started_at=1.0, beat_at=time.time(),
            beat_every_s=20.0, events=True,
        )
    )  # fmt: skip
    run = program.run("status", "--json", note)
    release()
    assert run.code == 10
    sums = ("profiles[].day", "profiles[].month")
    told = {field for field in fields_of(run.fields) if not field.startswith(sums)}
    assert told == {item.replace("unread[]", "unread") for item in documented("status --json")} - {
        *sums
    }


def test_deliver(program: Program, note: Path) -> None:
    """``deliver --json`` has these fields, with ``--print`` and without."""
    write_turn(program, note, "received")
    printed = program.run("deliver", "--print", "--json", note)
    done = program.run("deliver", "--json", note)
    assert done.code == 0
    found = {*fields_of(printed.fields), *fields_of(done.fields)}
    assert found == {item.replace("errors[]", "errors") for item in documented("deliver --json")}


def test_undo(program: Program, note: Path) -> None:
    """``undo --json`` has these fields."""
    write_turn(program, note, "received")
    program.run("deliver", note)
    run = program.run("undo", "--json", note)
    assert run.code == 0
    assert set(fields_of(run.fields)) == documented("undo --json")


def test_log(program: Program, note: Path) -> None:
    """``log --json`` has these fields for a priced turn."""
    write_turn(program, note, "received")
    run = program.run("log", "--json", note)
    assert set(fields_of(run.fields)) == documented("log --json")


def test_usage(program: Program, note: Path) -> None:
    """``usage --json`` has these fields; those of ``up_to`` and ``total`` are those of a row."""
    write_turn(program, note, "received")
    run = program.run("usage", "--json")
    found = set(fields_of(run.fields))
    row = {field.removeprefix("rows[].") for field in found if field.startswith("rows[].")}
    own = {field for field in row if not field.startswith("up_to.")} - {"name"}
    assert {field.removeprefix("total.") for field in found if field.startswith("total.")} >= own
    told = {field for field in found if not field.startswith(("total.", "rows[].up_to."))}
    assert told | {"total", "rows[].up_to"} == {
        item.replace("unread[]", "unread") for item in documented("usage --json")
    }


def test_forget(program: Program, note: Path) -> None:
    """``forget --json`` has these fields."""
    write_turn(program, note, "received")
    run = program.run("forget", "--yes", "--json", note)
    assert {item.replace("unread", "unread[]") for item in fields_of(run.fields)} == documented(
        "forget --json"
    )
