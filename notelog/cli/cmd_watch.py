"""``notelog watch``."""

import click

from notelog.cli.output import Output


@click.command("watch")
@click.argument("vault", type=click.Path(path_type=str), metavar="[VAULT]", required=False)
@click.option("--once", is_flag=True, help="Go through the vault once and end: for cron and CI.")
@click.option("--poll", is_flag=True, help="Look through the vault again and again, no events.")
@click.option("--auto", multiple=True, metavar="GLOB", help="Answer these notes without a mark.")
@click.option("--choose-auto", is_flag=True, help="Ask again which folder needs no mark.")
@click.option("--backlog", is_flag=True, help="Answer also what was marked long ago, if you agree.")
@click.option("--yes", "-y", is_flag=True, help="Agree to what --backlog takes; ask nothing.")
@click.option("--live", is_flag=True, help="Show a reply in its note while it arrives.")
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
    vault: str | None,
    *,
    once: bool,
    poll: bool,
    auto: tuple[str, ...],
    choose_auto: bool,
    backlog: bool,
    yes: bool,
    live: bool,
    take_over: bool,
    log_format: str,
) -> int:
    """Answer the notes of VAULT by itself, whenever a message is finished.

    A message is finished when its box `- [x] send` is ticked, or when it ends with a line `;;`
    (or another that watch.end_marks names). Ctrl-C ends it; what runs is finished first. Without
    VAULT it is the one that the current folder lies in.
    """
    from notelog.cli.watch_questions import questions
    from notelog.wiring import watch as wiring
    from notelog.wiring.watch_vaults import vault_root

    asked = questions(
        output,
        yes=yes,
        mute=log_format == "json",
        auto=not (once or auto or output.quiet),
        anew=choose_auto,
    )
    root = vault_root(vault)
    wishes = wiring.WatchWishes(
        once=once, poll=poll, backlog=backlog, live=live, take_over=take_over, auto=auto
    )
    view = wiring.watch_view(
        root, as_json=log_format == "json", quiet=output.quiet, color=output.color
    )
    try:
        return wiring.watch(root, wishes, view, asked)
    finally:
        view.close()
