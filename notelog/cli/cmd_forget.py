"""``notelog forget``."""

import os
import sys
from typing import TYPE_CHECKING

import click

from notelog.cli.options import json_option
from notelog.cli.output import Output
from notelog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.forget import ToForget


@click.command("forget")
@click.argument("places", type=click.Path(path_type=str), metavar="[VAULT_OR_NOTE]...", nargs=-1)
@click.option("--older-than", metavar="SPAN", help="Only what was asked before: 30d, 2w, a day.")
@click.option("--all", "everything", is_flag=True, help="In all vaults of this user.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for scripts.")
@json_option
@click.pass_obj
def command(
    output: Output,
    /,
    places: tuple[str, ...],
    *,
    older_than: str | None,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Remove what was asked and answered from the journal.

    The notes stay as they are. Figures stay, without a word, so that caps count and nothing is
    paid for twice; the text cannot be had back.
    """
    from notelog.app.forget import Wanted
    from notelog.cli.spans import time_of
    from notelog.wiring import journal as wiring

    if bool(places) == (everything or (older_than is not None and not places)):
        raise UsageError(
            "say what is to be forgotten: notes, folders of vaults, or --all",
            hint="notelog forget NOTE, notelog forget --older-than 30d, notelog forget --all",
        )
    before = None if older_than is None else time_of(older_than)
    agreed = _always if yes else _asking(output)
    done = wiring.forget(Wanted(paths=places, before=before), agreed)
    if as_json:
        from notelog.cli.journal_json import forgotten_fields

        output.json(forgotten_fields(done))
    else:
        from notelog.cli.journal_sentences import forgotten_line

        missing = next((path for path in places if not os.path.lexists(path)), "")
        output.message(forgotten_line(done, missing))
        for line in done.unread:
            output.message(line)
    return 0 if done.done or not done.chosen.turns else 9


def _always(_chosen: "ToForget") -> bool:
    return True


def _asking(output: Output) -> "Callable[[ToForget], bool]":
    def ask(chosen: "ToForget") -> bool:
        from notelog.cli.journal_sentences import forget_question

        for line in forget_question(chosen):
            output.error(line)
        if not sys.stdin.isatty():
            output.error("nobody is there to agree: --yes does")
            return False
        return click.confirm("forget it?", err=True)

    return ask
