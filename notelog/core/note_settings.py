"""The settings that a note's front matter may hold: their names, types and ranges.

A number or a truth value given as quoted text is accepted where it cannot mean anything else
(``temperature: "0.7"``): Obsidian's property editor writes it so. ``null`` means: not set.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from notelog.core.json_value import JsonValue
from notelog.core.note import FrontMatter, FrontMatterValue
from notelog.core.profiles import PROVIDER_URL_KEYS
from notelog.core.visible import shortened
from notelog.core.yaml_scalar import resolve_quoted
from notelog.errors import Diagnostic, NoteGrammarError, Severity

_Check = Callable[[FrontMatterValue], JsonValue]
_MOST_STOPS = 4  # OpenAI's API reference, chat completions, "stop"
_MOST_BIAS = 100  # as above, "logit_bias"


class BadSettingError(ValueError):
    """A setting has the wrong type or is out of range; the text follows its name."""


def _shown(value: FrontMatterValue) -> str:
    """A value as a person wrote it, or could have."""
    if isinstance(value, str):
        return repr(shortened(value, 40))
    return shortened(json.dumps(value, ensure_ascii=False, default=str), 40)


def _number(least: float, most: float) -> _Check:
    def check(value: FrontMatterValue) -> JsonValue:
        number = resolve_quoted(value)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadSettingError(
                f"must be a number from {least:g} to {most:g}, not {_shown(value)}"
            )
        if not least <= number <= most:
            raise BadSettingError(f"must be from {least:g} to {most:g}, not {_shown(value)}")
        return number

    return check


def _whole(least: int | None = None) -> _Check:
    wanted = "a whole number" if least is None else f"a whole number of at least {least}"

    def check(value: FrontMatterValue) -> JsonValue:
        number = resolve_quoted(value)
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int):
            raise BadSettingError(f"must be {wanted}, not {_shown(value)}")
        if (least is not None and number < least) or abs(number) >= 2**63:
            raise BadSettingError(f"must be {wanted}, not {_shown(value)}")
        return number

    return check


def _truth(value: FrontMatterValue) -> JsonValue:
    truth = resolve_quoted(value)
    if not isinstance(truth, bool):
        raise BadSettingError(f"must be true or false, not {_shown(value)}")
    return truth


def _text(value: FrontMatterValue) -> JsonValue:
    if not isinstance(value, str) or not value.strip():
        raise BadSettingError(f"must be text, not {_shown(value)}: put it in quotes")
    return value.strip()


def _word(value: FrontMatterValue) -> JsonValue:
    if not isinstance(value, str) or not value.strip().isalpha():
        raise BadSettingError(f"must be one word such as low, medium or high, not {_shown(value)}")
    return value.strip().lower()


def _stop(value: FrontMatterValue) -> JsonValue:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise BadSettingError(f"must be text or a list of texts, not {_shown(value)}")
    texts = [item for item in value if isinstance(item, str) and item]
    if len(texts) != len(value) or len(texts) > _MOST_STOPS:
        raise BadSettingError(f"must be at most {_MOST_STOPS} texts, none of them empty")
    return texts or None


def _logit_bias(value: FrontMatterValue) -> JsonValue:
    if not isinstance(value, Mapping):
        raise BadSettingError(f"must map token numbers to numbers, not {_shown(value)}")
    check = _number(-_MOST_BIAS, _MOST_BIAS)
    if wrong := [token for token in value if not token.isdecimal()]:
        raise BadSettingError(f"must map token numbers to numbers; {_shown(wrong[0])} is none")
    return {token: check(bias) for token, bias in value.items()} or None


_SAMPLING_CHECKS: Mapping[str, _Check] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "stop": _stop,
    "logit_bias": _logit_bias,
    "user": _text,
    "seed": _whole(),
    "reasoning_effort": _word,
}
_CHECKS: Mapping[str, _Check] = {
    **_SAMPLING_CHECKS,
    "max_tokens": _whole(1),
    "context_window": _whole(1),
    "stream": _truth,
}
_OTHER_NAMES = {"max_completion_tokens": "max_tokens"}
"""Keys that mean another one, where that is not set too."""

_ROUTE_KEYS = ("model", "profile", "aiService", "url", *PROVIDER_URL_KEYS)

SAMPLING_KEYS = tuple(_SAMPLING_CHECKS)
"""The settings that go into the body of a request as they are."""

REQUEST_KEYS = tuple(_CHECKS)
"""The settings of a request: in front matter, and as ``[defaults]`` of the configuration."""

NOTE_KEYS = frozenset((*REQUEST_KEYS, *_OTHER_NAMES, *_ROUTE_KEYS))
"""The front matter keys that are read when a note is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSettings:
    """What a note asks for.

    Attributes:
        request: settings of the request, checked, by name.
        route: what says where it goes: model, profile, aiService and url keys, never empty.
        lines: the 1-based line of each key.
    """

    request: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    route: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[str, int] = field(default_factory=dict[str, int])

    def line(self, key: str) -> int | None:
        """The line of a key in the note, from 1."""
        return self.lines.get(key)


def check_setting(name: str, value: FrontMatterValue) -> JsonValue:
    """The value of a request setting as it is sent; None where it is not set.

    Raises:
        BadSettingError: what is wrong with it, as the end of a sentence that begins with its name.
    """
    return None if value is None else _CHECKS[name](value)


def read_note_settings(front_matter: FrontMatter, ignored: frozenset[str]) -> NoteSettings:
    """The settings of a note.

    Args:
        front_matter: as it was read.
        ignored: keys to pass over.

    Raises:
        NoteGrammarError: a setting has the wrong type or is out of range; all of them are named.
    """
    request: dict[str, JsonValue] = {}
    route: dict[str, str] = {}
    lines = dict(front_matter.lines)
    wrong: list[Diagnostic] = []
    for key, value in _asked(front_matter, ignored).items():
        name = _OTHER_NAMES.get(key, key)
        lines[name] = lines.get(key, 1)
        try:
            if name not in _CHECKS:
                route[name] = _route_text(value)
            elif (checked := _CHECKS[name](value)) is not None:
                request[name] = checked
        except ValueError as error:
            wrong.append(_bad_setting(key, lines[name], str(error)))
    if wrong:
        raise NoteGrammarError(tuple(wrong))
    return NoteSettings(request=request, route=route, lines=lines)


def _asked(front_matter: FrontMatter, ignored: frozenset[str]) -> Mapping[str, FrontMatterValue]:
    """The keys that have a say: known, set, not ignored, and not said better by another."""
    values = {
        key: value
        for key, value in front_matter.values.items()
        if key in NOTE_KEYS
        and ignored.isdisjoint((key, _OTHER_NAMES.get(key, key)))
        and value is not None
        and not (isinstance(value, str) and not value.strip())
    }
    return {key: value for key, value in values.items() if _OTHER_NAMES.get(key) not in values}


def _route_text(value: FrontMatterValue) -> str:
    if not isinstance(value, str):
        raise BadSettingError(f"must be text, not {_shown(value)}: put it in quotes")
    return value.strip()


def _bad_setting(key: str, line: int, problem: str) -> Diagnostic:
    hint = f"correct it, or set ignore_note_keys = [{key!r}] in the configuration"
    return Diagnostic(
        code="bad-setting",
        line=line,
        message=f"{key} {problem}",
        severity=Severity.ERROR,
        hint=hint,
    )
