"""Which profile and model a note gets, and when it gets none."""

from dataclasses import replace
from typing import Any

import pytest
from configured import config, note, settings_of

from notelog.core.resolve import resolve_settings
from notelog.core.settings import Options, Settings
from notelog.errors import ConfigurationError

OLLAMA = "http://localhost:11434"
ALL_URLS = {
    "openaiUrl": "https://api.openai.com",
    "ollamaUrl": OLLAMA,
    "openrouterUrl": "https://openrouter.ai",
    "lmstudioUrl": "http://localhost:1234",
    "anthropicUrl": "https://api.anthropic.com",
    "geminiUrl": "https://generativelanguage.googleapis.com",
}

ROUTES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "openai", "gpt-4o-mini"),
    ({"model": "gpt-4"}, "openai", "gpt-4"),
    ({"model": "openai@gpt-4"}, "openai", "gpt-4"),
    ({"model": "OpenAI@gpt-4"}, "openai", "gpt-4"),
    ({"model": "openai@a-model-of-tomorrow"}, "openai", "a-model-of-tomorrow"),
    ({"model": "ollama@llama3.2:latest"}, "ollama", "llama3.2:latest"),
    ({"model": "lmstudio@qwen"}, "lmstudio", "qwen"),
    ({"model": "openrouter@deepseek/deepseek-chat"}, "openrouter", "deepseek/deepseek-chat"),
    ({"model": "anthropic@claude-3-5-sonnet@20240620"}, "anthropic", "claude-3-5-sonnet@20240620"),
    ({"model": "gemini@gemini-2.0-flash"}, "gemini", "gemini-2.0-flash"),
    ({"model": "zai@glm-4.6"}, "zai", "glm-4.6"),
    ({"model": "local@SmolLM2-135M-Instruct"}, "local", "SmolLM2-135M-Instruct"),
    ({"model": "deepseek@deepseek-chat"}, "deepseek", "deepseek-chat"),
    ({"model": "gpt-4", "url": "https://api.openai.com"}, "openai", "gpt-4"),
    ({"model": "llama3.2", "url": OLLAMA}, "ollama", "llama3.2"),
    ({"model": "llama3.2", "url": "http://127.0.0.1:11434/api/chat"}, "ollama", "llama3.2"),
    ({"model": "llama3.2", "url": "localhost:11434"}, "ollama", "llama3.2"),
    ({"model": "llama3.2", "ollamaUrl": OLLAMA}, "ollama", "llama3.2"),
    ({"model": "ollama@llama3.2", "ollamaUrl": "http://[::1]:11434/"}, "ollama", "llama3.2"),
    ({"model": "ollama@llama3.2", "openaiUrl": "https://x.invalid"}, "ollama", "llama3.2"),
    ({"model": "openai@qwen", "openaiUrl": "http://127.0.0.1:8080/v1"}, "llamacpp", "qwen"),
    ({"model": "gpt-4", **ALL_URLS}, "openai", "gpt-4"),
    ({"model": "claude-3-opus", **ALL_URLS}, "anthropic", "claude-3-opus"),
    ({"model": "ollama@llama3.2", **ALL_URLS}, "ollama", "llama3.2"),
    ({**ALL_URLS}, "openai", "gpt-4o-mini"),
    ({"model": "llama3", "aiService": "ollama"}, "ollama", "llama3"),
    ({"model": "gpt-4", "aiService": "openai", **ALL_URLS}, "openai", "gpt-4"),
    ({"profile": "deepseek"}, "deepseek", "deepseek-chat"),
    ({"profile": "deepseek", "model": "deepseek-reasoner"}, "deepseek", "deepseek-reasoner"),
    ({"profile": "ollama", "model": "ollama@gemma"}, "ollama", "gemma"),
    ({"profile": "ollama", "model": "gpt-oss:20b"}, "ollama", "gpt-oss:20b"),
]


@pytest.mark.parametrize(("front_matter", "profile", "model"), ROUTES)
def test_a_note_gets_its_profile(front_matter: dict[str, Any], profile: str, model: str) -> None:
    """Prefix, url keys, aiService, profile and the default choose server and model."""
    settings = settings_of(front_matter)
    assert (settings.profile.name, settings.model) == (profile, model)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"model": "llama3.2"}, "does not serve the model 'llama3.2'", "[model_aliases]"),
    ({"model": "gpt-oss:20b"}, "does not serve", '"gpt-oss:20b" = "openai@gpt-4o-mini"'),
    ({"model": "claude-3-opus"}, "does not serve", "served by: anthropic"),
    ({"model": "mistral@large"}, "no profile is for the provider 'mistral'", "[profiles.mistral]"),
    ({"model": "olama@x"}, "no profile is for the provider", "did you mean 'ollama'?"),
    ({"model": "x", "url": "https://evil.example/v1"}, "url names https://evil.example", "trust"),
    ({"model": "gpt-4", "url": "https://api.openai.com@evil.example"}, "evil.example", "trust"),
    ({"model": "gpt-4", "url": "http://api.openai.com"}, "http://api.openai.com", "tunnel"),
    ({"model": "gpt-4", "url": "https://api.openai.com:8443"}, ":8443", "trust"),
    ({"model": "gpt-4", "openaiUrl": "https://proxy.example"}, "proxy.example", "trust"),
    ({"model": "openai@gpt-4", "openaiUrl": "https://proxy.example"}, "proxy.example", "trust"),
    ({"model": "gpt-4", **ALL_URLS, "openaiUrl": "https://p.example"}, "p.example", "trust"),
    ({"model": "ollama@llama3", "ollamaUrl": "http://10.0.0.5:11434"}, "10.0.0.5", "tunnel"),
    ({"model": "gpt-4", "ollamaUrl": OLLAMA}, "'ollama' does not serve", "served by: openai"),
    ({"model": "gpt-4", "aiService": "ollama", "url": OLLAMA}, "'ollama' does not", "openai"),
    ({"model": "llama3.2", **ALL_URLS}, "several profiles: lmstudio, ollama", "profile:"),
    ({"url": "javascript:alert(1)"}, "no web address", "remove"),
    ({"url": "file:///etc/passwd"}, "no web address", "remove"),
    ({"profile": "opnai"}, "there is no profile 'opnai'", "did you mean 'openai'?"),
    ({"profile": "openai", "model": "ollama@llama3"}, "does not serve", "model_aliases"),
    ({"profile": "ollama"}, "has no default model", "model: NAME"),
    ({"profile": "azure"}, "does not say where its server is", "api_version"),
]


@pytest.mark.parametrize(("front_matter", "words", "hint"), REFUSED)
def test_a_note_without_a_fitting_profile_is_refused(
    front_matter: dict[str, Any], words: str, hint: str
) -> None:
    """A note goes where it was written for or nowhere, and the error says how to go on."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of(front_matter)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_an_error_names_the_line_in_the_note() -> None:
    """The line is that of the key which decided."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of({"title": "x", "model": "llama3.2"})
    assert caught.value.line == 3


def test_without_a_default_profile_the_error_says_the_ways() -> None:
    """Nothing is chosen silently, least of all the embedded model."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of({}, config(default_profile=""))
    for way in ("OPENAI_API_KEY", "notelog init", "--profile local"):
        assert way in caught.value.hint


def test_a_note_with_a_provider_needs_no_default_profile() -> None:
    """The prefix is enough."""
    assert settings_of({"model": "ollama@x"}, config(default_profile="")).profile.name == "ollama"


def test_aliases_lead_to_another_model_and_provider() -> None:
    """An alias may name a provider, and is found with and without the note's prefix."""
    aliased = config(
        model_aliases={"gpt-3.5-turbo-0301": "deepseek@deepseek-chat", "openai@old": "gpt-4o"},
        origins={"model_aliases.gpt-3.5-turbo-0301": "config.toml:9"},
    )
    settings = settings_of({"model": "gpt-3.5-turbo-0301"}, aliased)
    assert (settings.profile.name, settings.model) == ("deepseek", "deepseek-chat")
    assert settings.origins["model"] == "config.toml:9"
    assert settings_of({"model": "openai@old"}, aliased).model == "gpt-4o"


def test_an_alias_does_not_move_a_note_from_its_server() -> None:
    """The note's url still says where it goes."""
    aliased = config(model_aliases={"m": "openai@gpt-4o"})
    with pytest.raises(ConfigurationError, match=r"url in the note .line 3. chose") as caught:
        settings_of({"model": "m", "url": OLLAMA}, aliased)
    assert 'ignore_note_keys = ["url"]' in caught.value.hint
    passing_over = replace(aliased, ignore_note_keys=frozenset({"url"}))
    assert settings_of({"model": "m", "url": OLLAMA}, passing_over).profile.name == "openai"


def test_a_profile_of_ones_own_takes_provider_and_address() -> None:
    """A url key or prefix may mean a profile that the configuration adds."""
    own = config(
        {"work": {"base_url": "https://llm.example/v1", "providers": ("work",), "model": "m"}}
    )
    assert settings_of({"model": "x", "url": "https://llm.example/other"}, own).profile.name == (
        "work"
    )
    assert settings_of({"model": "work@x"}, own).profile.name == "work"


def test_of_several_profiles_the_default_one_is_meant() -> None:
    """Two profiles of one provider: the default is preferred, else the namesake."""
    second = {"base_url": "https://api.openai.com/v1", "providers": ("openai",), "model": "gpt-4"}
    assert settings_of({"model": "openai@gpt-4"}, config({"mine": second})).profile.name == "openai"
    mine = config({"mine": second}, default_profile="mine")
    assert settings_of({"model": "openai@gpt-4"}, mine).profile.name == "mine"
    assert settings_of({"url": "https://api.openai.com"}, mine).profile.name == "mine"


def asked(front_matter: dict[str, Any], **options: Any) -> Settings:
    """The settings with these options on the command line."""
    return resolve_settings(config(), note(front_matter), Options(**options))


COMMANDS: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    ({}, {"profile": "local"}, "local", "SmolLM2-135M-Instruct"),
    ({"url": "https://evil.example"}, {"profile": "deepseek"}, "deepseek", "deepseek-chat"),
    ({"profile": "openai"}, {"profile": "deepseek"}, "deepseek", "deepseek-chat"),
    ({"model": "openai@gpt-oss:20b"}, {"profile": "ollama"}, "ollama", "gpt-oss:20b"),
    ({"model": "gpt-4"}, {"profile": "ollama", "model": "llama3"}, "ollama", "llama3"),
    ({"model": "ollama@x"}, {"model": "openai@gpt-4"}, "openai", "gpt-4"),
    ({"model": "gpt-4"}, {"model": "gpt-4o"}, "openai", "gpt-4o"),
    ({"model": "ollama@x"}, {"model": "llama3"}, "ollama", "llama3"),
]


@pytest.mark.parametrize(("front_matter", "options", "profile", "model"), COMMANDS)
def test_the_command_line_wins(
    front_matter: dict[str, Any], options: dict[str, str], profile: str, model: str
) -> None:
    """``--profile`` and ``--model`` are the person's word now."""
    settings = asked(front_matter, **options)
    assert (settings.profile.name, settings.model) == (profile, model)


@pytest.mark.parametrize(
    ("front_matter", "options", "hint"),
    [
        ({"model": "gpt-4"}, {"profile": "local"}, "--model SmolLM2-135M-Instruct"),
        ({"model": "ollama@llama3"}, {"profile": "openai"}, "--model gpt-4o-mini"),
        ({"model": "ollama@llama3"}, {"model": "gpt-4o"}, "--profile"),
        ({}, {"model": "llama3"}, "--profile"),
        ({}, {"profile": "nowhere"}, "profiles: anthropic"),
    ],
)
def test_the_command_line_may_not_mix_servers_and_models(
    front_matter: dict[str, Any], options: dict[str, str], hint: str
) -> None:
    """A profile given alone must serve the note's model; the error says what to add."""
    with pytest.raises(ConfigurationError) as caught:
        asked(front_matter, **options)
    assert hint in caught.value.hint
