"""The order of ``doctor``: independent checks, each told; those without ground are left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from notelog.app.doctor import Doctoring, Wish, examine
from notelog.core.checkup import Remark, Verdict
from notelog.core.model_list import ModelList
from notelog.core.privacy_checks import Permission
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config, KeySource, Profile
from notelog.core.vault_checks import FileSystem, Room, Survey, WatcherSeen, WatchLimits
from notelog.errors import (
    ConfigurationError,
    JournalError,
    KeyUnavailableError,
    NoteError,
    NotelogError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Endpoint

KEY = "sk-canary-7"
ALL_OF_A_SERVER = ["configuration", "profile", "local-model", "key", "server", "model", "clock"]
ALL_OF_A_VAULT = ["vault", "conflict-copies", "events", "file-system", "journal", "watcher"]


@dataclass
class World:
    """Machine, vault, server and keys in one; an error put under a name is raised by it."""

    errors: dict[str, Exception] = field(default_factory=dict[str, Exception])
    asked: list[Endpoint] = field(default_factory=list[Endpoint])
    limits: WatchLimits | None = None

    def _may(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]

    def versions(self) -> str:
        """As the port."""
        self._may("packages")
        return "Python 3"

    def local_model(self, profile: Profile) -> str:
        """As the port."""
        self._may("local-model")
        return f"/models/{profile.name}"

    def permissions(self, folder: str) -> tuple[Permission, ...]:
        """As the port."""
        self._may("state-folder")
        return ()

    def rooms(self, places: Sequence[tuple[str, str]]) -> tuple[Room, ...]:
        """As the port."""
        self._may("disk")
        return tuple(Room(place=name, free_bytes=10**12, free_files=None) for name, _ in places)

    def watch_limits(self) -> WatchLimits | None:
        """As the port."""
        self._may("events")
        return self.limits

    def journal(self, vault: str) -> str:
        """As the port."""
        self._may("journal")
        return ""

    def watcher(self, vault: str) -> WatcherSeen:
        """As the port."""
        self._may("watcher")
        return WatcherSeen(runs=False)

    def survey(self, vault: str) -> Survey:
        """As the port."""
        self._may("vault")
        return Survey(folders=1)

    def file_system(self, vault: str) -> FileSystem:
        """As the port."""
        self._may("file-system")
        return FileSystem()

    def models(self, endpoint: Endpoint) -> ModelList:
        """As the port."""
        self.asked.append(endpoint)
        self._may("server")
        return ModelList(names=("gpt-4o-mini",), server_time=1_000.0)

    def key(self, source: KeySource, profile: str) -> str:
        """As the port."""
        self._may("key")
        return KEY if source.required else ""


def config(default: str = "openai") -> Config:
    """The ready-made profiles."""
    return Config(profiles=READY_MADE, default_profile=default)


def examined(
    world: World, wish: Wish | None = None, read: Callable[[], Config] = config
) -> list[Remark]:
    """The remarks of an examination of this world."""
    tools = Doctoring(
        config=read,
        config_path="/c/config.toml",
        config_folder="/c",
        state_folder="/s",
        machine=world,
        trial=world,
        lists=world,
        secrets=world,
        key_words=lambda profile: f"from {profile.name}",
        now=lambda: 1_000.0,
    )
    return list(examine(tools, wish or Wish(vault="/v")))


LIMITS = WatchLimits(watches=9, watches_used=0, instances=9, instances_used=0)


def test_all_is_well() -> None:
    """Every check is made once, and every one is ok."""
    remarks = examined(World(limits=LIMITS))
    assert [remark.check for remark in remarks] == [
        "packages", *ALL_OF_A_SERVER, "state-folder", "disk", *ALL_OF_A_VAULT,
    ]  # fmt: skip
    assert {remark.verdict for remark in remarks} == {Verdict.OK}
    assert KEY not in repr(remarks)


@pytest.mark.parametrize(
    "check",
    [
        "packages", "key", "server", "state-folder", "disk", "events",
        "file-system", "journal", "vault", "watcher",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "error",
    [
        NotelogError("what happened", hint="what to do"),
        OSError(5, "the disk is ill", "/x"),
        ZeroDivisionError(f"a defect that knows {KEY}"),
    ],
)
def test_a_check_that_cannot_be_made_says_so(check: str, error: Exception) -> None:
    """It fails, in words without a key, and the checks that do not need it go on."""
    remarks = examined(World(errors={check: error}, limits=LIMITS))
    failed = [remark for remark in remarks if remark.verdict is Verdict.FAIL]
    shares = {"configuration"} if check == "state-folder" else set[str]()  # one look at modes
    assert {remark.check for remark in failed} == {check} | shares
    assert all(remark.hint for remark in failed)
    assert KEY not in repr(remarks)
    needing = {"key": 3, "server": 2, "vault": 5}.get(check, 0)
    assert len(remarks) == 16 - needing


def test_a_configuration_that_is_wrong_leaves_the_machine_to_look_at() -> None:
    """What needs no configuration is looked at all the same, and no server is asked."""

    def wrong() -> Config:
        raise ConfigurationError("no setting of that name", hint="known: ...", path="C", line=3)

    world = World(limits=LIMITS)
    remarks = examined(world, read=wrong)
    assert [(item.check, item.message) for item in remarks if item.verdict is Verdict.FAIL] == [
        ("configuration", "C:3: no setting of that name")
    ]
    assert [item.check for item in remarks[-8:]] == ["state-folder", "disk", *ALL_OF_A_VAULT]
    assert world.asked == []


def test_no_profile_is_chosen() -> None:
    """It fails with the ways out; a profile that is named is looked at."""
    remarks = examined(World(), read=lambda: config(""))
    assert [item.check for item in remarks if item.verdict is Verdict.FAIL] == ["profile"]
    world = World()
    remarks = examined(world, Wish(profile="openai"), read=lambda: config(""))
    assert {item.verdict for item in remarks} == {Verdict.OK}
    assert world.asked[0].profile.name == "openai"
    remarks = examined(World(), Wish(profile="azure"))
    assert "base_url" in next(item.hint for item in remarks if item.check == "profile")
    remarks = examined(World(), Wish(profile="opnai"))
    assert "did you mean 'openai'?" in next(item.hint for item in remarks if item.hint)


def test_offline_asks_no_server() -> None:
    """Everything else is looked at, the key too."""
    world = World()
    remarks = examined(world, Wish(offline=True))
    assert world.asked == []
    assert [item.check for item in remarks if item.check in ALL_OF_A_SERVER] == ALL_OF_A_SERVER[:4]


def test_the_embedded_model_needs_no_server() -> None:
    """Where it is what answers, a missing engine or model is a failure."""
    world = World(errors={"local-model": ConfigurationError("not installed", hint="install it")})
    remarks = examined(world, Wish(profile="local"))
    assert [(item.check, item.hint) for item in remarks if item.verdict is Verdict.FAIL] == [
        ("local-model", "install it")
    ]
    assert world.asked == []
    remarks = examined(world, Wish(profile="openai"))
    assert {item.verdict for item in remarks} == {Verdict.OK}
    assert "not used here: not installed" in [item.message for item in remarks]
    assert "/models/local" in [item.message for item in examined(World(), Wish(profile="local"))]


def test_a_key_that_is_missing_reaches_no_server() -> None:
    """Without its key no server is asked; a profile that needs none is."""
    world = World(errors={"key": KeyUnavailableError("no key", hint="set it")})
    assert [item.check for item in examined(world) if item.verdict is Verdict.FAIL] == ["key"]
    assert world.asked == []
    world = World()
    remarks = examined(world, Wish(profile="ollama", model="gpt-4o-mini"))
    assert next(item.message for item in remarks if item.check == "key") == "ollama needs none"
    assert world.asked[0].key == ""


def test_the_errors_of_adapters_are_told_with_their_place() -> None:
    """Path and hint of an error are in the remark."""
    errors: dict[str, Exception] = {
        "vault": NoteError("no such folder", hint="name it", path="/v"),
        "journal": JournalError("damaged", hint="move it away", path="/s/j"),
        "server": ProviderUnavailableError("refused", hint="start it"),
    }
    remarks = examined(World(errors={"vault": errors["vault"], "server": errors["server"]}))
    failed = [item for item in remarks if item.verdict is Verdict.FAIL]
    assert [(item.message, item.hint) for item in failed] == [
        ("refused", "start it"),
        ("/v: no such folder", "name it"),
    ]
    remarks = examined(World(errors={"journal": errors["journal"]}))
    assert remarks[-2].message == "/s/j: damaged"


def test_linked_folders_are_named() -> None:
    """One line more, where a vault has any."""

    class Linked(World):
        def survey(self, vault: str) -> Survey:
            return Survey(folders=1, linked=("Work",))

    said = {item.check: item for item in examined(Linked(limits=LIMITS))}
    assert said["linked-folders"].verdict is Verdict.WARN
    assert "linked-folders" not in {item.check for item in examined(World(limits=LIMITS))}
