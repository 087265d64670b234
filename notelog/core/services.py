"""The service managers: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from notelog.core.service import Action, Service, Step
from notelog.core.services_launchd import label, launchd_commands, render_plist
from notelog.core.services_systemd import RELOAD, SANDBOX_TRIAL, render_unit, systemd_commands
from notelog.core.services_windows import render_task, windows_commands


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind:
    """A service manager.

    Attributes:
        title: what people call it.
        platform: the one on which it is used, as ``sys.platform`` begins.
        folder: where its files lie: below ``~``, or below the state folder where it begins with
            ``state/``.
        file_name: of a service's file.
        encoding: of that file.
        render: the file's text.
        commands: what is run for each action, given the file's path.
        reached: ends well where the manager answers; None where that need not be asked.
        sandbox_trial: ends well where the service can be shut in; None where it never is.
        to_know: what a person has to know of it; may be empty.
    """

    title: str
    platform: str
    folder: str
    file_name: Callable[[Service], str]
    render: Callable[[Service], str]
    commands: Callable[[Service, str], Mapping[Action, tuple[Step, ...]]]
    encoding: str = "utf-8"
    reached: Step | None = None
    sandbox_trial: Step | None = None
    to_know: str = ""


SERVICE_KINDS: Mapping[str, ServiceKind] = {
    "systemd": ServiceKind(
        title="systemd",
        platform="linux",
        folder=".config/systemd/user",
        file_name=lambda service: f"{service.name}.service",
        render=render_unit,
        commands=systemd_commands,
        reached=RELOAD,
        sandbox_trial=SANDBOX_TRIAL,
        to_know="it runs while you are logged in; to have it run always: loginctl enable-linger",
    ),
    "launchd": ServiceKind(
        title="launchd",
        platform="darwin",
        folder="Library/LaunchAgents",
        file_name=lambda service: f"{label(service)}.plist",
        render=render_plist,
        commands=launchd_commands,
        to_know="it runs while you are logged in",
    ),
    "windows": ServiceKind(
        title="the Task Scheduler",
        platform="win32",
        folder="state/services",
        file_name=lambda service: f"{service.name}.xml",
        render=render_task,
        commands=windows_commands,
        to_know="it runs while you are logged in",
        encoding="utf-16",
    ),
}
"""By the name that ``--manager`` takes; a new one is a file and a line here."""


def kind_for(platform: str) -> str:
    """The name of the manager on a platform; empty where there is none."""
    return next((name for name, kind in SERVICE_KINDS.items() if kind.platform == platform), "")
