"""The files of services: as they are kept in ``tests/golden``, and as their managers read them."""

import plistlib
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from notelog.core.service import MARK, Action, Service, check_service
from notelog.core.services import SERVICE_KINDS, kind_for
from notelog.errors import UsageError

GOLDEN = Path(__file__).parents[1] / "golden"
SERVICE = Service(
    vault="/home/mary/My Notes",
    program=("/usr/bin/python3", "-P", "-m", "notelog"),
    state_dir="/home/mary/.local/state/notelog",
    cache_dir="/home/mary/.cache/notelog",
    variables={"NOTELOG_CONFIG_DIR": "/home/mary/config dir"},
    keys={"openai": "/home/mary/.config/notelog/key"},
    user="501",
)
NAMES = [
    "plain",
    "My Notes",
    "库 笔记（二）",
    'a "quoted" one',
    "it's",
    "100% $HOME ${x} $$ %h %%",
    "back\\slash\\",
    "\\\\",
    "semi;colon & amp <b> > |",
    "-dash",
    "{brace} {vault}",
    "[x] #hash =eq",
]


def named(name: str) -> Service:
    """A service whose folders are all called so."""
    return replace(
        SERVICE,
        vault=f"/home/mary/{name}",
        state_dir=f"/home/mary/state {name}",
        cache_dir=f"/home/mary/cache {name}",
        variables={"NOTELOG_CONFIG_DIR": f"/home/mary/c {name}"},
        keys={"openai": f"/home/mary/k {name}"},
    )


@pytest.mark.parametrize("kept_as", ["systemd", "systemd-open", "launchd", "windows"])
def test_files_are_as_kept(kept_as: str) -> None:
    """A change of a service's file is seen, and meant."""
    manager, _, is_open = kept_as.partition("-")
    kept = GOLDEN / f"service-{kept_as}.txt"
    text = SERVICE_KINDS[manager].render(replace(SERVICE, sandbox=not is_open))
    assert text.encode() == kept.read_bytes()
    assert MARK in text


def test_the_same_vault_has_the_same_name() -> None:
    """Names are plain, tell vaults apart, and hold what can be read of the folder's."""
    names = {replace(SERVICE, vault=f"/home/{name}").name for name in NAMES}
    assert len(names) == len(NAMES)
    assert all(name.isascii() and name.replace("-", "").isalnum() for name in names)
    assert SERVICE.name.startswith("notelog-My-Notes-")
    assert replace(SERVICE, vault="C:\\Users\\m\\Notes\\").name.startswith("notelog-Notes-")
    assert len(replace(SERVICE, vault="/" + "x" * 300).name) < 60


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x1bb", "a\u202eb", "a\udce4", "a\x00"])
def test_names_that_no_file_can_hold(name: str) -> None:
    """A line end would begin a setting of its own: it is refused."""
    with pytest.raises(UsageError):
        check_service(replace(SERVICE, vault=f"/home/{name}"))
    with pytest.raises(UsageError):
        check_service(replace(SERVICE, keys={"p": f"/home/{name}"}))


def settings_of(unit: str, name: str) -> list[str]:
    """The values of a setting in a unit."""
    prefix = f"{name}="
    return [line.removeprefix(prefix) for line in unit.split("\n") if line.startswith(prefix)]


def words_of(value: str) -> list[str]:
    """Words as systemd takes them apart: quotes and backslashes as a shell's, ``%%`` for ``%``."""
    return [word.replace("%%", "%") for word in shlex.split(value)]


@pytest.mark.parametrize("name", NAMES)
def test_systemd_reads_what_is_meant(name: str) -> None:
    """Every path comes out of its setting as it went in; no line runs into the next."""
    service = named(name)
    unit = SERVICE_KINDS["systemd"].render(service)
    (command,) = settings_of(unit, "ExecStart")
    words = words_of(command)
    assert [words[0], *(word.replace("$$", "$") for word in words[1:])] == list(service.command)
    (written,) = settings_of(unit, "ReadWritePaths")
    assert words_of(written) == [service.vault, service.state_dir, service.cache_dir]
    (variable,) = settings_of(unit, "Environment")
    assert words_of(variable) == [f"NOTELOG_CONFIG_DIR={service.variables['NOTELOG_CONFIG_DIR']}"]
    assert not any(line.endswith("\\") for line in unit.split("\n"))
    credentials = settings_of(unit, "LoadCredential")
    bare = not name.endswith("\\")  # such a key is read from its file, without a copy
    told = f"notelog-key-openai:{service.keys['openai']}".replace("%", "%%")
    assert credentials == ([told] if bare else [])


@pytest.mark.parametrize("name", NAMES)
def test_systemd_accepts_it(name: str, systemd_analyze: None, tmp_path: Path) -> None:
    """``systemd-analyze verify`` finds nothing to say about the unit."""
    service = replace(named(name), program=("/bin/sh",))
    for sandbox in (True, False):
        unit = tmp_path / f"{service.name}.service"
        made = replace(service, sandbox=sandbox)
        unit.write_bytes(SERVICE_KINDS["systemd"].render(made).encode())
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", str(unit)],
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_launchd_reads_what_is_meant(name: str) -> None:
    """The property list holds the command as it is, and keeps the umask."""
    service = named(name)
    found = plistlib.loads(SERVICE_KINDS["launchd"].render(service).encode())
    assert found["ProgramArguments"] == list(service.command)
    assert found["EnvironmentVariables"].items() >= service.variables.items()
    assert found["StandardErrorPath"].startswith(service.state_dir)
    assert (found["Umask"], found["KeepAlive"]) == (0o077, {"SuccessfulExit": False})


def windows_words(line: str) -> list[str]:
    """Words as ``CommandLineToArgvW`` takes them apart, by its documentation."""
    words, word, quoted, begun, place = [], "", False, False, 0
    while place < len(line):
        slashes = len(line[place:]) - len(line[place:].lstrip("\\"))
        place += slashes
        at_quote = line[place : place + 1] == '"'
        word += "\\" * (slashes // 2 if at_quote else slashes)
        begun = begun or slashes > 0
        if at_quote and slashes % 2:
            word += '"'
        elif at_quote:
            quoted, begun = not quoted, True
        elif line[place : place + 1] == " " and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + line[place : place + 1], begun or place < len(line)
        place += 1
    return [*words, word] if begun else words


@pytest.mark.parametrize("name", NAMES)
def test_the_task_scheduler_reads_what_is_meant(name: str) -> None:
    """The XML holds program and arguments, and Windows takes them apart as they were."""
    service = replace(named(name), vault=f"C:\\Users\\Mary\\{name}", user="PC\\Märy & Co")
    text = SERVICE_KINDS["windows"].render(service)
    data = text.encode(SERVICE_KINDS["windows"].encoding)
    assert data.startswith((b"\xff\xfe", b"\xfe\xff"))
    task = ET.fromstring(data)
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    program = task.findtext(".//t:Exec/t:Command", "", space)
    arguments = task.findtext(".//t:Exec/t:Arguments", "", space)
    assert [program, *windows_words(arguments)] == list(service.command)
    assert task.findtext(".//t:Principal/t:UserId", "", space) == "PC\\Märy & Co"


def test_nothing_hidden_is_shut_out() -> None:
    """A vault below /tmp would be hidden from the service by a /tmp of its own."""
    render = SERVICE_KINDS["systemd"].render
    assert "PrivateTmp" in render(SERVICE)
    assert "PrivateTmp" not in render(replace(SERVICE, vault="/tmp/vault"))
    assert "PrivateTmp" in render(replace(SERVICE, vault="/tmpx/vault"))


@pytest.mark.parametrize("manager", SERVICE_KINDS)
def test_every_manager_knows_what_to_do(manager: str) -> None:
    """Each action is some commands, which name the service or its file."""
    commands = SERVICE_KINDS[manager].commands(SERVICE, "/the/file")
    missing = {Action.LOGS} if manager == "windows" else set[Action]()
    assert set(commands) == set(Action) - missing
    for steps in commands.values():
        words = " ".join(word for step in steps for word in step.words)
        assert SERVICE.name.removeprefix("notelog-") in words


def test_managers_by_platform() -> None:
    """Each platform has its own; others have none."""
    kinds = {name: kind_for(name) for name in ("linux", "darwin", "win32", "sunos")}
    assert list(kinds.values()) == ["systemd", "launchd", "windows", ""]
