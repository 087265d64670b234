"""Settings: ranges of a note's keys, and which layer wins."""

import re

import pytest
from configured import config, note, settings_of

from notelog.core.resolve import resolve_settings
from notelog.core.settings import Options
from notelog.errors import NoteGrammarError

ACCEPTED = [
    ("temperature", 0, 0),
    ("temperature", 2, 2),
    ("temperature", "0.7", 0.7),
    ("top_p", 1, 1),
    ("presence_penalty", -2, -2),
    ("frequency_penalty", 1.5, 1.5),
    ("seed", -3, -3),
    ("user", "me", "me"),
    ("stop", "END", "END"),
    ("stop", ("a", "b"), ["a", "b"]),
    ("logit_bias", {"50256": -100}, {"50256": -100}),
    ("reasoning_effort", "Low", "low"),
]


@pytest.mark.parametrize(("key", "value", "sent"), ACCEPTED)
def test_a_setting_is_sent(key: str, value: object, sent: object) -> None:
    """What a note sets goes into the request, with the line it comes from."""
    settings = settings_of({key: value})
    assert settings.sampling == {key: sent}
    assert settings.origins[key] == "front matter:2"


REFUSED = [
    ("temperature", 2.1),
    ("temperature", -0.1),
    ("temperature", True),
    ("temperature", "warm"),
    ("temperature", ".inf"),
    ("temperature", (1,)),
    ("top_p", 1.01),
    ("presence_penalty", 3),
    ("frequency_penalty", -3),
    ("max_tokens", 0),
    ("max_tokens", -1),
    ("max_tokens", 1.5),
    ("max_tokens", "many"),
    ("max_tokens", 10**30),
    ("context_window", 0),
    ("seed", 1.5),
    ("stream", "maybe"),
    ("stream", 1),
    ("stop", 5),
    ("stop", ("a", "b", "c", "d", "e")),
    ("stop", ("a", "")),
    ("logit_bias", {"x": 1}),
    ("logit_bias", {"1": 101}),
    ("logit_bias", "x"),
    ("user", 7),
    ("reasoning_effort", 3),
    ("model", 4),
    ("profile", ("a",)),
]


@pytest.mark.parametrize(("key", "value"), REFUSED)
def test_a_bad_setting_is_refused_with_its_line(key: str, value: object) -> None:
    """A wrong type or range stops the note, and names key, line and the way to pass it over."""
    with pytest.raises(NoteGrammarError) as caught:
        settings_of({"title": "x", key: value})
    fault = caught.value.diagnostics[0]
    assert (fault.line, caught.value.line) == (3, 3)
    assert fault.message.startswith(f"{key} must") or fault.message.startswith(key)
    assert "ignore_note_keys" in fault.hint


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "true"), (("a",), '["a"]'), ({"a": "写"}, '{"a": "写"}')]
)
def test_a_bad_value_is_shown_as_it_was_written(value: object, shown: str) -> None:
    """Not as Python has it."""
    with pytest.raises(NoteGrammarError, match=re.escape(f"must be text, not {shown}")):
        settings_of({"profile": value})


def test_all_bad_settings_are_named() -> None:
    """One error carries every fault of the note."""
    with pytest.raises(NoteGrammarError) as caught:
        settings_of({"temperature": 9, "top_p": 9})
    assert [fault.line for fault in caught.value.diagnostics] == [2, 3]


@pytest.mark.parametrize(
    ("key", "value"), [("temperature", 9), ("max_tokens", 300), ("model", "ollama@x"), ("url", "x")]
)
def test_ignored_keys_have_no_say(key: str, value: object) -> None:
    """A key in ignore_note_keys is passed over, even where its value would be refused."""
    ignoring = config(ignore_note_keys=frozenset({key}))
    assert settings_of({key: value}, ignoring) == settings_of({}, ignoring)


@pytest.mark.parametrize("key", ["n", "title", "agent", "whatever"])
def test_other_keys_are_never_sent(key: str) -> None:
    """``n`` and keys that are no settings stay in the note."""
    assert settings_of({key: 3}) == settings_of({})


def test_null_means_not_set() -> None:
    """The plugin's ``stop: null`` and ``user: null`` ask for nothing."""
    assert settings_of({"stop": None, "user": None, "model": None}) == settings_of({})


def test_max_completion_tokens_means_max_tokens() -> None:
    """The newer name of the API is read too; the older one wins where both stand."""
    settings = settings_of({"title": "x", "max_completion_tokens": 500})
    assert (settings.max_tokens, settings.origins["max_tokens"]) == (500, "front matter:3")
    assert settings_of({"max_tokens": 1, "max_completion_tokens": 2}).max_tokens == 1
    ignoring = config(ignore_note_keys=frozenset({"max_tokens"}))
    assert settings_of({"max_completion_tokens": 500}, ignoring).max_tokens is None


@pytest.mark.parametrize("key", ["model", "url", "ollamaUrl", "profile", "aiService", "user"])
def test_empty_text_means_not_set(key: str) -> None:
    """A key left empty in a template asks for nothing."""
    assert settings_of({key: "  "}) == settings_of({})


def test_the_layers_win_in_their_order() -> None:
    """The command line wins over the note, that over the defaults, those over the profile."""
    layered = config(
        {"openai": {"max_tokens": 1}},
        defaults={"max_tokens": 2, "temperature": 0.2, "stream": False},
        origins={"defaults.max_tokens": "config.toml:7"},
    )
    asked = {"max_tokens": 3}
    by_line = resolve_settings(layered, note(asked), Options(max_tokens=4, temperature=0.4))
    assert (by_line.max_tokens, by_line.sampling) == (4, {"temperature": 0.4})
    assert by_line.origins["max_tokens"] == "--max-tokens"
    by_note = settings_of(asked, layered)
    assert (by_note.max_tokens, by_note.sampling) == (3, {"temperature": 0.2})
    by_default = settings_of({}, layered)
    assert (by_default.max_tokens, by_default.stream) == (2, False)
    assert by_default.origins["max_tokens"] == "config.toml:7"
    by_profile = settings_of({}, config({"openai": {"max_tokens": 1}}))
    assert by_profile.max_tokens == 1


def test_options_settle_window_and_stream() -> None:
    """``--context-window`` and ``--no-stream`` win over the note."""
    asked = note({"context_window": 4097, "stream": True})
    settings = resolve_settings(config(), asked, Options(context_window=512, stream=False))
    assert (settings.context_window, settings.stream) == (512, False)
