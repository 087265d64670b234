"""``notelog status``."""

import click

from notelog.cli.options import json_option
from notelog.cli.output import Output


@click.command("status")
@click.argument("place", type=click.Path(path_type=str), metavar="[VAULT_OR_NOTE]", required=False)
@json_option
@click.pass_obj
def command(output: Output, /, place: str | None, *, as_json: bool) -> int:
    """Show what needs you: in doubt, kept, failed; how watchers do; and what was spent.

    Without an argument it looks at the vault of the current folder, or, where no note of it was
    ever asked, at all vaults. Nothing is sent or written. The exit code is 0 where nothing needs
    you.
    """
    from notelog.wiring import journal as wiring

    found = wiring.status(place)
    if as_json:
        from notelog.cli.journal_json import status_fields

        output.json(status_fields(found))
        return found.exit_code
    from time import time

    from notelog.cli.status_sentences import status_lines, status_summary
    from notelog.cli.styled import show_lines

    show_lines(output, list(status_lines(found, wiring.told_time, time())))
    for line in status_summary(found):
        output.message(line)
    return found.exit_code
