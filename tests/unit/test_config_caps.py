"""The caps of a profile in config.toml."""

from pathlib import Path

import pytest

from notelog.adapters.config_toml import load_config
from notelog.app.configure import config_rows
from notelog.core.cap import Cap
from notelog.core.profiles import READY_MADE
from notelog.core.settings import Config
from notelog.errors import ConfigurationError


def loaded(folder: Path, text: str) -> Config:
    """The configuration of a file with this text."""
    (folder / "config.toml").write_bytes(text.encode("utf-8"))
    return load_config(str(folder), {})


def test_nothing_is_capped_unless_it_is_set() -> None:
    """The ready-made profiles have no caps: a command that a person types asks."""
    assert not any(profile.caps for profile in READY_MADE.values())


def test_caps_are_read_with_their_lines(tmp_path: Path) -> None:
    """Each cap is there with its value, and ``config show`` tells its line."""
    config = loaded(
        tmp_path,
        "[profiles.openai.caps]\nrequests_per_hour = 30\n\ncost_per_month = 5\n",
    )
    assert config.profiles["openai"].caps == (
        Cap(name="requests_per_hour", most=30),
        Cap(name="cost_per_month", most=5.0),
    )
    rows = {row.name: (row.shown, row.origin) for row in config_rows(config)}
    assert rows["profiles.openai.caps.requests_per_hour"] == ("30", "config.toml:2")
    assert rows["profiles.openai.caps.cost_per_month"] == ("5.0", "config.toml:4")
    assert not any(".caps." in name for name in rows if "openai" not in name)


def test_an_inline_table_is_as_good(tmp_path: Path) -> None:
    """TOML's other ways to write a table mean the same."""
    config = loaded(tmp_path, "[profiles.openai]\ncaps = { tokens_per_day = 9 }\n")
    assert config.profiles["openai"].caps == (Cap(name="tokens_per_day", most=9),)
    assert config.origins["profiles.openai.caps.tokens_per_day"] == "config.toml:2"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("requests_per_hours = 3", "requests_per_hour"),
        ("requests_per_hour = -1", "0 or more"),
        ("requests_per_hour = 1.5", "int"),
        ("requests_per_hour = true", "int"),
        ('cost_per_day = "5"', "float"),
        ("cost_per_day = inf", "0 or more"),
        ("cost_per_day = nan", "0 or more"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, line: str, words: str) -> None:
    """A cap that is not understood is an error: silence would mean no cap."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"[profiles.openai.caps]\n{line}\n")
    assert caught.value.line == 2
    assert line.partition(" ")[0] in caught.value.message
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_caps_are_a_table(tmp_path: Path) -> None:
    """Anything else is told."""
    with pytest.raises(ConfigurationError, match="caps"):
        loaded(tmp_path, "[profiles.openai]\ncaps = 3\n")
