"""Writes the commented configuration with which a person starts."""

import os
from pathlib import Path

from notelog.adapters.config_toml import config_path
from notelog.errors import ConfigurationError

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


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
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    except FileExistsError as error:
        raise ConfigurationError(
            "there is a configuration already; it is as it was",
            hint="edit it, or see what holds with: notelog config show --origin",
            path=str(path),
        ) from error
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(config_template())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_written(path, error) from error
    return str(path)


def _not_written(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the configuration cannot be written: {error.strerror or type(error).__name__}",
        hint="correct the folder's permissions, or name another with NOTELOG_CONFIG_DIR",
        path=str(path),
    )
