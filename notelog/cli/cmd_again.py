"""``notelog again``."""

from typing import Any

import click

from notelog.cli.agreement import agreement
from notelog.cli.completing import run_completion
from notelog.cli.options import json_option, map_reduce_options, note_argument, request_options
from notelog.cli.output import Output


@click.command("again")
@note_argument
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
    dry_run: bool,
    map_reduce: bool,
    yes: bool,
    as_json: bool,
    **shared: Any,
) -> int:
    """Ask the last question of a note once more, for another answer.

    The earlier answer stays in NOTE, folded, and only the newest is sent on. Of a question that was
    read in parts only the last request is made again.
    """
    return run_completion(
        output,
        note,
        shared,
        as_json=as_json,
        dry_run=dry_run,
        again=True,
        agreed=agreement(output, yes=yes, as_json=as_json) if map_reduce else None,
    )
