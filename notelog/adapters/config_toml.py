"""Reads ``config.toml``: strictly, with the line of every mistake and the origin of every value."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from notelog.adapters.config_glance import FILE_NAME, LIMIT_BYTES
from notelog.adapters.places import vault_above
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config
from notelog.core.suggest import did_you_mean
from notelog.core.visible import shortened
from notelog.errors import ConfigurationError

PROFILE_VARIABLE = "NOTELOG_PROFILE"


def load_config(folder: str, environ: Mapping[str, str]) -> Config:
    """The configuration of this user.

    Args:
        folder: the configuration folder; without a ``config.toml`` in it the ready-made profiles
            are all there is.
        environ: the environment: ``NOTELOG_PROFILE`` chooses the default profile, and where
            nothing does and ``OPENAI_API_KEY`` is set, it is ``openai``.

    Raises:
        ConfigurationError: the file cannot be read or says something wrong; names its line.
    """
    path = config_path(folder)
    text = _read(path)
    if not text.strip():
        return _with_default_profile(Config(profiles=READY_MADE, path=str(path)), environ)
    from notelog.adapters.config_source import ConfigSource

    return _with_default_profile(ConfigSource(path, text).config(), environ)


def config_path(folder: str) -> Path:
    """Where the configuration is, or would be."""
    return Path(folder) / FILE_NAME


def _read(path: Path) -> str:
    """The text of the file, without BOM and with LF line ends; empty where there is no file."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationError(
            f"the configuration cannot be read: {error.strerror or type(error).__name__}",
            hint="correct its permissions, or name another folder with NOTELOG_CONFIG_DIR",
            path=str(path),
        ) from error
    if vault := vault_above(path.resolve()):
        raise ConfigurationError(
            "the configuration lies in a vault, which is shared and synced",
            hint=f"move it out of {vault}, and name its folder with NOTELOG_CONFIG_DIR",
            path=str(path),
        )
    if len(data) > LIMIT_BYTES:
        raise ConfigurationError("the configuration is larger than 1 MiB", path=str(path))
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise ConfigurationError(
            "the configuration is UTF-16, not UTF-8",
            hint="save it as UTF-8; in PowerShell, '>' and Out-File need -Encoding utf8",
            path=str(path),
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            "the configuration is not UTF-8", hint="save it as UTF-8", path=str(path), line=line
        ) from None


def _with_default_profile(config: Config, environ: Mapping[str, str]) -> Config:
    name, origin = config.default_profile, config.origins.get("default_profile", "default")
    if named := environ.get(PROFILE_VARIABLE, "").strip():
        name, origin = named, f"environment {PROFILE_VARIABLE}"
    elif not name and environ.get("OPENAI_API_KEY", "").strip():
        name, origin = "openai", "environment OPENAI_API_KEY"
    if name and name not in config.profiles:
        line = origin.rpartition(":")[2]
        known = ", ".join(config.profiles)
        raise ConfigurationError(
            f"the default profile {shortened(name, 60)!r} ({origin}) does not exist",
            hint=did_you_mean(name, config.profiles, then=f"profiles: {known}"),
            path=config.path if line.isdigit() else None,
            line=int(line) if line.isdigit() else None,
        )
    origins = {**config.origins, **({"default_profile": origin} if name else {})}
    return replace(config, default_profile=name, origins=origins)
