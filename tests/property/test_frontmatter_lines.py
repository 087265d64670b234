"""The law of the short way: what the line reader accepts, the YAML parser reads the same way."""

from hypothesis import assume, given
from hypothesis import strategies as st

from notelog.adapters import yaml_frontmatter
from notelog.adapters.frontmatter_lines import read_plain_lines
from notelog.core.frontmatter import FrontMatterFault

PIECES = [
    *"abz019_-+./@\\()=*!?$%^&;,'\"<>|~[]{}:# 中文：，。",
    *(": ", " #", "- ", "--- ", "...", "---", "true", "null", ".5", "1e3", "0x1f", "0o7", "12:30"),
    *("'q'", '"q"', "[a, b]", "['a', \"b\"]", "model", "gpt-4", "key:", "\n", "\n  - ", "\n- "),
    *("  ", "'", '"', "<<", "2024-01-01", "{}", "[]", "http://x", "＃", "、"),
]
VALUES = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)
KEYS = st.sampled_from(["a", "b", "model", "c-d", "x_1", "标题", "A.b", "-x", "1a", "true", "null"])
ROWS = st.one_of(
    st.builds("{}: {}".format, KEYS, VALUES),
    st.builds("{}:\n  - {}\n  - {}".format, KEYS, VALUES, VALUES),
    st.builds("{}: [{}, {}]".format, KEYS, VALUES, VALUES),
    VALUES,
)
BLOCKS = st.lists(ROWS, max_size=4).map("\n".join)


@given(BLOCKS)
def test_both_readers_agree_where_the_short_one_answers(text: str) -> None:
    """A block that the line reader accepts means the same to ruamel.yaml, lines included."""
    short = read_plain_lines(text)
    assume(short is not None)
    assert yaml_frontmatter._read_yaml(text) == short


@given(st.one_of(BLOCKS, st.text(max_size=60)))
def test_no_block_raises(text: str) -> None:
    """Whatever the text, the answer is a value, and a fault names a line of the block."""
    found = yaml_frontmatter.read_front_matter(text)
    if isinstance(found, FrontMatterFault):
        assert 0 <= found.line <= text.count("\n") + text.count("\r")
