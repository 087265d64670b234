"""``notelog doctor`` as its user runs it: each cause by its name, and what to do about it."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program, Run
from scripted_server import RESET, STALL, Script, ScriptedServer, response, status

CANARY = "sk-test-canary"
LIST = {"object": "list", "data": [{"id": "m"}, {"id": "mistral"}]}


def remark(run: Run, check: str) -> tuple[str, str, str]:
    """Verdict, message and hint of a check."""
    checks = run.fields["checks"]
    assert isinstance(checks, list)
    found: dict[str, str] = next(item for item in checks if item["check"] == check)
    return found["verdict"], found["message"], found["hint"]


def examined(program: Program, *arguments: str | Path) -> Run:
    """A run with ``--json``; whatever it finds, the key is nowhere."""
    run = program.run("doctor", "--json", *arguments)
    assert CANARY not in run.out + run.err
    return run


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that lists two models, however often it is asked."""
    with ScriptedServer([], routes={"/v1/models": status(200, LIST)}) as running:
        yield running


def test_all_is_well(program: Program, vault: Path, server: ScriptedServer) -> None:
    """A line a check, exit code 0, one request, and the vault as it was."""
    program.serve(server.base_url)
    (vault / "Tea.md").write_bytes(b"tea")
    run = program.run("doctor", vault)
    assert run.code == 0, run.out
    lines = run.out.split("\n")[:-1]
    assert all(line.startswith(("ok ", "warn ", " ")) for line in lines)
    assert [line.split()[1] for line in lines if line.startswith("ok")] == [
        "packages", "configuration", "profile", "local", "key", "server", "model",
        "state", "disk", "vault", "conflict", *(["events"] if sys.platform == "linux" else []),
        "file", "journal", "watcher",
    ]  # fmt: skip
    assert "0 to mend" in run.err
    assert [request.target for request in server.routed] == ["/v1/models"]
    assert server.requests == []
    assert sorted(path.name for path in vault.iterdir()) == [".obsidian", "Tea.md"]
    assert not (program.home / "state").exists()


def test_the_vault_of_the_current_folder(
    program: Program, vault: Path, server: ScriptedServer
) -> None:
    """Inside a vault no name is needed; elsewhere it is said that none was looked at."""
    program.serve(server.base_url)
    (vault / "Chats").mkdir()
    run = program.run("doctor", "--json", cwd=vault / "Chats")
    assert run.fields["vault"] == str(vault)
    run = program.run("doctor", cwd=vault.parent)
    assert run.code == 0
    assert "no vault was looked at" in run.err


@pytest.mark.parametrize(
    ("script", "message", "hint"),
    [
        (status(401), "does not accept the key (401)", "environment variable TEST_KEY"),
        (status(401, {"error": {"message": f"bad key {CANARY}"}}), "bad key [key]", "TEST_KEY"),
        (status(402), "no credit left (402)", "add credit"),
        (status(404), "knows no such address (404)", "/v1"),
        (status(200, "<html>Log in</html>"), "is no model server", "login page"),
        (
            status(302, headers={"Location": "https://elsewhere.example/v1"}),
            "redirect the conversation to https://elsewhere.example/v1",
            "base_url",
        ),
        (status(500), "answered 500", "look at the server"),
        ([RESET], "was cut", "try again"),
        ([STALL], "no whole answer in 0.5 s", "busy"),
        (response(b"[", STALL), "no whole answer in 0.5 s", "busy"),
        (
            status(500, {"error": {"message": "\x1b]0;x\x07\u202e"}}),
            "\\x1b]0;x\\x07\\u202e",
            "look",
        ),
    ],
)
def test_causes(program: Program, script: Script, message: str, hint: str) -> None:
    """What a server answers is told by its cause, with what to do; the exit code is 3."""
    with ScriptedServer([script]) as running:
        program.serve(running.base_url, profile="deadline_s = 0.5\n")
        run = examined(program)
    assert run.code == 3
    verdict, said, todo = remark(run, "server")
    assert verdict == "fail"
    assert message in said
    assert hint in todo
    assert len(running.requests) == 1


def test_nobody_listens(program: Program) -> None:
    """A refused connection: no server is running there."""
    with ScriptedServer([]) as running:
        address = running.base_url
    program.serve(address)
    run = examined(program)
    assert "refuses the connection: no server is running there" in remark(run, "server")[1]
    assert run.code == 3


def test_a_name_that_does_not_exist(program: Program) -> None:
    """DNS is named as the cause."""
    program.serve("https://no-such-host.invalid/v1", profile="deadline_s = 20\n")
    verdict, said, _ = remark(examined(program), "server")
    assert verdict == "fail"
    assert "(DNS)" in said


def test_tls_to_a_plain_port(program: Program) -> None:
    """The handshake is named as the cause, and the server never sees a request."""
    with ScriptedServer([]) as running:
        program.serve(running.base_url.replace("http:", "https:"))
        _, said, _ = remark(examined(program), "server")
    assert "TLS handshake" in said
    assert running.requests == []


def test_a_model_that_the_server_does_not_have(program: Program, server: ScriptedServer) -> None:
    """The nearest name is suggested; an exact one is well."""
    program.serve(server.base_url)
    run = examined(program, "--model", "mistrall")
    assert remark(run, "model")[0] == "fail"
    assert "did you mean 'mistral'?" in remark(run, "model")[2]
    assert examined(program, "--model", "mistral").code == 0


def test_a_clock_that_is_off(program: Program) -> None:
    """The server's Date is compared; it is a warning."""
    date = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    with ScriptedServer([status(200, LIST, headers=date)]) as running:
        program.serve(running.base_url)
        run = examined(program)
    assert remark(run, "clock")[0] == "warn"
    assert "days ahead of the server's" in remark(run, "clock")[1]
    assert run.code == 0


def test_offline(program: Program, server: ScriptedServer) -> None:
    """No server is asked, and that is said."""
    program.serve(server.base_url)
    run = program.run("doctor", "--offline")
    assert run.code == 0
    assert "no server was asked" in run.err
    assert server.connections == 0


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b'\xef\xbb\xbfdefault_profile = "ollama"\r\n', 0, "config.toml"),
        ('default_profile = "ollama"\n'.encode("utf-16"), 3, "UTF-16"),
        ('default_profile = "库"\n'.encode("gbk"), 3, "not UTF-8"),
        (b"default_profil = 1\n", 3, "config.toml:1: there is no setting default_profil"),
        (b'[profiles.p]\nbase_url = "https://u:sk-test-canary@h/v1"\n', 3, "more than an address"),
        (b'[profiles.p]\nbase_url="https://h/v1"\napi_key="sk-test-canary"\n', 3, "a key never"),
    ],
)
def test_configurations(program: Program, data: bytes, code: int, said: str) -> None:
    """A BOM does no harm; every other mistake is told with its line and never with a key."""
    program.configure("")
    (program.home / "config" / "config.toml").write_bytes(data)
    run = examined(program, "--offline")
    assert run.code == code
    assert said in remark(run, "configuration")[1]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_permissions(program: Program, tmp_path: Path, server: ScriptedServer) -> None:
    """A key file, a configuration and a state folder that others may use are told apart."""
    key = tmp_path / "key"
    key.write_bytes(f"{CANARY}\n".encode())
    key.chmod(0o644)
    program.serve(server.base_url)
    config = program.home / "config" / "config.toml"
    config.write_bytes(
        config.read_bytes().replace(b'key_environment = "TEST_KEY"', f'key_file = "{key}"'.encode())
    )
    config.chmod(0o666)
    journals = program.home / "state" / "journal"
    journals.mkdir(parents=True)
    journals.chmod(0o755)
    run = examined(program)
    assert run.code == 3
    assert remark(run, "configuration")[0] == "warn"
    assert remark(run, "key")[0] == "fail"
    assert "chmod 600" in remark(run, "key")[2]
    assert remark(run, "state-folder")[0] == "fail"
    assert server.connections == 0


def test_a_key_command_that_prints_to_its_errors(program: Program) -> None:
    """What a key_command writes on standard error is not passed on."""
    script = f"import sys; sys.stderr.write({CANARY!r}); sys.exit(7)"
    command = json.dumps([sys.executable, "-c", script])
    program.configure(
        f'default_profile="p"\n[profiles.p]\nbase_url="https://h.invalid/v1"\nkey_command={command}\n'
    )
    assert "exit code 7" in remark(examined(program), "key")[1]


def test_conflicts_and_read_only_notes(
    program: Program, vault: Path, server: ScriptedServer
) -> None:
    """They are warnings with their names, made harmless for a terminal."""
    program.serve(server.base_url)
    name = "T\x1b[2Jea.sync-conflict-20240131-101112-ABCDEFG.md"
    (vault / name).write_bytes(b"x")
    (vault / "Tea.md").write_bytes(b"x")
    (vault / "Tea.md").chmod(0o444)
    run = program.run("doctor", vault)
    assert run.code == 0
    assert "\x1b" not in run.out + run.err
    assert "T\\x1b[2Jea.sync-conflict" in run.out
    assert "Tea.md" in run.out


def test_no_vault_of_that_name(program: Program, server: ScriptedServer, tmp_path: Path) -> None:
    """A vault that is missing fails; the rest is looked at."""
    program.serve(server.base_url)
    run = examined(program, tmp_path / "no such")
    assert run.code == 3
    assert remark(run, "vault")[0] == "fail"
    assert remark(run, "model")[0] == "ok"
