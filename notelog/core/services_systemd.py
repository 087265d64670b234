"""Services of systemd's user manager (Linux).

Of the sandbox, what is done by mounts (``ProtectSystem``, ``ReadWritePaths``, ``PrivateTmp``) works
for a user's own manager only together with ``PrivateUsers``, which needs user namespaces
(systemd.exec(5)); where they are shut, the service is made without. What is done by seccomp works
in any case.
"""

from collections.abc import Mapping

from notelog.core.service import MARK, Action, Service, Step

CREDENTIAL = "notelog-key-"
"""How the credential of a profile's key is called, before the profile's name."""

_WATCHDOG_S = 120
_LOG_LINES = "200"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "%": "%%"})


def render_unit(service: Service) -> str:
    """The unit file of a service (systemd.unit(5), systemd.service(5))."""
    return "\n".join(
        [
            f"# {MARK}; notelog service uninstall takes it away",
            "[Unit]",
            f"Description=notelog watches {_plain(service.vault)} for questions",
            # a mistake in the configuration is mended some day, and then it works again
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            "NotifyAccess=main",
            f"ExecStart={_command_line(service.command)}",
            *(
                f"Environment={_quoted(f'{name}={value}')}"
                for name, value in service.variables.items()
            ),
            *(
                f"LoadCredential={CREDENTIAL}{profile}:{_plain(path)}"
                for profile, path in service.keys.items()
                if _stands_bare(path) and profile.isascii()
            ),
            "Restart=on-failure",
            "RestartSec=60",
            "RestartPreventExitStatus=2 9",  # the command line is wrong; another watcher runs
            f"WatchdogSec={_WATCHDOG_S}",
            "TimeoutStartSec=300",
            "TimeoutStopSec=60",
            "KillMode=mixed",
            "UMask=0077",
            "NoNewPrivileges=yes",
            "LockPersonality=yes",
            "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
            "SystemCallArchitectures=native",
            *(_sandbox(service) if service.sandbox else []),
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _sandbox(service: Service) -> list[str]:
    """The folders that it writes, and nothing else."""
    written = (service.vault, service.state_dir, service.cache_dir)
    hidden_tmp = not any(f"{path}/".startswith(("/tmp/", "/var/tmp/")) for path in written)  # noqa: S108
    return [
        "PrivateUsers=yes",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        f"ReadWritePaths={' '.join(_quoted(path) for path in dict.fromkeys(written))}",
        *(["PrivateTmp=yes"] if hidden_tmp else []),
    ]


def systemd_commands(service: Service, file: str) -> Mapping[Action, tuple[Step, ...]]:
    """What is run for each action; the file lies where systemd looks for it."""
    assert file
    unit = f"{service.name}.service"
    systemctl = ("systemctl", "--user")
    return {
        Action.INSTALL: (
            RELOAD,
            Step((*systemctl, "enable", unit)),
            Step((*systemctl, "restart", unit)),
        ),
        Action.UNINSTALL: (Step((*systemctl, "disable", "--now", unit)), RELOAD),
        Action.START: (Step((*systemctl, "start", unit)),),
        Action.STOP: (Step((*systemctl, "stop", unit)),),
        Action.STATUS: (Step((*systemctl, "status", "--no-pager", "--lines=0", unit)),),
        Action.LOGS: (
            Step(("journalctl", f"--user-unit={unit}", "--no-pager", f"--lines={_LOG_LINES}")),
        ),
    }


RELOAD = Step(("systemctl", "--user", "daemon-reload"))
"""Lets the manager read its files anew; fails where there is none."""

SANDBOX_TRIAL = Step(
    (
        "systemd-run", "--user", "--wait", "--collect", "--quiet", "--property=PrivateUsers=yes",
        "--property=ProtectSystem=strict", "--property=ProtectHome=read-only", "true",
    )
)  # fmt: skip
"""Ends well where the sandbox can be had."""


def _plain(text: str) -> str:
    """Text of a setting that takes all of the line: ``%`` begins a specifier."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """A word in quotes, as systemd.syntax(7) has them."""
    return f'"{text.translate(_ESCAPES)}"'


def _command_line(command: tuple[str, ...]) -> str:
    """A command line; in the arguments ``$`` begins a variable as well."""
    program, *arguments = command
    return " ".join([_quoted(program), *(_quoted(word).replace("$", "$$") for word in arguments)])


def _stands_bare(path: str) -> bool:
    """Whether a path means itself where no quotes are understood."""
    return path == path.strip() and not path.endswith("\\")
