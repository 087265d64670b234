"""``notelog pause``."""

import click

from notelog.cli.output import Output
from notelog.cli.shown_paths import shell_path


@click.command("pause")
@click.argument("duration", default="", required=False)
@click.option("--vault", metavar="VAULT", default="", help="Only the watcher of this vault.")
@click.pass_obj
def command(output: Output, /, duration: str, vault: str) -> int:
    """Let watchers ask nothing for DURATION (30m, 2h, 1d), or until `notelog resume`.

    What runs is finished, and nothing is lost: what was marked meanwhile is answered afterwards.
    """
    from notelog.wiring import watch_vaults as wiring

    paused = wiring.pause(vault, duration)
    unit = " s" if duration.isdecimal() else ""
    until = f"for {duration}{unit}" if duration else "until notelog resume"
    for root in paused:
        output.message(f"{root}: paused {until}")
        for around in wiring.watched_around(root) if vault else ():
            if around != root:
                pausing = f"notelog pause --vault {shell_path(around)}"
                sentence = f"the watcher of {around} answers its notes all the same"
                output.message(f"  {sentence}; {pausing} pauses that one")
    if not paused:
        output.message("no vault is watched on this machine: nothing to pause")
    return 0
