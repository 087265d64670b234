"""``notelog config``."""

import click

from notelog.cli.options import json_option
from notelog.cli.output import Output
from notelog.cli.word_groups import WordGroup


@click.group("config", cls=WordGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Show the configuration and where each value comes from."""


@command.command("show")
@click.option("--origin", is_flag=True, help="Tell where each value comes from.")
@json_option
@click.pass_obj
def show(output: Output, *, origin: bool, as_json: bool) -> int:
    """Show every value that holds; keys are shown by their source only."""
    from notelog.wiring import config as wiring

    rows = wiring.config_rows()
    if as_json:
        output.json(
            {
                "values": [
                    {"name": row.name, "value": row.value, "origin": row.origin} for row in rows
                ]
            }
        )
        return 0
    for row in rows:
        output.data(f"{row.name} = {row.shown}" + (f"  # {row.origin}" if origin else ""))
    return 0


@command.command("path")
@click.pass_obj
def path(output: Output) -> int:
    """Print where the configuration file is, or would be."""
    from notelog.wiring import config as wiring

    output.data(wiring.config_path())
    return 0
