"""What the configuration comes to: every value that holds, and where it comes from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import cast

from notelog.core.json_value import JsonValue
from notelog.core.profiles import is_ready
from notelog.core.settings import Config, ContextSettings, KeySource, Profile
from notelog.core.watch_settings import WatchSettings

_NO_VALUES = frozenset(
    {"profiles", "context", "defaults", "model_aliases", "origins", "path", "watch"}
)
_ALWAYS_SHOWN = frozenset({"base_url", "model", "serves", "providers", "billed"})
_SHOWN_APART = frozenset({"name", "key", "caps"})
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
    profiles = (_profile_rows(config, profile) for profile in config.profiles.values())
    return (*_top_rows(config), *chain.from_iterable(profiles))


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
    for field in fields(Config):
        if field.name not in _NO_VALUES:
            yield _row(config, field.name, getattr(config, field.name))
    for field in fields(ContextSettings):
        yield _row(config, f"context.{field.name}", getattr(config.context, field.name))
    for field in fields(WatchSettings):
        yield _row(config, f"watch.{field.name}", getattr(config.watch, field.name))
    for name, value in config.defaults.items():
        full = f"defaults.{name}"
        yield ConfigRow(name=full, value=value, origin=config.origins.get(full, "default"))
    for name, model in config.model_aliases.items():
        yield _row(config, f"model_aliases.{name}", model)


def _profile_rows(config: Config, profile: Profile) -> Iterator[ConfigRow]:
    prefix = f"profiles.{profile.name}."
    if not is_ready(profile):
        yield _row(config, f"{prefix}base_url", "")
        return
    always = _ALWAYS_SHOWN | {"embedded"} if profile.embedded else _ALWAYS_SHOWN
    for name in (field.name for field in fields(Profile) if field.name not in _SHOWN_APART):
        if name in always or prefix + name in config.origins:
            yield _row(config, prefix + name, getattr(profile, name))
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
