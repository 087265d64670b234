"""Reads front matter, safely: what is data from the network can be neither code nor a burden.

YAML 1.2 with its core schema and nothing else: no tags, no anchors, no aliases, so nothing can be
constructed and nothing can multiply; dates and times stay text. Of ruamel.yaml only the pure
scanner and parser are used: the values are made here from their events.

Importing ruamel.yaml costs about 70 to 100 ms of CPU, more than all the rest of ``show``. So the
everyday block, lines of ``key: value`` in unmistakable forms, is read by ``frontmatter_lines``
without it; a property test holds both to the same answer.
"""

# ruamel.yaml's annotations leave most members untyped; the values are checked where they are used.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import re
from typing import TYPE_CHECKING

from notelog.adapters.frontmatter_lines import read_plain_lines
from notelog.core.frontmatter import FrontMatterFault, FrontMatterValues
from notelog.core.note import FrontMatterValue
from notelog.core.yaml_scalar import ScalarRangeError, resolve_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event, ScalarEvent

LIMIT_BYTES = 64 * 1024
LIMIT_DEPTH = 8

_LINE_END = re.compile(r"\r\n?")
# U+0085, U+2028 and U+2029 are letters in YAML 1.2 and line ends in YAML 1.1: refused, so that no
# reader of the note can see other lines than this one.
_UNPRINTABLE = (
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_FULL_WIDTH_KEY = re.compile(
    r"^[ ]*['\"]?(?P<key>[A-Za-z_][\w.-]*)['\"]?[ ]*：", re.ASCII | re.MULTILINE
)
_FULL_WIDTH_ANYWHERE = re.compile(r"^[ ]*(?P<key>[^\s:：#]{1,40})[ ]*：", re.MULTILINE)
_END_OF_TEXT = "found unexpected end of stream"
_SENTENCES = {
    _END_OF_TEXT: "a quote is opened here and never closed",
    "mapping values are not allowed here": (
        "a second colon and blank in one value, or a line that should be indented differently:"
        " put the value in quotes"
    ),
    "could not find expected ':'": "this line has no colon, and no earlier line it belongs to",
    "expected <block end>, but found '<block mapping start>'": (
        "this line is indented differently from the lines around it"
    ),
}


class _RefusedError(Exception):
    """A block that is YAML and yet not allowed: carries the fault."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = FrontMatterFault(line=line, message=message)


def read_front_matter(block: str) -> FrontMatterValues | FrontMatterFault | None:
    """Reads what stands between the two ``---`` lines.

    Args:
        block: the lines, with any line ends and without the two ``---``.

    Returns:
        The mapping (an empty one for a block of blanks and comments), the fault of a block that
        is refused, or None for YAML that is no mapping.
    """
    if len(block) > LIMIT_BYTES or len(block.encode("utf-8", "replace")) > LIMIT_BYTES:
        return FrontMatterFault(line=0, message="it is larger than 64 KiB")
    text = _LINE_END.sub("\n", block)
    if (strange := _unprintable_in(text)) is not None:
        line = text.count("\n", 0, strange.start())
        code = f"U+{ord(strange[0]):04X}"
        return FrontMatterFault(
            line=line, message=f"an invisible character ({code}) stands in this line: remove it"
        )
    found = read_plain_lines(text)
    return found if found is not None else _read_yaml(text)


def _unprintable_in(text: str) -> re.Match[str] | None:
    """The first character that is refused; few texts need the pattern, which takes 4 ms to make."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return None
    return re.search(_UNPRINTABLE, text)


def _read_yaml(text: str) -> FrontMatterValues | FrontMatterFault | None:
    """As ``read_front_matter``, for printable text with LF line ends, by ruamel.yaml."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    events: Iterator[Event] = YAML(typ="base", pure=True).parse(text)
    try:
        return _Reader(text, events).document()
    except _RefusedError as refused:
        return refused.fault
    except MarkedYAMLError as error:
        if error.problem == _END_OF_TEXT and error.context_mark is not None:
            return _syntax_fault(text, _END_OF_TEXT, error.context_mark)
        return _syntax_fault(text, error.problem or error.context, error.problem_mark)
    except (YAMLError, ArithmeticError, LookupError, TypeError, ValueError):
        # ruamel's scanner lets some of these through, such as OverflowError for "\\UFFFFFFFF"
        return _syntax_fault(text, "a value in it cannot be read", None)


def _syntax_fault(text: str, problem: str, mark: object) -> FrontMatterFault:
    """A fault for text that is no YAML; a full-width colon is named as the likely cause."""
    index = getattr(mark, "index", 0)
    line = text.count("\n", 0, index if isinstance(index, int) else 0)
    if (match := _FULL_WIDTH_ANYWHERE.search(text)) is not None:
        return _full_width_fault(text, match)
    tabbed = [n for n, row in enumerate(text.split("\n")) if row.lstrip(" ").startswith("\t")]
    if "\\t" in problem and tabbed:
        at = line if line in tabbed else tabbed[0]
        return FrontMatterFault(line=at, message="a tab indents this line: YAML allows blanks only")
    if "\\t" in problem:
        return FrontMatterFault(line=line, message="a tab stands in this line: use blanks")
    reason = _SENTENCES.get(problem, problem)
    return FrontMatterFault(line=line, message=f"it is not valid YAML: {reason}")


def _full_width_fault(text: str, match: re.Match[str]) -> FrontMatterFault:
    key = match["key"]
    return FrontMatterFault(
        line=text.count("\n", 0, match.start("key")),
        message=f"a full-width colon after {key!r}: YAML wants the ASCII colon and a blank,"
        f" as in '{key}: ...'",
    )


class _Reader:
    """Makes values of the events of one document.

    Args:
        text: the block, with LF line ends.
        events: what ruamel's parser makes of it.
    """

    def __init__(self, text: str, events: "Iterator[Event]") -> None:
        self._text = text
        self._events = events

    def document(self) -> FrontMatterValues | FrontMatterFault | None:
        """The whole block.

        Raises:
            _RefusedError: it holds what is not allowed.
        """
        from ruamel.yaml.events import DocumentStartEvent, MappingStartEvent, StreamEndEvent

        next(self._events)  # the start of the stream
        if isinstance(start := next(self._events), StreamEndEvent):
            return FrontMatterValues(values={}, lines={})
        assert isinstance(start, DocumentStartEvent)
        if start.explicit:
            raise _RefusedError(self._line(start), "a second '---' or a directive stands here")
        root = next(self._events)
        lines: dict[str, int] = {}
        if not isinstance(root, MappingStartEvent):
            return self._no_mapping(root)
        self._check(root)
        values = self._mapping(1, lines)
        next(self._events)  # the end of the document
        if not isinstance(second := next(self._events), StreamEndEvent):
            raise _RefusedError(self._line(second), "a second document begins here")
        return FrontMatterValues(values=values, lines=lines)

    def _no_mapping(self, root: "Event") -> FrontMatterFault | None:
        self._value(root, 0)
        for _ in self._events:  # so that what is no YAML further down is found
            pass
        first = self._text.lstrip("\n ")
        if (match := _FULL_WIDTH_KEY.match(first)) is None:
            return None
        offset = len(self._text) - len(first)
        fault = _full_width_fault(first, match)
        return FrontMatterFault(
            line=fault.line + self._text.count("\n", 0, offset), message=fault.message
        )

    def _value(self, event: "Event", depth: int) -> FrontMatterValue:
        from ruamel.yaml.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

        self._check(event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if depth >= LIMIT_DEPTH:
            raise _RefusedError(
                self._line(event), f"lists or mappings lie more than {LIMIT_DEPTH} deep"
            )
        if isinstance(event, SequenceStartEvent):
            return self._sequence(depth + 1)
        assert isinstance(event, MappingStartEvent)
        return self._mapping(depth + 1, {})

    def _sequence(self, depth: int) -> tuple[FrontMatterValue, ...]:
        from ruamel.yaml.events import SequenceEndEvent

        items: list[FrontMatterValue] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, depth))
        return tuple(items)

    def _mapping(self, depth: int, lines: dict[str, int]) -> dict[str, FrontMatterValue]:
        from ruamel.yaml.events import MappingEndEvent

        values: dict[str, FrontMatterValue] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key, line = self._key(event), self._line(event)
            if key in values:
                message = f"the key {key[:80]!r} stands here a second time"
                raise _RefusedError(line, message)
            lines[key] = line
            values[key] = self._value(next(self._events), depth)
        return values

    def _key(self, event: "Event") -> str:
        from ruamel.yaml.events import ScalarEvent

        self._check(event)
        if not isinstance(event, ScalarEvent):
            raise _RefusedError(
                self._line(event), "a list or mapping cannot be a key: put the value in quotes"
            )
        return self._text_of(event)

    def _scalar(self, event: "ScalarEvent") -> FrontMatterValue:
        text = self._text_of(event)
        if event.style is not None:
            return text
        try:
            return resolve_scalar(text)
        except ScalarRangeError as error:
            raise _RefusedError(self._line(event), str(error)) from error

    def _text_of(self, event: "ScalarEvent") -> str:
        """A scalar's text; an escape may not bring in what the text itself may not hold."""
        text: object = event.value
        assert isinstance(text, str)
        if _unprintable_in(text):
            raise _RefusedError(self._line(event), "an escape stands for an invisible character")
        return text

    def _check(self, event: "Event") -> None:
        """Refuses aliases, anchors and tags."""
        from ruamel.yaml.events import AliasEvent

        if isinstance(event, AliasEvent):
            message = "an alias ('*name') is not allowed: put the value in quotes if it is text"
            raise _RefusedError(self._line(event), message)
        if getattr(event, "anchor", None) is not None:
            message = "an anchor ('&name') is not allowed: put the value in quotes if it is text"
            raise _RefusedError(self._line(event), message)
        if getattr(event, "tag", None) is not None:
            message = "a tag ('!name') is not allowed: put the value in quotes if it is text"
            raise _RefusedError(self._line(event), message)

    def _line(self, event: "Event") -> int:
        """The 0-based line of an event, counted by LF alone."""
        index: object = getattr(event.start_mark, "index", 0)
        return self._text.count("\n", 0, index) if isinstance(index, int) else 0
