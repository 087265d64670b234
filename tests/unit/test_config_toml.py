"""config.toml: what it gives, where each value comes from, and how its mistakes are told."""

from pathlib import Path

import pytest

from notelog.adapters.config_template import config_template
from notelog.adapters.config_toml import load_config
from notelog.adapters.toml_lines import key_lines, line_of
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config, ContextSettings
from notelog.errors import ConfigurationError


def loaded(folder: Path, text: str | bytes, **environ: str) -> Config:
    """The configuration of a file with this text."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    (folder / "config.toml").write_bytes(data)
    return load_config(str(folder), environ)


def test_no_file_gives_the_ready_made_profiles_and_no_default(tmp_path: Path) -> None:
    """Without a file and without a key nothing is chosen."""
    config = load_config(str(tmp_path / "missing"), {})
    assert (dict(config.profiles), config.default_profile) == (dict(READY_MADE), "")


def test_a_key_of_openai_makes_it_the_default(tmp_path: Path) -> None:
    """OPENAI_API_KEY works with no configuration at all; an empty one does not count."""
    config = load_config(str(tmp_path), {"OPENAI_API_KEY": "k"})
    assert config.default_profile == "openai"
    assert config.origins["default_profile"] == "environment OPENAI_API_KEY"
    assert load_config(str(tmp_path), {"OPENAI_API_KEY": " "}).default_profile == ""


def test_environment_wins_over_file_over_key(tmp_path: Path) -> None:
    """NOTELOG_PROFILE wins over default_profile, and that over a key that is set."""
    text = 'default_profile = "deepseek"\n'
    from_file = loaded(tmp_path, text, OPENAI_API_KEY="k")
    assert from_file.default_profile == "deepseek"
    assert from_file.origins["default_profile"] == "config.toml:1"
    from_environment = loaded(tmp_path, text, NOTELOG_PROFILE="ollama")
    assert from_environment.default_profile == "ollama"
    assert from_environment.origins["default_profile"] == "environment NOTELOG_PROFILE"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_bom_and_line_ends_make_no_difference(tmp_path: Path, bom: bytes, end: bytes) -> None:
    """A file saved by Notepad reads as one saved by vi, lines included."""
    text = bom + end.join([b"", b"[profiles.openai]", b'model = "gpt-4"', b""])
    config = loaded(tmp_path, text)
    assert config.profiles["openai"].model == "gpt-4"
    assert config.origins["profiles.openai.model"] == "config.toml:3"


def test_a_ready_made_profile_is_changed_field_by_field(tmp_path: Path) -> None:
    """What the file leaves out stays as it is."""
    config = loaded(tmp_path, "[profiles.openai]\nmax_tokens = 500\nread_timeout_s = 5\n")
    openai = config.profiles["openai"]
    assert (openai.max_tokens, openai.read_timeout_s) == (500, 5.0)
    assert (openai.base_url, openai.key) == (
        READY_MADE["openai"].base_url,
        READY_MADE["openai"].key,
    )


def test_a_named_key_source_replaces_the_ready_made_one(tmp_path: Path) -> None:
    """A key_file is used even where OPENAI_API_KEY is set; relative paths start at the file."""
    config = loaded(tmp_path, '[profiles.openai]\nkey_file = "openai.key"\n')
    key = config.profiles["openai"].key
    assert (key.environment, key.file) == ("", str(tmp_path / "openai.key"))


@pytest.mark.parametrize(
    ("address", "required"), [("http://127.0.0.1:9/v1", False), ("https://a.example/v1", True)]
)
def test_a_profile_of_ones_own(tmp_path: Path, address: str, *, required: bool) -> None:
    """It needs an address; a server elsewhere needs a key, one on this machine does not."""
    profile = loaded(tmp_path, f'[profiles.x]\nbase_url = "{address}"\n').profiles["x"]
    assert (profile.base_url, profile.key.required, profile.billed) == (address, required, True)


def test_a_model_file_gives_its_name(tmp_path: Path) -> None:
    """An embedded model of one's own is called by its file's name."""
    config = loaded(tmp_path, '[profiles.local]\nmodel_path = "My Model.gguf"\n')
    local = config.profiles["local"]
    assert (local.model, local.model_path) == ("My Model", str(tmp_path / "My Model.gguf"))


def test_plain_values_are_taken_over(tmp_path: Path) -> None:
    """Every key outside the tables, the defaults and the aliases arrive with their origin."""
    text = """\
ignore_note_keys = ["max_tokens", "n"]
system_commands = ["Be brief."]
reasoning = "callout"
model_suffix = "never"
inert_replies = false
note_size_limit_bytes = 1000
[defaults]
temperature = 0.5
stop = [
  "a",
]
stream = false
[model_aliases]
"gpt-3.5-turbo-0301" = "openai@gpt-4o-mini"
[context]
shorten = true
"""
    config = loaded(tmp_path, text)
    assert config.ignore_note_keys == {"max_tokens", "n"}
    assert config.system_commands == ("Be brief.",)
    assert (config.reasoning, config.model_suffix) == ("callout", "never")
    assert (config.inert_replies, config.note_size_limit_bytes) == (False, 1000)
    assert config.defaults == {"temperature": 0.5, "stop": ["a"], "stream": False}
    assert config.model_aliases == {"gpt-3.5-turbo-0301": "openai@gpt-4o-mini"}
    assert config.context == ContextSettings(shorten=True, notice=True, mark_left_out=False)
    assert config.origins["context.shorten"] == "config.toml:16"
    assert config.origins["defaults.stream"] == "config.toml:12"
    assert config.origins["model_aliases.gpt-3.5-turbo-0301"] == "config.toml:14"


MISTAKES = [
    ("[context]\nshortn = true", 2, "no setting context.shortn", "'shorten'"),
    ("[context]\nnotice = 'no'", 2, "context.notice", ""),
    ("\ndefualt_profile = 'x'", 2, "no setting defualt_profile", "'default_profile'"),
    ("[profile.x]\nmodel = 'm'", 1, "no setting profile", "'profiles'"),
    ("[profiles.openai]\nbase_ur = 'x'", 2, "profiles.openai.base_ur", "'base_url'"),
    ("[profiles.openai]\nzzz = 'x'", 2, "profiles.openai.zzz", "known here: api_version"),
    ("[defaults]\ntemprature = 1", 2, "defaults.temprature", "'temperature'"),
    ("[defaults]\ntemperature = 3", 2, "must be from 0 to 2", ""),
    ("[defaults]\ntemperature = nan", 2, "must be from 0 to 2", ""),
    ("[defaults]\nuser = 2024-01-01\nseed = 1.5", 3, "a whole number", ""),
    ("[profiles.openai]\n\ncontext_window = '4k'", 3, "expected int, got str", ""),
    ("[profiles.openai]\nbilled = 1", 2, "expected bool, got int", ""),
    ("[profiles.openai]\nserves = ['a',\n 1]", 2, "serves[1]: expected str", ""),
    ("[profiles.openai]\nmax_tokens = 0", 2, "more than 0", ""),
    ("[profiles.openai]\nread_timeout_s = inf", 2, "more than 0", ""),
    ("[profiles.openai]\nprice = [1]", 2, "length 2", ""),
    ("[profiles.openai]\nprice = [1, -1]", 2, "two prices", ""),
    ("[profiles.x]\nmodel = 'm'", 1, "has no base_url", "base_url ="),
    ("[profiles.x]\nbase_url = 'http://a.example/v1'", 2, "plain http", "https://"),
    ("[profiles.openai]\nbase_url = 'http://10.0.0.1/v1'", 2, "plain http", "https://"),
    ("[profiles.x]\nbase_url = 'https://u:p@a.example'", 2, "more than an address", "https://"),
    ("[profiles.x]\nbase_url = 'ftp://a.example'", 2, "no address", "https://"),
    ("[profiles.azure]\nbase_url = 'https://a.example'", 2, "api_version", "api_version ="),
    ("[profiles.local]\nbase_url = 'https://a.example'", 2, "no address", ""),
    ("[profiles.'a b']\nbase_url = 'https://a.example'", 1, "its name", ""),
    ("[profiles.x]\nbase_url = 'https://a'\nkey_command = []", 3, "must be a list", ""),
    ("[profiles]\nx = 1", 2, "must be a table", "[profiles.x]"),
    ("defaults = 1", 1, "must be a table", "[defaults]"),
    ("[model_aliases]\nx = 1", 2, "must be text", "provider@model"),
    ("ignore_note_keys = ['max_token']", 1, "no setting of notes", "'max_tokens'"),
    ("reasoning = 'keep'", 1, "reasoning: invalid", "drop, callout"),
    ("note_size_limit_bytes = 0", 1, "at least 1", ""),
    ("forget_after_days = -1", 1, "at least 0", ""),
    ("default_profile = 'opnai'", 1, "does not exist", "'openai'"),
    ("a = 1\nb = x", 2, "not valid TOML", "quotes"),
    ("a = 'x", 1, "not valid TOML", ""),
    ("a = 1\na = 2", 2, "not valid TOML", "set twice"),
    ("[watch]\npoll_s = 1\n[watch]", 3, "twice", "the heading [watch], which is in line 1,"),
    ("[ watch ] # mine\n\n[watch]", 3, "twice", "the heading [watch], which is in line 1,"),
    ("[profiles.x]\n[profiles]\n[profiles]", 3, "twice", "is in line 2,"),
    ("[profiles.x]\n[profiles.x.caps]\n[profiles.x]", 3, "twice", "is in line 1,"),
]


@pytest.mark.parametrize(("text", "line", "words", "hint"), MISTAKES)
def test_a_mistake_names_its_line(
    tmp_path: Path, text: str, line: int, words: str, hint: str
) -> None:
    """Every mistake is an error with file, line, name and, where one helps, a hint."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    error = caught.value
    assert (error.line, words in error.message, hint in error.hint) == (line, True, True), error
    assert error.path == str(tmp_path / "config.toml")
    assert error.exit_code == 3


@pytest.mark.parametrize(
    "line", ["key = 'sk-canary-1'", "api_key = 'sk-canary-1'", "key_environment = 'sk-canary-1'"]
)
def test_a_key_in_the_file_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    """A key never stands in the configuration, and the error does not repeat it."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"[profiles.openai]\n{line}\n")
    assert "canary" not in f"{caught.value.message}{caught.value.hint}{caught.value!r}"


@pytest.mark.parametrize(
    "line",
    [
        "key_environment = 'gsk_canary1x2y3z4w5v6u7'",
        "key_file = 'sk-proj-canary1x2y3z4w5v6u7'",
        "key_keyring = 'sk-ant-canary1x2y3z4w5v6u7'",
        "key_command = ['AIzacanary1x2y3z4w5v6u7']",
    ],
)
def test_a_key_in_the_place_of_its_source_is_refused_and_not_shown(
    tmp_path: Path, line: str
) -> None:
    """Who puts the key where its file or variable belongs does not find it in doctor and log."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"[profiles.openai]\n{line}\n")
    assert caught.value.line == 2
    assert "the key itself" in caught.value.message
    assert "canary" not in f"{caught.value.message}{caught.value.hint}{caught.value!r}"


@pytest.mark.parametrize(
    "line",
    [
        "key_file = 'sk-key-of-my-openai-account-2026'",
        "key_environment = 'gsk_KEY_OF_MINE_2026'",
        "key_command = ['sk-show', '--for=notelog1234567890']",
    ],
)
def test_a_source_may_be_called_like_a_key(tmp_path: Path, line: str) -> None:
    """A file, a variable or a program may have a name that begins as keys do."""
    loaded(tmp_path, f"[profiles.openai]\n{line}\n")


def test_a_table_below_the_template_names_its_heading(tmp_path: Path) -> None:
    """Every profile has its heading in the commented file: what is added belongs under it."""
    template = config_template().decode()
    heading = template.split("\n").index("[profiles.ollama]") + 1
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"{template}\n[profiles.ollama]\nmodel = 'x'\n")
    assert f"[profiles.ollama], which is in line {heading}," in caught.value.hint


@pytest.mark.parametrize("data", [b"\xff\xfea\x00", b"a = 1\n# \xa3\n"])
def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path, data: bytes) -> None:
    """UTF-16 and Latin-1 are named, with the line."""
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        loaded(tmp_path, data)


def test_a_configuration_in_a_vault_is_refused(tmp_path: Path) -> None:
    """What lies in a vault is shared and synced, and has no authority."""
    (tmp_path / ".obsidian").mkdir()
    folder = tmp_path / "notes" / "conf"
    folder.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="lies in a vault"):
        loaded(folder, "")


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    """config.toml that is a folder cannot be read, in a sentence."""
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(str(tmp_path), {})


def test_lines_of_keys_are_found_past_strings_of_many_lines() -> None:
    """Text within a string of many lines is no key; an inline table has the line of its name."""
    text = "a = '''\nb = 1\n[c]\n'''\n[\"d e\"]\nf = { g = 1 }\n[h . i]\nj.k = 2\n"
    lines = key_lines(text)
    assert (lines["a"], lines["d e.f"], lines["h.i.j.k"]) == (1, 6, 8)
    assert "b" not in lines
    assert line_of(lines, "d e.f.g") == 6
    assert line_of(lines, "z") is None
