"""``notelog init``."""

import click

from notelog.cli.output import Output


@click.command("init")
@click.pass_obj
def command(output: Output) -> int:
    """Write a commented configuration file.

    An existing file is left as it is.
    """
    from notelog.wiring import config as wiring

    output.data(wiring.init_config())
    output.message(
        "every setting is in it, commented; notelog config show --origin tells what holds"
    )
    return 0
