"""What ``notelog doctor`` says: a line a check, and below it what to do."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from notelog.core.checkup import Remark, Verdict
from notelog.core.visible import visible_line

if TYPE_CHECKING:
    from notelog.core.json_value import JsonValue

_LEAST_CHARS = 30
_NAME_CHARS = 16
_VERDICT_CHARS = 6
_INDENT = " " * (_VERDICT_CHARS + _NAME_CHARS)
_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def remark_lines(remark: Remark, width: int | None) -> list[str]:
    """One check for a person.

    Args:
        remark: the check.
        width: of the terminal in columns; None where there is none, and lines are left whole.
    """
    name = remark.check.replace("-", " ")
    first, *more = [*_wrapped(remark.message, width), *_wrapped(remark.hint, width)]
    return [
        f"{remark.verdict:<{_VERDICT_CHARS}}{name:<{_NAME_CHARS}}{first}",
        *(_INDENT + line for line in more),
    ]


def show_remark(remark: Remark, width: int, *, color: bool | None) -> None:
    """Shows one check on a terminal.

    Args:
        remark: the check.
        width: of the terminal in columns.
        color: None lets the terminal and ``NO_COLOR`` decide.
    """
    from rich.console import Console
    from rich.text import Text

    no_color = None if color is None else not color
    console = Console(no_color=no_color, highlight=False, markup=False, emoji=False)
    first, *more = remark_lines(remark, width)
    word, rest = first[:_VERDICT_CHARS], first[_VERDICT_CHARS:]
    console.print(Text.assemble((word, _STYLES[remark.verdict]), rest), soft_wrap=True)
    for line in more:
        console.print(Text(line), soft_wrap=True)


def _wrapped(sentence: str, width: int | None) -> list[str]:
    line = visible_line(sentence)
    room = (width or 0) - len(_INDENT)
    if room < _LEAST_CHARS:
        return [line] if line else []
    return wrap(line, room, break_long_words=False, break_on_hyphens=False)


def doctor_summary(remarks: Sequence[Remark], *, vault: str | None, offline: bool) -> list[str]:
    """How many checks there were and how they ended, and what was left out."""
    found = Counter(remark.verdict for remark in remarks)
    figures = f"{len(remarks)} checks: {found[Verdict.OK]} ok, {found[Verdict.WARN]} to know"
    lines = [f"{figures}, {found[Verdict.FAIL]} to mend"]
    if offline:
        lines.append("no server was asked (--offline)")
    if vault is None:
        lines.append("no vault was looked at: name one, such as notelog doctor ~/Vault")
    return lines


def remark_fields(remark: Remark) -> "dict[str, JsonValue]":
    """One check as JSON."""
    return {
        "check": remark.check,
        "verdict": str(remark.verdict),
        "message": remark.message,
        "hint": remark.hint,
    }
