"""Keys: their four sources, what is refused, and that no message ever holds one."""

import logging
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from notelog.adapters.secrets import SystemSecrets
from notelog.core.settings import KeySource
from notelog.errors import KeyUnavailableError

CANARY = "sk-canary-5f1c"
SLEEP = "import time; time.sleep(5)"
GRANDCHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{SLEEP}'])"


def key_file(folder: Path, data: bytes, mode: int = 0o600) -> KeySource:
    """A key file with this content and mode."""
    path = folder / "key.txt"
    path.write_bytes(data)
    path.chmod(mode)
    return KeySource(file=str(path))


def command(code: str) -> KeySource:
    """A key_command that runs this Python."""
    return KeySource(command=(sys.executable, "-c", code))


def found(source: KeySource, **environ: str) -> str:
    """The key of a source."""
    return SystemSecrets(environ).key(source, "p")


def refused(
    source: KeySource, caplog: pytest.LogCaptureFixture, *, limit_s: float = 60.0, **environ: str
) -> str:
    """The words of the error; neither they nor the traceback nor a log line hold the key."""
    caplog.set_level(logging.DEBUG)
    secrets = SystemSecrets(environ, command_limit_s=limit_s)
    with pytest.raises(KeyUnavailableError) as caught:
        secrets.key(source, "p")
    error = caught.value
    shown = f"{error.located()} {error.hint}"
    everything = shown + repr(error) + repr(secrets) + caplog.text
    everything += "".join(traceback.format_exception(error))
    assert "canary" not in everything
    return shown


@pytest.mark.parametrize(
    "data", [b"%s", b"%s\n", b"%s\r\n", b"\xef\xbb\xbf%s\r\n", b"  %s \n\n", b"\xef\xbb\xbf%s"]
)
def test_a_key_file_may_come_from_any_editor(tmp_path: Path, data: bytes) -> None:
    """BOM, CR LF and outer blanks are no part of the key."""
    assert found(key_file(tmp_path, data % CANARY.encode())) == CANARY


@pytest.mark.parametrize("value", [CANARY, f" {CANARY}\r\n", f"\ufeff{CANARY}"])
def test_the_environment_holds_a_key(value: str) -> None:
    """As a file, so a variable."""
    assert found(KeySource(environment="K"), K=value) == CANARY


def test_the_first_source_that_is_set_is_used(tmp_path: Path) -> None:
    """A variable that is not set, or empty, gives way to the file."""
    source = KeySource(environment="K", file=key_file(tmp_path, b"from-file").file)
    assert found(source, K="from-variable") == "from-variable"
    assert found(source, K=" ") == "from-file"


def test_no_key_where_none_is_needed() -> None:
    """A server that needs no key gets none, and one that is set all the same."""
    source = KeySource(environment="K", required=False)
    assert (found(source), found(source, K="x")) == ("", "x")


def test_a_missing_key_names_the_ways(caplog: pytest.LogCaptureFixture) -> None:
    """The error names the variable and the other sources."""
    words = refused(KeySource(environment="MY_KEY"), caplog)
    assert "MY_KEY is not set" in words
    assert "key_command under [profiles.p]" in words
    assert "names no source" in refused(KeySource(), caplog)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (f"{CANARY}\n{CANARY}".encode(), "at place 15"),
        (f"\u201c{CANARY}\u201d".encode(), "at place 1"),
        (f"{CANARY}\uff21".encode(), "at place 15"),
        (f"{CANARY} x".encode(), "at place 15"),
        (f'"{CANARY}"'.encode(), "at place 1"),
        (f"'{CANARY}'".encode(), "at place 1"),
        (f"{CANARY}\x00".encode(), "at place 15"),
        (CANARY.encode() + b"\xff", "not UTF-8"),
        (CANARY.encode() * 2000, "too large"),
    ],
)
def test_what_cannot_be_a_key_is_refused_unseen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes, words: str
) -> None:
    """Empty files, several lines, blanks, controls and wide letters are refused, never shown."""
    assert words in refused(key_file(tmp_path, data), caplog)


def test_a_bad_variable_is_refused_unseen(caplog: pytest.LogCaptureFixture) -> None:
    """The same holds for the environment."""
    assert "at place 15" in refused(KeySource(environment="K"), caplog, K=f"{CANARY}中x")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_may_open_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    """Group and others have no right to a key file, and the hint is the command to run."""
    words = refused(key_file(tmp_path, CANARY.encode(), mode), caplog)
    assert "chmod 600" in words


def test_a_key_in_a_vault_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a file in a vault, nor a symlink into or out of one."""
    vault, outside = tmp_path / "vault" / "deep", tmp_path / "outside"
    vault.mkdir(parents=True)
    outside.mkdir()
    (tmp_path / "vault" / ".obsidian").mkdir()
    inside = key_file(vault, CANARY.encode())
    good = key_file(outside, CANARY.encode())
    (outside / "in").symlink_to(inside.file)
    (vault / "out").symlink_to(good.file)
    for path in (inside.file, outside / "in", vault / "out"):
        assert "never read from a vault" in refused(KeySource(file=str(path)), caplog)
    assert found(good) == CANARY


def test_what_is_no_file_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder, a FIFO that nobody writes, and nothing at all."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    assert "no regular file" in refused(KeySource(file=str(tmp_path / "fifo")), caplog)
    assert "no regular file" in refused(KeySource(file=str(tmp_path)), caplog)
    assert "cannot be read" in refused(KeySource(file=str(tmp_path / "none")), caplog)


def test_a_command_gives_its_first_line() -> None:
    """Later lines, such as the user name in a password store, are no part of the key."""
    assert found(command(f"print('{CANARY}'); print('user: me')")) == CANARY


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "is empty"),
        ("print(' ')", "is empty"),
        (f"import sys; sys.stderr.write('{CANARY}'); sys.exit(3)", "exit code 3"),
        (f"print('{CANARY}', flush=True); raise SystemExit(1)", "exit code 1"),
        (f"print('{CANARY}', flush=True); import time; time.sleep(60)", "did not end within 0.2"),
        (GRANDCHILD, "did not end within 0.2"),
    ],
)
def test_a_command_that_fails_is_told_without_its_output(
    caplog: pytest.LogCaptureFixture, code: str, words: str
) -> None:
    """Empty output, an exit code and a limit of time; a grandchild does not prolong it."""
    limit_s = 0.2 if "did not end" in words else 60.0
    assert words in refused(command(code), caplog, limit_s=limit_s)


def test_a_missing_command_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Only the program's name is shown, never its arguments."""
    source = KeySource(command=("/nowhere/say-key", "--token", CANARY))
    assert "'say-key' was not found" in refused(source, caplog)


def test_no_shell_reads_the_command() -> None:
    """An argument is an argument, whatever is in it."""
    source = KeySource(command=(sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id)"))
    assert found(source) == "$(id)"


def test_the_keyring_is_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its entry under the service ``notelog`` is the key; a missing one is told."""
    errors = ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]  # a stand-in
    keyring = ModuleType("keyring")
    entries = {("notelog", "mine"): CANARY}
    keyring.get_password = lambda service, name: entries.get((service, name))  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert found(KeySource(keyring="mine")) == CANARY
    assert "keyring set notelog other" in refused(KeySource(keyring="other"), caplog)

    def locked(service: str, name: str) -> str:
        raise errors.KeyringError(f"{CANARY} {service} {name}")

    keyring.get_password = locked  # type: ignore[attr-defined]  # a stand-in
    assert "cannot be read (KeyringError)" in refused(KeySource(keyring="mine"), caplog)


def test_a_missing_keyring_package_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The hint says how to install it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    told = refused(KeySource(keyring="mine"), caplog)
    assert "uv tool install" in told
    assert 'keyring]"' in told
