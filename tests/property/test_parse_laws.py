"""Laws of parsing that hold for any text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from notelog.core.dialect import escape_line, is_structure, unescape_line
from notelog.core.frontmatter import FrontMatterValues
from notelog.core.note import Note, render
from notelog.core.parse import parse_note
from notelog.core.source import SourceText

_HR = '<hr class="__chatgpt_plugin">'
_PIECES = [
    *[_HR, _HR, "role::user", "role::assistant", "role::system", "### role::user", "role：：user"],
    *["role::", "\\" + _HR, "role\\::user", "\\", "```", "~~~", "`", "``", "$$", "%%", "%", "$"],
    *["=begin-chatgpt-md-comment", "=end-chatgpt-md-comment", "<!--", "-->", "<pre>", "</pre>"],
    *[
        "- [ ] send",
        "- [x] 发送",
        "- [ ]",
        "- [x] pin",
        "- [x] again",
        ";;",
        "；；",
        "> [!notelog] x",
    ],
    *[
        "- ",
        "1. ",
        "> ",
        "    ",
        "  ",
        "\t",
        " ",
        "text",
        "中文",
        "[[a]]",
        "![[b]]",
        "![c](d)",
        "---",
    ],
    *[
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\n\n",
        "\r\n",
        "\r\n\r\n",
        "\r",
        "\ufeff",
        "\x00",
        "\u2028",
        "\x0c",
    ],
]
_STRUCTURED = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
_TEXT = st.one_of(_STRUCTURED, st.text(max_size=60))


def _no_yaml(_: str) -> FrontMatterValues:
    return FrontMatterValues(values={}, lines={})


def _parse(data: bytes) -> Note:
    return parse_note(SourceText(data), _no_yaml)


@settings(max_examples=1500, deadline=None)
@given(_TEXT)
def test_parsing_loses_nothing(text: str) -> None:
    """The segments tile the file: rendering gives every byte back."""
    data = text.encode("utf-8", "replace")
    note = _parse(data)
    assert render(note) == data
    at = 0
    for segment in note.segments:
        assert segment.span.start == at < segment.span.end
        at = segment.span.end
    assert at == len(data)


@settings(max_examples=1500, deadline=None)
@given(_TEXT)
def test_turns_tile_the_text(text: str) -> None:
    """The turns follow each other without a gap, and their parts lie in them in order."""
    data = text.encode("utf-8", "replace")
    note = _parse(data)
    at = note.front_matter.span.end
    for turn in note.turns:
        assert turn.span.start == at
        parts = [turn.separator, turn.marker.span if turn.marker else None, turn.body]
        for part in parts:
            if part is not None:
                assert at <= part.start <= part.end
                at = part.end
        assert at == turn.span.end
        for mark in turn.send_marks:
            assert turn.body.start <= mark.span.start < mark.span.end <= turn.body.end
        first, last = turn.lines
        assert 1 <= first <= last <= len(note.source.line_starts)
    assert at == len(data)


@settings(max_examples=1500, deadline=None)
@given(_TEXT)
def test_content_has_no_outer_blank_lines(text: str) -> None:
    """Content neither begins nor ends with a blank line, holds no CR, and is not blank."""
    note = _parse(text.encode("utf-8", "replace"))
    for message in note.conversation:
        lines = message.content.split("\n")
        assert lines[0].strip(" \t")
        assert lines[-1].strip(" \t")
        assert "\r" not in message.content


@settings(max_examples=1000, deadline=None)
@given(_STRUCTURED)
def test_line_ends_do_not_matter(text: str) -> None:
    """A note says the same with LF, CR LF and CR."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    expected = [(m.role, m.content, m.lines) for m in _parse(plain.encode()).conversation]
    for newline in ("\r\n", "\r"):
        note = _parse(plain.replace("\n", newline).encode())
        assert [(m.role, m.content, m.lines) for m in note.conversation] == expected


@settings(max_examples=1000, deadline=None)
@given(_STRUCTURED, st.integers(min_value=1, max_value=30))
def test_plain_text_above_changes_nothing_below(text: str, paragraphs: int) -> None:
    """What the scanner jumps over does not matter to what comes after it."""
    head = f"{_HR}\n\nrole::system\n\n"
    plain = "words in a line\n\n" * paragraphs
    below = f"{_HR}\n\nrole::assistant\n\n{text}".encode()
    direct = _parse(head.encode() + b"x\n\n" + below)
    jumped = _parse((head + plain).encode() + below)
    assert [(m.role, m.content) for m in direct.conversation[1:]] == [
        (m.role, m.content) for m in jumped.conversation[1:]
    ]


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from([p for p in _PIECES if "\n" not in p]), max_size=6).map("".join))
def test_escapes_can_be_undone(text: str) -> None:
    """An escaped line is no structure and stands for the line that it came from."""
    line = text.encode()
    assert not is_structure(escape_line(line))
    assert unescape_line(escape_line(line)) == line
