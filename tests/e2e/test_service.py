"""``notelog service`` as its user runs it, with a stand-in for systemd that writes calls down."""

import os
import sys
from pathlib import Path

import pytest
from program import Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/calls"
case "$*" in
  *status*) printf 'active \\033[2J (running)\\n'; exit ${STATUS_CODE:-0};;
  *fail*|*"$FAIL_ON"*) echo 'it does not work' >&2; exit 1;;
esac
"""


@pytest.fixture
def managed(program: Program) -> Program:
    """The program, where systemctl, systemd-run and journalctl are stand-ins."""
    folder = program.home / "bin"
    folder.mkdir(parents=True)
    for name in ("systemctl", "systemd-run", "journalctl"):
        (folder / name).write_bytes(STAND_IN.encode())
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return Program(program.home, {"PATH": path, "FAIL_ON": "nothing at all"})


def calls(program: Program) -> list[str]:
    """What the stand-ins were called with, and forget it."""
    path = program.home / "calls"
    found = path.read_bytes().decode().split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def units(program: Program) -> list[Path]:
    """The files of services."""
    return sorted((program.home / ".config" / "systemd" / "user").glob("*"))


def test_a_life(managed: Program, vault: Path) -> None:
    """Shown, installed, asked, stopped, started, and taken away without a trace."""
    key = managed.home / "key file"
    key.write_bytes(b"sk-test-canary")
    key.chmod(0o600)
    managed.configure(f'default_profile = "openai"\n[profiles.openai]\nkey_file = "{key}"\n')
    run = managed.run("service", "install", "--yes", vault)
    assert run.code == 0, run.err
    assert "sk-test-canary" not in run.out + run.err
    (unit,) = units(managed)
    text = unit.read_bytes().decode()
    assert all(line in run.err for line in text.split("\n"))
    assert f'"{sys.executable}" "-P" "-m" "notelog" "watch" "--" "{vault}"' in text
    assert f"LoadCredential=notelog-key-openai:{key}\n" in text
    assert f'"NOTELOG_STATE_DIR={managed.home}/state"' in text
    assert "PrivateUsers=yes" in text
    assert (managed.home / "state").stat().st_mode & 0o077 == 0
    assert [call.split()[:3] for call in calls(managed)] == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemd-run", "--user", "--wait"],
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable"],
        ["systemctl", "--user", "restart"],
    ]
    run = managed.run("service", "status", cwd=vault)
    assert (run.code, run.out) == (0, "active \\x1b[2J (running)\n")
    for word in ("stop", "start", "logs"):
        assert managed.run("service", word, vault).code == 0
    assert [call.split()[0] for call in calls(managed)] == ["systemctl"] * 3 + ["journalctl"]
    run = managed.run("service", "uninstall", vault)
    assert run.code == 0
    assert units(managed) == []
    run = managed.run("service", "status", vault)
    assert (run.code, "no service is installed" in run.err) == (2, True)
    assert list(vault.iterdir()) == [vault / ".obsidian"]


def test_nothing_without_a_yes(managed: Program, vault: Path) -> None:
    """Where nobody can answer the question, nothing is installed."""
    run = managed.run("service", "install", vault)
    assert run.code == 130
    assert units(managed) == []


def test_a_manager_that_does_not_answer(program: Program, vault: Path) -> None:
    """It is said before anything is written, and the file can be had all the same."""
    folder = program.home / "empty"
    folder.mkdir(parents=True)
    bare = Program(program.home, {"PATH": str(folder)})
    run = bare.run("service", "install", "--yes", vault)
    assert run.code == 3
    assert "there is no systemctl here" in run.err
    assert units(program) == []
    run = bare.run("service", "print", vault)
    assert run.code == 0
    assert run.out.startswith("# made by notelog service install")


def test_a_system_without_a_sandbox(managed: Program, vault: Path) -> None:
    """The service is made without, and that is said."""
    shut = Program(managed.home, {**managed.variables, "FAIL_ON": "PrivateUsers"})
    run = shut.run("service", "install", "--yes", vault)
    assert run.code == 0
    assert "does not let your services be shut in" in run.err
    assert b"PrivateUsers" not in units(shut)[0].read_bytes()


def test_what_fails_can_be_taken_away(managed: Program, vault: Path) -> None:
    """A service that cannot be enabled is told with the way to take it away, and that works."""
    broken = Program(managed.home, {**managed.variables, "FAIL_ON": "enable"})
    run = broken.run("service", "install", "--yes", vault)
    assert run.code == 3
    assert "it does not work" in run.err
    assert "notelog service uninstall takes it away" in run.err
    assert managed.run("service", "uninstall", vault).code == 0
    assert units(managed) == []


def test_a_service_that_does_not_run(managed: Program, vault: Path) -> None:
    """The exit code of ``status`` is 3."""
    assert managed.run("service", "install", "--yes", vault).code == 0
    down = Program(managed.home, {**managed.variables, "STATUS_CODE": "4"})
    assert down.run("service", "status", vault).code == 3


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb"])
def test_a_vault_that_no_file_can_name(managed: Program, tmp_path: Path, name: str) -> None:
    """It is refused, in words that do no harm to a terminal."""
    (tmp_path / name).mkdir()
    run = managed.run("service", "print", tmp_path / name)
    assert run.code == 2
    assert run.err.count("\n") == 2
    assert "\x1b" not in run.err


def test_vaults_that_are_none(managed: Program, tmp_path: Path) -> None:
    """A missing folder, and no folder at all, are mistakes of the command line."""
    assert managed.run("service", "print", tmp_path / "no").code == 2
    assert managed.run("service", "print", cwd=tmp_path).code == 2


@pytest.mark.parametrize(("manager", "word"), [("launchd", "<plist"), ("windows", "<Task")])
def test_files_for_other_systems(managed: Program, vault: Path, manager: str, word: str) -> None:
    """They can be printed anywhere."""
    run = managed.run("service", "print", "--manager", manager, vault)
    assert run.code == 0
    assert word in run.out
    assert str(vault) in run.out
