"""The commands on the configuration."""

from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config

if TYPE_CHECKING:
    from notelog.app.configure import ConfigRow


def init_config() -> str:
    """Writes the commented configuration and gives its path; see ``adapters.config_template``."""
    from notelog.adapters.config_template import write_config
    from notelog.adapters.places import config_dir

    return write_config(config_dir())


def config_rows() -> "tuple[ConfigRow, ...]":
    """Every value of the configuration with its origin; see ``app.configure``."""
    from notelog.app.configure import config_rows as rows

    return rows(load_config())


def config_path() -> str:
    """Where the configuration file is, or would be."""
    from notelog.adapters.config_toml import config_path as path
    from notelog.adapters.places import config_dir

    return str(path(config_dir()))
