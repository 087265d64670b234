"""Writes the commented configuration with which a person starts."""

from pathlib import Path

from notelog.adapters.config_toml import config_path
from notelog.adapters.places import make_private, write_private
from notelog.errors import ConfigurationError


def config_template() -> bytes:
    """The text of a new ``config.toml``: every setting, commented, with the value that holds."""
    return Path(__file__).with_name("config_template.toml").read_bytes()


def write_config(folder: str) -> str:
    """Writes a new ``config.toml``, readable by its owner alone, and gives its path.

    Raises:
        ConfigurationError: there is one already, which is left as it is, or it cannot be written.
    """
    path = config_path(folder)
    try:
        make_private(path.parent)
        write_private(path, config_template())
    except FileExistsError as error:
        raise ConfigurationError(
            "there is a configuration already; it is as it was",
            hint="edit it, or see what holds with: notelog config show --origin",
            path=str(path),
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"the configuration cannot be written: {error.strerror or type(error).__name__}",
            hint="correct the folder's permissions, or name another with NOTELOG_CONFIG_DIR",
            path=str(path),
        ) from error
    return str(path)
