"""``notelog why``."""

import click

from notelog.cli.options import json_option, note_argument
from notelog.cli.output import Output


@click.command("why")
@note_argument
@json_option
@click.pass_obj
def command(output: Output, /, note: str, *, as_json: bool) -> int:
    """Say why the watcher answers NOTE, or why it does not.

    Nothing is sent or written.
    """
    from notelog.wiring import watch as wiring

    found = wiring.why(note)
    if as_json:
        output.json(
            {
                "answered": found.answered,
                "because": found.because,
                "message": found.sentence,
                "hint": found.hint,
                "watched": found.watched,
            }
        )
        return 0
    told = f"{note}: {found.sentence}{f'; {found.hint}' if found.hint else ''}"
    output.data(output.naming(told))
    return 0
