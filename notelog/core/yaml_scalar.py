"""What a plain scalar of YAML means: the core schema of YAML 1.2.2, section 10.3.2.

Anything else is text: dates, times (``12:30``), ``yes``, ``on``, ``1_000``.
"""

import re
from math import isfinite

from notelog.core.note import FrontMatterValue

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("+-.0123456789")
_LIMIT_DIGITS = 100


class ScalarRangeError(ValueError):
    """A number that no setting can be: infinite, not a number, or absurdly long."""


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar.

    Raises:
        ScalarRangeError: it is infinite, not a number, or has more than 100 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _FLOAT.fullmatch(text) or _BASED.fullmatch(text):
        return _number(text)
    if _NO_NUMBER.fullmatch(text):
        raise ScalarRangeError(f"{text} is no number that can be used")
    return text


def resolve_quoted(value: FrontMatterValue) -> FrontMatterValue:
    """A number or truth value in quotes as what it says: Obsidian's property editor writes it so.

    Raises:
        ScalarRangeError: as ``resolve_scalar``.
    """
    return resolve_scalar(value.strip()) if isinstance(value, str) else value


def _number(text: str) -> int | float:
    if len(text) > _LIMIT_DIGITS:
        raise ScalarRangeError(f"a number of {len(text)} characters: put it in quotes")
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    value = float(text)
    if not isfinite(value):
        raise ScalarRangeError(f"{text} is out of range: put it in quotes if it is text")
    return value
