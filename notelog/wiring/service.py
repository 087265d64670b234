"""The commands on services."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config
from notelog.wiring.watch_vaults import vault_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.service import ServicePlan
    from notelog.core.service import Action, Service
    from notelog.core.services import ServiceKind
    from notelog.core.settings import Config
    from notelog.ports.service_host import Ran

_PASSED_ON = ("NOTELOG_CONFIG_DIR", "NOTELOG_STATE_DIR", "NOTELOG_CACHE_DIR")


def show_service(vault: str | None, manager: str | None) -> str:
    """The file of a service, as it would be installed here."""
    return _plan(vault, manager, with_keys=True).text


def install_service(vault: str | None, agreed: "Callable[[ServicePlan], bool]") -> bool:
    """Installs and starts a service; see ``app.service``."""
    from notelog.adapters.places import cache_dir, private_folder, state_dir
    from notelog.adapters.service_host import ThisHost
    from notelog.app.service import install_service as install

    plan = _plan(vault, None, with_keys=True, try_sandbox=True)

    def agreed_and_ready(shown: "ServicePlan") -> bool:
        if not agreed(shown):
            return False
        for folder in (state_dir(), cache_dir()):
            private_folder(folder)  # a sandbox lets in only what is there
        return True

    return install(ThisHost(), plan, agreed_and_ready)


def uninstall_service(vault: str | None) -> "ServicePlan":
    """Stops a service and takes its file away; see ``app.service``."""
    from notelog.adapters.service_host import ThisHost
    from notelog.app.service import uninstall_service as uninstall

    plan = _plan(vault, None)
    uninstall(ThisHost(), plan)
    return plan


def act_on_service(vault: str | None, action: "Action") -> "Ran":
    """Starts, stops or asks a service; see ``app.service``."""
    from notelog.adapters.service_host import ThisHost
    from notelog.app.service import act_on_service as act

    return act(ThisHost(), _plan(vault, None), action)


def _plan(
    vault: str | None, manager: str | None, *, with_keys: bool = False, try_sandbox: bool = False
) -> "ServicePlan":
    from notelog.adapters.service_host import ThisHost
    from notelog.app.service import plan_service, with_sandbox_if_possible

    kind = _kind(manager)
    config = load_config() if with_keys else None
    service = _service(vault_root(vault), config)
    if try_sandbox:
        service = with_sandbox_if_possible(ThisHost(), service, kind)
    return plan_service(service, kind, _path(kind, service), config)


def _kind(manager: str | None) -> "ServiceKind":
    from notelog.core.services import SERVICE_KINDS, kind_for
    from notelog.errors import UsageError

    name = manager or kind_for(sys.platform)
    if name not in SERVICE_KINDS:
        raise UsageError(
            f"notelog knows no service manager of {sys.platform}",
            hint="run notelog watch by what starts programs there; notelog service print"
            " --manager systemd shows an example",
        )
    return SERVICE_KINDS[name]


def _service(vault: str, config: "Config | None") -> "Service":
    from notelog.adapters.places import cache_dir, state_dir
    from notelog.core.service import Service

    files = {
        name: str(Path(profile.key.file).expanduser().absolute())
        for name, profile in (config.profiles.items() if config else ())
        if profile.key.file
    }
    return Service(
        vault=vault,
        program=(_interpreter(), "-P", "-m", "notelog"),
        state_dir=state_dir(),
        cache_dir=cache_dir(),
        variables={
            name: str(Path(os.environ[name]).expanduser().absolute())
            for name in _PASSED_ON
            if os.environ.get(name)
        },
        keys={name: path for name, path in files.items() if Path(path).is_file()},
        user=_user(),
    )


def _interpreter() -> str:
    """The running Python; on Windows the one that opens no window."""
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return str(windowless) if windowless.exists() else sys.executable


def _user() -> str:
    if sys.platform == "win32":
        names = (os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", ""))
        return "\\".join(name for name in names if name)
    return str(os.getuid())


def _path(kind: "ServiceKind", service: "Service") -> str:
    from notelog.adapters.places import state_dir

    name = kind.file_name(service)
    if kind.folder.startswith("state/"):
        return str(Path(state_dir(), kind.folder.removeprefix("state/"), name))
    if kind.folder.startswith(".config/") and (named := os.environ.get("XDG_CONFIG_HOME")):
        return str(Path(named, kind.folder.removeprefix(".config/"), name))
    return str(Path.home() / kind.folder / name)
