"""Every example of README and ``docs/`` runs, or is read by what reads it, and does as it says."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from doc_blocks import PAGES, REASONS, ROOT, Block, all_blocks, blocks_of
from doc_session import Session, agrees, examples_of, last_line_agrees

import notelog
from notelog.adapters.config_source import ConfigSource
from notelog.cli.main import tree

LANGUAGES = {"console", "json", "markdown", "powershell", "python", "text", "toml"}
SAYINGS = {"generated", "file", "shown", "words vary", "in error"}


def ids(block: Block) -> str:
    """The place of a block, as the name of a test."""
    return block.place


def run_block(session: Session, block: Block) -> None:
    """Runs the commands of a block and compares what they print."""
    like = last_line_agrees if "words vary" in block.said else agrees
    for example in examples_of(block):
        printed = session.run(example.command)
        told = "\n".join(printed)
        assert like(example.printed, printed), f"{block.place}: {example.command} prints\n{told}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_do_what_they_show(page: Path, tmp_path: Path, models_folder: Path) -> None:
    """The commands of a page, run in their order, print what the page says; files come first."""
    session = Session(tmp_path, models_folder)
    for block in blocks_of(page):
        if "file" in block.said:
            session.put(block.said["file"], block.text)
        if block.language == "console" and "shown" not in block.said:
            run_block(session, block)


@pytest.mark.parametrize("block", all_blocks("console", "powershell"), ids=ids)
def test_what_is_only_shown_has_its_reason(block: Block) -> None:
    """An example that is not run says why, and the notelog commands in it parse."""
    if "shown" not in block.said:
        assert block.language == "console", "nothing runs this block"
        return
    assert block.said["shown"] in REASONS
    for example in examples_of(block):
        words = shlex.split(example.command.partition(" > ")[0], comments=True)
        if words[:1] == ["notelog"]:
            parse_command(tree, words[1:])
        elif words[:1] == ["make"]:
            assert f"\n{words[1]}:" in (ROOT / "Makefile").read_bytes().decode()


def parse_command(group: click.Group, words: list[str], above: click.Context | None = None) -> None:
    """Parses a command line without running it; raises where an option or a command is unknown."""
    at = next(place for place, word in enumerate(words) if not word.startswith("-"))
    context = group.make_context("notelog", words[: at + 1], parent=above)
    command = group.get_command(context, words[at])
    assert command is not None, f"there is no command {words[at]}"
    if isinstance(command, click.Group):
        parse_command(command, words[at + 1 :], context)
    else:
        command.make_context(words[at], words[at + 1 :], parent=context)


@pytest.mark.parametrize("block", all_blocks("toml"), ids=ids)
def test_configurations_are_read(block: Block) -> None:
    """Every piece of configuration is accepted as a whole ``config.toml``."""
    ConfigSource(Path("/config/config.toml"), block.text).config()


@pytest.mark.parametrize("block", all_blocks("markdown"), ids=ids)
def test_notes_are_read(block: Block) -> None:
    """A note that is shown is one that notelog sends, unless it is shown for its error."""
    note = notelog.parse(block.text)
    assert bool(note.errors) == ("in error" in block.said)


@pytest.mark.parametrize("block", all_blocks("python"), ids=ids)
def test_programs_run(block: Block, tmp_path: Path) -> None:
    """A program prints what the comments at the ends of its lines say."""
    code = block.text.encode()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input=code, cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    wanted = [line.partition("  # prints ")[2] for line in block.text.split("\n")]
    assert done.stdout.decode().split("\n")[:-1] == [line for line in wanted if line]


def test_the_transcript_is_of_the_demonstration() -> None:
    """The transcript in README shows the note, the question and the command of ``make demo``."""
    demo = runpy.run_path(str(ROOT / "sample_vault" / "demo.py"))
    (transcript,) = (item.text for item in blocks_of(ROOT / "README.md") if item.language == "text")
    command = f'--context-window {demo["WINDOW"]} "{demo["NOTE"]}"'
    assert f"$ notelog complete --profile local {command}\n" in transcript
    assert transcript.count(demo["QUESTION"]) == 2


def test_blocks_are_of_known_kinds() -> None:
    """No block has a language or a comment that no test looks at."""
    for page in PAGES:
        for block in blocks_of(page):
            assert block.language in LANGUAGES, block.place
            assert set(block.said) <= SAYINGS, block.place
