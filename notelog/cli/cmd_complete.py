"""``notelog complete``."""

from typing import Any

import click

from notelog.cli.fit_sentences import plan_lines
from notelog.cli.json_fields import completed_fields
from notelog.cli.options import json_option, note_argument, options_of, request_options
from notelog.cli.output import Output
from notelog.cli.sentences import completed_lines, remarks


@click.command("complete")
@note_argument
@click.option("--again", is_flag=True, help="Ask anew what is in doubt, failed, or was taken out.")
@click.option("--dry-run", is_flag=True, help="Show the plan; write and send nothing.")
@json_option
@request_options
@click.pass_obj
def command(
    output: Output, /, note: str, *, again: bool, dry_run: bool, as_json: bool, **shared: Any
) -> int:
    """Answer the question in a chat note, in the note.

    The reply is shown as it arrives, and written into NOTE when it is whole.
    """
    from notelog.wiring import notes as wiring

    options = options_of(shared)
    reporter = wiring.reporter(silent=as_json or output.quiet, color=output.color)
    try:
        done = wiring.complete(note, options, reporter, again=again, dry_run=dry_run)
    finally:
        reporter.close()
    if as_json:
        output.json(completed_fields(done))
        return done.exit_code
    if dry_run and done.prepared is not None:
        for line in plan_lines(done.prepared):
            output.data(line)
    for line in remarks(done):
        output.message(line)
    say = output.message if done.exit_code == 0 else output.error
    for line in completed_lines(done, note):
        say(line)
    return done.exit_code
