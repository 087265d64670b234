"""``docs/reference.md`` and the program say the same: nothing is missing on either side."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields

from doc_blocks import ROOT, table_after

from notelog.adapters.config_tables import (
    CapsTable,
    ContextTable,
    ProfileTable,
    TopTable,
    WatchTable,
)
from notelog.adapters.local_child import KEY_VARIABLE
from notelog.app.outcome import Completed, Outcome
from notelog.core.keys import _KNOWN as KNOWN_KEYS
from notelog.core.note import BlockKind
from notelog.core.note_settings import NOTE_KEYS, REQUEST_KEYS
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config, ContextSettings, Profile
from notelog.core.watch_settings import WatchSettings
from notelog.errors import NotelogError

PAGE = ROOT / "docs" / "reference.md"
PACKAGE = ROOT / "notelog"
CODE = re.compile(r"[a-z]+(-[a-z]+)*")
OWN_EXITS = {0: "done", 1: "a defect"}


def column(heading: str, number: int = 0) -> list[str]:
    """One column of the table below a heading of the reference."""
    return [row[number] for row in table_after(PAGE, heading)]


def error_classes(root: type[NotelogError] = NotelogError) -> Iterator[type[NotelogError]]:
    """The error tree."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def test_exit_codes() -> None:
    """The table holds the exit code of every error and of every outcome, and no other."""
    of_errors = {error.exit_code for error in error_classes()}
    of_outcomes = {Completed(outcome=item, sentence="").exit_code for item in Outcome}
    assert [int(code) for code in column("Exit codes")] == sorted(
        {*OWN_EXITS, *of_errors, *of_outcomes}
    )


def test_error_codes() -> None:
    """Every class of the error tree has its code and its exit code in the table."""
    documented = {row[0]: int(row[1]) for row in table_after(PAGE, "Error codes")}
    assert documented == {error.code: error.exit_code for error in error_classes()}


def test_outcomes() -> None:
    """Every outcome of ``complete`` is there with its exit code."""
    documented = {row[0]: int(row[1]) for row in table_after(PAGE, "Outcomes")}
    assert documented == {
        str(item): Completed(outcome=item, sentence="").exit_code for item in Outcome
    }


def test_diagnostic_codes() -> None:
    """Every code that the program gives a diagnostic is there, and no other."""
    assert sorted(column("Diagnostic codes")) == sorted(set(diagnostic_codes()))


def diagnostic_codes() -> Iterator[str]:
    """The codes in the source: of ``findings.add(...)`` and of ``Diagnostic(...)``."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _codes_of_call(node, tree)


def _codes_of_call(call: ast.Call, tree: ast.Module) -> Iterator[str]:
    called = ast.unparse(call.func)
    if called.endswith("findings.add"):
        yield from _codes_of(call.args[0], tree)
    elif called == "Diagnostic":
        for keyword in call.keywords:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


def _codes_of(argument: ast.expr, tree: ast.Module) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(code)):
            yield code
        case ast.JoinedStr():
            yield from (f"unclosed-{kind}" for kind in BlockKind)
        case ast.Name():
            for node in ast.walk(tree):
                match node:
                    case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(code)), *_])):
                        if CODE.fullmatch(code):
                            yield code
                    case _:
                        pass
        case _:
            message = f"a code that this test cannot read: {ast.unparse(argument)}"
            raise AssertionError(message)


def test_checks_of_doctor() -> None:
    """Every check that the program makes is there, and no other."""
    checks = {"ok", "warn", "fail", "_tried"}
    named = {
        str(node.args[0].value)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in checks
        and isinstance(node.args[0], ast.Constant)
    }
    assert sorted(column("notelog doctor")) == sorted(named)


def default_of(kind: type[Config | ContextSettings | Profile | WatchSettings], name: str) -> object:
    """What a field holds where nothing sets it, as JSON has it."""
    field = next(item for item in fields(kind) if item.name == name)
    value: object = field.default if field.default_factory is MISSING else field.default_factory()
    return list(value) if isinstance(value, tuple | frozenset) else value


def test_keys_at_the_top() -> None:
    """Every key outside the tables is there, with the default that holds."""
    rows = table_after(PAGE, "The keys at the top")
    assert [row[0] for row in rows] == [field.name for field in fields(TopTable)]
    for name, _, default, _ in rows:
        assert json.loads(default) == default_of(Config, name), name


def test_keys_of_a_profile() -> None:
    """Every key of a profile is there, with the default of those that have one."""
    rows = table_after(PAGE, "The keys of a profile")
    assert [row[0] for row in rows] == [field.name for field in fields(ProfileTable)]
    for name, _, default, _ in rows:
        if name not in {"base_url", "caps"} and not name.startswith("key_"):
            assert json.loads(default) == default_of(Profile, name), name


def test_caps() -> None:
    """Every cap of a profile is there."""
    assert column("The caps of a profile") == [field.name for field in fields(CapsTable)]


def test_keys_of_context() -> None:
    """Every key of ``[context]`` is there, with the default that holds."""
    rows = table_after(PAGE, "The keys of context")
    assert [row[0] for row in rows] == [field.name for field in fields(ContextTable)]
    for name, _, default, _ in rows:
        assert json.loads(default) == default_of(ContextSettings, name), name


def test_keys_of_watch() -> None:
    """Every key of ``[watch]`` is there, with the default that holds."""
    rows = table_after(PAGE, "The keys of watch")
    assert [row[0] for row in rows] == [field.name for field in fields(WatchTable)]
    for name, _, default, _ in rows:
        said = json.loads(default)
        assert said == default_of(WatchSettings, name), name


def test_keys_of_defaults() -> None:
    """Every setting of ``[defaults]`` is there."""
    assert column("The keys of defaults") == list(REQUEST_KEYS)


def test_front_matter_keys() -> None:
    """Every key that a note may hold is there, and those that are read when it is sent."""
    documented = column("Front matter")
    assert sorted(documented) == sorted(KNOWN_KEYS)
    assert set(documented) >= NOTE_KEYS


def test_front_matter_types() -> None:
    """The type of each key is the one that is checked while parsing, if one is."""
    for key, kind, _ in table_after(PAGE, "Front matter"):
        checked = KNOWN_KEYS[key][0].replace("a ", "")
        assert checked in {kind, "anything"}, key


def test_ready_made_profiles() -> None:
    """Every ready-made profile is there with its key and its model."""
    for name, key, model in table_after(PAGE, "The ready-made profiles"):
        profile = READY_MADE[name]
        assert (profile.key.environment or "none") in key
        assert (profile.model or "none") in model
        assert profile.key.required == (key.startswith(profile.key.environment or " "))
    assert column("The ready-made profiles") == list(READY_MADE)


def test_environment_variables() -> None:
    """Every variable that the program reads is there."""
    source = "".join(path.read_bytes().decode() for path in PACKAGE.rglob("*.py"))
    read = set(re.findall(r'"(NOTELOG_[A-Z_]+)"', source)) - {
        KEY_VARIABLE
    }  # notelog sets that one itself
    keys = {item.key.environment for item in READY_MADE.values()} - {""}
    foreign = {"NO_COLOR", "HTTPS_PROXY", "CREDENTIALS_DIRECTORY"}
    assert set(column("Environment variables")) == {*read, *keys, *foreign}


def test_every_file_that_is_named_is_there() -> None:
    """A test, a module or a page that the pages name exists."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_bytes().decode()
        for name in re.findall(
            r"(?<![\w/.])(?:tests|notelog|bench|docs|sample_vault)/[\w/]+\.\w+", text
        ):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_every_test_that_is_named_is_there() -> None:
    """The proofs that the pages name exist: file, and function in it."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for name, function in re.findall(r"(tests/[\w/]+\.py)::(\w+)", page.read_bytes().decode()):
            assert f"def {function}(" in (ROOT / name).read_bytes().decode(), f"{name}::{function}"
