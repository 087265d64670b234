"""What the configuration comes to: every value that holds, and where it comes from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from notelog.core.profiles import is_ready
from notelog.core.request import JsonValue
from notelog.core.settings import Config, KeySource, Profile

_TOP = ("default_profile", "ignore_note_keys", "system_commands", "reasoning", "model_suffix")
_ALSO_TOP = ("inert_replies", "note_size_limit_bytes")
_ALWAYS_SHOWN = ("base_url", "model", "serves", "providers", "billed")
_SHOWN_IF_SET = (
    "embedded",
    "model_path",
    "context_window",
    "max_tokens",
    "api_version",
    "connect_timeout_s",
    "read_timeout_s",
    "deadline_s",
    "price",
    "currency",
)
_KEY_FIELDS = ("key_environment", "key_file", "key_keyring", "key_command", "key_required")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRow:
    """One value of the configuration.

    Attributes:
        name: dotted, such as ``profiles.openai.base_url``.
        value: what holds; of a key only the source.
        origin: ``config.toml:12``, ``default`` or ``environment NAME``.
    """

    name: str
    value: JsonValue
    origin: str

    @property
    def shown(self) -> str:
        """The value as TOML would have it."""
        return json.dumps(self.value, ensure_ascii=False)


def config_rows(config: Config) -> tuple[ConfigRow, ...]:
    """Every value that holds, in the order of the file."""
    return (*_top_rows(config), *(row for item in _profiles(config) for row in item))


def _row(config: Config, name: str, value: object) -> ConfigRow:
    return ConfigRow(name=name, value=_json(value), origin=config.origins.get(name, "default"))


def _json(value: object) -> JsonValue:
    """A setting as JSON has it: tuples and sets as lists."""
    if isinstance(value, frozenset):
        return sorted(cast("frozenset[str]", value))
    if isinstance(value, tuple):
        return [_json(item) for item in cast("tuple[object, ...]", value)]
    assert value is None or isinstance(value, str | int | float | bool), value
    return value


def _top_rows(config: Config) -> Iterator[ConfigRow]:
    for name in (*_TOP, *_ALSO_TOP):
        yield _row(config, name, getattr(config, name))
    for name, value in config.defaults.items():
        full = f"defaults.{name}"
        yield ConfigRow(name=full, value=value, origin=config.origins.get(full, "default"))
    for name, model in config.model_aliases.items():
        yield _row(config, f"model_aliases.{name}", model)


def _profiles(config: Config) -> Iterator[Iterator[ConfigRow]]:
    for profile in config.profiles.values():
        yield _profile_rows(config, profile)


def _profile_rows(config: Config, profile: Profile) -> Iterator[ConfigRow]:
    prefix = f"profiles.{profile.name}."
    if not is_ready(profile):
        yield _row(config, f"{prefix}base_url", "")
        return
    for field in _ALWAYS_SHOWN:
        yield _row(config, prefix + field, getattr(profile, field))
    for field in _SHOWN_IF_SET:
        if prefix + field in config.origins or (field == "embedded" and profile.embedded):
            yield _row(config, prefix + field, getattr(profile, field))
    for cap in profile.caps:
        yield _row(config, f"{prefix}caps.{cap.name}", cap.most)
    origin = next(
        (config.origins[prefix + name] for name in _KEY_FIELDS if prefix + name in config.origins),
        "default",
    )
    yield ConfigRow(name=f"{prefix}key", value=key_source(profile.key), origin=origin)


def key_source(source: KeySource) -> str:
    """Where a key comes from, for a person; never the key itself."""
    ways = (
        ("environment", source.environment),
        ("file", source.file),
        ("keyring", source.keyring),
        ("command", source.command[0] if source.command else ""),
    )
    named = " or ".join(f"{way} {what}" for way, what in ways if what)
    if not named:
        return "missing" if source.required else "none needed"
    return named if source.required else f"{named}, if set"
