"""``notelog tokens``: what a person sees, in a pipe and on a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from program import Program, Run

from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.app.reading import Reading
from notelog.app.tokens import Tally, Tallying, tally
from notelog.cli.tokens_sentences import bar_parts, cut_place, text_lines, turn_lines
from notelog.core.settings import Config, Options
from notelog.errors import ConfigurationError
from notelog.ports.notes import Snapshot

SEEDS = Path(__file__).parents[1] / "seeds"
CHAT = SEEDS / "000_chat_note.md"
BLOG = SEEDS / "002_blog_archive.txt"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog without any configuration."""
    return Program(tmp_path / "home")


class OneText:
    """A store that holds one note under every name."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, path: str) -> Snapshot:
        """The note."""
        return Snapshot(
            path=path, real_path=path, data=self.data, fingerprint="", device=0, inode=0,
            modified_ns=0,
        )  # fmt: skip

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def tallied(data: bytes, path: str = "note.md", **options: str | int) -> Tally:
    """What counting a note with no configuration gives."""
    reading = Reading(store=OneText(data), read_front_matter=lambda _block: None)  # type: ignore[arg-type]  # only ``read`` is used
    tools = Tallying(
        reading=reading,
        config=Config(profiles={}),
        options=Options(**options),  # type: ignore[arg-type]  # by name
        count=TiktokenCounter().count,
        read_input=lambda: data,
    )
    return tally(tools, path)


def piped(program: Program, text: bytes, *arguments: str) -> Run:
    """Runs ``notelog tokens`` with a text on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "notelog", "tokens", *arguments],
        input=text,
        capture_output=True,
        env=program.environment,
        timeout=60,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_chat_note_turn_by_turn(program: Program) -> None:
    """Each turn is a row; their tokens and the framing of the prompt sum up to the total."""
    run = program.run("tokens", CHAT)
    assert run.code == 0
    assert run.err == ""
    rows = [line.split() for line in run.out.split("\n")[1:12]]
    assert [row[1] for row in rows[:3]] == ["user", "assistant", "user"]
    assert sum(int(row[3]) for row in rows) + 3 == 1_145
    assert "1,145 tokens in 11 messages (exact: tiktoken o200k_base)" in run.out
    assert "gpt-4o (assumed, since nothing names a model)" in run.out


def test_the_cut_is_shown_where_it_falls() -> None:
    """The cut stands between the last turn left out and the first that is sent."""
    found = tallied(CHAT.read_bytes(), model="gpt-3.5-turbo", context_window=1_200)
    lines = turn_lines(found)
    place = cut_place(found)
    assert "cut before line 71: 7 messages above, 1,153 tokens, are left out" in lines[place + 1]
    assert [" no " in line for line in lines[1 : place + 1]] == [True] * place
    assert [" yes " in line for line in lines[place + 2 : 13]] == [True] * (11 - place)
    assert found.plan is not None
    assert 0 < found.plan.prompt_tokens <= found.plan.budget


def test_nothing_is_left_out_of_a_large_window() -> None:
    """Where all fits there is no cut."""
    assert "cut" not in "\n".join(turn_lines(tallied(CHAT.read_bytes()))[:13]).replace("cut_", "")


def test_a_question_that_does_not_fit_is_said() -> None:
    """The turns are counted all the same, and the reason is among the figures."""
    text = tallied(b"word " * 900, path="-", context_window=500)
    assert text.plan is None
    assert text.too_large is not None
    assert "does not fit" in "\n".join(turn_lines(text))
    assert text.turns[0].tokens > 900


def test_plain_text_is_counted_as_wc_does(program: Program) -> None:
    """Tokens, lines, words, characters and bytes of standard input, and whose tokens they are."""
    run = piped(program, BLOG.read_bytes(), "--model", "gpt-4o")
    heading, row = run.out.rstrip("\n").split("\n")
    wc = subprocess.run(["wc", "-lwmc", BLOG], capture_output=True, check=True, text=True)
    assert heading.split() == ["tokens", "count", "lines", "words", "chars", "bytes", "name"]
    assert row.split()[:2] == ["9605", "exact"]
    assert row.split()[5] == wc.stdout.split()[3]
    assert row.split()[6] == "-"
    assert "counted for gpt-4o (--model): exact: tiktoken o200k_base" in run.err


def test_a_note_that_is_no_chat_is_a_text() -> None:
    """A file without markers has the count of its whole text, and what it makes as a question."""
    found = tallied(b"tiktoken is great!", model="gpt-4")
    assert (int(found.tokens), found.is_chat) == (6, False)
    assert found.plan is not None
    assert found.plan.prompt_tokens == 6 + 4 + 3


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n"])
def test_an_empty_text_makes_no_prompt(data: bytes) -> None:
    """Nothing to send is no error."""
    found = tallied(data, path="-")
    assert (found.plan, found.turns) == (None, ())
    assert found.size.size_bytes == len(data)


@pytest.mark.parametrize(
    ("data", "lines"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\n\nb", 3), (b"\n", 1)]
)
def test_a_last_line_without_an_end_counts(data: bytes, lines: int) -> None:
    """Lines are those that a person sees."""
    assert tallied(data, path="-").size.lines == lines


def test_several_notes_have_a_total(program: Program) -> None:
    """Each note is a row, and the last row is their sum."""
    run = program.run("tokens", *sorted(SEEDS.iterdir()))
    rows = [line.split() for line in run.out.rstrip("\n").split("\n")[1:]]
    assert [row[0] for row in rows] == ["1145", "1652", "9605", "12402"]
    assert rows[-1][-1] == "total"


def test_one_note_that_is_missing_does_not_hide_the_others(program: Program) -> None:
    """The others are counted, the missing one is named, and the exit code tells."""
    run = program.run("tokens", CHAT, CHAT.with_name("missing.md"))
    assert run.code == 4
    assert "1,145 tokens in 11 messages" in run.out
    assert "missing.md: there is no such note" in run.err


def test_every_estimate_is_called_one(program: Program) -> None:
    """A model whose tokens are not published has estimates, with their source."""
    run = piped(program, b"some words", "--model", "llama3")
    assert "estimate" in run.out
    assert "estimate: 1.1 x tiktoken o200k_base" in run.err
    assert "unpriced" in run.err


def test_the_model_of_the_note_counts(program: Program, tmp_path: Path) -> None:
    """The note names the model, the command line wins over it, and the origin is told."""
    note = tmp_path / "note.md"
    note.write_bytes(b"---\nmodel: openai@gpt-4\nnotelog: true\n---\n\nq\n")
    assert "gpt-4 (front matter:2)" in program.run("tokens", note).out
    assert "gpt-4o (--model)" in program.run("tokens", "--model", "gpt-4o", note).out


def test_a_profile_that_is_not_there_is_an_error() -> None:
    """A profile of the command line is meant as it is written."""
    with pytest.raises(ConfigurationError):
        tallied(b"q", profile="nowhere")


def test_no_name_on_a_terminal_is_told() -> None:
    """Without a note the command does not wait for somebody to type."""
    code = "import sys; from notelog.__main__ import run; sys.exit(run(['tokens']))"
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=slave, capture_output=True, timeout=60, check=False
        )
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 2
    assert b"name a note" in done.stderr


def test_text_on_standard_input_must_be_utf8(program: Program) -> None:
    """Other bytes are an error that names the place."""
    run = piped(program, b"caf\xe9")
    assert run.code == 4
    assert "-:1: not UTF-8" in run.err


def test_words_of_a_note_cannot_steer_the_terminal() -> None:
    """Controls in a turn and in a name are spelt out."""
    found = tallied(b"q \x1b[2J\n\nrole::assistant\n\nx\n\nrole::user\n\ny \xe2\x80\xae\n")
    shown = "\n".join([*turn_lines(found), *text_lines([tallied(b"x", path="a\x1b.md")])])
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_the_bar_is_as_wide_as_it_should_be() -> None:
    """Its parts fill the width, and the least prompt is seen."""
    for window in (20, 400, 1_200, 128_000, 10**9):
        found = tallied(b"q", context_window=window)
        assert sum(bar_parts(found, 40)) == 40
        assert bar_parts(found, 40)[0] >= 1


def on_terminal(program: Program, *arguments: str | Path, columns: int = 100) -> str:
    """What the command shows on a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "notelog", *map(str, arguments)],
        stdout=slave,
        stdin=slave,
        stderr=subprocess.PIPE,
        env={**program.environment, "COLUMNS": str(columns), "TERM": "xterm", "LANG": "C.UTF-8"},
    ) as process:
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 65_536):
                shown += part
        except OSError:  # Linux's way to say that the other side has closed
            pass
        os.close(master)
    assert process.returncode == 0
    return shown.decode()


def test_a_terminal_shows_a_table(program: Program) -> None:
    """Turns, cut, figures and bar, each row no wider than the terminal."""
    shown = on_terminal(
        program, "--no-color", "tokens", "--context-window", "600", CHAT, columns=72
    )
    assert "assistant" in shown
    assert "before line" in shown
    assert "█" in shown
    assert "kept for the reply" in shown
    assert "\x1b[3" not in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    rows = [line for line in plain.split("\r\n") if "assistant" in line]
    assert rows
    assert all(sum(1 + (char > "\u2e7f") for char in row) <= 72 for row in rows)


def test_a_terminal_shows_several_notes(program: Program) -> None:
    """The rows are those of the pipe, with the total."""
    shown = on_terminal(program, "tokens", CHAT, BLOG)
    assert "10750" in shown
    assert "total" in shown


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_shows_the_figures(program: Program, columns: int) -> None:
    """Of a chat what it says and its tokens; of several notes a line for each figure."""
    chat = on_terminal(program, "--no-color", "tokens", CHAT, columns=columns)
    rows = re.findall(r"^ +\d+ +(?:user|assistant) +[\d,]+ +\S", chat, re.MULTILINE)
    assert len(rows) == 11
    texts = on_terminal(program, "--no-color", "tokens", CHAT, BLOG, columns=columns)
    assert len(re.findall(r"^chars  [ \d]+\r?$", texts, re.MULTILINE)) == (3 if columns < 50 else 0)


def test_rich_is_for_people(program: Program) -> None:
    """In a pipe the tables of the terminal are not imported."""
    code = (
        "import sys; from notelog.__main__ import run; run(['tokens', '--json', sys.argv[1]]);"
        "print(sorted({'rich', 'openai', 'httpx2'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, CHAT],
        capture_output=True,
        env=program.environment,
        timeout=60,
        check=True,
    )
    assert done.stderr.decode().strip() == "[]"
    assert json.loads(done.stdout)["total"]["tokens"] == 1_145
