"""Where a note goes: the one profile, and the model there.

A note chooses among the profiles of the configuration and can name no other place. The command
line decides first, then the note's ``profile``, its provider prefix (``ollama@...``) and url keys,
then the default profile. A note written for one server never goes to another: where no profile
fits what the note says, it is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from notelog.core.note_settings import NoteSettings
from notelog.core.origin import origin_of
from notelog.core.profiles import (
    PROVIDER_URL_KEYS,
    is_ready,
    profile_origin,
    serves_model,
)
from notelog.core.route import Chosen, Route, Wanted
from notelog.core.route_refusals import (
    ambiguous,
    config_file,
    no_profile_at,
    not_ready,
    not_served,
)
from notelog.core.settings import Config, Options, Profile
from notelog.core.suggest import did_you_mean
from notelog.core.visible import shortened
from notelog.errors import ConfigurationError

# ``claude-3-5-sonnet@20240620`` and ``@cf/meta/llama`` are whole names: a provider is one word.
_PREFIXED = re.compile(r"(?P<provider>[A-Za-z][A-Za-z0-9_]*)@(?P<name>.+)", re.DOTALL)
_URL_KEY_OF = {provider: key for key, provider in PROVIDER_URL_KEYS.items()}
_URL_KEYS = ("url", *PROVIDER_URL_KEYS)


def choose_route(config: Config, note: NoteSettings, options: Options) -> Route:
    """Decides where a request goes.

    Raises:
        ConfigurationError: no profile fits, or the one that does not serve the model.
    """
    wanted = _wanted_model(config, note, options)
    chosen = _choose_profile(config, note, options, wanted)
    profile = chosen.profile
    if not is_ready(profile):
        raise not_ready(profile, config)
    if not wanted.name:
        return _with_own_model(config, chosen)
    if not chosen.vouched and not serves_model(profile, wanted.name):
        raise not_served(config, chosen, wanted, options)
    return Route(
        profile=profile,
        model=wanted.name,
        profile_origin=chosen.origin,
        model_origin=wanted.origin,
    )


def _with_own_model(config: Config, chosen: Chosen) -> Route:
    profile = chosen.profile
    if not profile.model:
        raise ConfigurationError(
            f"no model is named, and profile {profile.name!r} has no default model",
            hint=f"add 'model: NAME' to the note, or --model, or model = \"NAME\" under"
            f" [profiles.{profile.name}] in {config_file(config)}",
            line=chosen.line,
        )
    origin = config.origins.get(f"profiles.{profile.name}.model", "default")
    return Route(
        profile=profile, model=profile.model, profile_origin=chosen.origin, model_origin=origin
    )


def _wanted_model(config: Config, note: NoteSettings, options: Options) -> Wanted:
    """The model of the command line or the note, by its alias where it has one."""
    if options.model:
        said, origin, line = options.model.strip(), "--model", None
    else:
        line = note.line("model")
        said, origin = note.route.get("model", ""), f"front matter:{line}"
    if said not in config.model_aliases:
        provider, name = _split(said)
        said = name if name in config.model_aliases and provider == "" else said
    if said in config.model_aliases:
        origin = config.origins.get(f"model_aliases.{said}", origin)
        said = config.model_aliases[said]
    provider, name = _split(said)
    return Wanted(provider=provider, name=name, origin=origin, line=line)


def _split(model: str) -> tuple[str, str]:
    match = _PREFIXED.fullmatch(model)
    return (match["provider"].lower(), match["name"].strip()) if match else ("", model)


def _choose_profile(config: Config, note: NoteSettings, options: Options, wanted: Wanted) -> Chosen:
    if options.profile:
        profile = named_profile(config, options.profile)
        return Chosen(profile=profile, origin="--profile", vouched=options.model is not None)
    if options.model and wanted.provider:
        return _of_provider(config, wanted.provider, "--model", None)
    if name := note.route.get("profile"):
        line = note.line("profile")
        return Chosen(
            profile=named_profile(config, name, line), origin=f"front matter:{line}", line=line
        )
    return _of_provider_or_url(config, note, options, wanted)


def _of_provider_or_url(
    config: Config, note: NoteSettings, options: Options, wanted: Wanted
) -> Chosen:
    provider, origin, line = wanted.provider, wanted.origin, wanted.line
    if not provider:
        provider, key = _provider_in_note(note, options)
        line = note.line(key)
        origin = f"front matter:{line}"
    if keys := _relevant_urls(config, note, provider, wanted.name):
        return _of_urls(config, note, keys, provider)
    if not provider:
        return default_choice(config)
    chosen = _of_provider(config, provider, origin, line)
    # a model of the command line was not named together with the provider of the note
    return replace(chosen, vouched=chosen.vouched and not options.model)


def _provider_in_note(note: NoteSettings, options: Options) -> tuple[str, str]:
    """The provider a note names beside the model that is wanted, and its key."""
    if options.model and (provider := _split(note.route.get("model", ""))[0]):
        return provider, "model"
    return note.route.get("aiService", "").lower(), "aiService"


def named_profile(config: Config, name: str, line: int | None = None) -> Profile:
    """A profile by its name.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name in config.profiles:
        return config.profiles[name]
    known = ", ".join(sorted(config.profiles))
    raise ConfigurationError(
        f"there is no profile {shortened(name, 60)!r}",
        hint=did_you_mean(name, config.profiles, then=f"profiles: {known}"),
        line=line,
    )


def _of_provider(config: Config, provider: str, origin: str, line: int | None) -> Chosen:
    """The profile of a provider prefix: the default one if it is of them, else its namesake."""
    found = _profiles_of(config, provider)
    if not found:
        known = sorted({word for item in config.profiles.values() for word in item.providers})
        make = (
            f"make one: under [profiles.{provider}] in {config_file(config)} set"
            f' base_url = "https://..." and providers = ["{provider}"]'
        )
        raise ConfigurationError(
            f"no profile is for the provider {shortened(provider, 40)!r}",
            hint=did_you_mean(provider, known, then=make),
            line=line,
        )
    return Chosen(profile=_preferred(config, found), origin=origin, line=line, vouched=True)


def _profiles_of(config: Config, provider: str) -> list[Profile]:
    found = [item for item in config.profiles.values() if provider in item.providers]
    return found or [item for item in config.profiles.values() if item.name.lower() == provider]


def _preferred(config: Config, found: list[Profile], provider: str = "") -> Profile:
    """One of several that would do: the default profile, else one of the provider, else first."""
    for profile in found:
        if profile.name == config.default_profile:
            return profile
    of_provider = [item for item in found if provider in item.providers]
    return (of_provider or found)[0]


def _relevant_urls(
    config: Config, note: NoteSettings, provider: str, model: str
) -> Mapping[str, str]:
    """The url keys that say where this note goes; the plugin's notes may carry them all.

    With a provider it is that provider's key, else the general ``url``. Without one ``url``
    decides, else the only key there is, else those of the providers that serve the model.
    """
    urls = {key: note.route[key] for key in _URL_KEYS if key in note.route}
    own = _URL_KEY_OF.get(provider, "")
    for key in (own, "url"):
        if key in urls:
            return {key: urls[key]}
    if provider:
        return {}
    if len(urls) <= 1 or not model:
        return urls
    serving = {
        key: url
        for key, url in urls.items()
        if any(serves_model(item, model) for item in _profiles_of(config, PROVIDER_URL_KEYS[key]))
    }
    return serving or urls


def _of_urls(config: Config, note: NoteSettings, urls: Mapping[str, str], provider: str) -> Chosen:
    """The profile whose base_url has the origin of the note's url keys."""
    chosen: dict[str, str] = {}
    for key, url in urls.items():
        found = _profiles_at(config, note, key, url)
        owner = provider or PROVIDER_URL_KEYS.get(key, "")
        chosen.setdefault(_preferred(config, found, owner).name, key)
    if config.default_profile in chosen:
        name = config.default_profile
    elif len(chosen) == 1:
        name = next(iter(chosen))
    else:
        raise ambiguous(note, chosen)
    key = chosen[name]
    line = note.line(key)
    return Chosen(
        profile=config.profiles[name], origin=f"front matter:{line}", line=line, url_key=key
    )


def _profiles_at(config: Config, note: NoteSettings, key: str, url: str) -> list[Profile]:
    origin = origin_of(url)
    found = [item for item in config.profiles.values() if origin and profile_origin(item) == origin]
    if not found:
        raise no_profile_at(config, key, url, origin, note.line(key))
    return found


def default_choice(config: Config) -> Chosen:
    """The profile that answers where nothing names another.

    Raises:
        ConfigurationError: none is chosen, or it does not exist.
    """
    if not config.default_profile:
        raise ConfigurationError(
            "no profile is chosen: nothing says which server is to answer",
            hint="set OPENAI_API_KEY, or choose one with 'notelog init --profile NAME' or"
            " default_profile in the configuration; 'notelog init --profile local' chooses the"
            " embedded demonstration model",
        )
    profile = named_profile(config, config.default_profile)
    return Chosen(profile=profile, origin=config.origins.get("default_profile", "default"))
