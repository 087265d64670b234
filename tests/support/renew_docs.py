"""Writes what the program says of itself into the pages and into ``notelog/cli/help_text.py``.

    python tests/support/renew_docs.py

Run it when a command or an option has changed; ``tests/docs`` fails until then.
"""

import sys
from pathlib import Path

import click
from click.testing import CliRunner
from doc_blocks import PAGES, ROOT, blocks_of, read_page

from notelog.cli.main import tree

HELP_TEXT = ROOT / "notelog" / "cli" / "help_text.py"
_OPENING = 'HELP = """\\\n'


def help_of(*command: str) -> str:
    """The help of a command, as it is on a terminal 80 columns wide."""
    done = CliRunner().invoke(tree, [*command, "--help"], prog_name="notelog", terminal_width=80)
    assert done.exit_code == 0, done.output
    return done.output


def commands(group: click.Group = tree, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command as the words that call it: groups, and the commands in them."""
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*above, name))
        if isinstance(command, click.Group):
            found += commands(command, (*above, name))
    return found


def renewed_page(page: Path) -> str:
    """The text of a page with its generated blocks as they should be."""
    lines = read_page(page).split("\n")
    for block in reversed(list(blocks_of(page))):
        if "generated" in block.said:
            end = block.line + block.text.count("\n")
            lines[block.line : end] = generated(block.said["generated"]).split("\n")[:-1]
    return "\n".join(lines)


def generated(order: str) -> str:
    """The content of a generated block: ``help`` and the words of a command."""
    word, *command = order.split()
    assert word == "help", order
    return help_of(*command)


def renewed_help_text() -> str:
    """The module that holds the help of the whole program, as it should be."""
    text = HELP_TEXT.read_bytes().decode()
    return text[: text.index(_OPENING)] + _OPENING + help_of() + '"""\n'


def main() -> None:
    """Rewrites what is out of date, and names it."""
    wanted = {page: renewed_page(page) for page in PAGES} | {HELP_TEXT: renewed_help_text()}
    for path, text in wanted.items():
        if path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            sys.stdout.write(f"renewed {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
