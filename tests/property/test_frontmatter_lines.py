"""The law of the short way: what the line reader accepts, the YAML parser reads the same way."""

from hypothesis import given
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
HARMLESS = ["gpt-4o", "a b", "0.5", "'q q'", '"中"', "x:y", "true", "", "-1", "a, b", "[a]", "c?"]
VALUES = st.one_of(
    st.sampled_from(HARMLESS),
    st.builds("{}{}".format, st.sampled_from(HARMLESS), st.sampled_from(PIECES)),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
)
KEYS = ["a", "b", "model", "c-d", "x_1", "标题", "A.b", "-x", "1a", "true", "null"]


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A few rows, mostly of the everyday forms, each with another key."""
    forms = st.sampled_from(["{}: {}", "{}: {}", "{}:\n  - {}\n  - {}", "{}: [{}, {}]"])
    rows = [
        draw(forms).format(key, draw(VALUES), draw(VALUES))
        for key in draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
    ]
    return "\n".join(rows)


@given(blocks())
def test_both_readers_agree_where_the_short_one_answers(text: str) -> None:
    """A block that the line reader accepts means the same to ruamel.yaml, lines included."""
    short = read_plain_lines(text)
    if short is not None:
        assert yaml_frontmatter._read_yaml(text) == short


@given(st.lists(st.sampled_from(HARMLESS), max_size=4))
def test_the_short_way_is_taken(values: list[str]) -> None:
    """Everyday lines are accepted, so that the law above is not empty."""
    text = "\n".join(f"key-{number}: {value}" for number, value in enumerate(values))
    short = read_plain_lines(text)
    assert short is not None
    assert yaml_frontmatter._read_yaml(text) == short


@given(st.one_of(blocks(), st.text(max_size=60)))
def test_no_block_raises(text: str) -> None:
    """Whatever the text, the answer is a value, and a fault names a line of the block."""
    found = yaml_frontmatter.read_front_matter(text)
    if isinstance(found, FrontMatterFault):
        assert 0 <= found.line <= text.count("\n") + text.count("\r")
