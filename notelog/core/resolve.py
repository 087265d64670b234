"""From configuration, note and command line to the settings of one request.

The command line wins over the note, the note over ``[defaults]`` of the configuration, and that
over the profile and what is built in.
"""

from collections.abc import Mapping
from dataclasses import replace

from notelog.core.json_value import JsonValue
from notelog.core.note import Note
from notelog.core.note_settings import (
    REQUEST_KEYS,
    SAMPLING_KEYS,
    NoteSettings,
    read_note_settings,
)
from notelog.core.route import Route
from notelog.core.routing import choose_route
from notelog.core.settings import Config, ContextSettings, Options, Settings


def resolve_settings(config: Config, note: Note, options: Options) -> Settings:
    """Settles where a note goes and with which settings.

    Args:
        config: the configuration, which alone says what profiles there are.
        note: its front matter is read.
        options: what the command line says.

    Raises:
        NoteGrammarError: settings in the front matter have a wrong type or are out of range.
        ConfigurationError: no profile fits what note and command line say.
    """
    asked = read_note_settings(note.front_matter, config.ignore_note_keys)
    route = choose_route(config, asked, options)
    layers = (
        _of_options(options),
        _of_note(asked),
        _of_defaults(config),
        _of_profile(config, route),
    )
    values: dict[str, JsonValue] = {}
    origins = {"profile": route.profile_origin, "model": route.model_origin}
    for name in REQUEST_KEYS:
        for layer in layers:
            if name in layer:
                values[name], origins[name] = layer[name]
                break
    return Settings(
        profile=route.profile,
        model=route.model,
        sampling={name: values[name] for name in SAMPLING_KEYS if name in values},
        max_tokens=_whole(values.get("max_tokens")),
        context_window=_whole(values.get("context_window")),
        stream=values.get("stream", True) is not False,
        context=_context(config, options),
        origins=origins,
    )


def _context(config: Config, options: Options) -> ContextSettings:
    """How conversations are fitted: the configuration's way, but for what is said this time."""
    context = config.context
    if options.shorten is not None:
        context = replace(context, shorten=options.shorten)
    return context if options.summary is None else replace(context, summary=options.summary)


_Layer = Mapping[str, tuple[JsonValue, str]]


def _of_options(options: Options) -> _Layer:
    said: dict[str, JsonValue] = {
        "context_window": options.context_window,
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "stream": options.stream,
    }
    return {
        name: (value, f"--{name.replace('_', '-')}")
        for name, value in said.items()
        if value is not None
    }


def _of_note(asked: NoteSettings) -> _Layer:
    return {
        name: (value, f"front matter:{asked.line(name)}") for name, value in asked.request.items()
    }


def _of_defaults(config: Config) -> _Layer:
    return {
        name: (value, config.origins.get(f"defaults.{name}", "default"))
        for name, value in config.defaults.items()
    }


def _of_profile(config: Config, route: Route) -> _Layer:
    """The profile's token limit; its window is the model table's business."""
    limit = route.profile.max_tokens
    name = f"profiles.{route.profile.name}.max_tokens"
    return {} if limit is None else {"max_tokens": (limit, config.origins.get(name, "default"))}


def _whole(value: JsonValue) -> int | None:
    return value if isinstance(value, int) else None
