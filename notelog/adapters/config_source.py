"""A configuration file as text, and the configuration that is made of it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from notelog.adapters.config_profiles import ProfileReader
from notelog.adapters.config_tables import (
    TABLES,
    CapsTable,
    ContextTable,
    ProfileTable,
    TopTable,
    WatchTable,
)
from notelog.adapters.toml_lines import key_lines, line_of
from notelog.core.end_marks import end_marks_of
from notelog.core.json_value import JsonValue
from notelog.core.note import FrontMatterValue
from notelog.core.note_settings import NOTE_KEYS, REQUEST_KEYS, check_setting
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config, ContextSettings, Profile
from notelog.core.suggest import did_you_mean
from notelog.core.visible import shortened
from notelog.core.watch_settings import WatchSettings
from notelog.errors import ConfigurationError

TomlTable: TypeAlias = Mapping[str, object]
_Table = TypeVar("_Table", TopTable, ProfileTable, CapsTable, ContextTable, WatchTable)

_DECODE_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_CONVERT_PLACE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_LEAST_S = {"scan_s": 1, "poll_s": 0.1}
_MOST_S = 86_400
_KEY_WORDS = frozenset({"key", "api_key", "apikey", "token", "secret", "password"})


class ConfigSource:
    """A configuration file as text, and what is made of it.

    Args:
        path: where it is.
        text: its text, with LF line ends.
    """

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._origins: dict[str, str] = {}
        self._lines = key_lines(text)
        try:
            self._tables: TomlTable = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._no_toml(text, str(error)) from None

    def config(self) -> Config:
        """The configuration; the default profile is as the file says, or empty.

        Raises:
            ConfigurationError: with the line.
        """
        tables = {name: self._table(name, self._tables.get(name, {})) for name in TABLES}
        plain = {name: value for name, value in self._tables.items() if name not in TABLES}
        top = self._convert("", plain, TopTable, extra=TABLES)
        self._check_top(top)
        profiles = self._profiles(tables["profiles"])
        said = {
            field.name: getattr(top, field.name)
            for field in fields(TopTable)
            if field.name in plain and field.name != "ignore_note_keys"
        }
        return Config(
            profiles=profiles,
            defaults=self._defaults(tables["defaults"]),
            model_aliases=self._aliases(tables["model_aliases"]),
            ignore_note_keys=frozenset(top.ignore_note_keys or ()),
            context=self._context(tables["context"]),
            watch=self._watch(tables["watch"]),
            origins=self._origins,
            path=str(self._path),
            **said,
        )

    def _no_toml(self, text: str, problem: str) -> ConfigurationError:
        place = _DECODE_PLACE.search(problem)
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        return self._wrong(
            f"not valid TOML: {_lower(_DECODE_PLACE.sub('', problem))}",
            line=line,
            hint=self._mended(text, problem, line),
        )

    def _mended(self, text: str, problem: str, line: int) -> str:
        """What puts right what is no TOML; empty where that is not known."""
        if "overwrite" in problem:
            return "it is set twice: keep one of the two"
        if "twice" not in problem:
            return 'text needs quotes: model = "gpt-4o-mini"' if "value" in problem else ""
        rows = text.split("\n")
        name = _heading(rows[line - 1])
        there = next((number for number, row in enumerate(rows, 1) if _heading(row) == name), line)
        if not name or there == line:
            return "put the lines below it under the heading that is there already"
        return (
            f"put the lines below it under the heading [{name}], which is in line {there}, instead"
        )

    def _wrong(
        self, message: str, *, name: str = "", line: int | None = None, hint: str = ""
    ) -> ConfigurationError:
        line = line if line is not None else line_of(self._lines, name)
        return ConfigurationError(message, path=str(self._path), line=line, hint=hint)

    def _table(self, name: str, value: object) -> TomlTable:
        if not isinstance(value, dict):
            raise self._wrong(f"{name} must be a table", name=name, hint=f"write [{name}]")
        return cast("TomlTable", value)

    def _remember(self, prefix: str, table: Iterable[str]) -> None:
        for key in table:
            name = f"{prefix}{key}"
            line = line_of(self._lines, name)
            self._origins[name] = f"{self._path.name}:{line}" if line else self._path.name

    def _convert(
        self, prefix: str, table: TomlTable, kind: type[_Table], extra: tuple[str, ...] = ()
    ) -> _Table:
        """A table as a value of its type; unknown keys and wrong types are refused."""
        import msgspec

        known: list[str] = [field.name for field in fields(kind)]
        for key in table:
            if key not in known:
                raise self._unknown(prefix, key, [*known, *extra])
        try:
            found = msgspec.convert(table, kind, strict=True)
        except msgspec.ValidationError as error:
            place = _CONVERT_PLACE.search(str(error))
            name = prefix + (place["path"] if place else "")
            problem = _lower(_CONVERT_PLACE.sub("", str(error)).replace("`", ""))
            raise self._wrong(
                f"{name}: {problem.replace(' | null', '')}",
                name=name.partition("[")[0],
                hint=_choices(kind, name.removeprefix(prefix)),
            ) from None
        self._remember(prefix, table)
        return found

    def _unknown(self, prefix: str, key: str, known: Iterable[str]) -> ConfigurationError:
        shown = shortened(key, 60)
        if prefix.startswith("profiles.") and key.lower() in _KEY_WORDS:
            return self._wrong(
                f"{prefix}{shown}: a key never stands in the configuration",
                name=f"{prefix}{key}",
                hint="say where it is: key_environment, key_file, key_keyring or key_command",
            )
        names = sorted(known)
        hint = did_you_mean(key, names) or f"known here: {', '.join(names)}"
        return self._wrong(f"there is no setting {prefix}{shown}", name=f"{prefix}{key}", hint=hint)

    def _check_top(self, top: TopTable) -> None:
        for key in top.ignore_note_keys or ():
            if key not in NOTE_KEYS and key != "n":
                raise self._wrong(
                    f"ignore_note_keys: {shortened(key, 60)!r} is no setting of notes",
                    name="ignore_note_keys",
                    hint=did_you_mean(key, NOTE_KEYS) or f"known: {', '.join(sorted(NOTE_KEYS))}",
                )
        least = (
            ("note_size_limit_bytes", top.note_size_limit_bytes, 1),
            ("forget_after_days", top.forget_after_days, 0),
        )
        for name, value, limit in least:
            if value is not None and value < limit:
                raise self._wrong(f"{name} must be at least {limit}", name=name)

    def _defaults(self, table: TomlTable) -> Mapping[str, JsonValue]:
        values: dict[str, JsonValue] = {}
        for key, value in table.items():
            if key not in REQUEST_KEYS:
                raise self._unknown("defaults.", key, REQUEST_KEYS)
            try:
                checked = check_setting(key, _as_value(value))
            except ValueError as error:
                name = f"defaults.{key}"
                raise self._wrong(f"{name} {error}", name=name) from None
            if checked is not None:
                values[key] = checked
        self._remember("defaults.", table)
        return values

    def _context(self, table: TomlTable) -> ContextSettings:
        said = self._convert("context.", table, ContextTable)
        return ContextSettings(**{name: getattr(said, name) for name in table})

    def _aliases(self, table: TomlTable) -> Mapping[str, str]:
        aliases: dict[str, str] = {}
        for name, model in table.items():
            if not isinstance(model, str) or not model.strip():
                raise self._wrong(
                    f"model_aliases.{shortened(name, 60)} must be text",
                    name=f"model_aliases.{name}",
                    hint='write it as "NAME IN THE NOTE" = "provider@model"',
                )
            aliases[name] = model.strip()
        self._remember("model_aliases.", table)
        return aliases

    def _watch(self, table: TomlTable) -> WatchSettings:
        said = self._convert("watch.", table, WatchTable)
        values = {field.name: getattr(said, field.name) for field in fields(WatchTable)}
        for name, value in values.items():
            least = 1 if name in {"at_once", "asks_per_hour"} else _LEAST_S.get(name, 0)
            if isinstance(value, int | float) and not least <= value <= _MOST_S:
                raise self._wrong(
                    f"watch.{name} must be from {least:g} to {_MOST_S:g}", name=f"watch.{name}"
                )
        try:
            if said.end_marks:
                end_marks_of(said.end_marks)
        except ValueError as error:
            raise self._wrong(
                f"watch.end_marks: {error}",
                name="watch.end_marks",
                hint='a mark is a short line of its own, such as ";;", "//" or "done"',
            ) from None
        return WatchSettings(**{name: value for name, value in values.items() if name in table})

    def _profiles(self, table: TomlTable) -> Mapping[str, Profile]:
        profiles = dict(READY_MADE)
        for name, value in table.items():
            prefix = f"profiles.{name}."
            table = self._table(f"profiles.{name}", value)
            if "caps" in table:  # unknown keys are looked for in one table at a time
                caps = self._table(f"{prefix}caps", table["caps"])
                self._convert(f"{prefix}caps.", caps, CapsTable)
            converted = self._convert(prefix, table, ProfileTable)
            reader = ProfileReader(name, converted, str(self._path.parent))
            try:
                profiles[name] = reader.profile()
            except ConfigurationError as error:
                key = reader.at_fault
                raise self._wrong(error.message, name=prefix + key, hint=error.hint) from None
        return profiles


def _as_value(value: object) -> FrontMatterValue:
    """A TOML value as the checks of settings take it; dates and times become text."""
    if isinstance(value, list):
        return tuple(_as_value(item) for item in cast("list[object]", value))
    if isinstance(value, dict):
        return {key: _as_value(item) for key, item in cast("TomlTable", value).items()}
    return value if isinstance(value, str | int | float | bool) else str(value)


def _choices(kind: type, field: str) -> str:
    """The words that a setting may be, where there are only a few."""
    parts: tuple[object, ...] = get_args(get_type_hints(kind).get(field.partition("[")[0]))
    words = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
    return f"it may be: {', '.join(words)}" if words else ""


def _heading(row: str) -> str:
    """The name of the table that a line begins; empty where it begins none."""
    return next(iter(key_lines(row)), "") if row.lstrip(" \t").startswith("[") else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
