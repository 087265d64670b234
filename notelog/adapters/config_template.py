"""Writes the commented configuration with which a person starts."""

import json
from collections.abc import Callable
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
        ask_key: asks for its key, which is put into a file of its own; None: it has none, or
            another place.
    """

    profile: str = ""
    model: str = ""
    ask_key: Callable[[], str] | None = None

    @property
    def key_file(self) -> str:
        """The name of the file of its key."""
        return f"{self.profile}.key"

    @property
    def settings(self) -> tuple[str, ...]:
        """What stands in the table of the profile."""
        values = {"key_file": self.key_file if self.ask_key else "", "model": self.model}
        return tuple(f"{name} = {_quoted(value)}" for name, value in values.items() if value)


def config_template(choice: FirstChoice | None = None) -> bytes:
    """The text of a new ``config.toml``: every setting, commented, with the value that holds."""
    data = Path(__file__).with_name("config_template.toml").read_bytes()
    if choice is None or not choice.profile:
        return data
    table = f"[profiles.{choice.profile}]\n"
    chosen = "".join(f"{line}\n" for line in choice.settings)
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
        if choice is not None and choice.ask_key and not path.exists():
            key_path = path.with_name(choice.key_file)
            key = "" if key_path.exists() else choice.ask_key()
            write_private(key_path, f"{key}\n".encode())
        write_private(path, config_template(choice))
    except FileExistsError as error:
        there = str(error.filename or path)
        what = "a configuration" if there == str(path) else "a file for that key"
        raise ConfigurationError(
            f"there is {what} already; it is as it was",
            hint=_by_hand(choice, there),
            path=there,
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"the configuration cannot be written: {error.strerror or type(error).__name__}",
            hint="correct the folder's permissions, or name another with NOTELOG_CONFIG_DIR",
            path=str(path),
        ) from error
    return str(path)


def _by_hand(choice: FirstChoice | None, there: str) -> str:
    """How a person gets what was chosen where a file is there already."""
    if choice is None or not choice.profile:
        return "edit it, or see what holds with: notelog config show --origin"
    if there.endswith(choice.key_file):
        return "remove it, or leave out --key and write key_file into the configuration"
    lines = [f"write default_profile = {_quoted(choice.profile)} into it"]
    lines += [f"{line} under [profiles.{choice.profile}]" for line in choice.settings]
    where = f"; put the key into {choice.key_file} beside it, mode 0600" if choice.ask_key else ""
    return f"{', '.join(lines)}{where}"
