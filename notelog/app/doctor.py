"""Looks at all that notelog needs, and says of each whether it is well: ``notelog doctor``.

The checks are independent: one that cannot be made says so, and the others go on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from notelog.core.checkup import Remark, fail, ok
from notelog.core.model_list import (
    ModelList,
    judge_answer,
    judge_clock,
    judge_model,
)
from notelog.core.privacy_checks import judge_config_permission, judge_state
from notelog.core.profiles import is_ready
from notelog.core.route_refusals import not_ready
from notelog.core.routing import default_choice, named_profile
from notelog.core.settings import Config, Profile
from notelog.core.vault_checks import (
    Survey,
    judge_conflicts,
    judge_file_system,
    judge_linked,
    judge_room,
    judge_vault,
    judge_watcher,
    judge_watches,
)
from notelog.errors import NotelogError
from notelog.ports.checkup import Machine, ModelLists, VaultTrial
from notelog.ports.servers import Endpoint, Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctoring:
    """What ``examine`` needs.

    Attributes:
        config: reads the configuration.
        config_path: where it is, or would be.
        config_folder: the folder that it is in.
        state_folder: the folder of the journals.
        machine: this machine.
        trial: looks at vaults.
        lists: asks servers.
        secrets: finds keys.
        key_words: where a profile's key comes from, for a person.
        now: seconds since the epoch.
    """

    config: Callable[[], Config]
    config_path: str
    config_folder: str
    state_folder: str
    machine: Machine
    trial: VaultTrial
    lists: ModelLists
    secrets: Secrets
    key_words: Callable[[Profile], str]
    now: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be examined.

    Attributes:
        vault: a folder; None leaves the checks of a vault out.
        profile: None takes the default one.
        model: None takes the profile's own.
        offline: ask no server.
    """

    vault: str | None = None
    profile: str | None = None
    model: str | None = None
    offline: bool = False


def examine(tools: Doctoring, wish: Wish) -> Iterator[Remark]:
    """Makes one check after the other."""
    yield from _tried("packages", lambda: [ok("packages", tools.machine.versions())])
    yield from _OfServer(tools, wish).remarks()
    folder = tools.state_folder
    yield from _tried(
        "state-folder",
        lambda: [judge_state(tools.machine.permissions(f"{folder}/journal"), folder)],
    )
    yield from _tried("disk", lambda: [_disk(tools, wish)])
    if wish.vault is not None:
        yield from _OfVault(tools, wish.vault).remarks()


def _tried(check: str, make: Callable[[], Iterable[Remark]]) -> list[Remark]:
    """The remarks of a check; where it cannot be made, why."""
    try:
        return list(make())
    except NotelogError as error:
        return [fail(check, error.located(), error.hint)]
    except OSError as error:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        why = error.strerror or type(error).__name__
        return [fail(check, f"{where}{why}", "look at it; the other checks hold")]
    except Exception as error:  # noqa: BLE001  # a check that crashes must not hide the others
        what = f"this check broke off: a defect of notelog itself ({type(error).__name__})"
        return [fail(check, what, "the other checks hold")]


class _OfServer:
    """The configuration, the profile in it, its key and its server: each needs the one before."""

    def __init__(self, tools: Doctoring, wish: Wish) -> None:
        self._tools = tools
        self._wish = wish
        self._config: Config | None = None
        self._profile: Profile | None = None
        self._endpoint: Endpoint | None = None

    def remarks(self) -> Iterator[Remark]:
        yield from _tried("configuration", self._read)
        if self._config is not None:
            yield from _tried("profile", self._choose)
            yield from _tried("local-model", self._local_model)
        if self._profile is not None and not self._profile.embedded:
            yield from _tried("key", self._find_key)
        if self._endpoint is not None and not self._wish.offline:
            yield from _tried("server", self._ask)

    def _read(self) -> Iterator[Remark]:
        tools = self._tools
        config = self._config = tools.config()
        said = any(origin.startswith("config.toml") for origin in config.origins.values())
        nothing = " sets nothing: the ready-made profiles hold"
        yield judge_config_permission(tools.machine.permissions(tools.config_folder)) or ok(
            "configuration", f"{tools.config_path}{'' if said else nothing}"
        )

    def _choose(self) -> Iterator[Remark]:
        config, name = self._config, self._wish.profile
        assert config is not None
        if name:
            profile, origin = named_profile(config, name), "--profile"
        else:
            choice = default_choice(config)
            profile, origin = choice.profile, choice.origin
        if not is_ready(profile):
            raise not_ready(profile, config)
        self._profile = profile
        yield ok("profile", f"{profile.name} ({origin})")

    def _local_model(self) -> Iterator[Remark]:
        assert self._config is not None
        profile = self._profile
        if profile is not None and profile.embedded:
            yield ok("local-model", self._tools.machine.local_model(profile))
            return
        try:
            path = self._tools.machine.local_model(self._config.profiles["local"])
        except NotelogError as error:
            yield ok("local-model", f"not used here: {error.message}")
        else:
            yield ok("local-model", path)

    def _find_key(self) -> Iterator[Remark]:
        profile = self._profile
        assert profile is not None
        key = self._tools.secrets.key(profile.key, profile.name)
        self._endpoint = Endpoint(profile=profile, base_url=profile.base_url, key=key)
        yield ok("key", self._tools.key_words(profile) if key else f"{profile.name} needs none")

    def _ask(self) -> Iterator[Remark]:
        assert self._endpoint is not None
        profile = self._endpoint.profile
        answer: ModelList | NotelogError
        try:
            answer = self._tools.lists.models(self._endpoint)
        except NotelogError as error:
            answer = error
        yield judge_answer(answer, profile)
        if isinstance(answer, ModelList):
            yield judge_model(answer, self._wish.model or profile.model, profile)
            if answer.server_time is not None:
                yield judge_clock(answer.server_time, self._tools.now())


def _disk(tools: Doctoring, wish: Wish) -> Remark:
    places = [("the journal", tools.state_folder)]
    if wish.vault is not None:
        places.append(("the vault", wish.vault))
    return judge_room(tools.machine.rooms(places))


class _OfVault:
    """All that concerns one vault; the first check tells whether there is one."""

    def __init__(self, tools: Doctoring, vault: str) -> None:
        self._tools = tools
        self._vault = vault
        self._survey: Survey | None = None

    def remarks(self) -> Iterator[Remark]:
        yield from _tried("vault", self._look)
        survey = self._survey
        if survey is None:
            return
        yield judge_conflicts(survey)
        yield from _tried("events", lambda: self._watches(survey))
        yield from _tried("file-system", self._file_system)
        yield from _tried("journal", self._journal)
        yield from _tried("watcher", self._watcher)

    def _look(self) -> Iterator[Remark]:
        self._survey = self._tools.trial.survey(self._vault)
        yield judge_vault(self._survey)
        if self._survey.linked:
            yield judge_linked(self._survey)

    def _watches(self, survey: Survey) -> Iterator[Remark]:
        limits = self._tools.machine.watch_limits()
        if limits is not None:
            yield judge_watches(limits, survey.folders)

    def _file_system(self) -> Iterator[Remark]:
        yield judge_file_system(self._tools.trial.file_system(self._vault))

    def _watcher(self) -> Iterator[Remark]:
        yield judge_watcher(self._tools.machine.watcher(self._vault))

    def _journal(self) -> Iterator[Remark]:
        path = self._tools.machine.journal(self._vault)
        yield ok("journal", f"{path}, whole" if path else "none yet: made with the first question")
