"""One ``[profiles.NAME]`` table laid over the ready-made profile of that name, and checked."""

import re
from dataclasses import fields, replace
from os.path import normpath
from pathlib import Path

from notelog.adapters.address import checked_address
from notelog.adapters.config_tables import CapsTable, ProfileTable
from notelog.core.cap import Cap
from notelog.core.profiles import READY_MADE
from notelog.core.settings import KeySource, Profile
from notelog.errors import ConfigurationError

_NAME = re.compile(r"[\w][\w.-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_KEY = re.compile(
    r"(?:sk-|sk_|gsk_|xai-|hf_|AIza)(?:[\w-]*[-_])?(?=[a-zA-Z]*\d)\w{12,}[\w-]*", re.ASCII
)
"""How the keys of well-known providers look: so long a run of letters and digits names no file."""

_POSITIVE = (
    "context_window", "max_tokens", "requests_at_once",
    "connect_timeout_s", "read_timeout_s", "deadline_s",
)  # fmt: skip
_MADE_HERE = frozenset({"name", "key", "providers", "caps"})
"""The fields of a profile that are not the table's as they stand."""

_AZURE_WITHOUT_VERSION = "/openai/v1"  # Azure's newer address takes no api-version


class ProfileReader:
    """Makes a profile of a table.

    Args:
        name: the profile's name.
        table: what the file says.
        folder: the folder of the file, from which relative paths start.

    Attributes:
        at_fault: the key that an error concerns; empty where it is the whole table.
    """

    def __init__(self, name: str, table: ProfileTable, folder: str) -> None:
        self._name = name
        self._table = table
        self._folder = folder
        self.at_fault = ""

    def profile(self) -> Profile:
        """The profile.

        Raises:
            ConfigurationError: a value is wrong; ``at_fault`` is its key.
        """
        if not _NAME.fullmatch(self._name):
            raise self._wrong("", "its name may hold letters, digits, '-', '_' and '.' only")
        self._check_numbers()
        base = READY_MADE.get(self._name, Profile(name=self._name, base_url="", key=KeySource()))
        names = (field.name for field in fields(Profile) if field.name not in _MADE_HERE)
        said = {name: getattr(self._table, name) for name in names}
        base = replace(base, **{field: value for field, value in said.items() if value is not None})
        if self._table.providers is not None:
            base = replace(base, providers=tuple(item.lower() for item in self._table.providers))
        base = self._with_model_path(base)
        self._check_address(base)
        return replace(base, key=self._key(base), caps=self._caps())

    def _wrong(self, key: str, problem: str, hint: str = "") -> ConfigurationError:
        self.at_fault = key
        name = f"profiles.{self._name}.{key}" if key else f"profile {self._name!r}"
        return ConfigurationError(f"{name}: {problem}", hint=hint)

    def _check_numbers(self) -> None:
        for field in _POSITIVE:
            value: object = getattr(self._table, field)
            if isinstance(value, int | float) and not 0 < value < float("inf"):
                raise self._wrong(field, "must be more than 0")
        if any(not 0 <= value < float("inf") for value in self._table.price or ()):
            raise self._wrong("price", "must be two prices of 0 or more, prompt and completion")

    def _caps(self) -> tuple[Cap, ...]:
        table = self._table.caps or CapsTable()
        caps: list[Cap] = []
        for field in fields(CapsTable):
            most: float | None = getattr(table, field.name)
            if most is None:
                continue
            if not 0 <= most < float("inf"):
                raise self._wrong(f"caps.{field.name}", "must be 0 or more")
            caps.append(Cap(name=field.name, most=most))
        return tuple(caps)

    def _with_model_path(self, profile: Profile) -> Profile:
        """A model file of one's own is called by its name, unless the file says otherwise."""
        named = self._table.model_path
        if not named:
            return profile
        path = self._path(named)
        model = self._table.model or Path(path).stem
        return replace(profile, model_path=path, model=model)

    def _path(self, named: str) -> str:
        return normpath(Path(self._folder) / Path(named).expanduser())

    def _check_address(self, profile: Profile) -> None:
        if profile.embedded:
            if self._table.base_url:
                raise self._wrong("base_url", "the embedded model has no address")
            return
        if not profile.base_url:
            if self._name in READY_MADE:
                return  # what is missing is said when the profile is used
            raise self._wrong(
                "", "it has no base_url", 'set one, such as base_url = "https://example.com/v1"'
            )
        if self._table.base_url is not None:
            self.at_fault = "base_url"
            checked_address(profile.base_url, self._name)
        if (
            self._name == "azure"
            and not profile.api_version
            and _AZURE_WITHOUT_VERSION not in profile.base_url
        ):
            raise self._wrong(
                "base_url", "Azure needs an api_version too", 'set api_version = "2024-10-21"'
            )

    def _key(self, profile: Profile) -> KeySource:
        """The key's source: what the file names replaces the ready-made one."""
        table = self._table
        self._refuse_keys()
        if table.key_environment and not _VARIABLE.fullmatch(table.key_environment):
            raise self._wrong(
                "key_environment",
                "this is no name of an environment variable",
                "name the variable that holds the key, such as MY_API_KEY; if the key itself stood"
                " here, take it out and make a new one",
            )
        if table.key_command is not None and not (table.key_command and table.key_command[0]):
            raise self._wrong("key_command", "must be a list: a program and its arguments")
        named = (table.key_environment, table.key_file, table.key_keyring, table.key_command)
        required = self._key_required(profile, named=any(named))
        if not any(named):
            return replace(profile.key, required=required)
        return KeySource(
            environment=table.key_environment or "",
            file=self._path(table.key_file) if table.key_file else "",
            keyring=table.key_keyring or "",
            command=table.key_command or (),
            required=required,
        )

    def _refuse_keys(self) -> None:
        """A key that stands where its source is to be named would be shown as the source is."""
        table = self._table
        for named, source in (
            ("key_environment", table.key_environment),
            ("key_file", table.key_file),
            ("key_keyring", table.key_keyring),
            *(("key_command", word) for word in table.key_command or ()),
        ):
            if source and _KEY.fullmatch(source):
                raise self._wrong(
                    named,
                    "the key itself stands here, and not where it is kept",
                    "take it out and make a new one; notelog init --profile NAME --key keeps a key"
                    " in a file",
                )

    def _key_required(self, profile: Profile, *, named: bool) -> bool:
        if self._table.key_required is not None:
            return self._table.key_required
        if named:
            return True
        if self._name in READY_MADE:
            return profile.key.required
        return not (profile.embedded or checked_address(profile.base_url, self._name).loopback)
