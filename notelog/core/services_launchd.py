"""Services of launchd: agents of one user (macOS). See launchd.plist(5) and launchctl(1)."""

import plistlib
from collections.abc import Mapping

from notelog.core.service import MARK, Action, Service, Step

_LOG_LINES = "200"
_THROTTLE_S = 60
_EXIT_S = 60
_UMASK = 0o077


def render_plist(service: Service) -> str:
    """The property list of a service."""
    log = log_file(service)
    fields = {
        "Label": label(service),
        "ProgramArguments": list(service.command),
        "EnvironmentVariables": dict(service.variables),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": _THROTTLE_S,
        "ExitTimeOut": _EXIT_S,
        "ProcessType": "Background",
        "Umask": _UMASK,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    text = plistlib.dumps(fields, sort_keys=False).decode()
    return text.replace("<plist", f"<!-- {MARK} -->\n<plist", 1)


def label(service: Service) -> str:
    """What launchd calls it."""
    return f"notelog.{service.name.removeprefix('notelog-')}"


def log_file(service: Service) -> str:
    """Where what it says is kept: in the state folder, for names of notes are private."""
    return f"{service.state_dir}/{service.name}.log"


def launchd_commands(service: Service, file: str) -> Mapping[Action, tuple[Step, ...]]:
    """What is run for each action."""
    domain = f"gui/{service.user}"
    target = f"{domain}/{label(service)}"
    out = ("launchctl", "bootout", target)
    return {
        Action.INSTALL: (Step(out, may_fail=True), Step(("launchctl", "bootstrap", domain, file))),
        Action.UNINSTALL: (Step(out, may_fail=True),),
        Action.START: (Step(("launchctl", "kickstart", target)),),
        Action.STOP: (Step(("launchctl", "kill", "SIGTERM", target)),),
        Action.STATUS: (Step(("launchctl", "print", target)),),
        Action.LOGS: (Step(("tail", "-n", _LOG_LINES, log_file(service))),),
    }
