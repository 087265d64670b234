"""Front matter as YAML: what is read, what is refused and on which line."""

import subprocess
import sys
import time

import pytest

from notelog.adapters.frontmatter_lines import read_plain_lines
from notelog.adapters.yaml_frontmatter import LIMIT_BYTES, read_front_matter
from notelog.core.frontmatter import FrontMatterFault, FrontMatterValues

SLOW = "slow: 'it''s'\n"  # a doubled quote is left to the YAML parser


def fault_of(block: str) -> FrontMatterFault:
    """The fault of a block that must have one."""
    found = read_front_matter(block)
    assert isinstance(found, FrontMatterFault), found
    return found


def values_of(block: str) -> FrontMatterValues:
    """The values of a block that must be a mapping."""
    found = read_front_matter(block)
    assert isinstance(found, FrontMatterValues), found
    return found


SCALARS = [
    ("gpt-4o-mini", "gpt-4o-mini"),
    ("ollama@llama3.2:latest", "ollama@llama3.2:latest"),
    ("http://localhost:11434/v1", "http://localhost:11434/v1"),
    ("0.7", 0.7),
    ("-2", -2),
    ("010", 10),
    ("0x1f", 31),
    ("1e3", 1000.0),
    ("null", None),
    ("~", None),
    ("", None),
    ("true", True),
    ("False", False),
    ("yes", "yes"),
    ("off", "off"),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
    ("12:30", "12:30"),
    ("1_000", "1_000"),
    ("'0.7'", "0.7"),
    ('"true"', "true"),
    ("中文：好", "中文：好"),
    ("[]", ()),
    ("['a b', \"c\", d]", ("a b", "c", "d")),
]


@pytest.mark.parametrize("before", ["", SLOW])
@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_mean_what_yaml_1_2_says(before: str, text: str, value: object) -> None:
    """Numbers, truth values and null are read; dates, times and ``yes`` stay text."""
    assert values_of(f"{before}key: {text}").values["key"] == value


@pytest.mark.parametrize("before", ["", SLOW])
def test_each_key_has_its_line(before: str) -> None:
    """Lines count from 0 within the block, past lists, blank lines and comments."""
    found = values_of(f"{before}# comment\na: 1\n\ntags:\n  - x\n  - y\nb: 2")
    shift = before.count("\n")
    lines = {key: line - shift for key, line in found.lines.items() if key != "slow"}
    assert lines == {"a": 1, "tags": 3, "b": 6}
    assert found.values["tags"] == ("x", "y")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(end: str) -> None:
    """LF, CR LF and lone CR end a line alike, for values and for the lines of faults."""
    assert values_of(f"a: 1{end}b: x{end}").values == {"a": 1, "b": "x"}
    assert fault_of(f"a: 1{end}b: 2{end}a: 3").line == 2


@pytest.mark.parametrize("block", ["", "\n\n", "# only a comment\n", "   \n"])
def test_an_empty_block_is_an_empty_mapping(block: str) -> None:
    """Blank lines and comments are front matter without keys."""
    assert values_of(block).values == {}


@pytest.mark.parametrize(
    "block", ["prose after a rule", "- a\n- b", "'quoted'", "多行\n文字", "问：什么", "[a, b]"]
)
def test_yaml_that_is_no_mapping_is_none(block: str) -> None:
    """Prose between two rules and lists are no front matter, and no fault."""
    assert read_front_matter(block) is None


REFUSED = [
    ("a: &x 1\nb: *x", 0, "anchor"),
    ("a: 1\nb: *x", 1, "alias"),
    ("a: !!binary abc", 0, "tag"),
    ("a: 1\nb: !x y", 1, "tag"),
    ("a: .inf", 0, "no number"),
    ("a: -.INF", 0, "no number"),
    ("a: 1\nb: .nan", 1, "no number"),
    ("a: 1e999", 0, "out of range"),
    (f"a: {'9' * 5000}", 0, "5000 characters"),
    (f"a: 1\nb: 0x{'f' * 5000}", 1, "5002 characters"),
    ("a: 1\nb: 2\na: 3", 2, "second time"),
    ("x: {a: 1, a: 2}", 0, "second time"),
    ("a: 1\n\tb: 2", 1, "tab"),
    ("a:\n\t- b", 1, "tab"),
    ("a: \tb", 0, "tab"),
    ("a: 1\nmodel：gpt-4", 1, "full-width colon after 'model'"),
    ("model：gpt-4\nb: 1", 0, "full-width colon after 'model'"),
    ("\nmodel：gpt-4", 1, "full-width colon after 'model'"),
    ("a: b: c", 0, "second colon"),
    ("a: 1\nb: 'x\nc: 2", 1, "never closed"),
    ("a: [1,2", 0, "expected"),
    ("a: @x", 0, "cannot start"),
    ('a: "\\UFFFFFFFF"', 0, "cannot be read"),
    ('a: "\\ud800"', 0, "invisible"),
    ('a: "\\0"', 0, "invisible"),
    ("a: 1\nb: \x00", 1, "U+0000"),
    ("a: 1\nb: \x1b[2J", 1, "U+001B"),
    ("a: x\u2028y", 0, "U+2028"),
    ("a: \ud800", 0, "U+D800"),
    ("a: 1\n...\nb: 2", 2, "second document"),
    ("a: 1\n--- b", 1, "second document"),
    ("%YAML 1.1\n---\na: 1", 1, "directive"),
    ("title: {{title}}", 0, "cannot be a key"),
    ("a: " + "[" * 9 + "]" * 9, 0, "deep"),
    ("a: " + "{b: " * 9 + "1" + "}" * 9, 0, "deep"),
]


@pytest.mark.parametrize(("block", "line", "words"), REFUSED)
def test_what_is_refused_names_its_line(block: str, line: int, words: str) -> None:
    """A block over a limit or with a slip is a fault with its line and its reason."""
    fault = fault_of(block)
    assert (fault.line, words in fault.message) == (line, True), fault


def test_eight_levels_are_allowed() -> None:
    """The mapping itself is level 1; seven more may lie in it."""
    assert values_of("a: " + "[" * 7 + "1" + "]" * 7).values["a"] == (((((((1,),),),),),),)


def test_the_limit_counts_bytes() -> None:
    """64 KiB are read, one byte more is refused, also where characters are wide."""
    assert values_of("a: ".ljust(LIMIT_BYTES, "x")).values["a"]
    assert "64 KiB" in fault_of("a: ".ljust(LIMIT_BYTES + 1, "x")).message
    assert "64 KiB" in fault_of("a: " + "中" * (LIMIT_BYTES // 3)).message


HOSTILE = [
    *("[", "{a: ", "- ", "? ", "'", '"a\\\n', "&a ", "!", "a: |\n", "k", ":", "：\n", "%", "-\n"),
    *("[a, ", "[a],", "a: \n", " ", "\n", "#\n", "a：\n", "b: c, "),
]


@pytest.mark.parametrize("before", ["", SLOW + "y: ", SLOW + "y: [", SLOW + "y: '"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_judged_soon(before: str, piece: str) -> None:
    """64 KiB of any one thing give an answer within 3 s of processor time, never an exception."""
    block = (before + piece * LIMIT_BYTES)[:LIMIT_BYTES]
    started = time.process_time()
    read_front_matter(block)
    assert time.process_time() - started < 3


def test_the_everyday_block_needs_no_yaml_parser() -> None:
    """The plugin's own default front matter is read without importing ruamel.yaml."""
    block = (
        "system_commands: ['I am a helpful assistant.']\nfrequency_penalty: 0\nmax_tokens: 300\n"
        "model: gpt-3.5-turbo\npresence_penalty: 0\nstop: null\nstream: true\ntemperature: 1\n"
        "top_p: 1\nurl: https://api.openai.com\ntags:\n  - chat\n"
    )
    code = (
        "import sys; from notelog.adapters.yaml_frontmatter import read_front_matter as r;"
        f"print(len(r({block!r}).values), any('ruamel' in m for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["11", "False"]


@pytest.mark.parametrize(
    "block", ["a: b: c", "a: 'x", "a:1", "a: - b", "a:\n  b: 1", "a: x #c", "a: |\n  x", "a: *x"]
)
def test_the_short_way_leaves_the_rest_alone(block: str) -> None:
    """A line of any other form is the YAML parser's."""
    assert read_plain_lines(block) is None
