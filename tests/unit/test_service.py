"""Installing a service: shown, asked for, never over a file that is not ours, undone whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from notelog.adapters.secrets import SystemSecrets
from notelog.adapters.service_host import ThisHost
from notelog.app.service import (
    ServicePlan,
    act_on_service,
    install_service,
    plan_service,
    uninstall_service,
    with_sandbox_if_possible,
)
from notelog.core.profiles import READY_MADE
from notelog.core.service import MARK, Action, Service, Step
from notelog.core.services import SERVICE_KINDS
from notelog.core.settings import Config, KeySource
from notelog.errors import ConfigurationError, UsageError
from notelog.ports.service_host import Ran

SERVICE = Service(vault="/v", program=("/py",), state_dir="/s", cache_dir="/c", user="501")
KIND = SERVICE_KINDS["systemd"]
PATH = "/units/x.service"


@dataclass
class FakeHost:
    """Files in memory, and commands that end as they are told to by their third word."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    failing: Mapping[str, Ran] = field(default_factory=dict[str, Ran])
    ran: list[str] = field(default_factory=list[str])

    def read(self, path: str) -> str | None:
        """As the port."""
        return self.files[path].decode() if path in self.files else None

    def write(self, path: str, data: bytes) -> None:
        """As the port."""
        self.files[path] = data

    def remove(self, path: str) -> None:
        """As the port."""
        del self.files[path]

    def run(self, step: Step) -> Ran:
        """As the port."""
        self.ran.append(step.words[2] if step.words[0] == "systemctl" else step.words[0])
        return self.failing.get(self.ran[-1], Ran(code=0, out="well", err=""))


def plan(kind: str = "systemd") -> ServicePlan:
    """The plan of a service."""
    return plan_service(SERVICE, SERVICE_KINDS[kind], PATH)


def test_what_is_shown_is_what_is_written() -> None:
    """The plan that the person agreed to is written and started."""
    host, shown = FakeHost(), list[ServicePlan]()

    def agreed(seen: ServicePlan) -> bool:
        shown.append(seen)
        return True

    assert install_service(host, plan(), agreed)
    assert host.files == {PATH: shown[0].text.encode()}
    assert host.ran == ["daemon-reload", "enable", "restart"]


def test_without_a_yes_nothing_happens() -> None:
    """No file, no command."""
    host = FakeHost()
    assert not install_service(host, plan(), lambda _: False)
    assert (host.files, host.ran) == ({}, [])


def test_a_file_of_somebody_else_stays() -> None:
    """Neither replaced nor removed; our own is replaced."""
    host = FakeHost({PATH: b"[Service]\nmine"})
    with pytest.raises(ConfigurationError, match="did not make it"):
        install_service(host, plan(), lambda _: True)
    with pytest.raises(UsageError):
        uninstall_service(host, plan())
    assert host.files == {PATH: b"[Service]\nmine"}
    host = FakeHost({PATH: f"# {MARK}".encode()})
    assert install_service(host, plan(), lambda _: True)


def test_what_fails_can_be_looked_at() -> None:
    """Where the manager refuses, its words are shown; the file stays, so that logs can be asked."""
    said = Ran(code=1, out="", err="Failed to\nconnect \x1b[2J to bus\n")
    host = FakeHost(failing={"enable": said})
    with pytest.raises(ConfigurationError) as caught:
        install_service(host, plan(), lambda _: True)
    assert caught.value.message.endswith("failed: Failed to | connect \\x1b[2J to bus")
    assert "uninstall" in caught.value.hint
    assert act_on_service(host, plan(), Action.LOGS).code == 0


def test_uninstalling_stops_first() -> None:
    """The manager lets go of the service, then the file goes, then it is told."""
    host = FakeHost({PATH: f"# {MARK}".encode()})
    uninstall_service(host, plan())
    assert host.files == {}
    assert host.ran == ["disable", "daemon-reload"]
    with pytest.raises(UsageError, match="no service is installed for /v") as caught:
        uninstall_service(host, plan())
    assert caught.value.hint == "install one with: notelog service install /v"


def test_asking_and_starting() -> None:
    """How a service is, is told whatever it is; a start that fails is an error."""
    down = Ran(code=3, out="inactive", err="")
    ours = {PATH: f"# {MARK}".encode()}
    host = FakeHost(ours, failing={"status": down, "start": down})
    assert act_on_service(host, plan(), Action.STATUS) == down
    with pytest.raises(ConfigurationError, match="inactive"):
        act_on_service(host, plan(), Action.START)
    assert act_on_service(host, plan(), Action.STOP).out == "well"
    assert act_on_service(host, plan(), Action.LOGS).out == "well"
    with pytest.raises(UsageError, match="keeps no log"):
        act_on_service(FakeHost(ours), plan("windows"), Action.LOGS)
    with pytest.raises(UsageError):
        act_on_service(FakeHost(), plan(), Action.STATUS)


def test_what_may_fail_may() -> None:
    """Launchd has nothing to let go of at a first installation."""
    host = FakeHost(failing={"launchctl": Ran(code=3, out="", err="no such process")})
    with pytest.raises(ConfigurationError, match="bootstrap"):
        install_service(host, plan("launchd"), lambda _: True)
    assert host.ran == ["launchctl", "launchctl"]


def test_the_sandbox_is_tried() -> None:
    """Where the trial fails the service is made without; a manager that is not there is said."""
    assert with_sandbox_if_possible(FakeHost(), SERVICE, KIND).sandbox
    shut = FakeHost(failing={"systemd-run": Ran(code=226, out="", err="")})
    assert not with_sandbox_if_possible(shut, SERVICE, KIND).sandbox
    gone = FakeHost(failing={"daemon-reload": Ran(code=1, out="", err="no bus")})
    with pytest.raises(ConfigurationError, match="no bus"):
        with_sandbox_if_possible(gone, SERVICE, KIND)
    assert not with_sandbox_if_possible(FakeHost(), SERVICE, SERVICE_KINDS["launchd"]).sandbox


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (KeySource(environment="K"), True),
        (KeySource(environment="K", file="/k"), False),
        (KeySource(environment="K", required=False), False),
        (KeySource(keyring="k"), False),
        (KeySource(command=("pass",)), False),
    ],
)
def test_a_key_that_a_service_does_not_see(source: KeySource, *, told: bool) -> None:
    """A terminal's environment is not a service's: it is said before, with the way out."""
    profile = replace(READY_MADE["openai"], key=source)
    config = Config(profiles={"openai": profile}, default_profile="openai")
    to_know = plan_service(SERVICE, KIND, PATH, config).to_know
    assert any("environment variable K" in sentence for sentence in to_know) == told
    nobody = Config(profiles={})
    assert plan_service(SERVICE, KIND, PATH, nobody).to_know == (KIND.to_know,)


def test_the_files_of_this_host(tmp_path: Path) -> None:
    """They are this user's alone, replaced whole, and read in both encodings."""
    host, path = ThisHost(), tmp_path / "new" / "units" / "x.service"
    assert host.read(str(path)) is None
    host.write(str(path), "eins 库".encode())
    host.write(str(path), "zwei 库".encode("utf-16"))
    assert host.read(str(path)) == "zwei 库"
    assert path.stat().st_mode & 0o077 == 0
    assert [item.name for item in path.parent.iterdir()] == ["x.service"]
    host.remove(str(path))
    host.remove(str(path))
    assert host.read(str(path)) is None
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError):
        host.write(str(tmp_path / "file" / "x"), b"")
    with pytest.raises(ConfigurationError):
        host.read(str(tmp_path))
    with pytest.raises(ConfigurationError):
        host.remove(str(tmp_path))
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigurationError):
        host.write(str(tmp_path / "taken"), b"")
    assert list(tmp_path.glob(".*")) == []


def test_the_commands_of_this_host() -> None:
    """What they print is kept apart; a program that is missing is no crash."""
    ran = ThisHost().run(Step(("/bin/sh", "-c", "echo out; echo err >&2; exit 5")))
    assert ran == Ran(code=5, out="out\n", err="err\n")
    missing = ThisHost().run(Step(("no-such-program-here",)))
    assert (missing.code, missing.err) == (127, "there is no no-such-program-here here")
    assert ThisHost().run(Step(("/",))).code == 1


def test_a_service_reads_the_copy_of_a_key(tmp_path: Path) -> None:
    """Systemd's copy of the key file goes before the file, and only for its own profile."""
    folder, key = tmp_path / "credentials", tmp_path / "key"
    folder.mkdir()
    for path, text in ((key, b"sk-file"), (folder / "notelog-key-p", b"sk-copy\n")):
        path.write_bytes(text)
        path.chmod(0o600)
    secrets = SystemSecrets({"CREDENTIALS_DIRECTORY": str(folder)})
    source = KeySource(file=str(key))
    assert secrets.key(source, "p") == "sk-copy"
    assert secrets.key(source, "other") == "sk-file"
    assert SystemSecrets({}).key(source, "p") == "sk-file"
