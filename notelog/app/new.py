"""Making a new chat note."""

import json
import re

from notelog.errors import UsageError

_SURROGATE = re.compile("[\ud800-\udfff]")

SEND_BOX = "- [ ] send"
"""The box a person ticks, on a phone with one tap, when the message is finished."""


def render_new_note(
    question: str, *, model: str | None, profile: str | None, system: tuple[str, ...]
) -> str:
    """The text of a new chat note: front matter, the question, a box to tick.

    Args:
        question: may be empty.
        model: the model that the note names, or None.
        profile: the profile that the note names, or None.
        system: system messages.

    Raises:
        UsageError: something in it is no Unicode text, such as bytes of another encoding.
    """
    keys = ["notelog: mark"]
    if profile:
        keys.append(f"profile: {_scalar(profile)}")
    if model:
        keys.append(f"model: {_scalar(model)}")
    if system:
        keys += ["system_commands:", *(f"  - {_scalar(text)}" for text in system)]
    text = "\n".join(["---", *keys, "---", "", question.strip("\n"), "", SEND_BOX, ""])
    if _SURROGATE.search(text):
        raise UsageError(
            "the words for the note are no UTF-8 text",
            hint="type them in a terminal that speaks UTF-8, or write them into the note",
        )
    return text


def _scalar(text: str) -> str:
    """A string as YAML reads it back: JSON's double-quoted form is YAML's."""
    return json.dumps(text, ensure_ascii=False)
