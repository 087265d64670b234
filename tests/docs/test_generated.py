"""What the program says of itself stands in the pages word for word."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from doc_blocks import PAGES, blocks_of, read_page
from renew_docs import commands, renewed_page

from notelog.cli.help_text import HELP
from notelog.cli.main import tree


def test_the_help_made_beforehand_is_the_help() -> None:
    """``notelog --help`` shows, without the commands, what the commands would say."""
    done = CliRunner().invoke(tree, ["--help"], prog_name="notelog", terminal_width=80)
    assert done.output == HELP


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated_blocks_are_up_to_date(page: Path) -> None:
    """Each generated block is what ``python tests/support/renew_docs.py`` would write."""
    assert read_page(page) == renewed_page(page)


def test_the_reference_has_the_help_of_every_command() -> None:
    """Each command and subcommand has its help in ``docs/reference.md``, and nothing else has."""
    page = next(page for page in PAGES if page.name == "reference.md")
    orders = [block.said["generated"] for block in blocks_of(page) if "generated" in block.said]
    assert sorted(orders) == sorted(["help", *(" ".join(["help", *c]) for c in commands())])
