"""Writes the commented configuration with which a person starts."""

import json
from dataclasses import dataclass
from pathlib import Path

from notelog.adapters.config_toml import config_path
from notelog.adapters.places import make_private, write_private
from notelog.errors import ConfigurationError

_DEFAULT = '#default_profile = "openai"  # example'


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstChoice:
    """What a person chooses at the very first.

    Attributes:
        profile: a ready-made profile, which becomes the default one; empty chooses none.
        model: its model; empty leaves it as it is.
        key: its key, which is put into a file of its own; empty: it has none, or another place.
    """

    profile: str = ""
    model: str = ""
    key: str = ""

    @property
    def key_file(self) -> str:
        """The name of the file of its key."""
        return f"{self.profile}.key"


def config_template(choice: FirstChoice | None = None) -> bytes:
    """The text of a new ``config.toml``: every setting, commented, with the value that holds."""
    data = Path(__file__).with_name("config_template.toml").read_bytes()
    if choice is None or not choice.profile:
        return data
    table = f"[profiles.{choice.profile}]\n"
    settings = {"key_file": choice.key_file if choice.key else "", "model": choice.model}
    chosen = "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items() if value)
    text = data.decode().replace(_DEFAULT, f"default_profile = {_quoted(choice.profile)}", 1)
    return text.replace(table, table + chosen, 1).encode()


def _quoted(text: str) -> str:
    """As TOML has it, whose basic strings are those of JSON but for surrogates."""
    return json.dumps(text, ensure_ascii=False)


def write_config(folder: str, choice: FirstChoice | None = None) -> str:
    """Writes a new ``config.toml``, readable by its owner alone, and gives its path.

    Raises:
        ConfigurationError: there is one already, or a key file, which are left as they are; or
            they cannot be written.
    """
    path = config_path(folder)
    try:
        make_private(path.parent)
        if choice is not None and choice.key and not path.exists():
            write_private(path.with_name(choice.key_file), f"{choice.key}\n".encode())
        write_private(path, config_template(choice))
    except FileExistsError as error:
        there = str(error.filename or path)
        what = "a configuration" if there == str(path) else "a file for that key"
        raise ConfigurationError(
            f"there is {what} already; it is as it was",
            hint="edit it, or see what holds with: notelog config show --origin",
            path=there,
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"the configuration cannot be written: {error.strerror or type(error).__name__}",
            hint="correct the folder's permissions, or name another with NOTELOG_CONFIG_DIR",
            path=str(path),
        ) from error
    return str(path)
