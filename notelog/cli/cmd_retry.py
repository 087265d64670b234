"""``notelog retry``."""

from typing import Any

import click

from notelog.cli.completing import run_completion
from notelog.cli.options import json_option, note_argument, request_options
from notelog.cli.output import Output


@click.command("retry")
@note_argument
@json_option
@request_options
@click.pass_obj
def command(output: Output, /, note: str, *, as_json: bool, **shared: Any) -> int:
    """Ask anew what is in doubt or failed.

    It is your word that the question may be paid for a second time. Where the last question of
    NOTE is neither in doubt nor failed, nothing is sent.
    """
    return run_completion(output, note, shared, as_json=as_json, retry=True)
