"""Why a note is not sent anywhere, and what to do about it: the errors of choosing a route."""

from collections.abc import Iterable, Mapping

from notelog.core.note_settings import NoteSettings
from notelog.core.origin import Origin
from notelog.core.profiles import READY_MADE_INCOMPLETE, serves_model
from notelog.core.route import Chosen, Wanted
from notelog.core.settings import Config, Options, Profile
from notelog.core.visible import shortened
from notelog.errors import ConfigurationError


def no_profile_at(
    config: Config, key: str, url: str, origin: Origin | None, line: int | None
) -> ConfigurationError:
    """A url key names a server that the configuration does not know, or no address."""
    if origin is None:
        return ConfigurationError(
            f"{key} is no web address: {shortened(url, 80)!r}",
            hint="remove the line, or choose a profile with 'profile: NAME'",
            line=line,
        )
    if not origin.loopback and origin.scheme == "http":
        way = "plain http is for this machine only: reach that server by https or a tunnel"
    else:
        base_url = shortened(f"{origin}/v1", 80)
        way = (
            f"if you trust that server, make a profile: under [profiles.NAME] in"
            f' {config_file(config)} set base_url = "{base_url}"'
        )
    return ConfigurationError(
        f"{key} names {shortened(str(origin), 80)}, and no profile is for that server;"
        " a note cannot choose where it is sent",
        hint=f"{way}; else remove the line",
        line=line,
    )


def ambiguous(note: NoteSettings, chosen: Mapping[str, str]) -> ConfigurationError:
    """Several url keys mean several profiles, and nothing says which."""
    names = sorted(chosen)
    return ConfigurationError(
        f"the note's url keys mean several profiles: {', '.join(names)}",
        hint=f"say which with 'profile: {names[0]}' in the note, or with --profile",
        line=min((line for key in chosen.values() if (line := note.line(key))), default=None),
    )


def not_served(
    config: Config, chosen: Chosen, wanted: Wanted, options: Options
) -> ConfigurationError:
    """The chosen profile does not serve the model that is wanted."""
    profile = chosen.profile
    message = f"profile {profile.name!r} does not serve the model {wanted}"
    if options.profile:
        model = profile.model or "NAME"
        return ConfigurationError(
            message, hint=f"add --model, such as --model {model}", line=wanted.line
        )
    others = _names(item for item in config.profiles.values() if _is_known_for(item, wanted.name))
    served = f"served by: {others}; " if others else ""
    if options.model:
        return ConfigurationError(message, hint=f"{served}say which server with --profile")
    if chosen.url_key and (wanted.provider or others):
        key = chosen.url_key
        return ConfigurationError(
            f"{message}; {key} in the note (line {chosen.line}) chose that profile",
            hint=f'{served}to pass over {key} in all notes set ignore_note_keys = ["{key}"] in'
            f" {config_file(config)}",
            line=wanted.line,
        )
    target = f"{profile.name}@{profile.model or 'NAME'}"
    name = shortened(wanted.name, 80).replace("\\", "\\\\").replace('"', '\\"')
    hint = (
        f"{served}to use another model in its place, add under [model_aliases] in"
        f' {config_file(config)}: "{name}" = "{target}"'
    )
    return ConfigurationError(message, hint=hint, line=wanted.line)


def _is_known_for(profile: Profile, model: str) -> bool:
    """Whether a profile serves a model by name, not because it serves anything."""
    return bool(profile.serves) and "*" not in profile.serves and serves_model(profile, model)


def _names(profiles: Iterable[Profile]) -> str:
    return ", ".join(sorted(profile.name for profile in profiles))


def not_ready(profile: Profile, config: Config) -> ConfigurationError:
    """A profile does not say where its server is."""
    missing = READY_MADE_INCOMPLETE.get(profile.name, ("base_url",))
    lines = " and ".join(f"{name} = ..." for name in missing)
    return ConfigurationError(
        f"profile {profile.name!r} does not say where its server is",
        hint=f"set {lines} under [profiles.{profile.name}] in {config_file(config)}",
    )


def config_file(config: Config) -> str:
    """The configuration file, for a hint."""
    return config.path or "config.toml"
