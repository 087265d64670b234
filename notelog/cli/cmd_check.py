"""``notelog check``."""

from typing import TYPE_CHECKING

import click

from notelog.cli.json_fields import checked_fields
from notelog.cli.options import json_option
from notelog.cli.output import Output
from notelog.cli.sentences import check_summary, checked_lines

if TYPE_CHECKING:
    from notelog.app.check import CheckedNote


@click.command("check")
@click.argument("vault", type=click.Path(path_type=str), metavar="VAULT")
@click.option("--all", "everything", is_flag=True, help="List the notes that are no chats too.")
@json_option
@click.pass_obj
def command(output: Output, vault: str, *, everything: bool, as_json: bool) -> int:
    """Look through a vault: which notes are chats, due, in error.

    Reads only; sends nothing. The exit code is 4 where a note is in error.
    """
    from notelog import wiring

    found = list(wiring.check(vault))
    if as_json:
        output.json({"vault": vault, "notes": [checked_fields(item) for item in found]})
    else:
        _print(output, found, everything=everything)
    return 4 if any(item.in_error for item in found) else 0


def _print(output: Output, found: "list[CheckedNote]", *, everything: bool) -> None:
    for item in found:
        for line in checked_lines(item, everything=everything):
            output.data(line)
    output.message(check_summary(found))
