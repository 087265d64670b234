"""How a note writes its separators and markers, so that what is added looks like the rest."""

from dataclasses import dataclass
from re import DOTALL
from re import compile as regex
from typing import Literal

from notelog.core.messages import Role
from notelog.core.note import Marker, Note

DEFAULT_SEPARATOR = b'<hr class="__chatgpt_plugin">'
_SEPARATOR_TAG = regex(rb"<[^<>]*>", DOTALL)
# What no model name needs and what would end the suffix early or leave its line.
_NOT_IN_MODEL = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff<>()]+")
MODEL_NAME = regex(rb'<span style="font-size: small;"> \([^()<>\n]+\)</span>')
"""What names the model behind an assistant marker of notelog's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyStyle:
    """How a reply is written.

    Attributes:
        model: the name for the model suffix.
        model_suffix: ``auto`` (as the note's last assistant marker), ``always`` or ``never``.
        inert_replies: make the reply inert for other plugins.
        mark: what notelog's callout below the reply says, cause and next step; None for none.
        box: the label of a box to tick in that callout: ``again``, ``retry``, or none.
        reasoning: the model's reasoning, for a folded callout above the reply; None for none.
    """

    model: str = ""
    model_suffix: str = "auto"
    inert_replies: bool = True
    mark: str | None = None
    box: str = ""
    reasoning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStyle:
    """A note's own spelling.

    Attributes:
        newline: its line end.
        separator: the tag.
        assistant: the assistant marker with heading and suffix, without a line end.
        user: the user marker, likewise.
    """

    newline: bytes
    separator: bytes
    assistant: bytes
    user: bytes


def style_of(note: Note, style: ReplyStyle) -> NoteStyle:
    """The spelling for new separators and markers: that of the nearest ones, else the plugin's."""
    suffix = suffix_of(note, style)
    return NoteStyle(
        newline=note.source.newline,
        separator=_separator(note),
        assistant=_heading(note, Role.ASSISTANT) + b"role::assistant" + suffix,
        user=_heading(note, Role.USER) + b"role::user",
    )


def _separator(note: Note) -> bytes:
    for turn in reversed(note.turns):
        if turn.separator:
            line = note.source.data[turn.separator.start : turn.separator.end]
            if tag := _SEPARATOR_TAG.search(line):
                return tag[0]
    return DEFAULT_SEPARATOR


def _heading(note: Note, role: Role) -> bytes:
    """What stands before the last marker of this role, else before the last of the other."""
    others: Literal[Role.USER, Role.ASSISTANT] = (
        Role.USER if role is Role.ASSISTANT else Role.ASSISTANT
    )
    nearest = _last_marker(note, role) or _last_marker(note, others)
    return nearest.heading if nearest else b""


def _last_marker(note: Note, role: Role) -> Marker | None:
    found = (turn.marker for turn in reversed(note.turns) if turn.role is role)
    return next((marker for marker in found if marker), None)


def suffix_of(note: Note, style: ReplyStyle) -> bytes:
    """What names the model behind an assistant marker, as the note has it; may be empty."""
    model = _NOT_IN_MODEL.sub("", style.model).strip()
    last = _last_marker(note, Role.ASSISTANT)
    habit = style.model_suffix == "auto" and last is not None and bool(last.suffix)
    if not model or not (habit or style.model_suffix == "always"):
        return b""
    return b'<span style="font-size: small;"> (%s)</span>' % model.encode()
