"""The keys of a note's front matter: which are known, and what they may hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from notelog.core.findings import Findings
from notelog.core.messages import Conversation, Message, Role
from notelog.core.note import FrontMatter, FrontMatterValue
from notelog.core.yaml_scalar import ScalarRangeError, resolve_quoted
from notelog.errors import Severity

_Check = Callable[[FrontMatterValue], bool]


def _is_text(value: FrontMatterValue) -> bool:
    return isinstance(value, str)


def _plain(value: FrontMatterValue) -> FrontMatterValue:
    try:
        return resolve_quoted(value)
    except ScalarRangeError:
        return value


def _is_number(value: FrontMatterValue) -> bool:
    number = _plain(value)
    return number is None or (isinstance(number, int | float) and not isinstance(number, bool))


def _is_count(value: FrontMatterValue) -> bool:
    number = _plain(value)
    return _is_number(value) and not (isinstance(number, float) and not number.is_integer())


def _is_truth(value: FrontMatterValue) -> bool:
    truth = _plain(value)
    return truth is None or isinstance(truth, bool)


def _is_texts(value: FrontMatterValue) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, Sequence) and all(isinstance(item, str) for item in value)


def _is_numbers(value: FrontMatterValue) -> bool:
    return all(
        isinstance(item, int) and not isinstance(item, bool) and item > 0 for item in _items(value)
    )


def _items(value: FrontMatterValue) -> tuple[FrontMatterValue, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return (value,)
    return tuple(value)


def _is_commands(value: FrontMatterValue) -> bool:
    """Texts; Obsidian's property editor leaves an empty item as null."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return isinstance(value, str)
    return all(item is None or isinstance(item, str) for item in value)


def _is_mapping(value: FrontMatterValue) -> bool:
    return isinstance(value, Mapping)


def _is_anything(_: FrontMatterValue) -> bool:
    return True


_KINDS: tuple[tuple[str, _Check, str], ...] = (
    ("a text", _is_text, "model profile reasoning_effort agent aiService url openaiUrl ollamaUrl"),
    ("a text", _is_text, "openrouterUrl lmstudioUrl anthropicUrl geminiUrl"),
    ("a number", _is_number, "temperature top_p presence_penalty frequency_penalty"),
    ("a whole number", _is_count, "max_tokens max_completion_tokens context_window n seed"),
    ("true or false", _is_truth, "stream"),
    ("a text or a list of texts", _is_texts, "stop"),
    ("a text or a list of texts", _is_commands, "system_commands"),
    ("a message number or a list of them", _is_numbers, "pin"),
    ("a mapping", _is_mapping, "logit_bias"),
    ("anything", _is_anything, "user title tags notelog aliases cssclasses"),
)
_KNOWN = {key: (name, check) for name, check, keys in _KINDS for key in keys.split()}

_ALWAYS_READ = {"system_commands", "pin"}
"""Keys whose values are read here; the others are read when a request is made of the note."""


def check_keys(front_matter: FrontMatter, findings: Findings) -> None:
    """Reports keys that are unknown, values of the wrong type, and what is not expanded.

    A setting of the wrong type stops sending when the request is made, which knows the keys that
    the configuration ignores; here it is a warning.
    """
    for key, value in front_matter.values.items():
        line = front_matter.lines.get(key, 1)
        if key not in _KNOWN:
            findings.add(
                "unknown-key", line, f"front matter key {key!r} is not known; it is unused"
            )
            continue
        kind, check = _KNOWN[key]
        if value is not None and not check(value):
            findings.add(
                "wrong-type",
                line,
                f"front matter key {key!r} must be {kind}",
                severity=Severity.ERROR if key in _ALWAYS_READ else Severity.WARNING,
                hint=f"change its value to {kind}, or take the key out",
            )
        elif key == "agent" and value:
            findings.add(
                "agent-not-expanded",
                line,
                "the agent's note is not read: the model will not see it",
                hint="copy the agent's instructions into system_commands",
            )


def system_messages(front_matter: FrontMatter) -> tuple[Message, ...]:
    """The messages of ``system_commands``, one for each, in order; empty ones are left out."""
    value = front_matter.values.get("system_commands")
    if value is None or not _is_commands(value):
        return ()
    commands = [value] if isinstance(value, str) else value
    line = front_matter.lines.get("system_commands", 1)
    return tuple(
        Message(role=Role.SYSTEM, content=command, lines=(line, line))
        for command in commands  # type: ignore[union-attr]  # checked above
        if isinstance(command, str) and command.strip()
    )


def pin_messages(front_matter: FrontMatter, conversation: Conversation) -> Conversation:
    """Pins the messages that ``pin`` names by the numbers that ``notelog show`` prints, from 1."""
    numbers = _items(front_matter.values.get("pin"))
    return tuple(
        replace(message, pinned=True) if number in numbers else message
        for number, message in enumerate(conversation, start=1)
    )
