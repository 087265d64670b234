"""The commands on the configuration."""

from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.configure import ConfigRow


def init_config(
    profile: str = "", model: str = "", ask_key: "Callable[[], str] | None" = None
) -> str:
    """Writes the commented configuration and gives its path; see ``adapters.config_template``.

    Args:
        profile: the ready-made profile that is asked by default; empty chooses none.
        model: its model.
        ask_key: asks for its key, which is kept in a file.

    Raises:
        ConfigurationError: no profile of that name is ready-made, or there is a file already.
    """
    from notelog.adapters.config_template import FirstChoice, write_config
    from notelog.adapters.places import config_dir
    from notelog.core.profiles import READY_MADE
    from notelog.core.suggest import did_you_mean
    from notelog.errors import UsageError

    if profile and profile not in READY_MADE:
        names = ", ".join(READY_MADE)
        raise UsageError(
            f"no profile {profile!r} is ready-made",
            hint=did_you_mean(profile, READY_MADE) or f"these are: {names}",
        )
    return write_config(config_dir(), FirstChoice(profile=profile, model=model, ask_key=ask_key))


def config_rows() -> "tuple[ConfigRow, ...]":
    """Every value of the configuration with its origin; see ``app.configure``."""
    from notelog.app.configure import config_rows as rows

    return rows(load_config())


def config_path() -> str:
    """Where the configuration file is, or would be."""
    from notelog.adapters.config_toml import config_path as path
    from notelog.adapters.places import config_dir

    return str(path(config_dir()))
