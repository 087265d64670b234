"""``notelog show``."""

from typing import Any

import click

from notelog.cli.fit_sentences import as_sent_lines, plan_lines
from notelog.cli.json_fields import plan_fields, shown_fields
from notelog.cli.options import json_option, note_argument, options_of, request_options
from notelog.cli.output import Output
from notelog.cli.sentences import shown_lines


@click.command("show")
@note_argument
@click.option("--as-sent", is_flag=True, help="Show the exact request that would be sent.")
@json_option
@request_options
@click.pass_obj
def command(output: Output, /, note: str, *, as_sent: bool, as_json: bool, **shared: Any) -> int:
    """Show what a note would send, message by message. Nothing is sent or written."""
    from notelog.wiring import notes as wiring

    shown = wiring.show_as_sent(note, options_of(shared)) if as_sent else wiring.show(note)
    if as_json:
        output.json(shown_fields(shown) | (plan_fields(shown.prepared) if as_sent else {}))
        return 0
    for line in as_sent_lines(shown) if as_sent else shown_lines(shown):
        output.data(line)
    if shown.prepared is not None:
        for line in plan_lines(shown.prepared):
            output.message(line)
    return 0
