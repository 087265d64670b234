"""``notelog again``."""

from typing import Any

import click

from notelog.cli.completing import run_completion
from notelog.cli.options import json_option, note_argument, request_options
from notelog.cli.output import Output


@click.command("again")
@note_argument
@click.option("--dry-run", is_flag=True, help="Show the plan; write and send nothing.")
@json_option
@request_options
@click.pass_obj
def command(output: Output, /, note: str, *, dry_run: bool, as_json: bool, **shared: Any) -> int:
    """Ask the last question of a note once more, for another answer.

    The earlier answer stays in NOTE, folded, and only the newest is sent on.
    """
    return run_completion(output, note, shared, as_json=as_json, dry_run=dry_run, again=True)
