"""What ``notelog check`` says of a vault: first what needs attention, the same words only once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from notelog.cli.sentences import indented
from notelog.core.numbers import counted
from notelog.core.triggers import NO_CHATS
from notelog.core.turn import State
from notelog.core.visible import shortened, visible_line
from notelog.errors import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.check import CheckedNote

MOST_LINES = 10
"""How many notes of one kind are listed where not all are asked for."""


def check_lines(found: "list[CheckedNote]", *, everything: bool) -> list[str]:
    """A vault for a person: errors, what is not sent, what to know, and then note by note.

    Args:
        found: all notes.
        everything: list all, the notes that are no chats too.
    """
    most = len(found) if everything else MOST_LINES
    sections = [
        *_attention(found, most),
        _section(
            "due",
            [
                f"{visible_line(item.path)}, {counted(item.messages, 'message')}"
                for item in found
                if item.state is State.DUE
            ],
            len(found),
        ),
        _section("answered", _paths(found, State.ANSWERED), most),
        _section("without a question", _paths(found, State.NOTHING), most),
    ]
    if everything:
        sections.append(_section("no chat", _paths(found, State.NOT_A_CHAT), most))
    return [line for section in sections if section for line in (*section, "")]


def check_summary(found: "list[CheckedNote]") -> list[str]:
    """How many notes of each kind there are, and what the configuration lacks for them."""
    states = Counter("error" if item.in_error else str(item.state) for item in found)
    chats = sum(item.is_chat for item in found)
    figures = (
        f"{counted(len(found), 'note')}: {counted(chats, 'chat')}, {states[State.DUE]} due, "
        f"{states[State.ANSWERED]} answered, {states[State.NOTHING]} without a question, "
        f"{states['error']} in error"
    )
    lacking = Counter(
        (item.unconfigured.message, item.unconfigured.hint)
        for item in found
        if item.unconfigured is not None
    )
    lines = [figures] if chats else [figures, NO_CHATS]
    for (message, hint), count in lacking.items():
        lines += [f"{counted(count, 'chat')} cannot be sent yet: {message}", *indented(hint)]
    return lines


def _attention(found: "list[CheckedNote]", most: int) -> Iterator[list[str]]:
    kinds: tuple[tuple[str, Callable[[Diagnostic], bool], int], ...] = (
        ("in error, not sent", _is_error, len(found)),
        ("no profile fits, not sent", _is_unsendable, most),
        ("worth knowing", _is_remark, most),
    )
    for title, belongs, limit in kinds:
        places = [
            (item.path, finding) for item in found for finding in item.findings if belongs(finding)
        ]
        if places:
            notes = len({path for path, _ in places})
            yield [f"{title}: {counted(notes, 'note')}", *_by_kind(places, limit)]


def _is_error(item: Diagnostic) -> bool:
    return item.severity is Severity.ERROR


def _is_unsendable(item: Diagnostic) -> bool:
    return item.code == "configuration"


def _is_remark(item: Diagnostic) -> bool:
    return not _is_error(item) and not _is_unsendable(item)


def _by_kind(places: "Iterable[tuple[str, Diagnostic]]", most: int) -> Iterator[str]:
    kinds: dict[str, list[tuple[str, Diagnostic]]] = {}
    for place in places:
        kinds.setdefault(place[1].code, []).append(place)
    for of_kind in kinds.values():
        yield from _of_kind(of_kind, most)


def _of_kind(places: list[tuple[str, Diagnostic]], most: int) -> Iterator[str]:
    """Findings of one kind: what all have in common is said once."""
    hints = {item.hint for _, item in places}
    if len(places) > 1 and len({item.message for _, item in places}) == 1:
        yield f"  {shortened(places[0][1].message, 300)}: {counted(len(places), 'place')}"
        yield from _listed([_place(path, item) for path, item in places], most, "    ")
    else:
        lines = [
            f"{_place(path, item)}: {shortened(item.message, 300)}"
            + (f" ({visible_line(item.hint)})" if item.hint and len(hints) > 1 else "")
            for path, item in places
        ]
        yield from _listed(lines, most, "  ")
    if len(hints) == 1 and (hint := hints.pop()):
        yield f"      {visible_line(hint)}"


def _place(path: str, item: Diagnostic) -> str:
    return f"{visible_line(path)}:{item.line}" if item.line else visible_line(path)


def _section(title: str, lines: list[str], most: int) -> list[str]:
    if not lines:
        return []
    return [f"{title}: {counted(len(lines), 'note')}", *_listed(lines, most, "  ")]


def _paths(found: "list[CheckedNote]", state: State) -> list[str]:
    return [visible_line(item.path) for item in found if item.state is state]


def _listed(lines: list[str], most: int, indent: str) -> Iterator[str]:
    yield from (f"{indent}{line}" for line in lines[:most])
    if len(lines) > most:
        yield f"{indent}and {len(lines) - most:,} more: --all lists them"
