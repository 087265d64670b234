"""``notelog retry``."""

from typing import Any

import click

from notelog.cli.agreement import agreement
from notelog.cli.completing import run_completion
from notelog.cli.options import json_option, map_reduce_options, note_argument, request_options
from notelog.cli.output import Output


@click.command("retry")
@note_argument
@map_reduce_options
@json_option
@request_options
@click.pass_obj
def command(
    output: Output,
    /,
    note: str,
    *,
    map_reduce: bool,
    yes: bool,
    as_json: bool,
    **shared: Any,
) -> int:
    """Ask anew what is in doubt or failed.

    It is your word that the question may be paid for a second time. Where the last question of
    NOTE is neither in doubt nor failed, nothing is sent. Of a question that is read in parts what
    was answered is not asked again.
    """
    return run_completion(
        output,
        note,
        shared,
        as_json=as_json,
        agreed=agreement(output, yes=yes, as_json=as_json) if map_reduce else None,
        retry=True,
    )
