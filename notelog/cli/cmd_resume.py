"""``notelog resume``."""

import click

from notelog.cli.output import Output


@click.command("resume")
@click.option("--vault", metavar="VAULT", default="", help="Only the watcher of this vault.")
@click.pass_obj
def command(output: Output, /, vault: str) -> int:
    """Let watchers go on: after a pause, a burst of changes, or a note that answered itself."""
    from notelog.wiring import watch_vaults as wiring

    resumed = wiring.resume(vault)
    for root in resumed:
        output.message(f"{root}: goes on")
    if not resumed:
        output.message("no vault is watched on this machine: nothing to resume")
    return 0
