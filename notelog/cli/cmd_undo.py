"""``notelog undo``."""

import click

from notelog.cli.options import json_option, note_argument
from notelog.cli.output import Output


@click.command("undo")
@note_argument
@click.option("--reply", "number", type=int, metavar="N", help="Reply N of notelog log.")
@json_option
@click.pass_obj
def command(output: Output, /, note: str, *, number: int | None, as_json: bool) -> int:
    """Take the last reply out of its note again.

    Exactly what notelog put in is taken out, if it is still as it was written: the note is then
    what it was before. What you typed since stays. The reply is not put in again by itself.
    """
    from notelog.wiring import journal as wiring

    undone = wiring.undo(note, number)
    if as_json:
        from notelog.cli.journal_json import undone_fields

        output.json(undone_fields(undone))
        return 0
    from notelog.cli.journal_sentences import undone_line

    output.message(undone_line(undone, note))
    return 0
