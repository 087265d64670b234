"""Installing, asking and taking away the service that watches a vault."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from shlex import quote

from notelog.core.service import MARK, Action, Service, Step, check_service
from notelog.core.services import ServiceKind
from notelog.core.settings import Config
from notelog.core.visible import one_line
from notelog.errors import ConfigurationError, UsageError
from notelog.ports.service_host import Ran, ServiceHost

_WORDS_LINES = 3
_LOOK = (
    "see what it says with notelog service logs and status; notelog service uninstall takes it away"
)
_UNREACHED = (
    "nothing was installed: it does not run for this user here; notelog watch does the same in a"
    " terminal, and notelog service print shows the file"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """A service as it would be installed.

    Attributes:
        service: what it runs.
        kind: its manager.
        path: of its file.
        text: of its file.
        to_know: what a person has to know before, in sentences.
    """

    service: Service
    kind: ServiceKind
    path: str
    text: str
    to_know: tuple[str, ...] = ()

    def steps(self, action: Action) -> tuple[Step, ...]:
        """The commands of an action; none where the manager knows no such action."""
        return self.kind.commands(self.service, self.path).get(action, ())


def plan_service(
    service: Service, kind: ServiceKind, path: str, config: Config | None = None
) -> ServicePlan:
    """The plan of a service.

    Raises:
        UsageError: a name in it cannot stand in a service's file.
    """
    check_service(service)
    known = (kind.to_know, "" if config is None else _key_remark(config))
    return ServicePlan(
        service=service,
        kind=kind,
        path=path,
        text=kind.render(service),
        to_know=tuple(sentence for sentence in known if sentence),
    )


def with_sandbox_if_possible(host: ServiceHost, service: Service, kind: ServiceKind) -> Service:
    """The service shut into the folders that it writes, where this machine can do that.

    Raises:
        ConfigurationError: its manager does not answer.
    """
    if kind.reached is not None:
        _run(host, kind.reached, hint=_UNREACHED)
    trial = kind.sandbox_trial
    return replace(service, sandbox=trial is not None and host.run(trial).code == 0)


def install_service(
    host: ServiceHost, plan: ServicePlan, agreed: Callable[[ServicePlan], bool]
) -> bool:
    """Installs and starts a service, if the person agrees to what is shown; False where not.

    Raises:
        ConfigurationError: a file that is none of ours stands there, or the system refuses.
    """
    there = host.read(plan.path)
    if there is not None and MARK not in there:
        raise ConfigurationError(
            "a file of this name is there, and notelog did not make it",
            hint="move it away first",
            path=plan.path,
        )
    if not agreed(plan):
        return False
    host.write(plan.path, plan.text.encode(plan.kind.encoding))
    _run_all(host, plan, Action.INSTALL)
    return True


def uninstall_service(host: ServiceHost, plan: ServicePlan) -> None:
    """Stops a service and takes its file away.

    Raises:
        UsageError: there is none for this vault.
        ConfigurationError: the system refuses.
    """
    _need(host, plan)
    stop, *after = plan.steps(Action.UNINSTALL)
    _run(host, stop)
    host.remove(plan.path)
    for step in after:
        _run(host, step)


def act_on_service(host: ServiceHost, plan: ServicePlan, action: Action) -> Ran:
    """Starts or stops a service, or asks how it is and what it says.

    Raises:
        UsageError: there is none for this vault, or its manager cannot do that.
        ConfigurationError: starting or stopping failed.
    """
    _need(host, plan)
    if not plan.steps(action):
        raise UsageError(
            f"{plan.kind.title} keeps no log of it",
            hint="notelog status tells how the watcher is; notelog watch shows what it does",
        )
    if action in {Action.STATUS, Action.LOGS}:
        (step,) = plan.steps(action)
        return host.run(step)
    return _run_all(host, plan, action)


def _need(host: ServiceHost, plan: ServicePlan) -> None:
    there = host.read(plan.path)
    if there is None or MARK not in there:
        raise UsageError(
            f"no service is installed for {plan.service.vault}",
            hint=f"install one with: notelog service install {quote(plan.service.vault)}",
        )


def _run_all(host: ServiceHost, plan: ServicePlan, action: Action) -> Ran:
    ran = Ran(code=0, out="", err="")
    for step in plan.steps(action):
        ran = _run(host, step)
    return ran


def _run(host: ServiceHost, step: Step, hint: str = _LOOK) -> Ran:
    ran = host.run(step)
    if ran.code and not step.may_fail:
        words = one_line((ran.err or ran.out).encode(), _WORDS_LINES)
        raise ConfigurationError(
            f"{' '.join(step.words)} failed{f': {words}' if words else ''}",
            hint=hint,
        )
    return ran


def _key_remark(config: Config) -> str:
    """What to know where the key is where no service sees it."""
    profile = config.profiles.get(config.default_profile)
    if profile is None or not profile.key.required:
        return ""
    source = profile.key
    if source.file or source.keyring or source.command or not source.environment:
        return ""
    return (
        f"the key of profile {profile.name} comes from the environment variable"
        f" {source.environment}, which a service does not see as a terminal does: better name a"
        f" key_file under [profiles.{profile.name}] in config.toml"
    )
