"""Token counts are exact, offline, and quick whatever the text."""

import base64
import hashlib
import random
import socket
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelog.adapters import tiktoken_counter
from notelog.adapters.tiktoken_counter import TiktokenCounter, load_encoding, load_ranks
from notelog.core.counting import BLOCK_CHARS, Scale, Weighed, size_bytes, split_blocks
from notelog.core.models import resolve_model

SEEDS = Path(__file__).parents[1] / "seeds"
ENCODINGS = ("cl100k_base", "o200k_base")


def plain_count(text: str, encoding: str) -> int:
    """The count by one call of the encoder, without blocks, runs or cache."""
    return len(load_encoding(encoding).encode(text, disallowed_special=()))


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    """The definitions in tiktoken's own package, and the hashes of the files they ask for."""
    asked: dict[str, str] = {}

    def no_download(url: str, *, expected_hash: str) -> dict[bytes, int]:
        name = Path(url).stem
        asked[name] = expected_hash
        return load_ranks(name)

    published = import_module("tiktoken_ext.openai_public")
    monkeypatch.setattr(published, "load_tiktoken_bpe", no_download)
    made: dict[str, dict[str, object]] = {name: getattr(published, name)() for name in ENCODINGS}
    for name, digest in asked.items():
        made[name]["sha256"] = digest
    return made


@pytest.mark.parametrize("name", ENCODINGS)
def test_shipped_ranks_are_the_official_file(
    name: str, official: dict[str, dict[str, object]]
) -> None:
    """The rank file written anew from the shipped tables has the SHA-256 tiktoken asks for."""
    ranks = load_ranks(name)
    lines = (b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items())
    assert hashlib.sha256(b"".join(lines)).hexdigest() == official[name]["sha256"]


@pytest.mark.parametrize("name", ENCODINGS)
def test_pattern_and_special_tokens_are_the_official_ones(
    name: str, official: dict[str, dict[str, object]]
) -> None:
    """Pattern and special tokens equal those of the installed tiktoken."""
    encoding = load_encoding(name)
    assert encoding._pat_str == official[name]["pat_str"]
    assert encoding._special_tokens == official[name]["special_tokens"]


def test_unknown_encodings_are_refused() -> None:
    """An encoding that is not shipped is an error, not a download."""
    with pytest.raises((KeyError, FileNotFoundError)):
        TiktokenCounter().count("text", "p50k_base")


@pytest.mark.parametrize(
    ("text", "cl100k", "o200k"),
    [
        ("", 0, 0),
        ("tiktoken is great!", 6, 6),
        ("お誕生日おめでとう", 9, 8),
        ("<|endoftext|>", 7, 7),
        ("a lone \ud83d surrogate", 4, 4),
    ],
)
def test_known_counts(text: str, cl100k: int, o200k: int) -> None:
    """Published counts hold, special tokens are text, and lone surrogates do not raise."""
    counter = TiktokenCounter()
    assert (counter.count(text, "cl100k_base"), counter.count(text, "o200k_base")) == (
        cl100k,
        o200k,
    )


@pytest.mark.parametrize(
    ("seed", "cl100k", "o200k"),
    [
        ("000_chat_note.md", 1_741, 1_241),
        ("001_parameters_and_context.txt", 2_204, 1_652),
        ("002_blog_archive.txt", 13_587, 9_605),
    ],
)
def test_real_texts_have_their_known_counts(seed: str, cl100k: int, o200k: int) -> None:
    """The counts of three real texts, found with plain tiktoken, hold."""
    text = (SEEDS / seed).read_bytes().decode()
    counter = TiktokenCounter()
    assert (counter.count(text, "cl100k_base"), counter.count(text, "o200k_base")) == (
        cl100k,
        o200k,
    )


COOKBOOK = """\
system//You are a helpful, pattern-following assistant that translates corporate jargon into \
plain English.
system/example_user/New synergies will help drive top-line growth.
system/example_assistant/Things working well together will increase revenue.
system/example_user/Let's circle back when we have more bandwidth to touch base on opportunities \
for increased leverage.
system/example_assistant/Let's talk later when we're less busy about how to do better.
user//This late pivot means we don't have time to boil the ocean for the client deliverable."""


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-3.5-turbo", 129),
        ("gpt-3.5-turbo-0613", 129),
        ("gpt-3.5-turbo-0301", 127),
        ("gpt-4-0613", 129),
        ("gpt-4", 129),
        ("gpt-4o", 124),
        ("gpt-4o-mini-2024-07-18", 124),
    ],
)
def test_framing_is_that_of_the_cookbook(model: str, tokens: int) -> None:
    """The messages of OpenAI's cookbook cost what OpenAI's server says they cost."""
    scale = Scale(resolve_model(model), TiktokenCounter().count)
    rows = (line.split("/", 2) for line in COOKBOOK.split("\n"))
    costs = [scale.cost(Weighed(role, text, name)) for role, name, text in rows]
    assert sum(costs) + scale.reply_frame() == tokens


HOSTILE = {
    "one letter": "a" * 1_000_000,
    "blanks": " " * 1_000_000,
    "blanks before a word": " " * 1_000_001 + "x",
    "tabs": "\t" * 1_000_000 + "!",
    "mixed blanks": " \t\u3000" * 400_000,
    "line feeds": "\n" * 1_000_000,
    "blanks, then a line feed": " " * 1_000_001 + "\n",
    "emoji": "\U0001f600" * 250_000,
    "base64": base64.b64encode(random.Random(1).randbytes(750_000)).decode(),
    "random Chinese": "".join(map(chr, random.Random(2).choices(range(0x4E00, 0x9FFF), k=333_333))),
    "exclamation marks": "!" * 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_megabytes_are_counted(name: str, encoding: str) -> None:
    """A megabyte of anything is counted: exactly where tiktoken itself can."""
    text = HOSTILE[name]
    counted = TiktokenCounter().count(text, encoding)
    try:
        assert counted == plain_count(text, encoding)
    except ValueError:  # its regular expressions give up on a million blanks
        assert 0 < counted <= size_bytes(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_runs_too_long_for_tiktoken_cost_what_shorter_ones_do(encoding: str) -> None:
    """128 blanks are a token, also on runs that tiktoken's regular expressions give up on."""
    short, long = " " * 128 * 10 + " x", " " * 128 * 8_000 + " x"
    assert plain_count(short, encoding) == 10 + 1
    assert TiktokenCounter().count(short, encoding) == 10 + 1
    assert TiktokenCounter().count(long, encoding) == 8_000 + 1


PIECES = (
    *" \t\n\r/!.,，。的中aBé1'\u0301\u3000\xa0\x85\u2028\x1c\U0001f600",
    "  ", "   ", "\r\n", "\n\n", " the", "don't", "'s", "::", "//", "<hr>", "    x", "123",
)  # fmt: skip
mosaics = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(deadline=None)
@given(text=mosaics)
def test_cuts_are_additive(text: str) -> None:
    """Wherever a text is cut into blocks, the blocks' counts sum up to the text's."""
    blocks = list(split_blocks(text, 1))
    assert "".join(blocks) == text
    for encoding in ENCODINGS:
        whole = plain_count(text, encoding)
        assert sum(plain_count(block, encoding) for block in blocks) == whole


@settings(deadline=None)
@given(text=mosaics)
def test_shortened_runs_leave_the_count_as_it_is(text: str) -> None:
    """Long runs of blanks counted apart give the same count as the encoder alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiktoken_counter, "_LONG_RUN_CHARS", 3)
        for encoding in ENCODINGS:
            assert tiktoken_counter.count_block(text, encoding) == plain_count(text, encoding)


def test_long_texts_are_counted_in_blocks() -> None:
    """A text of many blocks costs what the encoder says of the whole."""
    text = (SEEDS / "002_blog_archive.txt").read_bytes().decode() * 12
    assert len(text) > 4 * BLOCK_CHARS
    assert len(list(split_blocks(text))) >= 4
    for encoding in ENCODINGS:
        assert TiktokenCounter().count(text, encoding) == plain_count(text, encoding)


def test_only_new_text_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text counted before is not encoded again; of a grown one only its end is."""
    encoded: list[str] = []
    real = tiktoken_counter.count_block

    def counting(block: str, encoding: str) -> int:
        encoded.append(block)
        return real(block, encoding)

    monkeypatch.setattr(tiktoken_counter, "count_block", counting)
    counter = TiktokenCounter()
    text = "A sentence of words, and another one.\n" * 4_000
    counter.count(text, "o200k_base")
    before = len(encoded)
    counter.count(text, "o200k_base")
    assert len(encoded) == before
    counter.count(text + "One more line.\n", "o200k_base")
    assert sum(map(len, encoded[before:])) < 2 * BLOCK_CHARS
    counter.count(text, "cl100k_base")
    assert sum(map(len, encoded)) > 2 * len(text)


def test_counting_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks come from the package: no socket is made."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refuse)
    load_encoding.cache_clear()
    load_ranks.cache_clear()
    assert TiktokenCounter().count("tiktoken is great!", "o200k_base") == 6


def test_nothing_is_loaded_before_the_first_count() -> None:
    """Making a counter, and a plan that bytes alone decide, imports no tiktoken."""
    code = (
        "import sys\n"
        "from notelog.adapters.tiktoken_counter import TiktokenCounter\n"
        "from notelog.core.messages import Message, Role\n"
        "from notelog.core.models import resolve_model\n"
        "from notelog.core.trim import plan_trim\n"
        "plan = plan_trim((Message(role=Role.USER, content='hello'),),\n"
        "                 model=resolve_model('gpt-4o'), count=TiktokenCounter().count)\n"
        "assert plan.bounded, plan\n"
        "assert 'tiktoken' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tiktoken_is_new_enough() -> None:
    """A release after 0.12 is installed, which took quadratic time on a run of one letter."""
    assert tuple(map(int, version("tiktoken").split(".")[:2])) >= (0, 13)
