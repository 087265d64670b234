"""``notelog watch``."""

import click

from notelog.cli.output import Output


@click.command("watch")
@click.argument("vault", type=click.Path())
@click.option("--once", is_flag=True, help="Go through the vault once and end: for cron and CI.")
@click.option("--poll", is_flag=True, help="Look through the vault again and again, no events.")
@click.option("--auto", multiple=True, metavar="GLOB", help="Answer these notes without a mark.")
@click.option("--backlog", is_flag=True, help="Answer also what was marked long ago.")
@click.option("--take-over", is_flag=True, help="Let this machine answer the vault from now on.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to tell what happens.",
)
@click.pass_obj
def command(
    output: Output,
    /,
    vault: str,
    *,
    once: bool,
    poll: bool,
    auto: tuple[str, ...],
    backlog: bool,
    take_over: bool,
    log_format: str,
) -> int:
    """Answer the notes of VAULT by itself, whenever a message is finished.

    A message is finished when its box `- [x] send` is ticked, or when it ends with a line `;;`.
    Ctrl-C ends it; what runs is finished first.
    """
    from notelog.wiring import watch as wiring

    wishes = wiring.WatchWishes(
        once=once, poll=poll, backlog=backlog, take_over=take_over, auto=auto
    )
    view = wiring.watch_view(
        vault, as_json=log_format == "json", quiet=output.quiet, color=output.color
    )
    try:
        return wiring.watch(vault, wishes, view)
    finally:
        view.close()
