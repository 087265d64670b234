"""``notelog complete``."""

from typing import Any

import click

from notelog.cli.agreement import agreement
from notelog.cli.completing import run_completion
from notelog.cli.options import json_option, map_reduce_options, note_argument, request_options
from notelog.cli.output import Output


@click.command("complete")
@note_argument
@click.option("--again", is_flag=True, help="Ask anew, whatever came of it before.")
@click.option(
    "--continue", "go_on", is_flag=True, help="Let a reply that ended early go on from its end."
)
@click.option("--dry-run", is_flag=True, help="Show the plan; write and send nothing.")
@map_reduce_options
@json_option
@request_options
@click.pass_obj
def command(
    output: Output,
    /,
    note: str,
    *,
    again: bool,
    go_on: bool,
    dry_run: bool,
    map_reduce: bool,
    yes: bool,
    as_json: bool,
    **shared: Any,
) -> int:
    """Answer the question in a chat note, in the note.

    The reply is shown as it arrives, and written into NOTE when it is whole.
    """
    if again and go_on:
        raise click.UsageError("--again begins anew and --continue goes on: choose one")
    if map_reduce and go_on:
        raise click.UsageError("--continue goes on from a reply, --map-reduce begins one: choose")
    return run_completion(
        output,
        note,
        shared,
        as_json=as_json,
        dry_run=dry_run,
        again=again,
        go_on=go_on,
        agreed=agreement(output, yes=yes, as_json=as_json) if map_reduce else None,
    )
