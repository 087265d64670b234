"""Parsing costs time in proportion to the note, and little of it."""

import subprocess
import sys

import pytest

from notelog.core.frontmatter import FrontMatterValues
from notelog.core.parse import parse_note
from notelog.core.source import SourceText

_HR = '<hr class="__chatgpt_plugin">'
_UNITS = [
    *["[", "[[", "![](", ">", "`", "$", "%", "<", "<!--", "\\", "```", "- ", "role::", "<a a='"],
    *["> > >\n", f"{_HR}\n", "\t", " ", "\n", "```\n~~~\n", "```a\n~~~b\n", "<!--\n", "<pre>\n"],
    *["$$\n", "%%\n", "%%x%%", "=begin-chatgpt-md-comment ", "=begin-chatgpt-md-comment\n"],
    *[
        "- ```\n",
        "> ```\n",
        "- %%\n",
        "  - x %%\n",
        "role::user\n\n",
        "[[a]]\n\n",
        ";;\n",
        "- [x] send\n",
        "- [x] send\n\n\n",
        "- a\n\t- [x] send\n",
    ],
    *[
        "> [!notelog] x\n\n",
        "x `\n%% y\n",
        "`\n%%\n",
        f"\\{_HR}\n",
        "\\%% ",
        "1. a\n%% b\n",
        "<div>\n%%\n",
    ],
]


def _no_yaml(_: str) -> FrontMatterValues:
    return FrontMatterValues(values={}, lines={})


def _calls(text: str) -> int:
    """How many functions are called while a note is parsed, in Python and in C."""
    source = SourceText(f"Q\n\n{_HR}\n\nrole::assistant\n\n{text}".encode())
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(profile)
    try:
        turns = parse_note(source, _no_yaml).turns
    finally:
        sys.setprofile(None)
    assert turns
    return count


@pytest.mark.parametrize("unit", _UNITS)
def test_twice_the_text_is_at_most_twice_the_work(unit: str) -> None:
    """The number of calls grows no faster than the note, whatever it repeats."""
    once = unit * (3000 // len(unit))
    assert _calls(once * 4) <= 4 * _calls(once) + 200


@pytest.mark.parametrize("lines", [100, 400])
def test_deep_nesting_is_bounded(lines: int) -> None:
    """A line costs no more than the greatest depth, however deep the note nests."""
    text = "%%\n" + "".join("  " * depth + "- x %%\n" for depth in range(lines))
    assert _calls(text) <= lines * 300


def test_parsing_a_usual_note_imports_neither_markdown_it_nor_a_yaml_parser() -> None:
    """Neither is needed, so that the command starts at once."""
    program = (
        "import sys, notelog\n"
        "head = b'---\\nmodel: m\\n---\\nQ\\n\\n'\n"
        f"note = notelog.parse(head + b'{_HR}\\n\\nrole::assistant\\n\\n- `a`')\n"
        "assert len(note.turns) == 2\n"
        "print(sorted({'markdown_it', 'ruamel', 'openai', 'rich', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
