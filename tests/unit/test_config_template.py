"""The commented configuration, held to what the program takes and to the values that hold."""

import re
import stat
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from notelog.adapters.config_tables import TABLES, ProfileTable, TopTable
from notelog.adapters.config_template import FirstChoice, config_template, write_config
from notelog.adapters.config_toml import load_config
from notelog.app.configure import config_rows
from notelog.core.note_settings import REQUEST_KEYS
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config
from notelog.errors import ConfigurationError

SETTING = re.compile(r"^#(?=[a-z\[\"])")
EXAMPLE = re.compile(r"  # example(?:$|:)")


def switched_on(*, examples: bool) -> str:
    """The template with its settings switched on, the examples too or not."""
    rows = config_template().decode("utf-8").splitlines()
    return "\n".join(
        SETTING.sub("", row) if examples or not EXAMPLE.search(row) else row for row in rows
    )


def told(config: Config) -> Config:
    """A configuration without what tells where it comes from."""
    return replace(config, origins={}, path="")


@pytest.mark.parametrize("on", [False, True])
def test_the_template_says_what_holds(tmp_path: Path, *, on: bool) -> None:
    """As it is, and with every setting that is no example switched on, nothing changes."""
    text = switched_on(examples=False) if on else config_template().decode("utf-8")
    (tmp_path / "config.toml").write_bytes(text.encode("utf-8"))
    without_file = load_config(str(tmp_path / "none"), {})
    assert told(load_config(str(tmp_path), {})) == told(without_file)


def test_every_setting_is_in_the_template(tmp_path: Path) -> None:
    """With the examples switched on every key appears, and all of it is accepted."""
    text = re.sub(r"(?m)^ignore_note_keys = \[\]$", "", switched_on(examples=True))
    tables = tomllib.loads(text)
    assert set(tables) == {*(item.name for item in fields(TopTable)), *TABLES}
    assert set(tables["defaults"]) == set(REQUEST_KEYS)
    used = {key for profile in tables["profiles"].values() for key in profile}
    assert used == {item.name for item in fields(ProfileTable)}
    assert set(tables["profiles"]) == {*READY_MADE, "work"}
    (tmp_path / "config.toml").write_bytes(text.encode("utf-8"))
    assert load_config(str(tmp_path), {}).profiles["work"].model == "team-model"


def test_init_writes_a_private_file(tmp_path: Path) -> None:
    """The file is its owner's alone, and so are the folders made for it."""
    path = Path(write_config(str(tmp_path / "a" / "b")))
    assert path.read_bytes() == config_template()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_init_never_overwrites(tmp_path: Path) -> None:
    """A file that is there stays as it is, and the error says where it is."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigurationError) as caught:
        write_config(str(tmp_path))
    assert (caught.value.path, path.read_bytes()) == (str(path), b"mine")


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    """A file in place of the folder is told in a sentence."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError):
        write_config(str(tmp_path / "file"))


def test_rows_tell_value_and_origin(tmp_path: Path) -> None:
    """Each value that holds has a row with its origin; of a key only the source is shown."""
    text = (
        'ignore_note_keys = ["n"]\n[defaults]\ntemperature = 1\n[model_aliases]\na = "b"\n'
        '[profiles.openai]\nkey_command = ["/opt/say", "canary-argument"]\ndeadline_s = 9\n'
    )
    (tmp_path / "config.toml").write_bytes(text.encode("utf-8"))
    rows = {
        row.name: (row.shown, row.origin)
        for row in config_rows(load_config(str(tmp_path), {"OPENAI_API_KEY": "canary-key"}))
    }
    assert rows["default_profile"] == ('"openai"', "environment OPENAI_API_KEY")
    assert rows["ignore_note_keys"] == ('["n"]', "config.toml:1")
    assert rows["defaults.temperature"] == ("1", "config.toml:3")
    assert rows["model_aliases.a"] == ('"b"', "config.toml:5")
    assert rows["profiles.openai.key"] == ('"command /opt/say"', "config.toml:7")
    assert rows["profiles.openai.deadline_s"] == ("9.0", "config.toml:8")
    assert rows["profiles.ollama.key"] == ('"none needed"', "default")
    assert rows["profiles.deepseek.key"] == ('"environment DEEPSEEK_API_KEY"', "default")
    assert "canary" not in str(rows)


@pytest.mark.parametrize("profile", READY_MADE)
def test_a_first_choice_is_what_holds(tmp_path: Path, profile: str) -> None:
    """Any ready-made profile can be made the default one, with a model and a key of its own."""
    choice = FirstChoice(profile=profile, model='m "1" 模型\\', ask_key=lambda: "sk-canary")
    path = Path(write_config(str(tmp_path), choice))
    config = load_config(str(tmp_path), {})
    assert config.default_profile == profile
    chosen = config.profiles[profile]
    assert chosen.model == choice.model
    key_file = Path(chosen.key.file)
    assert (key_file.parent, key_file.read_bytes()) == (tmp_path, b"sk-canary\n")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert b"sk-canary" not in path.read_bytes()


def test_a_key_file_that_is_there_stays(tmp_path: Path) -> None:
    """Neither a key nor a configuration is written over, and none is left half done."""
    key_file = tmp_path / "openai.key"
    key_file.write_bytes(b"mine")
    with pytest.raises(ConfigurationError) as caught:
        write_config(str(tmp_path), FirstChoice(profile="openai", ask_key=lambda: "sk-new"))
    assert (caught.value.path, key_file.read_bytes()) == (str(key_file), b"mine")
    assert [path.name for path in tmp_path.iterdir()] == ["openai.key"]
    key_file.unlink()
    (tmp_path / "config.toml").write_bytes(b"mine")
    with pytest.raises(ConfigurationError):
        write_config(str(tmp_path), FirstChoice(profile="openai", ask_key=lambda: "sk-new"))
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
