"""``notelog stop``."""

import click

from notelog.cli.attempts_sentences import stopped_line
from notelog.cli.options import json_option, note_argument
from notelog.cli.output import Output


@click.command("stop")
@note_argument
@json_option
@click.pass_obj
def command(output: Output, /, note: str, *, as_json: bool) -> int:
    """Stop the request that runs for a note, from another terminal.

    What had arrived by then is kept and marked, as after Ctrl-C.
    """
    from notelog.wiring import attempts

    stopped = attempts.stop(note)
    if as_json:
        output.json({"running": stopped.running, "ended": stopped.ended})
    else:
        output.message(stopped_line(stopped, note))
    return 0
