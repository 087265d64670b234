"""``notelog check``."""

import click

from notelog.cli.check_sentences import check_lines, check_summary
from notelog.cli.json_fields import checked_fields
from notelog.cli.options import json_option
from notelog.cli.output import Output


@click.command("check")
@click.argument("vault", type=click.Path(path_type=str), metavar="VAULT")
@click.option(
    "--all", "everything", is_flag=True, help="List every note, those that are no chats too."
)
@json_option
@click.pass_obj
def command(output: Output, vault: str, *, everything: bool, as_json: bool) -> int:
    """Look through a vault: which notes are chats, due, in error.

    Reads only; sends nothing. The exit code is 4 where a note is in error.
    """
    from notelog.wiring import notes as wiring

    found = list(wiring.check(vault))
    if as_json:
        output.json({"vault": vault, "notes": [checked_fields(item) for item in found]})
    else:
        for line in check_lines(found, everything=everything):
            output.data(line)
        for line in check_summary(found):
            output.message(line)
    return 4 if any(item.in_error for item in found) else 0
