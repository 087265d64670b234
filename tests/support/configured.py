"""Configurations and notes for the tests of settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from notelog.core.note import FrontMatter, Note
from notelog.core.profiles import READY_MADE
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, KeySource, Options, Profile, Settings
from notelog.core.source import SourceText, Span


def config(profiles: Mapping[str, Mapping[str, Any]] | None = None, **fields: Any) -> Config:
    """A configuration: the ready-made profiles, those given laid over them, default openai."""
    made = dict(READY_MADE)
    for name, values in (profiles or {}).items():
        base = made.get(name, Profile(name=name, base_url="", key=KeySource()))
        made[name] = replace(base, **values)
    return Config(**{"profiles": made, "default_profile": "openai", "path": "C", **fields})


def note(front_matter: Mapping[str, Any]) -> Note:
    """A note with nothing but front matter, whose first key stands on line 2."""
    lines = {key: number for number, key in enumerate(front_matter, 2)}
    return Note(
        source=SourceText(b""),
        front_matter=FrontMatter(span=Span(0, 0), values=front_matter, lines=lines),
        segments=(),
        turns=(),
        diagnostics=(),
        is_chat=True,
        conversation=(),
    )


def settings_of(front_matter: Mapping[str, Any], using: Config | None = None) -> Settings:
    """The settings of a note with this front matter and a silent command line."""
    return resolve_settings(using or config(), note(front_matter), Options())
